variable "base_url" {
  description = "Root of the operator's Quality-on-Demand API, such as https://api.example.com/quality-on-demand/v1."
  type        = string
}

variable "token_url" {
  description = "The operator's token endpoint."
  type        = string
}

variable "client_id" {
  description = "Id of the application at the operator."
  type        = string
}

variable "phone_number" {
  description = "The device's phone number, with + and country code."
  type        = string
}

variable "application_server" {
  description = "IPv4 address or subnet of the server."
  type        = string
  default     = "203.0.113.10"
}

variable "qos_profile" {
  description = "One of the operator's QoS profiles."
  type        = string
  default     = "QOS_E"
}
