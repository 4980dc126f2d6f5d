variable "callback_password" {
  type      = string
  sensitive = true
  ephemeral = true
}

resource "thingspace_callback" "qos" {
  account_name = "0000123456-00001"
  url          = "https://qos.example.com/thingspace/callbacks"
  username     = "terraform"

  # Kept in neither plan nor state. Before Terraform 1.11 and OpenTofu 1.11:
  # password = var.callback_password, of a variable that is not ephemeral.
  password_wo         = var.callback_password
  password_wo_version = 1
}
