# terraform query -generate-config-out=found.tf: what an interrupted run or a script
# has left behind, as configuration and import blocks.
list "thingspace_qos_subscription" "unclaimed" {
  provider = thingspace
  limit    = 500

  config {
    account_name = "0000123456-00001"
    unclaimed    = true
  }
}
