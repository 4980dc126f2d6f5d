package qodsession_test

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	sandbox "github.com/qosform/terraform-provider-qos/internal/sandbox/camara"
)

// Only 0.10 has messages, so from 0.11 on an extension has none to announce.
func TestAccMessagesOfAnExtension(t *testing.T) {
	t.Parallel()
	messages := tfjsonpath.New("messages")
	none := knownvalue.ListSizeExact(0)
	for version, planned := range map[sandbox.Version]plancheck.PlanCheck{
		sandbox.Version010: plancheck.ExpectUnknownValue(address, messages),
		sandbox.Version011: plancheck.ExpectKnownValue(address, messages, none),
	} {
		t.Run(string(version), func(t *testing.T) {
			t.Parallel()
			w := newClockWorld(t, version)
			w.run(t,
				resource.TestStep{Config: w.ProviderConfig() + session(`duration = 600`)},
				resource.TestStep{
					Config:            w.ProviderConfig() + session(`duration = 900`),
					ConfigPlanChecks:  resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{planned}},
					ConfigStateChecks: []statecheck.StateCheck{is("messages", none), is("granted_duration", knownvalue.Int64Exact(900))},
				},
			)
		})
	}
}
