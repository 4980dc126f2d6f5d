list "camara_qos_assignment" "robot" {
  provider = camara

  config {
    device = { phone_number = "+34666666666" }
  }
}
