package qodsession_test

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

	"github.com/qosform/terraform-provider-qos/internal/acctest"
	sandbox "github.com/qosform/terraform-provider-qos/internal/sandbox/camara"
)

func replace(config, old, with string) string { return strings.Replace(config, old, with, 1) }

func inject(w *acctest.CamaraWorld, faults ...sandbox.Fault) func() {
	return func() { w.Operator.Inject(faults...) }
}

func TestAccLostAnswerIsRecovered(t *testing.T) {
	t.Parallel()
	w := acctest.NewCamara(t, sandbox.Version11)
	config := w.ProviderConfig() + session(`duration = 600`)
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: acctest.CamaraFactories(),
		CheckDestroy:             nothingLive(w),
		Steps: []resource.TestStep{
			{PreConfig: inject(w, sandbox.Fault{Kind: sandbox.FaultLoseAnswer, Operation: sandbox.OpCreateSession, Times: 1}), Config: config, Check: liveMatchesState(w)},
		},
	})
	if got := w.Operator.Count(sandbox.OpCreateSession); got != 1 {
		t.Errorf("%d POSTs, want 1", got)
	}
}

func TestAccLostAnswerIsUnknown(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		version sandbox.Version
		fault   sandbox.FaultKind
		says    string
		live    int
	}{
		"0.10 cannot list":        {sandbox.Version010, sandbox.FaultLoseAnswer, "cannot list", 1},
		"hybrid lists afterwards": {sandbox.HybridA, sandbox.FaultLoseAnswer, "whether it was there before is not known", 1},
		"lost request":            {sandbox.Version12, sandbox.FaultLoseRequest, "does not list it", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := acctest.NewCamara(t, test.version)
			config := w.ProviderConfig() + session(`duration = 600`)
			resource.Test(t, resource.TestCase{
				ProtoV6ProviderFactories: acctest.CamaraFactories(),
				Steps: []resource.TestStep{{
					PreConfig:   inject(w, sandbox.Fault{Kind: test.fault, Operation: sandbox.OpCreateSession, Times: 1}),
					Config:      config,
					ExpectError: acctest.Words("outcome is unknown", "lives until", "at the latest", test.says),
				}},
			})
			if got := w.Operator.Count(sandbox.OpCreateSession); got != 1 {
				t.Errorf("%d POSTs, want 1", got)
			}
			if live := len(w.Operator.Live()); live != test.live {
				t.Errorf("%d live", live)
			}
		})
	}
}

func TestAccConflict(t *testing.T) {
	t.Parallel()
	for _, version := range []sandbox.Version{sandbox.Version010, sandbox.Version11} {
		t.Run(string(version), func(t *testing.T) {
			t.Parallel()
			w := acctest.NewCamara(t, version)
			one := session(`duration = 600`)
			second := replace(one, `"test"`, `"second"`)
			says := acctest.Words("is in the way", "import {", "camara_qod_session.<name>")
			if version == sandbox.Version010 {
				says = acctest.Words("is in the way", "cannot list what a device has")
			}
			resource.Test(t, resource.TestCase{
				ProtoV6ProviderFactories: acctest.CamaraFactories(),
				CheckDestroy:             nothingLive(w),
				Steps: []resource.TestStep{
					{Config: w.ProviderConfig() + one},
					{Config: w.ProviderConfig() + one + second, ExpectError: says},
				},
			})
		})
	}
}

// An ended session that lingers is cleared away by the create that it blocks.
func TestAccConflictWithWhatHasEnded(t *testing.T) {
	t.Parallel()
	w := acctest.NewCamara(t, sandbox.Version11)
	ignored := session(`duration = 600`, `on_expiry = "ignore"`)
	second := replace(session(`duration = 600`), `"test"`, `"second"`)
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: acctest.CamaraFactories(),
		CheckDestroy:             nothingLive(w),
		Steps: []resource.TestStep{
			{Config: w.ProviderConfig() + ignored},
			{
				PreConfig: func() { _ = w.Operator.TerminateByNetwork(liveIDs(w)[0]) },
				Config:    w.ProviderConfig() + ignored + second,
				Check:     liveMatchesState(w),
			},
		},
	})
}

func TestAccUnavailable(t *testing.T) {
	t.Parallel()
	for name, kind := range map[string]sandbox.FaultKind{"at once": sandbox.FaultUnavailableAtOnce, "later": sandbox.FaultUnavailableLater} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := acctest.NewCamara(t, sandbox.Version12)
			config := w.ProviderConfig() + session(`duration = 600`)
			resource.Test(t, resource.TestCase{
				ProtoV6ProviderFactories: acctest.CamaraFactories(),
				Steps: []resource.TestStep{
					{
						PreConfig:   inject(w, sandbox.Fault{Kind: kind, Times: 1}),
						Config:      config,
						ExpectError: acctest.Words("does not provide", "NETWORK_TERMINATED", "nothing is left of it"),
					},
					{Config: config, ConfigPlanChecks: action(plancheck.ResourceActionCreate), Check: liveMatchesState(w)},
				},
			})
			for _, s := range w.Operator.Sessions() {
				if !s.Gone {
					t.Errorf("session %s is %s still", s.ID, s.Status)
				}
			}
		})
	}
}

func TestAccTimeout(t *testing.T) {
	t.Parallel()
	stuck := sandbox.Fault{Kind: sandbox.FaultStayRequested, Times: 1}
	t.Run("fail", func(t *testing.T) {
		t.Parallel()
		w := acctest.NewCamara(t, sandbox.Version11)
		config := w.ProviderConfig() + session(`duration = 600`, `timeouts = { create = "2s" }`)
		resource.Test(t, resource.TestCase{
			ProtoV6ProviderFactories: acctest.CamaraFactories(),
			CheckDestroy:             nothingLive(w),
			Steps: []resource.TestStep{
				{PreConfig: inject(w, stuck), Config: config, ExpectError: acctest.Words("is REQUESTED", "was not AVAILABLE within 2s (timeouts.create)", "terraform untaint")},
				{Config: config, ConfigPlanChecks: action(plancheck.ResourceActionReplace), Check: liveMatchesState(w)},
			},
		})
	})
	t.Run("keep", func(t *testing.T) {
		t.Parallel()
		w := acctest.NewCamara(t, sandbox.Version11)
		config := w.ProviderConfig() + session(`duration = 600`, `on_timeout = "keep"`, `timeouts = { create = "2s" }`)
		resource.Test(t, resource.TestCase{
			ProtoV6ProviderFactories: acctest.CamaraFactories(),
			CheckDestroy:             nothingLive(w),
			Steps: []resource.TestStep{
				{PreConfig: inject(w, stuck), Config: config, ConfigStateChecks: []statecheck.StateCheck{is("qos_status", knownvalue.StringExact("REQUESTED"))}, Check: liveMatchesState(w)},
				{
					PreConfig: func() { _ = w.Operator.MakeAvailable(liveIDs(w)[0]) },
					Config:    config, ConfigPlanChecks: emptyPlan(),
				},
				{Config: config, ConfigPlanChecks: emptyPlan(), ConfigStateChecks: []statecheck.StateCheck{is("qos_status", knownvalue.StringExact("AVAILABLE"))}},
			},
		})
	})
}

// Right after a create, an operator may not know of it everywhere.
func TestAccNotFoundYet(t *testing.T) {
	t.Parallel()
	w := acctest.NewCamara(t, sandbox.Version11)
	config := w.ProviderConfig() + session(`duration = 600`)
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: acctest.CamaraFactories(),
		Steps: []resource.TestStep{{
			PreConfig: inject(w, sandbox.Fault{Kind: sandbox.FaultStaleRead, Operation: sandbox.OpGetSession, Times: 2}),
			Config:    config, Check: liveMatchesState(w),
		}},
	})
}

func TestAccReadErrors(t *testing.T) {
	t.Parallel()
	w := newClockWorld(t, sandbox.Version11)
	config := w.ProviderConfig() + session(`duration = 600`)
	var id string
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: w.test.ProtoV6ProviderFactories,
		Steps: []resource.TestStep{
			{Config: config, Check: func(s *terraform.State) error {
				id = s.RootModule().Resources[address].Primary.ID
				return nil
			}},
			{
				PreConfig:   inject(w.CamaraWorld, sandbox.Fault{Kind: sandbox.FaultAnswer, Operation: sandbox.OpGetSession, Status: 403, Times: 1}),
				Config:      config,
				ExpectError: acctest.Words("Unable to read QoD session", "PERMISSION_DENIED", "the state is kept"),
			},
			{Config: config, ConfigPlanChecks: emptyPlan(), Check: func(s *terraform.State) error {
				if now := s.RootModule().Resources[address].Primary.ID; now != id {
					return fmt.Errorf("session %s became %s", id, now)
				}
				return nil
			}},
			{
				PreConfig: func() {
					w.clock.Advance(time.Minute)
					w.Operator.Inject(sandbox.Fault{Kind: sandbox.FaultAnswer, Operation: sandbox.OpGetSession, Status: 404, Times: 1},
						sandbox.Fault{Kind: sandbox.FaultAnswer, Operation: sandbox.OpGetSession, Status: 503, Times: 2, Skip: 1})
				},
				RefreshState: true, ExpectNonEmptyPlan: true,
			},
		},
	})
}
