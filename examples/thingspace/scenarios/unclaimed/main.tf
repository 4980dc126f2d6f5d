# What an interrupted run or a script has left behind: live subscriptions that
# no Terraform state has, each with the import block that brings it in.

terraform {
  required_providers {
    thingspace = {
      source = "qosform/thingspace"
    }
  }
}

provider "thingspace" {}

variable "account_name" {
  description = "Only this billing account. Null: all that the receiver knows."
  type        = string
  default     = null
}

data "thingspace_qos_subscriptions" "unclaimed" {
  account_name = var.account_name
  unclaimed    = true
}

locals {
  # Request → its devices. A request that still lacks its id cannot be imported.
  unclaimed = {
    for s in data.thingspace_qos_subscriptions.unclaimed.subscriptions :
    "${s.account_name}/${s.request_id}" => "${s.device_id} (${s.status})"...
    if s.request_id != null && !contains(["FAILED", "TERMINATED"], s.status)
  }
}

output "unclaimed" {
  description = "Import id → devices and their status."
  value       = local.unclaimed
}

output "import_blocks" {
  description = "To paste into a configuration, and to plan with -generate-config-out=found.tf."
  value = join("\n", [for i, id in keys(local.unclaimed) : <<-EOT
    import {
      to = thingspace_qos_subscription.found_${i}
      id = "${id}"
    }
    EOT
  ])
}
