# terraform query: every callback of the account, with its address.
list "thingspace_callback" "all" {
  provider = thingspace

  config {
    account_name = "0000123456-00001"
  }
}
