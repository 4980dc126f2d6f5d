package qossubscription_test

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
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
	"github.com/qosform/terraform-provider-qos/internal/transport"
)

// one is a world with the receiver registered and a configuration of one
// subscription.
func one(t *testing.T, extra ...string) (*acctest.World, *acctest.CLI) {
	t.Helper()
	w := acctest.New(t)
	w.Register()
	c := acctest.NewCLI(t)
	c.Write(w.ProviderConfig() + subscription([]string{device("5551234567")}, extra...))
	return w, c
}

func wantError(t *testing.T, out string, err error, wants ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("succeeded, want an error with %q:\n%s", wants, out)
	}
	wantSaid(t, out, wants...)
}

func wantSaid(t *testing.T, out string, wants ...string) {
	t.Helper()
	for _, want := range wants {
		if !strings.Contains(flat(out), want) {
			t.Errorf("does not say %q:\n%s", want, out)
		}
	}
}

func wantDestroyed(t *testing.T, w *acctest.World, c *acctest.CLI) {
	t.Helper()
	if out, err := c.Destroy(); err != nil {
		t.Fatalf("destroy: %v\n%s", err, out)
	}
	if live := liveIDs(w); len(live) > 0 {
		t.Errorf("still live: %v", live)
	}
	wantHeld(t, w, c)
}

func TestAccInterruptedWhileWaiting(t *testing.T) {
	t.Parallel()
	w, c := one(t)
	w.ThingSpace.Inject(sandbox.Fault{Kind: sandbox.FaultDropCallback, Times: 1})
	process := c.Start("apply", "-auto-approve", "-no-color")
	eventually(t, "the request is at ThingSpace and journalled", func() bool {
		page, err := w.Journal(t).Requests(t.Context(), receiver.Filter{State: []receiver.State{receiver.StateAccepted}})
		return err == nil && len(page.Requests) == 1
	})
	process.Interrupt()
	out, _ := process.Wait()
	wantSaid(t, out, "Interrupted while waiting for the network", "is in the state")
	wantHeld(t, w, c)
	if strings.Contains(c.State(), "tainted") {
		t.Errorf("an interrupt tainted the resource:\n%s", c.State())
	}
	wantEmptyPlan(t, c)

	// Without the acknowledgement there is no subscription id to stop.
	live := w.ThingSpace.Live()[0]
	deliver(t, w, live)
	wantEmptyPlan(t, c)
	c.MustRun("apply", "-refresh-only", "-auto-approve", "-no-color")
	if !strings.Contains(c.State(), live.ID) {
		t.Errorf("the acknowledgement was not picked up:\n%s", c.State())
	}
	wantDestroyed(t, w, c)
}

func TestAccInterruptedBeforeAnythingWasSent(t *testing.T) {
	t.Parallel()
	w, c := one(t)
	held := make(chan struct{})
	process := c.Start("apply", "-auto-approve", "-no-color")
	w.ThingSpaceGate.Interpose(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodGet {
				process.Interrupt()
				<-held
			}
			next.ServeHTTP(rw, r)
		})
	})
	done := make(chan string)
	go func() {
		out, _ := process.Wait()
		done <- out
	}()
	out := <-done
	close(held)
	wantSaid(t, out, "Unable to create QoS subscription")
	if w.ThingSpace.Count(sandbox.OpCreate) != 0 || len(requestIDs(t, c)) != 0 {
		t.Error("something was sent, or is in the state")
	}
}

func TestAccTwoPipelines(t *testing.T) {
	t.Parallel()
	w, a := one(t)
	b := acctest.NewCLI(t)
	b.Write(w.ProviderConfig() + subscription([]string{device("5551234567")}))
	first, second := a.Start("apply", "-auto-approve", "-no-color"), b.Start("apply", "-auto-approve", "-no-color")
	outA, errA := first.Wait()
	outB, errB := second.Wait()
	if (errA == nil) == (errB == nil) {
		t.Fatalf("want one to win:\n%v\n%s\n%v\n%s", errA, outA, errB, outB)
	}
	winner, loser, out := a, b, outB
	if errA != nil {
		winner, loser, out = b, a, outA
	}
	wantSaid(t, out, "A live request has a flow of the same device in common", "import {", w.ThingSpace.Live()[0].RequestID)
	if posts := w.ThingSpace.Count(sandbox.OpCreate); posts != 1 {
		t.Errorf("%d POSTs, want 1", posts)
	}
	wantHeld(t, w, winner)
	if ids := requestIDs(t, loser); len(ids) != 0 {
		t.Errorf("the loser's state has %v", ids)
	}
	wantDestroyed(t, w, winner)
}

func TestAccReplaceWithCreateBeforeDestroy(t *testing.T) {
	t.Parallel()
	for _, policy := range []string{"fail", "adopt"} {
		t.Run(policy, func(t *testing.T) {
			t.Parallel()
			w, c := one(t, `on_existing = "`+policy+`"`, "lifecycle {\n create_before_destroy = true\n }")
			c.MustRun("apply", "-auto-approve", "-no-color")
			out, err := c.Apply("-replace=" + address)
			wantError(t, out, err, "A live request has a flow of the same device in common", "create_before_destroy")
			wantOneLive(t, w, c)
			wantDestroyed(t, w, c)
		})
	}
}

func TestAccTwoStates(t *testing.T) {
	t.Parallel()
	w, first := one(t)
	first.MustRun("apply", "-auto-approve", "-no-color")
	live := w.ThingSpace.Live()[0]

	second := acctest.NewCLI(t)
	second.Write(w.ProviderConfig() + subscription([]string{device("5551234567")}))
	second.MustRun("import", "-no-color", address, acctest.Account+"/"+live.RequestID)

	out := first.MustRun("destroy", "-auto-approve", "-refresh=false", "-no-color")
	wantSaid(t, out, "QoS subscription was not stopped", "nothing was stopped")
	if got := liveIDs(w); len(got) != 1 {
		t.Fatalf("live after the first state's destroy: %v", got)
	}
	wantHeld(t, w, second)
	wantEmptyPlan(t, second)
	wantDestroyed(t, w, second)
}

func TestAccReadInASupersededState(t *testing.T) {
	t.Parallel()
	w, first := one(t)
	first.MustRun("apply", "-auto-approve", "-no-color")
	second := acctest.NewCLI(t)
	second.Write(w.ProviderConfig() + subscription([]string{device("5551234567")}))
	second.MustRun("import", "-no-color", address, acctest.Account+"/"+w.ThingSpace.Live()[0].RequestID)

	out := first.MustRun("apply", "-refresh-only", "-auto-approve", "-no-color")
	wantSaid(t, out, "QoS subscription taken over")
	if ids := requestIDs(t, first); len(ids) != 0 {
		t.Errorf("the first state still has %v", ids)
	}
	wantDestroyed(t, w, second)
}

// The receiver's file is put back to a copy made before the subscription.
func TestAccRestoredReceiver(t *testing.T) {
	t.Parallel()
	for _, then := range []string{"apply", "destroy"} {
		t.Run(then, func(t *testing.T) {
			t.Parallel()
			w, c := one(t, `wait_for = "on"`)
			w.StopReceiver()
			older := snapshot(t, w.Database)
			w.StartReceiver(t)
			c.MustRun("apply", "-auto-approve", "-no-color")

			w.StopReceiver()
			restore(t, w.Database, older)
			w.StartReceiver(t)

			if then == "destroy" {
				wantDestroyed(t, w, c)
				return
			}
			out, changes := c.Plan()
			if !changes || strings.Contains(out, "replaced") || strings.Contains(out, "will be created") {
				t.Fatalf("want an update in place:\n%s", out)
			}
			wantSaid(t, out, "The receiver does not know the QoS subscription")
			c.MustRun("apply", "-auto-approve", "-no-color")
			wantEmptyPlan(t, c)
			wantOneLive(t, w, c)
			wantDestroyed(t, w, c)
		})
	}
}

// The copy is of a time when another state had the request: it is older than
// this state's claim, and does not take the request away from it.
func TestAccRestoredReceiverWithAnOlderClaim(t *testing.T) {
	t.Parallel()
	w, first := one(t, `wait_for = "on"`)
	first.MustRun("apply", "-auto-approve", "-no-color")
	w.StopReceiver()
	older := snapshot(t, w.Database)
	w.StartReceiver(t)
	second := acctest.NewCLI(t)
	second.Write(w.ProviderConfig() + subscription([]string{device("5551234567")}, `wait_for = "on"`))
	second.MustRun("import", "-no-color", address, acctest.Account+"/"+w.ThingSpace.Live()[0].RequestID)

	w.StopReceiver()
	restore(t, w.Database, older)
	w.StartReceiver(t)
	second.MustRun("apply", "-auto-approve", "-no-color")
	wantEmptyPlan(t, second)
	wantOneLive(t, w, second)
	out := first.MustRun("destroy", "-auto-approve", "-refresh=false", "-no-color")
	wantSaid(t, out, "nothing was stopped")
	wantDestroyed(t, w, second)
}

func snapshot(t *testing.T, file string) []byte {
	t.Helper()
	raw, err := os.ReadFile(file) // #nosec G304 -- the test's own database
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func restore(t *testing.T, file string, raw []byte) {
	t.Helper()
	for _, rest := range []string{file + "-wal", file + "-shm"} {
		if err := os.Remove(rest); err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(file, raw, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestAccAckAfterTheTimeout(t *testing.T) {
	t.Parallel()
	for policy, check := range map[string]func(*testing.T, string, error){
		"fail": func(t *testing.T, out string, err error) {
			t.Helper()
			wantError(t, out, err, "was not acknowledged within 2s (timeouts.create)", "timeouts.create", "terraform untaint")
		},
		"keep": func(t *testing.T, out string, err error) {
			t.Helper()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			wantSaid(t, out, "The network has not answered yet")
		},
	} {
		t.Run(policy, func(t *testing.T) {
			t.Parallel()
			w, c := one(t, `on_timeout = "`+policy+`"`, `timeouts = { create = "2s" }`)
			w.ThingSpace.Inject(sandbox.Fault{Kind: sandbox.FaultLateCallback, Delay: 4 * time.Second, Times: 2})
			out, err := c.Apply()
			check(t, out, err)
			wantHeld(t, w, c)
			live := w.ThingSpace.Live()[0]
			eventually(t, "the late acknowledgement", func() bool {
				page, err := w.Journal(t).Requests(t.Context(), receiver.Filter{QoSSubscriptionID: live.ID, Status: []receiver.Status{receiver.StatusAcknowledged, receiver.StatusOn}})
				return err == nil && len(page.Requests) == 1
			})
			if policy == "fail" {
				c.MustRun("untaint", address)
			}
			wantEmptyPlan(t, c)
			wantDestroyed(t, w, c)
			if posts := w.ThingSpace.Count(sandbox.OpCreate); posts != 1 {
				t.Errorf("%d POSTs, want 1", posts)
			}
		})
	}
}

// The engine alone is killed: the provider is told to stop, and what it returns
// reaches nobody.
func TestAccEngineKilledWhileWaiting(t *testing.T) {
	t.Parallel()
	w, c := one(t, `on_existing = "adopt"`)
	w.ThingSpace.Inject(sandbox.Fault{Kind: sandbox.FaultLateCallback, Delay: 3 * time.Second, Times: 2})
	process := c.Start("apply", "-auto-approve", "-no-color")
	eventually(t, "the request is journalled as accepted", func() bool {
		page, err := w.Journal(t).Requests(t.Context(), receiver.Filter{State: []receiver.State{receiver.StateAccepted}})
		return err == nil && len(page.Requests) == 1
	})
	process.KillEngine()
	if out, err := process.Wait(); err == nil {
		t.Fatalf("was not killed:\n%s", out)
	}
	unlock(t, c)
	c.MustRun("apply", "-auto-approve", "-no-color")
	if posts := w.ThingSpace.Count(sandbox.OpCreate); posts != 1 {
		t.Errorf("%d POSTs, want 1", posts)
	}
	wantOneLive(t, w, c)
	wantDestroyed(t, w, c)
}

// unlock removes the lock that a killed engine leaves on its state.
func unlock(t *testing.T, c *acctest.CLI) {
	t.Helper()
	if err := os.Remove(filepath.Join(c.Dir(), ".terraform.tfstate.lock.info")); err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
}

func TestAccWrongListenerPassword(t *testing.T) {
	t.Parallel()
	w := acctest.New(t)
	w.ThingSpace.SetCallback(sandbox.Callback{AccountName: acctest.Account, ServiceName: "QoS", URL: w.CallbackURL(), Username: acctest.CallbackUsername, Password: "another"})
	c := acctest.NewCLI(t)
	c.Write(w.ProviderConfig() + subscription([]string{device("5551234567")}, `wait_for = "on"`, `timeouts = { create = "2s" }`))
	out, err := c.Apply()
	wantError(t, out, err, "timeouts.create", "of its callbacks away for wrong credentials")
	wantHeld(t, w, c)
	wantDestroyed(t, w, c)
}

func TestAccDestroyWaitsForTheAck(t *testing.T) {
	t.Parallel()
	w, c := one(t, `wait_for = "none"`)
	w.ThingSpace.Inject(sandbox.Fault{Kind: sandbox.FaultLateCallback, Delay: 3 * time.Second, Times: 2})
	c.MustRun("apply", "-auto-approve", "-no-color")
	wantDestroyed(t, w, c)
}

func TestAccAnswerLost(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]sandbox.Fault{
		"connection cut after the work": {Kind: sandbox.FaultLoseAnswer, Operation: sandbox.OpCreate, Times: 1},
		"and the callbacks late":        {Kind: sandbox.FaultLateCallback, Delay: 2 * time.Second, Times: 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, c := one(t)
			w.ThingSpace.Inject(fault, sandbox.Fault{Kind: sandbox.FaultLoseAnswer, Operation: sandbox.OpCreate, Times: 1})
			c.MustRun("apply", "-auto-approve", "-no-color")
			if posts := w.ThingSpace.Count(sandbox.OpCreate); posts != 1 {
				t.Errorf("%d POSTs, want 1", posts)
			}
			wantOneLive(t, w, c)
			wantDestroyed(t, w, c)
		})
	}
}

func TestAccServerErrorOnThePOSTIsNotRepeated(t *testing.T) {
	t.Parallel()
	w, c := one(t, `timeouts = { create = "3s" }`)
	w.ThingSpace.Inject(sandbox.Fault{Kind: sandbox.FaultAnswer, Operation: sandbox.OpCreate, Status: http.StatusBadGateway, Shape: sandbox.ShapeHTML, Times: 1})
	out, err := c.Apply()
	wantError(t, out, err, "The outcome is unknown", "HTTP 502", "qos-receiver resolve", "--not-created", "--request-id")
	if posts := w.ThingSpace.Count(sandbox.OpCreate); posts != 1 {
		t.Errorf("%d POSTs, want 1", posts)
	}
}

func TestAccRefusedRequestLeavesNothing(t *testing.T) {
	t.Parallel()
	w, c := one(t)
	w.ThingSpace.Inject(sandbox.Fault{Kind: sandbox.FaultAnswer, Operation: sandbox.OpCreate, Status: http.StatusBadRequest, Code: "UnifiedWebService.REQUEST_FAILED.DeviceNotFound", Message: "no such device", Times: 1})
	out, err := c.Apply()
	wantError(t, out, err, "Unable to create QoS subscription", "UnifiedWebService.REQUEST_FAILED.DeviceNotFound", "no such device")
	if ids := requestIDs(t, c); len(ids) != 0 {
		t.Errorf("the state has %v", ids)
	}
	c.MustRun("apply", "-auto-approve", "-no-color")
	wantOneLive(t, w, c)
	wantDestroyed(t, w, c)
}

func TestAccReceiverDown(t *testing.T) {
	t.Parallel()
	w, c := one(t)
	w.StopReceiver()
	out, err := c.Apply()
	wantError(t, out, err, "Unable to create QoS subscription", "receiver")
	if posts := w.ThingSpace.Count(sandbox.OpCreate); posts != 0 {
		t.Errorf("%d POSTs without a receiver", posts)
	}

	w.StartReceiver(t)
	w.ThingSpace.Inject(sandbox.Fault{Kind: sandbox.FaultLateCallback, Delay: 3 * time.Second, Times: 2})
	process := c.Start("apply", "-auto-approve", "-no-color")
	eventually(t, "the request is journalled as accepted", func() bool {
		page, err := w.Journal(t).Requests(t.Context(), receiver.Filter{State: []receiver.State{receiver.StateAccepted}})
		return err == nil && len(page.Requests) == 1
	})
	w.StopReceiver()
	w.StartReceiver(t)
	if out, err := process.Wait(); err != nil {
		t.Fatalf("apply across a restart of the receiver: %v\n%s", err, out)
	}
	wantOneLive(t, w, c)

	w.StopReceiver()
	out, err = c.Run("plan", "-no-color")
	wantError(t, out, err, "Unable to read QoS subscription", "The state is kept as it is")
	out, err = c.Destroy()
	wantError(t, out, err, "receiver")
	wantHeld(t, w, c)
	w.StartReceiver(t)
	wantDestroyed(t, w, c)
}

func TestAccListenerElsewhere(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		registered *sandbox.Callback
		want       string
	}{
		"not registered":        {nil, "no QoS callback is registered"},
		"registered to another": {&sandbox.Callback{AccountName: acctest.Account, ServiceName: "QoS", URL: "https://old.example.com/hook"}, "registered to https://old.example.com/hook"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := acctest.New(t)
			if test.registered != nil {
				w.ThingSpace.SetCallback(*test.registered)
			}
			resource.Test(t, resource.TestCase{
				ProtoV6ProviderFactories: acctest.Factories(),
				Steps: []resource.TestStep{{
					Config:      w.ProviderConfig() + subscription([]string{device("5551234567")}),
					ExpectError: regexp.MustCompile(`(?i)` + strings.ReplaceAll(regexp.QuoteMeta(test.want), " ", `\s+`)),
				}},
			})
			if posts := w.ThingSpace.Count(sandbox.OpCreate); posts != 0 {
				t.Errorf("%d POSTs although the answer would be lost", posts)
			}
		})
	}
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
			{Config: config, ConfigPlanChecks: emptyPlan()},
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
		"in the answer": {sandbox.Fault{Kind: sandbox.FaultAnswer, Operation: sandbox.OpStop, Status: http.StatusBadRequest, Code: "Qos.REQUEST_FAILED.NotAllowed",
			Message: "not allowed now", Times: 1}, "Qos.REQUEST_FAILED.NotAllowed"},
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

// deliver posts the acknowledgement of a subscription as ThingSpace would.
func deliver(t *testing.T, w *acctest.World, s sandbox.Subscription) {
	t.Helper()
	body := `{"requestId":"` + s.RequestID + `","deviceIds":[{"id":"` + s.Device.ID + `","kind":"MDN"}],"deviceResponse":{"qoS":[{"accountName":"` + s.AccountName +
		`","qosSubscriptionId":"` + s.ID + `","reportedTime":"2026-02-17T18:56:52.795","qosEvent":"QoSChangeReqAck","status":"SUCCESS"}]},"callbackCount":1,"maxCallbackThreshold":4}`
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.CallbackURL(), strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	client := &http.Client{Transport: transport.New()}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("the receiver answered %s", resp.Status)
	}
}
