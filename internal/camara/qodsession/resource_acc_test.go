package qodsession_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/qosform/terraform-provider-qos/internal/acctest"
	sandbox "github.com/qosform/terraform-provider-qos/internal/sandbox/camara"
)

const address = "camara_qod_session.test"

// session is the resource "test", with changes to its text and extra lines.
func session(extra ...string) string {
	return fmt.Sprintf(`
resource "camara_qod_session" "test" {
  device             = { phone_number = "+34666666666" }
  application_server = { ipv4_address = "203.0.113.0/24" }
  device_ports       = { ranges = [{ from = 5010, to = 5020 }], ports = [5060, 5070] }
  qos_profile        = "QOS_E"
  %s
}
`, strings.Join(extra, "\n  "))
}

// liveMatchesState compares what the operator holds with what the state names.
func liveMatchesState(w *acctest.CamaraWorld) resource.TestCheckFunc {
	return func(s *terraform.State) error {
		inState := []string{}
		for _, r := range s.RootModule().Resources {
			if r.Type == "camara_qod_session" && !strings.HasPrefix(r.Primary.Attributes["qos_status"], "UN") {
				inState = append(inState, r.Primary.ID)
			}
		}
		slices.Sort(inState)
		if diff := cmp.Diff(liveIDs(w), inState); diff != "" {
			return fmt.Errorf("live at the operator (-) and in the state (+):\n%s", diff)
		}
		return nil
	}
}

// oneIsLive checks that the operator has one session, the one at that address.
func oneIsLive(w *acctest.CamaraWorld, address string) resource.TestCheckFunc {
	return func(s *terraform.State) error {
		inState := []string{}
		if r := s.RootModule().Resources[address]; r != nil {
			inState = append(inState, r.Primary.ID)
		}
		if diff := cmp.Diff(liveIDs(w), inState); diff != "" {
			return fmt.Errorf("live at the operator (-) and in the state (+):\n%s", diff)
		}
		return nil
	}
}

func liveIDs(w *acctest.CamaraWorld) []string {
	ids := []string{}
	for _, s := range w.Operator.Live() {
		ids = append(ids, s.ID)
	}
	slices.Sort(ids)
	return ids
}

func nothingLive(w *acctest.CamaraWorld) resource.TestCheckFunc {
	return func(*terraform.State) error {
		if live := liveIDs(w); len(live) > 0 {
			return fmt.Errorf("still live after destroy: %v", live)
		}
		return nil
	}
}

func noneIsLive(w *acctest.CamaraWorld, _ string) resource.TestCheckFunc { return nothingLive(w) }

// planned is the action that each operator's session is planned for.
func planned(fleet acctest.Fleet[*acctest.CamaraWorld], action plancheck.ResourceActionType) resource.ConfigPlanChecks {
	return resource.ConfigPlanChecks{PreApply: acctest.Each(fleet, address, func(address string) []plancheck.PlanCheck {
		return []plancheck.PlanCheck{plancheck.ExpectResourceAction(address, action)}
	})}
}

func emptyPlan() resource.ConfigPlanChecks {
	return resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}}
}

func action(a plancheck.ResourceActionType) resource.ConfigPlanChecks {
	return resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectResourceAction(address, a)}}
}

func is(attribute string, want knownvalue.Check) statecheck.StateCheck {
	return isAt(address, attribute, want)
}

func isAt(address, attribute string, want knownvalue.Check) statecheck.StateCheck {
	return statecheck.ExpectKnownValue(address, tfjsonpath.New(attribute), want)
}

func TestAccLifecycle(t *testing.T) {
	t.Parallel()
	fleet := acctest.NewCamaraFleet(t)
	config := fleet.Config(session(`duration = 3600`))
	longer := fleet.Config(session(`duration = 5400`))
	policies := fleet.Config(session(`duration = 5400`, `on_expiry = "ignore"`, `renew_before = 60`, `timeouts = { create = "30s" }`))
	other := strings.ReplaceAll(longer, "QOS_E", "QOS_M")
	shorter := strings.ReplaceAll(other, "5400", "600")
	live := fleet.Check(address, oneIsLive)
	granted := func(seconds int64) []statecheck.StateCheck {
		return acctest.Each(fleet, address, func(address string) []statecheck.StateCheck {
			return []statecheck.StateCheck{
				isAt(address, "qos_status", knownvalue.StringExact("AVAILABLE")), isAt(address, "granted_duration", knownvalue.Int64Exact(seconds)),
				isAt(address, "started_at", knownvalue.NotNull()), isAt(address, "expires_at", knownvalue.NotNull()),
			}
		})
	}
	imports := acctest.Each(fleet, address, func(address string) []resource.TestStep {
		return []resource.TestStep{{ResourceName: address, ImportState: true, ImportStateVerify: true, ImportStateVerifyIgnore: []string{"device"}}}
	})
	steps := []resource.TestStep{{Config: config, Check: live, ConfigStateChecks: granted(3600)}}
	steps = append(steps, imports...)
	steps = append(steps,
		resource.TestStep{Config: longer, ConfigPlanChecks: planned(fleet, plancheck.ResourceActionUpdate), Check: live, ConfigStateChecks: granted(5400)},
		resource.TestStep{Config: policies, ConfigPlanChecks: planned(fleet, plancheck.ResourceActionUpdate), Check: live},
		resource.TestStep{Config: other, ConfigPlanChecks: planned(fleet, plancheck.ResourceActionReplace), Check: live},
		resource.TestStep{Config: shorter, ConfigPlanChecks: planned(fleet, plancheck.ResourceActionReplace), Check: live},
	)
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: fleet.Factories(acctest.CamaraFactories()), Steps: steps,
		CheckDestroy: fleet.Check(address, noneIsLive),
	})
	for _, version := range sandbox.Versions() {
		t.Run(string(version), func(t *testing.T) {
			t.Parallel()
			w := fleet[string(version)].World
			if got := w.Operator.Count(sandbox.OpCreateSession); got != 3 {
				t.Errorf("%d POSTs for a create and two replacements, want 3", got)
			}
			if got := w.Operator.Count(sandbox.OpExtendSession); got != 1 {
				t.Errorf("%d extensions, want 1", got)
			}
			wantRequests(t, w, version)
			if got := w.Operator.Count(sandbox.OpToken); version != sandbox.HybridA && got > 40 {
				t.Errorf("%d tokens", got)
			}
		})
	}
}
