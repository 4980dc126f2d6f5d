package qodsession_test

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/qosform/terraform-provider-qos/internal/acctest"
	sandbox "github.com/qosform/terraform-provider-qos/internal/sandbox/camara"
)

const listing = `
data "camara_qod_sessions" "all" {
  device     = { phone_number = "+34666666666" }
  depends_on = [camara_qod_session.test]
}
`

func TestAccList(t *testing.T) {
	t.Parallel()
	for _, version := range []sandbox.Version{sandbox.Version011, sandbox.Version12, sandbox.HybridA} {
		t.Run(string(version), func(t *testing.T) {
			t.Parallel()
			w := acctest.NewCamara(t, version)
			resource.Test(t, resource.TestCase{
				ProtoV6ProviderFactories: acctest.CamaraFactories(),
				Steps: []resource.TestStep{{
					Config: w.ProviderConfig() + session(`duration = 600`) + listing,
					ConfigStateChecks: []statecheck.StateCheck{
						statecheck.ExpectKnownValue("data.camara_qod_sessions.all", tfjsonpath.New("sessions"), knownvalue.ListSizeExact(1)),
						statecheck.ExpectKnownValue("data.camara_qod_sessions.all", tfjsonpath.New("sessions").AtSliceIndex(0).AtMapKey("qos_profile"), knownvalue.StringExact("QOS_E")),
					},
				}},
			})
		})
	}
	w := acctest.NewCamara(t, sandbox.Version010)
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: acctest.CamaraFactories(),
		Steps: []resource.TestStep{
			{Config: w.ProviderConfig() + session() + listing, ExpectError: acctest.Words("Unable to list QoD sessions", "does not have this")},
			{Config: w.ProviderConfig()},
		},
	})
}
