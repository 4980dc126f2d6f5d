package qossubscription_test

import (
	"net/http"
	"regexp"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/qosform/terraform-provider-qos/internal/acctest"
	"github.com/qosform/terraform-provider-qos/internal/receiver"
	sandbox "github.com/qosform/terraform-provider-qos/internal/sandbox/thingspace"
)

func TestAccDestroyWaitsForTheAck(t *testing.T) {
	t.Parallel()
	w, c := one(t, `wait_for = "none"`)
	w.ThingSpace.Inject(sandbox.Fault{Kind: sandbox.FaultLateCallback, Delay: 3 * time.Second, Times: 2})
	c.MustRun("apply", "-auto-approve", "-no-color")
	wantDestroyed(t, w, c)
}

func TestAccEndedFromOutside(t *testing.T) {
	t.Parallel()
	w := acctest.New(t)
	config := behind(w, subscription([]string{device("5551111111"), device("5552222222"), device("5553333333")}, `wait_for = "on"`))
	end := func(deviceID string, end func(id string) error) func() {
		return func() {
			for _, s := range w.ThingSpace.Live() {
				if s.Device.ID != deviceID {
					continue
				}
				if err := end(s.ID); err != nil {
					t.Fatal(err)
				}
				if err := w.ThingSpace.Settle(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	fail := func(id string) error { return w.ThingSpace.Fail(id, "radio link lost") }
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: acctest.Factories(),
		CheckDestroy:             nothingLive(w),
		Steps: []resource.TestStep{
			{Config: config, ConfigStateChecks: []statecheck.StateCheck{status("ON")}, Check: liveMatchesState(w)},
			{
				PreConfig:        end("5552222222", w.ThingSpace.Terminate),
				Config:           config,
				ConfigPlanChecks: action(plancheck.ResourceActionReplace),
				Check:            liveMatchesState(w),
			},
			{
				PreConfig:          end("5553333333", fail),
				RefreshState:       true,
				ExpectNonEmptyPlan: true,
			},
			{
				PreConfig: func() {
					end("5551111111", fail)()
					end("5552222222", w.ThingSpace.Terminate)()
				},
				Config:           config,
				ConfigPlanChecks: action(plancheck.ResourceActionCreate),
				Check:            liveMatchesState(w),
			},
		},
	})
}

func TestAccOneDeviceFailsAtCreate(t *testing.T) {
	t.Parallel()
	w := acctest.New(t)
	w.ThingSpace.Inject(sandbox.Fault{Kind: sandbox.FaultDeviceFailure, DeviceID: "5552222222", Reason: "no coverage", Times: 1})
	config := behind(w, subscription([]string{device("5551111111"), device("5552222222"), device("5553333333")}))
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: acctest.Factories(),
		CheckDestroy:             nothingLive(w),
		Steps: []resource.TestStep{
			{Config: config, ExpectError: regexp.MustCompile(`(?s)5552222222: FAILED.*no\s+coverage`)},
			{Config: config, Check: liveMatchesState(w), ConfigStateChecks: []statecheck.StateCheck{
				statecheck.ExpectKnownValue(address, tfjsonpath.New("subscriptions"), knownvalue.MapSizeExact(3)),
			}},
		},
	})
	if posts, stops := w.ThingSpace.Count(sandbox.OpCreate), w.ThingSpace.Count(sandbox.OpStop); posts != 2 || stops != 5 {
		t.Errorf("%d POSTs and %d DELETEs, want 2 and 5: two that lived, then three", posts, stops)
	}
}

func TestAccAllDevicesFailAtCreate(t *testing.T) {
	t.Parallel()
	w, c := one(t)
	w.ThingSpace.Inject(sandbox.Fault{Kind: sandbox.FaultDeviceFailure, Times: 1})
	out, err := c.Apply()
	wantError(t, out, err, "5551234567: FAILED", "Device not found", "Nothing of it is live")
	if ids := requestIDs(t, c); len(ids) != 0 {
		t.Errorf("the state has %v", ids)
	}
}

func TestAccStopFails(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		fault sandbox.Fault
		want  string
	}{
		"in the callback": {sandbox.Fault{Kind: sandbox.FaultStopFailure, Reason: "policy function busy", Times: 1}, "policy function busy"},
		"in the answer": {sandbox.Fault{
			Kind: sandbox.FaultAnswer, Operation: sandbox.OpStop, Status: http.StatusBadRequest, Code: "Qos.REQUEST_FAILED.NotAllowed",
			Message: "not allowed now", Times: 1,
		}, "Qos.REQUEST_FAILED.NotAllowed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, c := one(t)
			c.MustRun("apply", "-auto-approve", "-no-color")
			w.ThingSpace.Inject(test.fault)
			out, err := c.Destroy()
			wantError(t, out, err, "Unable to stop QoS subscription", test.want, "qos-receiver resolve "+w.ThingSpace.Live()[0].ID+" --terminated")
			wantOneLive(t, w, c)
			wantDestroyed(t, w, c)
		})
	}
}

func TestAccStopAnswerLost(t *testing.T) {
	t.Parallel()
	w, c := one(t)
	c.MustRun("apply", "-auto-approve", "-no-color")
	w.ThingSpace.Inject(sandbox.Fault{Kind: sandbox.FaultLoseAnswer, Operation: sandbox.OpStop, Times: 1})
	wantDestroyed(t, w, c)
}

func TestAccOperatorEndsAnUnconfirmedStop(t *testing.T) {
	t.Parallel()
	w, c := one(t, `timeouts = { delete = "2s" }`)
	c.MustRun("apply", "-auto-approve", "-no-color")
	w.ThingSpace.Inject(sandbox.Fault{Kind: sandbox.FaultDropCallback, Event: "QoSChangeTerminated", Times: 1})
	out, err := c.Destroy()
	wantError(t, out, err, "timeouts.delete", "was not confirmed", "--terminated --reason")
	held := requestIDs(t, c)
	if len(held) != 1 {
		t.Fatalf("the state has %v, want the request whose end is not confirmed", held)
	}
	if _, err := w.Journal(t).Resolve(t.Context(), receiver.Resolution{Target: held[0], Terminated: true, Reason: "Verizon says so"}); err != nil {
		t.Fatal(err)
	}
	wantDestroyed(t, w, c)
}

// One device that cannot be stopped does not keep the others running.
func TestAccOneStopRefused(t *testing.T) {
	t.Parallel()
	w := acctest.New(t)
	w.Register()
	c := acctest.NewCLI(t)
	c.Write(w.ProviderConfig() + subscription([]string{device("5551111111"), device("5552222222"), device("5553333333")}))
	c.MustRun("apply", "-auto-approve", "-no-color")
	w.ThingSpace.Inject(sandbox.Fault{Kind: sandbox.FaultAnswer, Operation: sandbox.OpStop, Status: http.StatusBadRequest, Code: "Qos.REQUEST_FAILED.NotAllowed", Times: 1})
	out, err := c.Destroy()
	wantError(t, out, err, "Qos.REQUEST_FAILED.NotAllowed", "5551111111")
	if live := w.ThingSpace.Live(); len(live) != 1 || live[0].Device.ID != "5551111111" {
		t.Errorf("live after destroy: %v, want the refused one alone", live)
	}
	wantHeld(t, w, c)
	wantDestroyed(t, w, c)
}
