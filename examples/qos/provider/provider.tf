terraform {
  required_providers {
    qos = {
      source = "qosform/qos"
    }
  }
}

# Secrets come from the environment, by the names that they have with the two
# providers: THINGSPACE_CLIENT_SECRET, CAMARA_OAUTH_CLIENT_SECRET and so on.
provider "qos" {
  thingspace = {
    receiver_url = "https://qos.example.com"
  }

  camara = {
    base_url    = "https://api.example.com/quality-on-demand/v1"
    api_version = "1.1"

    oauth = {
      flow      = "client_credentials"
      token_url = "https://auth.example.com/oauth2/token"
      client_id = "robot-control"
    }
  }
}
