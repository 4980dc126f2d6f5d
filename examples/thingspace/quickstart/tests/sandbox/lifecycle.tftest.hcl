# terraform test -test-directory=tests/sandbox: from the request to its end, against
# a simulated ThingSpace. Start that and a receiver first; `make demo` shows how.

run "the_flow_is_on" {
  assert {
    condition     = output.status == "ON"
    error_message = "The network says ${output.status}."
  }

  assert {
    condition     = output.qos_subscription_id != ""
    error_message = "There is no id to stop it by."
  }
}

run "nothing_is_left_to_do" {
  command = plan

  # Unknown, and so an error, if it were to be requested anew.
  assert {
    condition     = startswith(thingspace_qos_subscription.robot.id, var.account_name)
    error_message = "It has the id ${thingspace_qos_subscription.robot.id}."
  }
}
