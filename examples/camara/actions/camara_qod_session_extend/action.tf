resource "camara_qod_session" "robot" {
  device             = { phone_number = "+34666666666" }
  application_server = { ipv4_address = "203.0.113.10" }
  qos_profile        = "QOS_E"
  duration           = provider::camara::seconds("1h")
}

# Half an hour more, now and once:
# terraform apply -invoke=action.camara_qod_session_extend.overtime
action "camara_qod_session_extend" "overtime" {
  config {
    session_id                    = camara_qod_session.robot.session_id
    device                        = camara_qod_session.robot.device
    requested_additional_duration = provider::camara::seconds("30m")
  }
}
