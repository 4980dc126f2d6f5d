# A pipeline that must not stand still, nor fail because a device is out of
# coverage: it waits two minutes, keeps what was requested, and says what is
# not on yet.

terraform {
  required_providers {
    thingspace = {
      source = "qosform/thingspace"
    }
  }
}

provider "thingspace" {}

variable "receiver_public_url" {
  description = "The receiver, as ThingSpace reaches it."
  type        = string
}

variable "callback_username" {
  description = "The receiver's --callback-username."
  type        = string
}

variable "callback_password" {
  description = "The receiver's --callback-password."
  type        = string
  sensitive   = true
  ephemeral   = true
}

variable "vehicles" {
  description = "Phone number of each vehicle → its address."
  type        = map(string)
  default = {
    "5551230001" = "192.0.2.31"
    "5551230002" = "192.0.2.32"
  }
}

resource "thingspace_callback" "qos" {
  account_name = "0000123456-00001"
  url          = "${var.receiver_public_url}/thingspace/callbacks"
  username     = var.callback_username

  password_wo         = var.callback_password
  password_wo_version = 1
}

# A request per vehicle, so that one can change without stopping the others.
resource "thingspace_qos_subscription" "vehicle" {
  for_each = var.vehicles

  account_name = thingspace_callback.qos.account_name
  wait_for     = "on"
  on_timeout   = "keep"  # a warning; a later plan shows what has come since
  on_existing  = "adopt" # takes over what a killed run has left

  timeouts = {
    create = "2m"
    delete = "5m"
  }

  device_info = [{
    device_id = { id = each.key, kind = "MDN" }
    flow_info = [{
      flow_server    = "203.0.113.10:8883"
      flow_device    = each.value
      flow_direction = "BIDIRECTION"
      flow_protocol  = "TCP"
      qci_option     = "Premium"
    }]
  }]
}

# A warning in every plan and apply until all of them are on.
check "all_on" {
  assert {
    condition = alltrue([for s in thingspace_qos_subscription.vehicle : s.status == "ON"])
    error_message = "Not on yet: ${join(", ", [
      for phone, s in thingspace_qos_subscription.vehicle : "${phone} (${s.status})" if s.status != "ON"
    ])}."
  }
}
