# An operator that keeps to CAMARA's text: Quality-on-Demand 1.1, and a
# two-legged token by client credentials.

terraform {
  required_version = ">= 1.8"

  required_providers {
    camara = {
      source = "qosform/camara"
    }
  }
}

# The secret comes from the environment: CAMARA_OAUTH_CLIENT_SECRET.
provider "camara" {
  base_url    = var.base_url
  api_version = "1.1"

  oauth = {
    flow      = "client_credentials"
    token_url = var.token_url
    client_id = var.client_id
  }
}

resource "camara_qod_session" "robot" {
  device             = { phone_number = var.phone_number }
  application_server = { ipv4_address = var.application_server }
  qos_profile        = var.qos_profile
  duration           = 600
}

output "session_id" {
  value = camara_qod_session.robot.session_id
}

output "expires_at" {
  value = camara_qod_session.robot.expires_at
}
