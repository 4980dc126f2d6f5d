# Quality for some of a device's flows only: video to any host of a subnet, and
# control to one of them. A device can have several sessions as long as their
# addresses or ports do not overlap.

terraform {
  required_providers {
    camara = {
      source = "qosform/camara"
    }
  }
}

provider "camara" {}

locals {
  # A public address is shared by many devices: the port tells which one is meant.
  robot = {
    ipv4_address = {
      public_address = "198.51.100.7"
      public_port    = 59765
    }
  }
}

resource "camara_qod_session" "video" {
  device             = local.robot
  application_server = { ipv4_address = "203.0.113.0/24" }
  qos_profile        = "QOS_L"
  duration           = 3600

  device_ports             = { ranges = [{ from = 5004, to = 5019 }] }
  application_server_ports = { ports = [8554, 8555] }
}

resource "camara_qod_session" "control" {
  device             = local.robot
  application_server = { ipv4_address = "203.0.113.10" }
  qos_profile        = "QOS_E"
  duration           = 3600

  application_server_ports = {
    ports  = [443]
    ranges = [{ from = 9000, to = 9010 }]
  }
}
