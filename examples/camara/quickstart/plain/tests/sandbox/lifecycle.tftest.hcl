# terraform test -test-directory=tests/sandbox: a session from its request to its
# end, against a simulated operator:
#
#   qos-sandbox serve --listen 127.0.0.1:8081 --camara 1.1
#   export CAMARA_OAUTH_CLIENT_SECRET=sandbox-app-secret TF_VAR_client_id=sandbox-app TF_VAR_phone_number=+34666666666
#   export TF_VAR_base_url=http://127.0.0.1:8081/camara/1.1/quality-on-demand/v1
#   export TF_VAR_token_url=http://127.0.0.1:8081/camara/1.1/oauth/token

run "the_network_provides_it" {
  assert {
    condition     = camara_qod_session.robot.qos_status == "AVAILABLE"
    error_message = "The operator says ${camara_qod_session.robot.qos_status}."
  }
}

run "nothing_is_left_to_do" {
  command = plan

  # Unknown, and so an error, if it were to be made anew.
  assert {
    condition     = camara_qod_session.robot.session_id != ""
    error_message = "It has no id."
  }
}
