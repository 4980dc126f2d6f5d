# terraform apply -invoke=action.thingspace_qos_subscription_stop.leftover
action "thingspace_qos_subscription_stop" "leftover" {
  config {
    account_name        = "0000123456-00001"
    qos_subscription_id = "be36accb-0a9a-4367-93ab-0af6c4ed256a"
  }
}
