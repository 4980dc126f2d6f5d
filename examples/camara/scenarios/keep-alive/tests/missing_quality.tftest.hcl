# terraform test: the check says when the network does not provide the session.

mock_provider "camara" {
  mock_resource "camara_qod_session" {
    defaults = {
      qos_status = "UNAVAILABLE"
    }
  }
}

run "missing_quality_is_reported" {
  expect_failures = [check.crane_has_quality]
}
