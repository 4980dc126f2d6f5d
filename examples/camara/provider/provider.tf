terraform {
  required_providers {
    camara = {
      source = "qosform/camara"
    }
  }
}

# The operator says where its API is, which version it speaks and how tokens are
# got. The secret comes from the environment: CAMARA_OAUTH_CLIENT_SECRET.
provider "camara" {
  base_url    = "https://api.example.com/quality-on-demand/v1"
  api_version = "1.1"

  oauth = {
    flow      = "client_credentials"
    token_url = "https://auth.example.com/oauth2/token"
    client_id = "robot-control"
  }
}
