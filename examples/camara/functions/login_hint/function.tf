resource "camara_qod_session" "robot" {
  device             = { phone_number = "+34666666666" }
  application_server = { ipv4_address = "203.0.113.10" }
  qos_profile        = "QOS_E"
  duration           = 3600
}

# What an import of the session needs where tokens are per subscriber.
output "import_id" {
  value = "${camara_qod_session.robot.session_id},${provider::camara::login_hint(camara_qod_session.robot.device)}"
}

output "by_address" {
  value = provider::camara::login_hint({ ipv4_address = { public_address = "203.0.113.7", public_port = 59765 } })
}
