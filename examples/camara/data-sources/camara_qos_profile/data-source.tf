data "camara_qos_profile" "robot" {
  name = "QOS_E"
}

# A session as long as the profile allows.
resource "camara_qod_session" "robot" {
  device             = { phone_number = "+34666666666" }
  application_server = { ipv4_address = "203.0.113.10" }
  qos_profile        = data.camara_qos_profile.robot.name
  duration           = data.camara_qos_profile.robot.max_duration_seconds
}
