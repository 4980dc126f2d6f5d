terraform {
  # For password_wo. With an older one: password, and a callback_password that is
  # not ephemeral.
  required_version = ">= 1.11"

  required_providers {
    thingspace = {
      source = "qosform/thingspace"
    }
  }
}

# Credentials come from the environment: THINGSPACE_CLIENT_ID and
# THINGSPACE_CLIENT_SECRET, THINGSPACE_USERNAME and THINGSPACE_PASSWORD,
# THINGSPACE_RECEIVER_TOKEN.
provider "thingspace" {
  base_url     = var.base_url
  receiver_url = var.receiver_url
}

# Where ThingSpace sends what became of a request: the receiver.
resource "thingspace_callback" "qos" {
  account_name = var.account_name
  url          = "${coalesce(var.receiver_public_url, var.receiver_url)}/thingspace/callbacks"
  username     = var.callback_username

  password_wo         = var.callback_password
  password_wo_version = 1
}

# The callback's account_name, so that the callback comes first and goes last.
resource "thingspace_qos_subscription" "robot" {
  account_name = thingspace_callback.qos.account_name
  wait_for     = "on"

  device_info = [{
    device_id = { id = var.device_id, kind = "MDN" }
    flow_info = [{
      flow_server    = var.flow_server
      flow_device    = var.flow_device
      flow_direction = "UPLINK"
      flow_protocol  = "UDP"
      qci_option     = "Premium"
    }]
  }]
}

output "qos_subscription_id" {
  value = thingspace_qos_subscription.robot.qos_subscription_id
}

output "status" {
  value = thingspace_qos_subscription.robot.status
}
