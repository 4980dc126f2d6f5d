locals {
  cameras = {
    "990013907835573" = "2001:db8:1::20"
    "990013907884259" = "192.0.2.31"
  }
}

# Brackets where an IPv6 address is followed by a port, and only there.
output "flow_device" {
  value = {
    for imei, address in local.cameras : imei => provider::thingspace::flow_endpoint(address, 5004)
  }
}
