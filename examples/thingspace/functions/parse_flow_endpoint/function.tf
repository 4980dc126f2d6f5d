output "server" {
  value = provider::thingspace::parse_flow_endpoint("[2001:db8:feed::10]:8554") # address and port
}
