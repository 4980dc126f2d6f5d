import {
  to = thingspace_qos_subscription.robot
  id = "0000123456-00001/be36accb-0a9a-4367-93ab-0af6c4ed256a"
}
