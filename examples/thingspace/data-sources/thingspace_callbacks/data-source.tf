data "thingspace_callbacks" "all" {
  account_name = "0000123456-00001"
}

# Where the account's QoS events go now; null if nowhere.
output "qos_listener" {
  value = one([for c in data.thingspace_callbacks.all.callbacks : c.url if c.name == "QoS"])
}
