package qodsession_test

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"

	"github.com/qosform/terraform-provider-qos/internal/acctest"
	sandbox "github.com/qosform/terraform-provider-qos/internal/sandbox/camara"
)

// A DELETE can be repeated; what is gone by then was deleted by the first.
func TestAccLostDelete(t *testing.T) {
	t.Parallel()
	for _, kind := range []sandbox.FaultKind{sandbox.FaultLoseAnswer, sandbox.FaultLoseRequest} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			w := acctest.NewCamara(t, sandbox.Version11)
			config := w.ProviderConfig() + session(`duration = 600`)
			lost := inject(w, sandbox.Fault{Kind: kind, Operation: sandbox.OpDeleteSession, Times: 1})
			resource.Test(t, resource.TestCase{
				ProtoV6ProviderFactories: acctest.CamaraFactories(),
				CheckDestroy:             nothingLive(w),
				Steps: []resource.TestStep{
					{Config: config},
					{PreConfig: lost, Config: replace(config, "QOS_E", "QOS_M"), ConfigPlanChecks: action(plancheck.ResourceActionReplace), Check: liveMatchesState(w)},
					{PreConfig: lost, Config: replace(config, "QOS_E", "QOS_M"), Destroy: true},
				},
			})
			if got := w.Operator.Count(sandbox.OpDeleteSession); got != 4 {
				t.Errorf("%d DELETEs, want each of two repeated", got)
			}
		})
	}
}

// An extension is not repeated: the session's length tells whether it came.
func TestAccLostExtension(t *testing.T) {
	t.Parallel()
	for _, version := range []sandbox.Version{sandbox.Version010, sandbox.Version11} {
		t.Run(string(version), func(t *testing.T) {
			t.Parallel()
			w := acctest.NewCamara(t, version)
			at := func(duration string) string { return w.ProviderConfig() + session("duration = "+duration) }
			lost := func(kind sandbox.FaultKind) func() {
				return inject(w, sandbox.Fault{Kind: kind, Operation: sandbox.OpExtendSession, Times: 1})
			}
			granted := func(seconds int64) []statecheck.StateCheck {
				return []statecheck.StateCheck{is("granted_duration", knownvalue.Int64Exact(seconds))}
			}
			resource.Test(t, resource.TestCase{
				ProtoV6ProviderFactories: acctest.CamaraFactories(),
				CheckDestroy:             nothingLive(w),
				Steps: []resource.TestStep{
					{Config: at("600")},
					{PreConfig: lost(sandbox.FaultLoseAnswer), Config: at("900"), ConfigStateChecks: granted(900), Check: liveMatchesState(w)},
					{PreConfig: lost(sandbox.FaultLoseRequest), Config: at("1200"), ExpectError: acctest.Words("Unable to extend QoD session", "is as long as it was", "The next plan shows")},
					{Config: at("1200"), ConfigPlanChecks: action(plancheck.ResourceActionUpdate), ConfigStateChecks: granted(1200), Check: liveMatchesState(w)},
				},
			})
			if got := w.Operator.Count(sandbox.OpExtendSession); got != 3 {
				t.Errorf("%d extensions were asked for, want 3", got)
			}
			if got := w.Operator.Count(sandbox.OpCreateSession); got != 1 {
				t.Errorf("%d POSTs, want 1", got)
			}
		})
	}
}

// One that is the same already, and live, is not asked for a second time.
func TestAccTheSameIsNotMadeTwice(t *testing.T) {
	t.Parallel()
	w := acctest.NewCamara(t, sandbox.Version11, func(o *sandbox.Options) { o.Switches.Normalize, o.Switches.OmitDevice = true, true })
	config := w.ProviderConfig() + session(`duration = 600`)
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: acctest.CamaraFactories(),
		CheckDestroy:             nothingLive(w),
		Steps: []resource.TestStep{
			{Config: config},
			{
				Config:      config + replace(session(`duration = 900`), `"test"`, `"second"`),
				ExpectError: acctest.Words("is in the way, so none was created", "exactly what is asked for", "import {"),
			},
		},
	})
	if got := w.Operator.Count(sandbox.OpCreateSession); got != 1 {
		t.Errorf("%d POSTs, want 1", got)
	}
}

// The old one is in the way of the new one, whether or not the two are the same.
func TestAccCreateBeforeDestroy(t *testing.T) {
	t.Parallel()
	for name, with := range map[string]string{"the same, but shorter": "duration = 300", "another sink": "duration = 600\n  sink = \"https://n.example.com\""} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := acctest.NewCamara(t, sandbox.Version11)
			const first = "lifecycle {\n    create_before_destroy = true\n  }"
			config := w.ProviderConfig() + session("duration = 600", first)
			resource.Test(t, resource.TestCase{
				ProtoV6ProviderFactories: acctest.CamaraFactories(),
				CheckDestroy:             nothingLive(w),
				Steps: []resource.TestStep{
					{Config: config},
					{Config: w.ProviderConfig() + session(with, first), ExpectError: acctest.Words("is in the way, so none was created", "do without create_before_destroy")},
					{Config: config, ConfigPlanChecks: emptyPlan(), Check: liveMatchesState(w)},
				},
			})
		})
	}
}
