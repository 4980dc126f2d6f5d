# What is on right now, whoever asked for it.
data "thingspace_qos_subscriptions" "on" {
  account_name = "0000123456-00001"
  status       = "ON"
}

output "elevated_devices" {
  value = data.thingspace_qos_subscriptions.on.subscriptions[*].device_id
}
