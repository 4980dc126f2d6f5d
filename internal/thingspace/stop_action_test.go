package thingspace_test

import (
	"context"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/qosform/terraform-provider-qos/internal/acctest"
	"github.com/qosform/terraform-provider-qos/internal/acctest/protocol"
	"github.com/qosform/terraform-provider-qos/internal/receiver"
	sandbox "github.com/qosform/terraform-provider-qos/internal/sandbox/thingspace"
)

// stop invokes the action; progress comes as one text.
func (d *dialogue) stop(subscriptionID string, more protocol.Object) (progress string, said protocol.Diagnostics) {
	config := protocol.Object{"account_name": acctest.Account, "qos_subscription_id": subscriptionID}
	maps.Copy(config, more)
	messages, said := d.provider.Invoke(stopType, config)
	return strings.Join(messages, "\n"), said
}

// live are the ids of what the network has.
func (d *dialogue) live() []string {
	var ids []string
	for _, s := range d.ThingSpace.Live() {
		ids = append(ids, s.ID)
	}
	slices.Sort(ids)
	return ids
}

func TestStopOfWhatNoStateHas(t *testing.T) {
	t.Parallel()
	d := speak(t)
	d.Register()
	made := d.made(t, "5551111111", "5552222222")
	progress, said := d.stop(made[0].ID, nil)
	wantNothingSaid(t, said)
	wantWords(t, progress, "Stopping subscription "+made[0].ID, made[0].RequestID, "which is ON", "ThingSpace took the stop", "The network has confirmed the end")
	if live := d.live(); !slices.Equal(live, []string{made[1].ID}) {
		t.Errorf("live are %v, want the other one of the request alone", live)
	}
	known := d.heard(t, receiver.Filter{RequestID: made[0].RequestID})
	for _, s := range known.Subscriptions {
		if s.QoSSubscriptionID == made[0].ID && (s.Stop == nil || s.Stop.State != receiver.StopDone || s.Stop.RequestID == "") {
			t.Errorf("the stop is journalled as %+v", s.Stop)
		}
	}

	progress, said = d.stop(made[0].ID, nil)
	wantNothingSaid(t, said)
	wantWords(t, progress, "Nothing to stop", "TERMINATED")
	if stops := d.ThingSpace.Count(sandbox.OpStop); stops != 1 {
		t.Errorf("%d DELETEs, want 1", stops)
	}
}

func TestStopOfWhatAStateHas(t *testing.T) {
	t.Parallel()
	d := speak(t)
	d.Register()
	held := d.held(t, "5551111111")[0]
	_, said := d.stop(held.ID, nil)
	wantWords(t, said.Errors().String(), "Unable to stop QoS subscription", "A Terraform state has request "+held.RequestID, "destroy it there", acctest.Account+"/"+held.RequestID, "force = true")
	if stops := d.ThingSpace.Count(sandbox.OpStop); stops != 0 {
		t.Errorf("%d DELETEs, want none", stops)
	}
	_, said = d.stop(held.ID, protocol.Object{"force": true})
	wantNothingSaid(t, said)
	if live := d.live(); len(live) > 0 {
		t.Errorf("live are %v", live)
	}
}

// A process that died with a request is waited out; one that is at work is not
// interfered with.
func TestStopWaitsForALease(t *testing.T) {
	t.Parallel()
	d := speak(t)
	d.Register()
	device := receiver.Device{ID: "5551111111", Kind: "MDN", Flows: []receiver.Flow{flowOf("203.0.113.5:443")}}
	journal := d.Journal(t)
	intent, err := journal.CreateRequest(t.Context(), receiver.NewRequest{AccountName: acctest.Account, Devices: []receiver.Device{device}, Claim: "dead"})
	if err != nil {
		t.Fatal(err)
	}
	for _, change := range []receiver.Change{{Kind: receiver.ChangeSent, Claim: "dead"}, {Kind: receiver.ChangeAccepted, Claim: "dead", RequestID: "left"}} {
		if _, err := journal.ChangeRequest(t.Context(), intent.ID, change); err != nil {
			t.Fatal(err)
		}
	}
	left := receiver.Event{RequestID: "left", AccountName: acctest.Account, QoSSubscriptionID: "left-subscription", QoSEvent: "QoSChangeOn", DeviceIDs: []receiver.Device{device}, Authenticated: true}
	if err := d.Store.Record(t.Context(), []receiver.Event{left}); err != nil {
		t.Fatal(err)
	}
	_, said := d.stop("left-subscription", protocol.Object{"timeouts": protocol.Object{"invoke": "10ms"}})
	wantWords(t, said.Errors().String(), "Timed out after 10ms (timeouts.invoke)")
	if stops := d.ThingSpace.Count(sandbox.OpStop); stops != 0 {
		t.Errorf("%d DELETEs while the lease runs", stops)
	}
	progress, _ := d.stop("left-subscription", nil)
	wantWords(t, progress, "Stopping subscription left-subscription")
}

// What the receiver has not heard of may be in any state. By force it is stopped
// all the same, and its end still heard.
func TestStopOfWhatNobodyHeardOf(t *testing.T) {
	t.Parallel()
	d := speak(t)
	quiet := func(t *testing.T, device string) sandbox.Subscription {
		t.Helper()
		made := d.made(t, device)[0]
		d.StopReceiver()
		d.Database += ".another"
		d.StartReceiver(t)
		return made
	}
	d.Register()
	made := quiet(t, "5551111111")
	_, said := d.stop(made.ID, nil)
	wantWords(t, said.Errors().String(), "The receiver knows no subscription "+made.ID, "force = true")
	if live := d.live(); len(live) != 1 {
		t.Errorf("live are %v", live)
	}
	progress, said := d.stop(made.ID, protocol.Object{"force": true})
	wantNothingSaid(t, said)
	wantWords(t, progress, "in no request that the receiver can vouch for", "ThingSpace took the stop as request", "The network has confirmed the end")
	if live := d.live(); len(live) > 0 {
		t.Errorf("live are %v", live)
	}

	made = quiet(t, "5552222222")
	d.ThingSpace.Inject(sandbox.Fault{Kind: sandbox.FaultStopFailure, Reason: "no such thing", Times: 1})
	_, said = d.stop(made.ID, protocol.Object{"force": true})
	wantWords(t, said.Errors().String(), "The end of subscription "+made.ID+" was not confirmed", "the network answered: no such thing", "it may have ended then", "/v1/events?request_id=")

	d.ThingSpace.Inject(sandbox.Fault{Kind: sandbox.FaultAnswer, Operation: sandbox.OpStop, Status: http.StatusBadRequest, Shape: sandbox.ShapeApplication, Code: "REQUEST_FAILED", Message: "not today", Times: 1})
	_, said = d.stop(made.ID, protocol.Object{"force": true})
	wantWords(t, said.Errors().String(), "not today")
}

// A stop whose end nobody will hear of is not taken for one that is confirmed.
func TestStopWithoutAListener(t *testing.T) {
	t.Parallel()
	d := speak(t)
	d.Register()
	made := d.made(t, "5551111111")[0]
	d.StopReceiver()
	d.Database += ".another"
	d.StartReceiver(t)
	d.ThingSpace.RemoveCallback(acctest.Account, "QoS")
	_, said := d.stop(made.ID, protocol.Object{"force": true})
	wantWords(t, said.Errors().String(), "Unable to confirm the end", "ThingSpace took the stop of subscription "+made.ID, "no QoS callback is registered",
		"Add a thingspace_callback", "Then invoke the action again")
}

// An interrupt while ThingSpace is asked does not end the invocation before its
// answer is journalled.
func TestStopThatIsInterrupted(t *testing.T) {
	t.Parallel()
	d := speak(t)
	d.Register()
	made := d.made(t, "5551111111")[0]
	d.ThingSpace.Inject(sandbox.Fault{Kind: sandbox.FaultDropCallback, Event: "QoSChangeTerminated", Times: 10})
	hold := acctest.NewHold(http.MethodDelete, "/")
	d.ThingSpaceGate.Interpose(hold.Wrap)
	ctx, interrupt := context.WithCancel(t.Context())
	go func() {
		<-hold.Reached()
		interrupt()
		hold.Release()
	}()
	_, said := d.provider.InvokeIn(ctx, stopType, protocol.Object{"account_name": acctest.Account, "qos_subscription_id": made.ID})
	wantWords(t, said.Errors().String(), "Interrupted", made.ID)
	stop := d.heard(t, receiver.Filter{RequestID: made.RequestID}).Subscriptions[0].Stop
	if stop == nil || stop.State != receiver.StopSent || stop.RequestID == "" {
		t.Errorf("the stop is journalled as %+v", stop)
	}
}

// The answer to a stop without a request id can be found by nothing.
func TestStopWithoutARequestID(t *testing.T) {
	t.Parallel()
	d := speak(t)
	d.Register()
	made := d.made(t, "5551111111")[0]
	d.StopReceiver()
	d.Database += ".another"
	d.StartReceiver(t)
	d.ThingSpaceGate.Interpose(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodDelete {
				next.ServeHTTP(w, r)
				return
			}
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, "{}")
		})
	})
	progress, said := d.stop(made.ID, protocol.Object{"force": true})
	wantWords(t, said.Errors().String(), "Unable to confirm the end", "no request id", "QoSChangeTerminated", "Then invoke the action again")
	if strings.Contains(progress+said.String(), "as request ") {
		t.Errorf("%s %s", progress, said)
	}
}

// Anybody can say that a subscription has ended. Only who proves to be ThingSpace
// is believed.
func TestStopDisbelievesRumours(t *testing.T) {
	t.Parallel()
	d := speak(t)
	d.Register()
	made := d.made(t, "5551111111")[0]
	d.StopReceiver()
	d.Database += ".another"
	d.StartReceiver(t)
	rumour := receiver.Event{RequestID: "rumour", AccountName: acctest.Account, QoSSubscriptionID: made.ID, QoSEvent: "QoSChangeOn", DeviceIDs: []receiver.Device{{ID: "5551111111"}}}
	end := rumour
	end.QoSEvent = "QoSChangeTerminated"
	if err := d.Store.Record(t.Context(), []receiver.Event{rumour, end}); err != nil {
		t.Fatal(err)
	}
	_, said := d.stop(made.ID, nil)
	wantWords(t, said.Errors().String(), "callbacks without credentials", "force = true")
	_, said = d.stop(made.ID, protocol.Object{"force": true})
	wantNothingSaid(t, said)
	if live := d.live(); len(live) > 0 {
		t.Errorf("live are %v", live)
	}
}

func TestStopThatFails(t *testing.T) {
	t.Parallel()
	d := speak(t)
	d.Register()
	made := d.made(t, "5551111111", "5552222222")
	d.ThingSpace.Inject(sandbox.Fault{Kind: sandbox.FaultStopFailure, Reason: "no such thing", Times: 1})
	_, said := d.stop(made[0].ID, nil)
	wantWords(t, said.Errors().String(), "Unable to stop QoS subscription", "Subscription "+made[0].ID, "was not stopped: the network answered: no such thing",
		"Invoke the action again to go on", "qos-receiver resolve "+made[0].ID+" --terminated")
	d.ThingSpace.Inject(sandbox.Fault{Kind: sandbox.FaultDropCallback, Event: "QoSChangeTerminated", Times: 10})
	_, said = d.stop(made[0].ID, protocol.Object{"timeouts": protocol.Object{"invoke": "200ms"}})
	text := said.Errors().String()
	wantWords(t, text, "Timed out after 200ms (timeouts.invoke)", "Still to end: "+made[0].ID, "qos-receiver resolve "+made[0].ID+" --terminated")
	if strings.Contains(text, made[1].ID) || strings.Contains(text, "The state keeps") {
		t.Errorf("it tells of more than was asked for: %s", text)
	}
}

func TestStopRefusals(t *testing.T) {
	t.Parallel()
	d := speak(t)
	for name, test := range map[string]struct {
		config protocol.Object
		want   string
	}{
		"no account name":    {protocol.Object{"account_name": "acme"}, "must be digits"},
		"no subscription id": {protocol.Object{"qos_subscription_id": ""}, "at least 1"},
		"no time":            {protocol.Object{"timeouts": protocol.Object{"invoke": "0s"}}, "timeouts.invoke must be a duration longer than nothing"},
	} {
		_, said := d.stop("s", test.config)
		if !strings.Contains(said.Errors().String(), test.want) {
			t.Errorf("%s: want %q in %s", name, test.want, said)
		}
	}
	if requests := d.ThingSpace.Requests(); len(requests) > 0 {
		t.Errorf("%d requests to ThingSpace", len(requests))
	}
}
