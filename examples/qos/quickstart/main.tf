terraform {
  required_providers {
    qos = {
      source = "qosform/qos"
    }
  }
}

# Everything else comes from the environment: THINGSPACE_… and CAMARA_….
provider "qos" {
  thingspace = {}
  camara     = {}
}

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

resource "thingspace_callback" "qos" {
  provider = qos

  account_name = "0000123456-00001"
  url          = "${var.receiver_public_url}/thingspace/callbacks"
  username     = var.callback_username

  password_wo         = var.callback_password
  password_wo_version = 1
}

resource "thingspace_qos_subscription" "vehicle" {
  provider = qos

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

data "camara_qos_profile" "robot" {
  provider = qos

  name = "QOS_E"
}

resource "camara_qod_session" "robot" {
  provider = qos

  device             = { phone_number = "+34666666666" }
  application_server = { ipv4_address = "203.0.113.10" }
  qos_profile        = data.camara_qos_profile.robot.name
  duration           = 600
}
