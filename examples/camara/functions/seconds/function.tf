resource "camara_qod_session" "crane" {
  device             = { phone_number = "+34666666666" }
  application_server = { ipv4_address = "203.0.113.10" }
  qos_profile        = "QOS_E"
  duration           = provider::camara::seconds("1h")
  renew_before       = provider::camara::seconds("30m")
}
