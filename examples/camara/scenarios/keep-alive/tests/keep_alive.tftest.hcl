# terraform test: the numbers fit together.

mock_provider "camara" {
  mock_resource "camara_qod_session" {
    defaults = {
      qos_status = "AVAILABLE"
    }
  }
}

run "one_apply_may_fail" {
  assert {
    condition     = camara_qod_session.crane.renew_before >= 2 * 15 * 60
    error_message = "With an apply every 15 minutes, a failed one would let the session end."
  }

  assert {
    condition     = camara_qod_session.crane.duration > camara_qod_session.crane.renew_before
    error_message = "Every apply would extend the session."
  }
}
