# terraform test: what would be requested, without an account, a receiver or a
# network.

mock_provider "thingspace" {}

variables {
  account_name        = "0000123456-00001"
  receiver_url        = "http://127.0.0.1:8080"
  receiver_public_url = null
  callback_password   = "not sent anywhere"
}

run "the_callback_goes_to_the_receiver" {
  command = plan

  assert {
    condition     = thingspace_callback.qos.url == "http://127.0.0.1:8080/thingspace/callbacks"
    error_message = "ThingSpace would report to ${thingspace_callback.qos.url}."
  }
}

run "the_public_url_goes_before" {
  command = plan

  variables {
    receiver_public_url = "https://qos.example.com"
  }

  assert {
    condition     = thingspace_callback.qos.url == "https://qos.example.com/thingspace/callbacks"
    error_message = "ThingSpace would report to ${thingspace_callback.qos.url}."
  }
}

run "one_flow_of_one_device" {
  command = plan

  variables {
    device_id   = "5559876543"
    flow_device = "192.0.2.77:50000"
  }

  assert {
    condition     = one(thingspace_qos_subscription.robot.device_info).device_id.id == "5559876543"
    error_message = "The request is for another device."
  }

  assert {
    condition     = one(one(thingspace_qos_subscription.robot.device_info).flow_info).flow_device == "192.0.2.77:50000"
    error_message = "The request is for another flow."
  }
}
