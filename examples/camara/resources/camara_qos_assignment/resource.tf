# Everything that one device sends and receives, until it is destroyed.
resource "camara_qos_assignment" "robot" {
  device      = { phone_number = "+34666666666" }
  qos_profile = "QOS_L"
}
