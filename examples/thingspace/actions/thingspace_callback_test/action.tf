variable "callback_password" {
  type      = string
  sensitive = true
  ephemeral = true
}

resource "thingspace_callback" "qos" {
  account_name = "0000123456-00001"
  url          = "https://qos.example.com/thingspace/callbacks"
  username     = "terraform"

  password_wo         = var.callback_password
  password_wo_version = 1

  # A test whenever the callback was registered, before anything is requested.
  lifecycle {
    action_trigger {
      events  = [after_create, after_update]
      actions = [action.thingspace_callback_test.qos]
    }
  }
}

action "thingspace_callback_test" "qos" {
  config {
    account_name = "0000123456-00001"
  }
}
