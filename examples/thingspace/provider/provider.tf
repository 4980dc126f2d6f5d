terraform {
  required_providers {
    thingspace = {
      source = "qosform/thingspace"
    }
  }
}

# Credentials come from the environment: THINGSPACE_CLIENT_ID and
# THINGSPACE_CLIENT_SECRET, THINGSPACE_USERNAME and THINGSPACE_PASSWORD,
# THINGSPACE_RECEIVER_TOKEN.
provider "thingspace" {
  receiver_url = "https://qos.example.com"
}
