import {
  to = thingspace_callback.qos
  id = "0000123456-00001/QoS"
}
