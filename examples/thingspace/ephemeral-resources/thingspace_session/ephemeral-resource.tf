# The tokens that the provider itself uses, for a call that it has no resource for.
ephemeral "thingspace_session" "this" {
  account_name = "0000123456-00001" # keeps the session in use during a long run
}

resource "terraform_data" "account" {
  provisioner "local-exec" {
    command = <<-EOT
      printf 'Authorization: Bearer %s\nVZ-M2M-Token: %s\n' "$ACCESS_TOKEN" "$SESSION_TOKEN" |
        curl --fail --silent --show-error --header @- --output account.json \
          https://thingspace.verizon.com/api/m2m/v1/accounts/0000123456-00001
    EOT
    environment = {
      ACCESS_TOKEN  = ephemeral.thingspace_session.this.access_token
      SESSION_TOKEN = ephemeral.thingspace_session.this.session_token
    }
  }
}
