package qossubscription_test

import (
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

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
			acctest.Eventually(t, "the late acknowledgement", func() bool {
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
	acctest.Eventually(t, "the request is journalled as accepted", func() bool {
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

// The receiver goes away between the POST and the journalling of its answer,
// for longer than the lease. The id of the answer must not be lost.
func TestAccReceiverAwayWhenTheAnswerComes(t *testing.T) {
	t.Parallel()
	w, c := one(t)
	other := acctest.NewCLI(t)
	other.Write(w.ProviderConfig() + subscription([]string{device("5550000001")}))
	other.MustRun("apply", "-auto-approve", "-no-color")

	away := make(chan struct{})
	var once sync.Once
	w.ThingSpaceGate.Interpose(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPost && strings.Contains(r.URL.Path, "/actions/") {
				once.Do(func() {
					w.StopReceiver()
					close(away)
				})
			}
			next.ServeHTTP(rw, r)
		})
	})
	process := c.Start("apply", "-auto-approve", "-no-color")
	<-away
	acctest.Eventually(t, "the POST's callbacks are lost", func() bool { return len(w.ThingSpace.Lost()) >= 1 })
	acctest.Eventually(t, "the lease has lapsed", func() bool { return time.Since(w.ThingSpace.Live()[1].CreatedAt) > 2*acctest.Lease })
	w.StartReceiver(t)
	for _, s := range w.ThingSpace.Live() {
		deliver(t, w, s)
	}
	if out, err := process.Wait(); err != nil {
		t.Fatalf("apply: %v\n%s", err, out)
	}
	if ids := requestIDs(t, c); len(ids) != 1 || ids[0] != w.ThingSpace.Live()[1].RequestID {
		t.Fatalf("the state has %v, want %s", ids, w.ThingSpace.Live()[1].RequestID)
	}
	wantEmptyPlan(t, c)
	if out, err := c.Destroy(); err != nil {
		t.Fatalf("destroy: %v\n%s", err, out)
	}
	wantHeld(t, w, other)
	wantDestroyed(t, w, other)
}

// An answer of the receiver is lost: the client repeats, and so may the change.
func TestAccReceiverAnswersLost(t *testing.T) {
	t.Parallel()
	for _, change := range []string{`"sent"`, `"accepted"`, `"returned"`} {
		t.Run(strings.Trim(change, `"`), func(t *testing.T) {
			t.Parallel()
			w, c := one(t)
			lost := &strike{method: http.MethodPatch, path: "/v1/requests/", body: change, after: true, do: func() {}}
			w.ReceiverGate.Interpose(lost.wrap)
			c.MustRun("apply", "-auto-approve", "-no-color")
			if !lost.struck.Load() {
				t.Error("no answer was lost")
			}
			wantOneLive(t, w, c)
			wantDestroyed(t, w, c)
		})
	}
}
