package camara_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/jonboulle/clockwork"

	"github.com/qosform/terraform-provider-qos/internal/acctest"
	"github.com/qosform/terraform-provider-qos/internal/camara"
	sandbox "github.com/qosform/terraform-provider-qos/internal/sandbox/camara"
)

// A configured token may name the device, so that none is configured. What was
// lost is found by it, and what has ended is cleared away.
func TestAccTokenNamesTheDevice(t *testing.T) {
	t.Parallel()
	forEachKind(t, func(t *testing.T, k kind) {
		t.Helper()
		w := acctest.NewCamara(t, sandbox.Version11)
		token, err := w.Operator.IssueToken(acctest.OperatorClientID, "tel:+34666666666", allScopes()...)
		if err != nil {
			t.Fatal(err)
		}
		c := newCLI(t)
		c.Write(w.ProviderBlock(`access_token = "`+token+`"`) + strings.Replace(k.block("test"), `device      = { phone_number = "+34666666666" }`, "", 1))
		w.Operator.Inject(sandbox.Fault{Kind: sandbox.FaultLoseAnswer, Operation: k.create, Times: 1})
		wantSaid(t, c.MustRun("apply", "-auto-approve", "-no-color"), "The answer was lost", "lists "+k.noun, "check that it does not have this one too")
		k.wantOne(t, w, c)
		k.wantPosts(t, w, 1)

		c.MustRun("state", "rm", k.address())
		if err := w.Operator.TerminateByNetwork(k.live(w.Operator)[0]); err != nil {
			t.Fatal(err)
		}
		c.MustRun("apply", "-auto-approve", "-no-color")
		k.wantOne(t, w, c)
		k.wantPosts(t, w, 3)
		k.wantDestroyed(t, w, c)
	})
}

// The operator has forgotten what was replaced before the network has.
func TestAccReleasedLate(t *testing.T) {
	t.Parallel()
	forEachKind(t, func(t *testing.T, k kind) {
		t.Helper()
		w := acctest.NewCamara(t, sandbox.Version11)
		config := w.ProviderConfig() + k.block("test")
		resource.Test(t, resource.TestCase{
			ProtoV6ProviderFactories: acctest.CamaraFactories(),
			Steps: []resource.TestStep{
				{Config: config},
				{
					PreConfig: func() {
						w.Operator.Inject(sandbox.Fault{Kind: sandbox.FaultAnswer, Operation: k.create, Status: 409, Code: "CONFLICT", Times: 2})
					},
					Config: strings.Replace(config, "QOS_E", "QOS_M", 1), ConfigPlanChecks: k.action(plancheck.ResourceActionReplace), Check: k.liveInState(w),
				},
			},
		})
		k.wantPosts(t, w, 4)
	})
}

// A read may lag behind a create, and says nothing of what is new for a while.
func TestAccReadLagsBehind(t *testing.T) {
	t.Parallel()
	forEachKind(t, func(t *testing.T, k kind) {
		t.Helper()
		clock := clockwork.NewFakeClockAt(time.Date(2030, 5, 6, 7, 8, 9, 0, time.UTC))
		w := acctest.NewCamara(t, sandbox.Version11, func(o *sandbox.Options) { o.Clock, o.AvailableDelay = clock, -1 })
		config := w.ProviderConfig() + k.block("test")
		empty := resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}}
		w.Operator.Inject(sandbox.Fault{Kind: sandbox.FaultStaleRead, Operation: k.get, Delay: 20 * time.Second})
		resource.Test(t, resource.TestCase{
			ProtoV6ProviderFactories: acctest.CamaraFactories(camara.WithClock(clock)),
			Steps: []resource.TestStep{
				{Config: config, Check: k.liveInState(w)},
				{PreConfig: func() { clock.Advance(15 * time.Second) }, Config: config, ConfigPlanChecks: empty, Check: k.liveInState(w)},
				{PreConfig: func() { clock.Advance(10 * time.Second) }, Config: config, ConfigPlanChecks: empty, Check: k.liveInState(w)},
				{
					PreConfig: func() {
						clock.Advance(time.Minute)
						w.Operator.Inject(sandbox.Fault{Kind: sandbox.FaultAnswer, Operation: k.get, Status: 404})
					},
					RefreshState: true, ExpectNonEmptyPlan: true,
				},
			},
		})
		k.wantPosts(t, w, 1)
	})
}

// allScopes are those that a create and what follows it need, of both kinds.
func allScopes() []string {
	var scopes []string
	for _, right := range []string{"create", "read", "delete", "retrieve-by-device"} {
		scopes = append(scopes, "quality-on-demand:sessions:"+right)
	}
	for _, right := range []string{"create", "read", "delete", "read-by-device"} {
		scopes = append(scopes, "qos-provisioning:qos-assignments:"+right)
	}
	return scopes
}

func (k kind) action(a plancheck.ResourceActionType) resource.ConfigPlanChecks {
	return resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectResourceAction(k.address(), a)}}
}

// liveInState checks that the one that is live is the one in the state.
func (k kind) liveInState(w *acctest.CamaraWorld) resource.TestCheckFunc {
	return func(s *terraform.State) error {
		live := k.live(w.Operator)
		if len(live) != 1 {
			return fmt.Errorf("live: %v, want one", live)
		}
		return resource.TestCheckResourceAttr(k.address(), "id", live[0])(s)
	}
}
