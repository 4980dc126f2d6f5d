# Each request in the name of the device's subscriber (CIBA). The provider asks
# for a token per device, derived from the device's phone number or address, and
# leaves the device out of the requests from version 0.11 on.

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
  base_url    = var.base_url
  api_version = "1.1"

  oauth = {
    flow            = "ciba"
    backchannel_url = var.backchannel_url
    token_url       = var.token_url
    client_id       = var.client_id
  }
}

# Two subscribers, so two tokens. A subscriber may be asked for consent: leave
# the first apply time for that.
resource "camara_qod_session" "cameras" {
  for_each = toset(["+34666666661", "+34666666662"])

  device             = { phone_number = each.key }
  application_server = { ipv4_address = "203.0.113.10" }
  qos_profile        = "QOS_L"
  duration           = 3600

  timeouts = {
    create = "10m"
  }
}
