# terraform query -generate-config-out=found.tf: what this application has on for a
# device, as configuration and import blocks.
list "camara_qod_session" "robot" {
  provider = camara

  config {
    device = { phone_number = "+34666666666" }
  }
}
