package qodsession_test

import (
	"regexp"
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

// An operator that grants less leaves nothing to plan, and the configuration may
// follow it without losing the session.
func TestAccGrantedLess(t *testing.T) {
	t.Parallel()
	w := newClockWorld(t, sandbox.Version11, func(o *sandbox.Options) { o.Switches.GrantAtMost = 100 })
	config := func(lines ...string) string { return w.ProviderConfig() + session(lines...) }
	granted := []statecheck.StateCheck{is("granted_duration", knownvalue.Int64Exact(100))}
	w.run(t,
		resource.TestStep{Config: config(`duration = 600`, `renew_before = 300`), ConfigStateChecks: granted},
		resource.TestStep{Config: config(`duration = 100`), ConfigPlanChecks: action(plancheck.ResourceActionUpdate), ConfigStateChecks: granted},
		resource.TestStep{Config: config(`duration = 99`), ConfigPlanChecks: action(plancheck.ResourceActionReplace)},
	)
	if posts, extensions := w.Operator.Count(sandbox.OpCreateSession), w.Operator.Count(sandbox.OpExtendSession); posts != 2 || extensions != 0 {
		t.Errorf("%d POSTs and %d extensions, want 2 and none", posts, extensions)
	}
}

// A renewal that the operator will not grant, however it says so, fails no apply
// and is not asked for again; one that it may grant later does.
func TestAccRenewalRefused(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		status     int
		code       string
		fails      *regexp.Regexp
		extensions int
	}{
		"not allowed":   {status: 409, code: "QUALITY_ON_DEMAND.SESSION_EXTENSION_NOT_ALLOWED", extensions: 1},
		"not valid":     {status: 400, code: "INVALID_ARGUMENT", extensions: 1},
		"not there":     {status: 501, code: "NOT_IMPLEMENTED", extensions: 1},
		"not permitted": {status: 403, code: "PERMISSION_DENIED", fails: acctest.Words("Unable to extend QoD session", "403"), extensions: 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newClockWorld(t, sandbox.Version11)
			config := w.ProviderConfig() + session(`duration = 600`, `renew_before = 120`)
			then := emptyPlan()
			if test.fails != nil {
				then = action(plancheck.ResourceActionUpdate)
			}
			w.run(t,
				resource.TestStep{Config: config},
				resource.TestStep{
					PreConfig: func() {
						w.clock.Advance(500 * time.Second)
						w.Operator.Inject(sandbox.Fault{Kind: sandbox.FaultAnswer, Operation: sandbox.OpExtendSession, Status: test.status, Code: test.code, Times: 1})
					},
					Config: config, ConfigPlanChecks: action(plancheck.ResourceActionUpdate), ExpectError: test.fails,
				},
				resource.TestStep{Config: config, ConfigPlanChecks: then, Check: liveMatchesState(w.CamaraWorld)},
			)
			if got := w.Operator.Count(sandbox.OpExtendSession); got != test.extensions {
				t.Errorf("%d extensions, want %d", got, test.extensions)
			}
		})
	}
}

// A session that is meant to be had once is had once, whatever the state knows of
// its end.
func TestAccIgnoredThoughNotSeen(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		lines string
		ends  func(t *testing.T, w *clockWorld)
	}{
		"never seen to be granted": {lines: `wait_for = "REQUESTED"`, ends: func(_ *testing.T, w *clockWorld) {
			w.clock.Advance(2 * time.Second)
			w.clock.Advance(time.Hour)
		}},
		"terminated before its time": {ends: func(t *testing.T, w *clockWorld) {
			t.Helper()
			if err := w.Operator.TerminateByNetwork(liveIDs(w.CamaraWorld)[0]); err != nil {
				t.Error(err)
			}
			w.clock.Advance(400 * time.Second)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newClockWorld(t, sandbox.Version11, func(o *sandbox.Options) { o.AvailableDelay = time.Second })
			config := w.ProviderConfig() + session(`duration = 3600`, `on_expiry = "ignore"`, test.lines)
			if test.lines == "" {
				w.Operator.Inject(sandbox.Fault{Kind: sandbox.FaultAvailableAtOnce})
			}
			w.run(t,
				resource.TestStep{Config: config},
				resource.TestStep{PreConfig: func() { test.ends(t, w) }, Config: config, ConfigPlanChecks: emptyPlan(), ConfigStateChecks: []statecheck.StateCheck{
					is("qos_status", knownvalue.StringExact("UNAVAILABLE")), is("status_info", knownvalue.Null()),
				}},
			)
			if got := w.Operator.Count(sandbox.OpCreateSession); got != 1 {
				t.Errorf("%d POSTs, want 1", got)
			}
		})
	}
}

// A clock that is wrong here neither ends nor renews a session.
func TestAccOtherClock(t *testing.T) {
	t.Parallel()
	for name, ahead := range map[string]time.Duration{"ahead": 3 * time.Hour, "behind": -3 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newClockWorld(t, sandbox.Version11)
			w.test.ProtoV6ProviderFactories = acctest.CamaraFactories(camara.WithClock(clockwork.NewFakeClockAt(w.clock.Now().Add(ahead))))
			config := w.ProviderConfig() + session(`duration = 3600`, `renew_before = 600`)
			w.run(t,
				resource.TestStep{Config: config},
			)
			if posts, extensions := w.Operator.Count(sandbox.OpCreateSession), w.Operator.Count(sandbox.OpExtendSession); posts != 1 || extensions != 0 {
				t.Errorf("%d POSTs and %d extensions, want 1 and none", posts, extensions)
			}
		})
	}
}
