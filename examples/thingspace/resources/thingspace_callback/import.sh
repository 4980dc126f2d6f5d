# account_name/name
terraform import thingspace_callback.qos 0000123456-00001/QoS
