package qosassignment_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"
	"github.com/jonboulle/clockwork"

	"github.com/qosform/terraform-provider-qos/internal/acctest"
	"github.com/qosform/terraform-provider-qos/internal/camara"
	sandbox "github.com/qosform/terraform-provider-qos/internal/sandbox/camara"
)

func inject(w *acctest.CamaraWorld, faults ...sandbox.Fault) func() {
	return func() { w.Operator.Inject(faults...) }
}

func is(attribute string, want knownvalue.Check) statecheck.StateCheck {
	return statecheck.ExpectKnownValue(address, tfjsonpath.New(attribute), want)
}

// liveInState checks that the one that is live is the one in the state.
func liveInState(w *acctest.CamaraWorld) resource.TestCheckFunc {
	return func(s *terraform.State) error {
		all := w.Operator.LiveAssignments()
		if len(all) != 1 || s.RootModule().Resources[address] == nil || s.RootModule().Resources[address].Primary.ID != all[0].ID {
			return fmt.Errorf("live: %v, state: %v", all, s.RootModule().Resources)
		}
		return nil
	}
}

func wantPosts(t *testing.T, w *acctest.CamaraWorld, want int) {
	t.Helper()
	if got := w.Operator.Count(sandbox.OpCreateAssignment); got != want {
		t.Errorf("%d POSTs, want %d", got, want)
	}
}

// Both provisioning versions, each with both kinds of answer to a DELETE.
func TestAccDelete(t *testing.T) {
	t.Parallel()
	for _, version := range []sandbox.Version{sandbox.Version11, sandbox.Version12} {
		for name, pending := range map[string]bool{"204": false, "202": true} {
			t.Run(string(version)+" "+name, func(t *testing.T) {
				t.Parallel()
				w := acctest.NewCamara(t, version, func(o *sandbox.Options) {
					o.RevokeDelay, o.Switches.AsyncRevoke = time.Second, pending
				})
				config := w.ProviderConfig() + assignment()
				resource.Test(t, resource.TestCase{
					ProtoV6ProviderFactories: acctest.CamaraFactories(),
					CheckDestroy:             live(w, 0),
					Steps: []resource.TestStep{
						{Config: config, Check: liveInState(w)},
						// The next one is refused while the device has the old one still.
						{Config: strings.Replace(config, "QOS_E", "QOS_M", 1), ConfigPlanChecks: action(plancheck.ResourceActionReplace), Check: liveInState(w)},
					},
				})
				wantPosts(t, w, 2)
			})
		}
	}
}

func TestAccDeletePendingForTooLong(t *testing.T) {
	t.Parallel()
	clock := clockwork.NewFakeClock()
	w := acctest.NewCamara(t, sandbox.Version12, func(o *sandbox.Options) {
		o.Clock, o.AvailableDelay, o.RevokeDelay, o.Switches.AsyncRevoke = clock, -1, time.Minute, true
	})
	config := w.ProviderConfig() + assignment(`timeouts = { delete = "1s" }`)
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: acctest.CamaraFactories(),
		CheckDestroy:             live(w, 0),
		Steps: []resource.TestStep{
			{Config: config},
			{Config: config, Destroy: true, ExpectError: acctest.Words("Unable to delete QoS assignment", "Timed out after 1s (timeouts.delete)", "has accepted to delete", "is not gone yet")},
			// It is AVAILABLE still, and will not be for long.
			{Config: config, PlanOnly: true, ExpectNonEmptyPlan: true},
			{PreConfig: func() { clock.Advance(time.Minute) }, Config: config, Check: liveInState(w)},
			{PreConfig: func() { w.Operator.SetSwitches(sandbox.Switches{}) }, Config: config, PlanOnly: true},
		},
	})
}

func TestAccTimeout(t *testing.T) {
	t.Parallel()
	stuck := sandbox.Fault{Kind: sandbox.FaultStayRequested, Times: 1}
	t.Run("fail", func(t *testing.T) {
		t.Parallel()
		w := acctest.NewCamara(t, sandbox.Version11)
		config := w.ProviderConfig() + assignment(`timeouts = { create = "1s" }`)
		resource.Test(t, resource.TestCase{
			ProtoV6ProviderFactories: acctest.CamaraFactories(),
			CheckDestroy:             live(w, 0),
			Steps: []resource.TestStep{
				{PreConfig: inject(w, stuck), Config: config, ExpectError: acctest.Words("is REQUESTED", "was not AVAILABLE within 1s (timeouts.create)", "terraform untaint")},
				{Config: config, ConfigPlanChecks: action(plancheck.ResourceActionReplace), Check: liveInState(w)},
			},
		})
	})
	t.Run("keep", func(t *testing.T) {
		t.Parallel()
		w := acctest.NewCamara(t, sandbox.Version11)
		config := w.ProviderConfig() + assignment(`on_timeout = "keep"`, `timeouts = { create = "1s" }`)
		resource.Test(t, resource.TestCase{
			ProtoV6ProviderFactories: acctest.CamaraFactories(),
			CheckDestroy:             live(w, 0),
			Steps: []resource.TestStep{
				{PreConfig: inject(w, stuck), Config: config, ConfigStateChecks: []statecheck.StateCheck{is("status", knownvalue.StringExact("REQUESTED"))}, Check: liveInState(w)},
				{PreConfig: func() { _ = w.Operator.MakeAvailable(w.Operator.LiveAssignments()[0].ID) }, RefreshState: true},
				{Config: config, ConfigPlanChecks: emptyPlan(), ConfigStateChecks: []statecheck.StateCheck{
					is("status", knownvalue.StringExact("AVAILABLE")), is("started_at", knownvalue.NotNull()),
				}},
			},
		})
		wantPosts(t, w, 1)
	})
	t.Run("not waited for", func(t *testing.T) {
		t.Parallel()
		w := acctest.NewCamara(t, sandbox.Version11)
		config := w.ProviderConfig() + assignment(`wait_for = "REQUESTED"`)
		resource.Test(t, resource.TestCase{
			ProtoV6ProviderFactories: acctest.CamaraFactories(),
			CheckDestroy:             live(w, 0),
			Steps: []resource.TestStep{
				{PreConfig: inject(w, stuck), Config: config, ConfigStateChecks: []statecheck.StateCheck{is("status", knownvalue.StringExact("REQUESTED"))}},
			},
		})
	})
}

func TestAccUnavailable(t *testing.T) {
	t.Parallel()
	for name, kind := range map[string]sandbox.FaultKind{"at once": sandbox.FaultUnavailableAtOnce, "later": sandbox.FaultUnavailableLater} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := acctest.NewCamara(t, sandbox.Version12)
			config := w.ProviderConfig() + assignment()
			resource.Test(t, resource.TestCase{
				ProtoV6ProviderFactories: acctest.CamaraFactories(),
				CheckDestroy:             live(w, 0),
				Steps: []resource.TestStep{
					{
						PreConfig: inject(w, sandbox.Fault{Kind: kind, Times: 1}), Config: config,
						ExpectError: acctest.Words("does not provide the QoS assignment", "NETWORK_TERMINATED", "nothing is left of it"),
					},
					{Config: config, ConfigPlanChecks: action(plancheck.ResourceActionCreate), Check: liveInState(w)},
				},
			})
			for _, a := range w.Operator.Assignments() {
				if !a.Gone {
					t.Errorf("assignment %s is %s still", a.ID, a.Status)
				}
			}
		})
	}
}

// It has no end, so an unknown outcome has none either.
func TestAccLostAnswerIsUnknown(t *testing.T) {
	t.Parallel()
	w := acctest.NewCamara(t, sandbox.Version12)
	config := w.ProviderConfig() + assignment()
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: acctest.CamaraFactories(),
		CheckDestroy:             live(w, 0),
		Steps: []resource.TestStep{
			{
				PreConfig: inject(w, sandbox.Fault{Kind: sandbox.FaultLoseRequest, Operation: sandbox.OpCreateAssignment, Times: 1}), Config: config,
				ExpectError: acctest.Words("outcome is unknown", "stays until it is deleted", "does not list it"),
			},
			{Config: config, Check: liveInState(w)},
		},
	})
	wantPosts(t, w, 2)
}

// The answer is lost, and the list is behind.
func TestAccLostAnswerAndStaleList(t *testing.T) {
	t.Parallel()
	w := acctest.NewCamara(t, sandbox.Version11)
	config := w.ProviderConfig() + assignment()
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: acctest.CamaraFactories(),
		CheckDestroy:             live(w, 0),
		Steps: []resource.TestStep{{
			PreConfig: inject(w, sandbox.Fault{Kind: sandbox.FaultLoseAnswer, Operation: sandbox.OpCreateAssignment, Times: 1},
				sandbox.Fault{Kind: sandbox.FaultStaleRead, Operation: sandbox.OpRetrieveAssignment, Times: 3}),
			Config: config, Check: liveInState(w),
		}},
	})
	wantPosts(t, w, 1)
}

func TestAccLostDelete(t *testing.T) {
	t.Parallel()
	w := acctest.NewCamara(t, sandbox.Version11)
	config := w.ProviderConfig() + assignment()
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: acctest.CamaraFactories(),
		CheckDestroy:             live(w, 0),
		Steps: []resource.TestStep{
			{Config: config},
			{PreConfig: inject(w, sandbox.Fault{Kind: sandbox.FaultLoseAnswer, Operation: sandbox.OpDeleteAssignment, Times: 1}), Config: config, Destroy: true},
		},
	})
	if got := w.Operator.Count(sandbox.OpDeleteAssignment); got != 2 {
		t.Errorf("%d DELETEs, want the lost one repeated", got)
	}
}

func TestAccReadErrors(t *testing.T) {
	t.Parallel()
	clock := clockwork.NewFakeClock()
	w := acctest.NewCamara(t, sandbox.Version11, func(o *sandbox.Options) { o.Clock, o.AvailableDelay = clock, -1 })
	config := w.ProviderConfig() + assignment()
	refused := func(status, times, skip int) sandbox.Fault {
		return sandbox.Fault{Kind: sandbox.FaultAnswer, Operation: sandbox.OpGetAssignment, Status: status, Times: times, Skip: skip}
	}
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: acctest.CamaraFactories(camara.WithClock(clock)),
		Steps: []resource.TestStep{
			{Config: config, Check: liveInState(w)},
			{
				PreConfig: inject(w, refused(403, 1, 0)), Config: config,
				ExpectError: acctest.Words("Unable to read QoS assignment", "PERMISSION_DENIED", "the state is kept"),
			},
			{PreConfig: inject(w, refused(429, 2, 0)), Config: config, ConfigPlanChecks: emptyPlan(), Check: liveInState(w)},
			{PreConfig: func() {
				clock.Advance(time.Minute)
				w.Operator.Inject(refused(404, 1, 0), refused(503, 2, 1))
			}, RefreshState: true, ExpectNonEmptyPlan: true},
		},
	})
	wantPosts(t, w, 1)
}

// It goes between a plan and its apply, and the plan works as it was saved.
func TestAccSavedPlanAcrossItsEnd(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]struct {
		old, with string
		planned   plancheck.ResourceActionType
	}{
		"a profile": {"QOS_E", "QOS_M", plancheck.ResourceActionReplace},
		"a policy":  {`"QOS_E"`, "\"QOS_E\"\n  on_timeout = \"keep\"", plancheck.ResourceActionUpdate},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clock := clockwork.NewFakeClock()
			w := acctest.NewCamara(t, sandbox.Version11, func(o *sandbox.Options) { o.Clock, o.AvailableDelay = clock, -1 })
			config := w.ProviderConfig() + assignment()
			after := strings.Replace(config, change.old, change.with, 1)
			resource.Test(t, resource.TestCase{
				ProtoV6ProviderFactories: acctest.CamaraFactories(camara.WithClock(clock)),
				CheckDestroy:             live(w, 0),
				Steps: []resource.TestStep{
					{Config: config},
					{
						Config: after,
						ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
							plancheck.ExpectResourceAction(address, change.planned),
							meanwhile(func() { _ = w.Operator.TerminateByNetwork(w.Operator.LiveAssignments()[0].ID) }),
						}},
						ExpectNonEmptyPlan: change.planned == plancheck.ResourceActionUpdate,
					},
					{Config: after, Check: liveInState(w)},
				},
			})
		})
	}
}
