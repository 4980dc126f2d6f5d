# A session for as long as it is wanted. It lives for an hour, so that not much
# is left on if nobody looks after it any more. An apply every quarter of an hour
# extends it when less than half an hour is left, and does nothing else:
#
#   */15 * * * *  cd /srv/qos && terraform apply -input=false -auto-approve
#
# One apply may fail without a gap. When the operator's limit for the profile is
# reached, the session ends and the next apply makes a new one.

terraform {
  required_providers {
    camara = {
      source = "qosform/camara"
    }
  }
}

provider "camara" {}

resource "camara_qod_session" "crane" {
  device             = { phone_number = "+34666666666" }
  application_server = { ipv4_address = "203.0.113.10" }
  qos_profile        = "QOS_E"
  duration           = 3600
  renew_before       = 1800
}

# A warning in every plan and apply while the network does not provide it.
check "crane_has_quality" {
  assert {
    condition     = camara_qod_session.crane.qos_status == "AVAILABLE"
    error_message = "The crane's session is ${camara_qod_session.crane.qos_status}."
  }
}
