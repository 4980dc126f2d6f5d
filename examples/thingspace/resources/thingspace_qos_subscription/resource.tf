variable "callback_password" {
  type      = string
  sensitive = true
  ephemeral = true
}

resource "thingspace_callback" "qos" {
  account_name = "0000123456-00001"
  url          = "https://qos.example.com/thingspace/callbacks"
  username     = "terraform"

  password_wo         = var.callback_password
  password_wo_version = 1
}

# Uploads of one device to one server, at the Premium level.
resource "thingspace_qos_subscription" "robot" {
  account_name = thingspace_callback.qos.account_name

  device_info = [{
    device_id = { id = "5551234567", kind = "MDN" }
    flow_info = [{
      flow_server    = "203.0.113.10:443"
      flow_device    = "192.0.2.20:50000"
      flow_direction = "UPLINK"
      flow_protocol  = "UDP"
      qci_option     = "Premium"
    }]
  }]
}
