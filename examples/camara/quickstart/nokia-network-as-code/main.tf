# Nokia's Network as Code, which takes an API key in a header and no token.

terraform {
  required_version = ">= 1.8"

  required_providers {
    camara = {
      source = "qosform/camara"
    }
  }
}

provider "camara" {
  base_url    = var.base_url
  api_version = "0.10"

  headers = {
    "X-RapidAPI-Host" = "network-as-code.nokia.rapidapi.com"
    "X-RapidAPI-Key"  = var.rapidapi_key
  }
}

resource "camara_qod_session" "robot" {
  device             = { phone_number = var.phone_number }
  application_server = { ipv4_address = "203.0.113.10" }
  qos_profile        = "DOWNLINK_M_UPLINK_L"
  duration           = 3600
}

output "session_id" {
  value = camara_qod_session.robot.session_id
}
