# Low latency between one device and one server, for an hour.
resource "camara_qod_session" "robot" {
  device             = { phone_number = "+34666666666" }
  application_server = { ipv4_address = "203.0.113.10" }
  qos_profile        = "QOS_E"
  duration           = 3600
}
