variable "base_url" {
  description = "Root of the API as in Telefónica's description of QoD 0.10. Its Postman collection uses …/apigateway/qod/v0."
  type        = string
  default     = "https://sandbox.opengateway.telefonica.com/apigateway/ogw/qod/v0"
}
