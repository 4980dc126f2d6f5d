data "camara_qos_profiles" "active" {
  status = "ACTIVE"
}

output "profiles" {
  description = "Profile → the operator's description."
  value       = { for p in data.camara_qos_profiles.active.profiles : p.name => p.description }
}
