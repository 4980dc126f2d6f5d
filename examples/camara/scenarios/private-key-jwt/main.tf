# An application that proves itself by its key (private_key_jwt), as CAMARA's
# security profile asks for. The operator knows the public half.

terraform {
  required_providers {
    camara = {
      source = "qosform/camara"
    }
  }
}

variable "base_url" {
  description = "Root of the operator's Quality-on-Demand API."
  type        = string
}

variable "token_url" {
  description = "The operator's token endpoint."
  type        = string
}

variable "client_id" {
  description = "Id of the application at the operator."
  type        = string
}

variable "private_key_file" {
  description = "The application's private key: PEM, RSA or EC, not encrypted."
  type        = string
}

variable "key_id" {
  description = "The kid under which the operator knows the key."
  type        = string
  default     = null
}

provider "camara" {
  base_url    = var.base_url
  api_version = "1.1"

  oauth = {
    flow        = "client_credentials"
    token_url   = var.token_url
    client_id   = var.client_id
    private_key = file(var.private_key_file)
    key_id      = var.key_id

    # The scopes agreed with the operator, and the purpose of the processing.
    scopes = [
      "dpv:RequestedServiceProvision",
      "quality-on-demand:sessions:create",
      "quality-on-demand:sessions:read",
      "quality-on-demand:sessions:update",
      "quality-on-demand:sessions:delete",
      "quality-on-demand:sessions:retrieve-by-device",
    ]
  }
}

resource "camara_qod_session" "robot" {
  device             = { ipv6_address = "2001:db8:1::20" }
  application_server = { ipv6_address = "2001:db8:feed::/64" }
  qos_profile        = "QOS_E"
  duration           = 3600
}
