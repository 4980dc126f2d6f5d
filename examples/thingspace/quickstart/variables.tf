variable "base_url" {
  description = "Root of the ThingSpace API. Null: THINGSPACE_BASE_URL, or else Verizon's."
  type        = string
  default     = null
}

variable "receiver_url" {
  description = "The receiver, as Terraform reaches it."
  type        = string
  default     = "http://localhost:8080"
}

variable "receiver_public_url" {
  description = "The receiver, as ThingSpace reaches it: its --public-url. Null: the same as receiver_url."
  type        = string
  default     = null
}

variable "account_name" {
  description = "Billing account, with all leading zeros, such as 0000123456-00001."
  type        = string
}

variable "callback_username" {
  description = "User name that callbacks carry: the receiver's --callback-username."
  type        = string
  default     = "terraform"
}

variable "callback_password" {
  description = "Password that callbacks carry: the receiver's --callback-password. 40 characters at most."
  type        = string
  sensitive   = true
  ephemeral   = true # kept in neither plan nor state
}

variable "device_id" {
  description = "The device's phone number, 10 digits."
  type        = string
  default     = "5551234567"
}

variable "flow_server" {
  description = "Server end of the flow: address:port, or an address for every port."
  type        = string
  default     = "203.0.113.10:443"
}

variable "flow_device" {
  description = "Device end of the flow, in the same form."
  type        = string
  default     = "192.0.2.20:50000"
}
