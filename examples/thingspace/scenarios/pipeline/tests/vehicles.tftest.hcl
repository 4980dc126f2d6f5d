# terraform test: a request per vehicle, and a warning for each that is not on.

mock_provider "thingspace" {
  mock_resource "thingspace_qos_subscription" {
    defaults = {
      status = "ON"
    }
  }
}

variables {
  receiver_public_url = "https://qos.example.com"
  callback_username   = "terraform"
  callback_password   = "not sent anywhere"
}

run "a_request_per_vehicle" {
  variables {
    vehicles = {
      "5551230001" = "192.0.2.31"
      "5551230002" = "192.0.2.32"
      "5551230003" = "192.0.2.33"
    }
  }

  assert {
    condition     = length(thingspace_qos_subscription.vehicle) == 3
    error_message = "There are ${length(thingspace_qos_subscription.vehicle)} requests for three vehicles."
  }

  assert {
    condition     = alltrue([for s in thingspace_qos_subscription.vehicle : s.on_existing == "adopt" && s.on_timeout == "keep"])
    error_message = "A killed or slow run would leave something to do by hand."
  }
}

run "who_is_out_of_coverage_is_named" {
  variables {
    vehicles = { "5551230009" = "192.0.2.39" }
  }

  override_resource {
    target = thingspace_qos_subscription.vehicle
    values = {
      status = "ACKNOWLEDGED"
    }
  }

  expect_failures = [check.all_on]
}
