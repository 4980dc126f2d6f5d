package qodsession_test

import (
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/jonboulle/clockwork"

	"github.com/qosform/terraform-provider-qos/internal/acctest"
	"github.com/qosform/terraform-provider-qos/internal/camara"
	sandbox "github.com/qosform/terraform-provider-qos/internal/sandbox/camara"
)

// clockWorld is an operator whose clock the test moves, and the provider's
// factories with the same clock. A session is AVAILABLE at once.
type clockWorld struct {
	*acctest.CamaraWorld
	clock *clockwork.FakeClock
	test  resource.TestCase
}

func newClockWorld(t *testing.T, version sandbox.Version, options ...func(*sandbox.Options)) *clockWorld {
	t.Helper()
	clock := clockwork.NewFakeClockAt(time.Date(2030, 5, 6, 7, 8, 9, 0, time.UTC))
	options = append([]func(*sandbox.Options){func(o *sandbox.Options) { o.Clock, o.AvailableDelay = clock, -1 }}, options...)
	w := acctest.NewCamara(t, version, options...)
	return &clockWorld{CamaraWorld: w, clock: clock, test: resource.TestCase{
		ProtoV6ProviderFactories: acctest.CamaraFactories(camara.WithClock(clock)),
		CheckDestroy:             nothingLive(w),
	}}
}

// later lets time pass before a step.
func (w *clockWorld) later(d time.Duration) func() { return func() { w.clock.Advance(d) } }

func (w *clockWorld) run(t *testing.T, steps ...resource.TestStep) {
	t.Helper()
	w.test.Steps = steps
	resource.Test(t, w.test)
}

func TestAccExpiryRecreates(t *testing.T) {
	t.Parallel()
	for name, keep := range map[string]bool{"404": false, "UNAVAILABLE": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newClockWorld(t, sandbox.Version11, func(o *sandbox.Options) { o.Switches.KeepExpired = keep })
			config := w.ProviderConfig() + session(`duration = 600`)
			replaced := plancheck.ResourceActionCreate
			if keep {
				replaced = plancheck.ResourceActionReplace
			}
			w.run(t,
				resource.TestStep{Config: config},
				resource.TestStep{PreConfig: w.later(599 * time.Second), Config: config, PlanOnly: true},
				resource.TestStep{PreConfig: w.later(time.Second), Config: config, ConfigPlanChecks: action(replaced), Check: liveMatchesState(w.CamaraWorld)},
			)
		})
	}
}

func TestAccExpiryIgnored(t *testing.T) {
	t.Parallel()
	for name, keep := range map[string]bool{"404": false, "UNAVAILABLE": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newClockWorld(t, sandbox.Version11, func(o *sandbox.Options) { o.Switches.KeepExpired = keep })
			config := w.ProviderConfig() + session(`duration = 600`, `on_expiry = "ignore"`)
			ended := []statecheck.StateCheck{
				is("qos_status", knownvalue.StringExact("UNAVAILABLE")), is("status_info", knownvalue.StringExact("DURATION_EXPIRED")),
			}
			again := w.ProviderConfig() + session(`duration = 600`)
			w.run(t,
				resource.TestStep{Config: config},
				resource.TestStep{PreConfig: w.later(time.Hour), RefreshState: true},
				resource.TestStep{Config: config, ConfigPlanChecks: emptyPlan(), ConfigStateChecks: ended},
				resource.TestStep{Config: again, ConfigPlanChecks: action(plancheck.ResourceActionReplace), Check: liveMatchesState(w.CamaraWorld)},
			)
			if got := w.Operator.Count(sandbox.OpCreateSession); got != 2 {
				t.Errorf("%d POSTs, want 2", got)
			}
		})
	}
}

func TestAccNetworkTermination(t *testing.T) {
	t.Parallel()
	w := newClockWorld(t, sandbox.Version11)
	config := w.ProviderConfig() + session(`duration = 600`)
	w.run(t,
		resource.TestStep{Config: config},
		resource.TestStep{
			PreConfig: func() {
				if err := w.Operator.TerminateByNetwork(liveIDs(w.CamaraWorld)[0]); err != nil {
					t.Error(err)
				}
			},
			Config: config, ConfigPlanChecks: action(plancheck.ResourceActionReplace), Check: liveMatchesState(w.CamaraWorld),
		},
	)
}

func TestAccRenewal(t *testing.T) {
	t.Parallel()
	for _, version := range []sandbox.Version{sandbox.Version010, sandbox.Version11} {
		t.Run(string(version), func(t *testing.T) {
			t.Parallel()
			w := newClockWorld(t, version)
			config := w.ProviderConfig() + session(`duration = 600`, `renew_before = 120`)
			w.run(t,
				resource.TestStep{Config: config},
				resource.TestStep{PreConfig: w.later(479 * time.Second), Config: config, PlanOnly: true},
				resource.TestStep{PreConfig: w.later(time.Second), Config: config, ConfigPlanChecks: action(plancheck.ResourceActionUpdate), ConfigStateChecks: []statecheck.StateCheck{
					is("granted_duration", knownvalue.Int64Exact(1080)), is("duration", knownvalue.Int64Exact(600)),
					is("expires_at", knownvalue.StringExact("2030-05-06T07:26:09Z")),
				}},
			)
			if got := w.Operator.Count(sandbox.OpExtendSession); got != 1 {
				t.Errorf("%d extensions, want 1", got)
			}
		})
	}
}

func TestAccRenewalStopsAtTheLimit(t *testing.T) {
	t.Parallel()
	for name, refuse := range map[string]bool{"capped": false, "refused": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newClockWorld(t, sandbox.Version11, func(o *sandbox.Options) { o.Switches.RefuseExtendAtMax = refuse })
			// QOS_S lasts for an hour at most.
			config := w.ProviderConfig() + replace(session(`duration = 3600`, `renew_before = 600`), "QOS_E", "QOS_S")
			w.run(t,
				resource.TestStep{Config: config},
				resource.TestStep{PreConfig: w.later(3100 * time.Second), Config: config, ConfigPlanChecks: action(plancheck.ResourceActionUpdate), ConfigStateChecks: []statecheck.StateCheck{
					is("granted_duration", knownvalue.Int64Exact(3600)),
				}},
				resource.TestStep{PreConfig: w.later(100 * time.Second), Config: config, PlanOnly: true},
				resource.TestStep{PreConfig: w.later(time.Hour), Config: config, ConfigPlanChecks: action(plancheck.ResourceActionCreate)},
			)
			if got := w.Operator.Count(sandbox.OpExtendSession); got != 1 {
				t.Errorf("%d extensions, want 1", got)
			}
		})
	}
}

func TestAccExtensionIsCapped(t *testing.T) {
	t.Parallel()
	w := newClockWorld(t, sandbox.Version11)
	config := func(duration string) string {
		return w.ProviderConfig() + replace(session(`duration = `+duration), "QOS_E", "QOS_S")
	}
	w.run(t,
		resource.TestStep{Config: config("3000")},
		resource.TestStep{Config: config("7200"), ConfigPlanChecks: action(plancheck.ResourceActionUpdate), ConfigStateChecks: []statecheck.StateCheck{
			is("granted_duration", knownvalue.Int64Exact(3600)), is("duration", knownvalue.Int64Exact(7200)),
		}},
	)
}
