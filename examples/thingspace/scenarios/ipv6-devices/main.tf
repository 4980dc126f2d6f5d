# One request for several devices with IPv6 flows.

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

locals {
  server = "2001:db8:feed::10"

  # IMEI → address. All devices of one request have identifiers of one kind.
  cameras = {
    "990013907835573" = "2001:db8:1::20"
    "990013907884259" = "2001:db8:2::20"
    "990013907899001" = "2001:db8:3::20"
  }
}

resource "thingspace_callback" "qos" {
  account_name = "0000123456-00001"
  url          = "${var.receiver_public_url}/thingspace/callbacks"
  username     = var.callback_username

  password_wo         = var.callback_password
  password_wo_version = 1
}

resource "thingspace_qos_subscription" "cameras" {
  account_name = thingspace_callback.qos.account_name

  device_info = [
    for imei, address in local.cameras : {
      device_id        = { id = imei, kind = "IMEI" }
      device_ipv6_addr = address
      flow_info = [
        # Video: brackets, because a port follows.
        {
          flow_server    = "[${local.server}]:8554"
          flow_device    = "[${address}]:5004"
          flow_direction = "UPLINK"
          flow_protocol  = "UDP"
          qci_option     = "Premium"
        },
        # Control: every port.
        {
          flow_server    = local.server
          flow_device    = address
          flow_direction = "BIDIRECTION"
          flow_protocol  = "TCP"
          qci_option     = "Standard"
        },
      ]
    }
  ]
}

# A subscription id and a status for each device.
output "cameras" {
  value = thingspace_qos_subscription.cameras.subscriptions
}
