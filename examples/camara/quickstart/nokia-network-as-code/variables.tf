variable "base_url" {
  description = "Root of the API."
  type        = string
  default     = "https://network-as-code.p-eu.rapidapi.com/qod/v0"
}

variable "rapidapi_key" {
  description = "The key of your application."
  type        = string
  sensitive   = true
}

variable "phone_number" {
  description = "The device's phone number, with + and country code."
  type        = string
}
