# What this application has on for a device, whoever has asked for it: each session
# with the import block that brings it in.

terraform {
  required_providers {
    camara = {
      source = "qosform/camara"
    }
  }
}

provider "camara" {}

variable "phone_number" {
  description = "The device's phone number, with + and country code."
  type        = string
}

data "camara_qod_sessions" "found" {
  device = { phone_number = var.phone_number }
}

locals {
  live = [for s in data.camara_qod_sessions.found.sessions : s if s.qos_status != "UNAVAILABLE"]
}

output "sessions" {
  description = "Session → profile, status and end."
  value       = { for s in local.live : s.session_id => "${s.qos_profile}, ${s.qos_status} until ${coalesce(s.expires_at, "it has begun")}" }
}

output "import_blocks" {
  description = "To paste into a configuration, and to plan with -generate-config-out=found.tf."
  value = join("\n", [for i, s in local.live : <<-EOT
    import {
      to = camara_qod_session.found_${i}
      id = "${s.session_id}"
    }
    EOT
  ])
}
