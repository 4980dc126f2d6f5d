# Telefónica Open Gateway's sandbox in mock mode. It simulates the answers: no
# account is needed, and nothing changes in any network.

terraform {
  required_version = ">= 1.8"

  required_providers {
    camara = {
      source = "qosform/camara"
    }
  }
}

provider "camara" {
  base_url     = var.base_url
  api_version  = "0.10"
  access_token = "mock_sandbox_access_token" # published by Telefónica for mock mode
}

resource "camara_qod_session" "demo" {
  # Mock mode answers a number that ends in 9 with a conflict.
  device             = { phone_number = "+34666666666" }
  application_server = { ipv4_address = "0.0.0.0/0" }
  qos_profile        = "TI_B2C"
  duration           = 600

  # There is no network whose answer could be waited for.
  wait_for = "REQUESTED"
}

output "session_id" {
  value = camara_qod_session.demo.session_id
}
