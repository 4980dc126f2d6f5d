# An operator whose URL says /v1 and whose requests are those of 0.10: webhook in
# place of sink, and the device in each request whatever the token. So
# api_version says 0.10, and the profiles, which 0.10 has at base_url, have their
# own URL.

terraform {
  required_providers {
    camara = {
      source = "qosform/camara"
    }
  }
}

variable "base_url" {
  description = "Root of the operator's Quality-on-Demand API: …/quality-on-demand/v1."
  type        = string
}

variable "qos_profiles_url" {
  description = "Root of the operator's QoS profiles API: …/qos-profiles/v1."
  type        = string
}

variable "backchannel_url" {
  description = "The operator's backchannel authentication endpoint: …/bc-authorize."
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

# The secret comes from the environment: CAMARA_OAUTH_CLIENT_SECRET.
provider "camara" {
  base_url         = var.base_url
  api_version      = "0.10"
  qos_profiles_url = var.qos_profiles_url

  oauth = {
    flow            = "ciba"
    backchannel_url = var.backchannel_url
    token_url       = var.token_url
    client_id       = var.client_id
    scopes          = ["dpv:RequestedServiceProvision#qod"] # purpose and API in one word, an older form
  }
}

locals {
  device = { phone_number = "+34666666666" }
}

data "camara_qos_profile" "robot" {
  name   = "QOS_E"
  device = local.device # whose token to use
}

# This operator wants a duration, though 0.10 does not.
resource "camara_qod_session" "robot" {
  device             = local.device
  application_server = { ipv4_address = "203.0.113.10" }
  qos_profile        = data.camara_qos_profile.robot.name
  duration           = 3600
}
