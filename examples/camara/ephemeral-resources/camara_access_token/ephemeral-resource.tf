# The token that the provider itself uses, for an API of the operator that it has no
# resource for. Its scope is one of oauth.scopes.
ephemeral "camara_access_token" "robot" {
  device = { phone_number = "+34666666666" }
}

resource "terraform_data" "reachability" {
  provisioner "local-exec" {
    command = <<-EOT
      printf 'Authorization: Bearer %s\n' "$ACCESS_TOKEN" |
        curl --fail --silent --show-error --header @- --output reachability.json \
          --json '{"device":{"phoneNumber":"+34666666666"}}' \
          https://api.example.com/device-reachability-status/v1/retrieve
    EOT
    environment = {
      ACCESS_TOKEN = ephemeral.camara_access_token.robot.access_token
    }
  }
}
