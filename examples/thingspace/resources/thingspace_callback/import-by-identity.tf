import {
  to = thingspace_callback.qos
  identity = {
    account_name = "0000123456-00001"
    name         = "QoS"
  }
}
