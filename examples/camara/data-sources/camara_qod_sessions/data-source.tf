# The sessions that this application has made for a device, in whatever state or
# script.
data "camara_qod_sessions" "robot" {
  device = { phone_number = "+34666666666" }
}

output "sessions" {
  description = "Session → when it ends."
  value       = { for s in data.camara_qod_sessions.robot.sessions : s.session_id => s.expires_at }
}
