package qos_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/qosform/terraform-provider-qos/internal/acctest"
	sandbox "github.com/qosform/terraform-provider-qos/internal/sandbox/camara"
)

// block is a provider block of a family as a nested attribute.
func block(family, config string) string {
	body := strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(config), fmt.Sprintf("provider %q", family)))
	return "  " + family + " = " + body + "\n"
}

func provider(members ...string) string {
	return "provider \"qos\" {\n" + strings.Join(members, "") + "}\n"
}

// ours makes each resource one of the provider qos.
func ours(config string) string {
	return strings.ReplaceAll(config, "\" {\n", "\" {\n  provider = qos\n")
}

const session = `
resource "camara_qod_session" "test" {
  device             = { phone_number = "+34666666666" }
  application_server = { ipv4_address = "203.0.113.5" }
  qos_profile        = "QOS_E"
  duration           = 600
}
`

const subscription = `
resource "thingspace_qos_subscription" "test" {
  account_name = thingspace_callback.qos.account_name
  device_info = [{
    device_id = { id = "5551234567", kind = "MDN" }
    flow_info = [{
      flow_server    = "203.0.113.5:443"
      flow_device    = "198.51.100.7:5000"
      flow_direction = "UPLINK"
      flow_protocol  = "UDP"
      qci_option     = "Premium"
    }]
  }]
}
`

func TestAccBothFamilies(t *testing.T) {
	t.Parallel()
	w, operator := acctest.New(t), acctest.NewCamara(t, sandbox.Version11)
	config := provider(block("thingspace", w.ProviderConfig()), block("camara", operator.ProviderConfig())) +
		ours(w.CallbackConfig()+subscription+session+"data \"camara_qos_profile\" \"e\" {\n  name = \"QOS_E\"\n}\n")
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: acctest.QoSFactories(),
		Steps: []resource.TestStep{
			{Config: config, ConfigStateChecks: []statecheck.StateCheck{
				statecheck.ExpectKnownValue("thingspace_qos_subscription.test", tfjsonpath.New("request_id"), knownvalue.NotNull()),
				statecheck.ExpectKnownValue("camara_qod_session.test", tfjsonpath.New("qos_status"), knownvalue.StringExact("AVAILABLE")),
				statecheck.ExpectKnownValue("data.camara_qos_profile.e", tfjsonpath.New("max_duration_seconds"), knownvalue.Int64Exact(86400)),
			}},
			{Config: config, ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}}},
		},
	})
	if live := len(w.ThingSpace.Live()) + len(operator.Operator.Live()); live != 0 {
		t.Errorf("%d are live after destroy", live)
	}
}

func TestAccOneFamilyAlone(t *testing.T) {
	t.Parallel()
	operator := acctest.NewCamara(t, sandbox.Version010)
	alone := provider(block("camara", operator.ProviderConfig()))
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: acctest.QoSFactories(),
		Steps: []resource.TestStep{
			{
				Config:      alone + ours("data \"thingspace_callbacks\" \"all\" {\n  account_name = \"0000123456-00001\"\n}\n"),
				ExpectError: acctest.Words("no thingspace attribute", "thingspace = { … }"),
			},
			{Config: provider("  camara = {}\n") + ours(session), ExpectError: acctest.Words("Set base_url")},
			{Config: provider("  thingspace = { client_id = \"x\" }\n") + ours(session), ExpectError: acctest.Words("client_id is set and client_secret is not")},
			{Config: alone + ours(session)},
		},
	})
}
