package qosassignment_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/qosform/terraform-provider-qos/internal/acctest"
	sandbox "github.com/qosform/terraform-provider-qos/internal/sandbox/camara"
)

const address = "camara_qos_assignment.test"

func assignment(extra ...string) string {
	return fmt.Sprintf(`
resource "camara_qos_assignment" "test" {
  device      = { phone_number = "+34666666666" }
  qos_profile = "QOS_E"
  %s
}
`, strings.Join(extra, "\n  "))
}

// live is how many assignments the operator holds, as a check.
func live(w *acctest.CamaraWorld, want int) resource.TestCheckFunc {
	return func(*terraform.State) error {
		if got := w.Operator.LiveAssignments(); len(got) != want {
			return fmt.Errorf("live: %v, want %d", got, want)
		}
		return nil
	}
}

func emptyPlan() resource.ConfigPlanChecks {
	return resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}}
}

func action(a plancheck.ResourceActionType) resource.ConfigPlanChecks {
	return resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectResourceAction(address, a)}}
}

func TestAccLifecycle(t *testing.T) {
	t.Parallel()
	fleet := acctest.NewCamaraFleet(t, func(o *sandbox.Options) { o.Switches.AsyncRevoke = o.Version == sandbox.Version12 })
	config := fleet.Config(assignment())
	policies := fleet.Config(assignment(`on_timeout = "keep"`, `timeouts = { delete = "1m" }`))
	other := strings.ReplaceAll(policies, "QOS_E", "QOS_M")
	lives := fleet.Check(address, func(w *acctest.CamaraWorld, _ string) resource.TestCheckFunc { return live(w, 1) })
	available := acctest.Each(fleet, address, func(address string) []statecheck.StateCheck {
		return []statecheck.StateCheck{
			statecheck.ExpectKnownValue(address, tfjsonpath.New("status"), knownvalue.StringExact("AVAILABLE")),
			statecheck.ExpectKnownValue(address, tfjsonpath.New("started_at"), knownvalue.NotNull()),
		}
	})
	planned := func(action plancheck.ResourceActionType) resource.ConfigPlanChecks {
		return resource.ConfigPlanChecks{PreApply: acctest.Each(fleet, address, func(address string) []plancheck.PlanCheck {
			return []plancheck.PlanCheck{plancheck.ExpectResourceAction(address, action)}
		})}
	}
	terminate := func() {
		for _, member := range fleet {
			operator := member.World.Operator
			_ = operator.TerminateByNetwork(operator.LiveAssignments()[0].ID)
		}
	}
	imports := acctest.Each(fleet, address, func(address string) []resource.TestStep {
		return []resource.TestStep{{ResourceName: address, ImportState: true, ImportStateVerify: true, ImportStateVerifyIgnore: []string{"device"}}}
	})
	steps := append([]resource.TestStep{{Config: config, Check: lives, ConfigStateChecks: available}}, imports...)
	steps = append(steps,
		resource.TestStep{Config: policies, ConfigPlanChecks: planned(plancheck.ResourceActionUpdate), Check: lives},
		resource.TestStep{Config: other, ConfigPlanChecks: planned(plancheck.ResourceActionReplace), Check: lives},
		resource.TestStep{PreConfig: terminate, Config: other, ConfigPlanChecks: planned(plancheck.ResourceActionReplace), Check: lives},
	)
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: fleet.Factories(acctest.CamaraFactories()), Steps: steps,
		CheckDestroy: fleet.Check(address, func(w *acctest.CamaraWorld, _ string) resource.TestCheckFunc { return live(w, 0) }),
	})
	for name, member := range fleet {
		if got := member.World.Operator.Count(sandbox.OpCreateAssignment); got != 3 {
			t.Errorf("%s: %d POSTs, want 3", name, got)
		}
	}
}

func TestAccLostAnswerIsRecovered(t *testing.T) {
	t.Parallel()
	w := acctest.NewCamara(t, sandbox.Version11)
	config := w.ProviderConfig() + assignment()
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: acctest.CamaraFactories(),
		CheckDestroy:             live(w, 0),
		Steps: []resource.TestStep{
			{
				PreConfig: func() {
					w.Operator.Inject(sandbox.Fault{Kind: sandbox.FaultLoseAnswer, Operation: sandbox.OpCreateAssignment, Times: 1})
				},
				Config: config, Check: live(w, 1),
			},
		},
	})
}

func TestAccConflict(t *testing.T) {
	t.Parallel()
	w := acctest.NewCamara(t, sandbox.Version11)
	config := w.ProviderConfig() + assignment()
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: acctest.CamaraFactories(),
		CheckDestroy:             live(w, 0),
		Steps: []resource.TestStep{
			{Config: config},
			{Config: config + strings.Replace(assignment(), `"test"`, `"second"`, 1), ExpectError: acctest.Words("nother QoS assignment is in the way", "camara_qos_assignment.<name>")},
		},
	})
}

func TestAccNoProvisioning(t *testing.T) {
	t.Parallel()
	w := acctest.NewCamara(t, sandbox.Version011)
	provider := strings.Replace(w.ProviderConfig(), "qos_provisioning_url", "# qos_provisioning_url", 1)
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: acctest.CamaraFactories(),
		Steps:                    []resource.TestStep{{Config: provider + assignment(), PlanOnly: true, ExpectError: acctest.Words("set qos_provisioning_url")}},
	})
}
