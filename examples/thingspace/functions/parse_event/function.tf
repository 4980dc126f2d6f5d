# A callback as ThingSpace has sent it, such as from another listener's log.
locals {
  callback = jsonencode({
    requestId = "be36accb-0a9a-4367-93ab-0af6c4ed256a"
    deviceIds = [{ id = "5551234567", kind = "mdn" }]
    deviceResponse = {
      qoS = [{
        accountName       = "0000123456-00001"
        qosSubscriptionId = "5c7ed8b7-59b4-4c0c-b6e1-0e8a4d0e4f32"
        reportedTime      = "2026-01-01T12:00:00.000"
        qosEvent          = "QosChangeOn"
        status            = "SUCCESS"
      }]
    }
    callbackCount        = 1
    maxCallbackThreshold = 4
  })
}

output "events" {
  value = provider::thingspace::parse_event(local.callback)
}
