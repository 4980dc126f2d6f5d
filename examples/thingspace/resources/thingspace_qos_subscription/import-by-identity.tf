import {
  to = thingspace_qos_subscription.robot
  identity = {
    account_name = "0000123456-00001"
    request_id   = "be36accb-0a9a-4367-93ab-0af6c4ed256a"
  }
}
