package qodsession_test

import (
	"context"
	"regexp"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"

	"github.com/qosform/terraform-provider-qos/internal/acctest"
	sandbox "github.com/qosform/terraform-provider-qos/internal/sandbox/camara"
)

// meanwhile is what happens between a plan and its apply.
type meanwhile func()

func (m meanwhile) CheckPlan(context.Context, plancheck.CheckPlanRequest, *plancheck.CheckPlanResponse) {
	m()
}

// A plan is made, time passes, and it is applied as it was saved: it does what
// it says, or tells why it cannot.
func TestAccSavedPlanAcrossItsExpiry(t *testing.T) {
	t.Parallel()
	const (
		short, long = "duration = 600", "duration = 900"
		expiry      = 600 * time.Second
		create      = plancheck.ResourceActionCreate
		update      = plancheck.ResourceActionUpdate
		replacement = plancheck.ResourceActionReplace
		nothing     = plancheck.ResourceActionNoop
	)
	refused := acctest.Words("Unable to extend QoD session", "Only an AVAILABLE session can be extended", "the next plan shows")
	for name, test := range map[string]struct {
		before, after string
		profile       string
		// lasts: what has ended can be read for a while.
		lasts bool
		// aged is how old the session is when the plan is made, waits how long that
		// is kept.
		aged, waits time.Duration
		planned     plancheck.ResourceActionType
		fails       *regexp.Regexp
		// then is what the next plan does, where that is not to be seen at once.
		then plancheck.ResourceActionType
	}{
		"longer":                {before: short, after: long, waits: expiry, planned: update, fails: refused, then: create},
		"longer, it lasts":      {before: short, after: long, lasts: true, waits: expiry, planned: update, fails: refused, then: replacement},
		"a renewal":             {before: short + "\n  renew_before = 300", after: short + "\n  renew_before = 300", aged: 480 * time.Second, waits: expiry, planned: update, fails: refused, then: create},
		"a renewal, in time":    {before: short + "\n  renew_before = 300", after: short + "\n  renew_before = 300", aged: 400 * time.Second, waits: 100 * time.Second, planned: update},
		"a policy":              {before: short, after: short + "\n  on_expiry = \"ignore\"", waits: expiry, planned: update, then: nothing},
		"a profile":             {before: short, after: short, profile: "QOS_M", waits: expiry, planned: replacement},
		"a profile, it lasts":   {before: short, after: short, profile: "QOS_M", lasts: true, waits: expiry, planned: replacement},
		"ended, and then gone":  {before: short, after: short, lasts: true, aged: expiry, waits: time.Hour, planned: replacement},
		"ended, and still read": {before: short, after: short, lasts: true, aged: expiry, waits: time.Second, planned: replacement},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newClockWorld(t, sandbox.Version11, func(o *sandbox.Options) { o.Switches.KeepExpired = test.lasts })
			after := w.ProviderConfig() + session(test.after)
			if test.profile != "" {
				after = replace(after, "QOS_E", test.profile)
			}
			saved := resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
				plancheck.ExpectResourceAction(address, test.planned), meanwhile(w.later(test.waits)),
			}}
			applied := resource.TestStep{PreConfig: w.later(test.aged), Config: after, ConfigPlanChecks: saved, ExpectError: test.fails}
			steps := []resource.TestStep{{Config: w.ProviderConfig() + session(test.before)}, applied}
			if test.then != "" {
				steps = append(steps, resource.TestStep{Config: after, ConfigPlanChecks: action(test.then)})
			}
			steps[len(steps)-1].Check = liveMatchesState(w.CamaraWorld)
			w.run(t, steps...)
		})
	}
}
