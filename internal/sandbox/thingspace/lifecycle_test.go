package thingspace_test

import (
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jonboulle/clockwork"

	"github.com/qosform/terraform-provider-qos/internal/sandbox/thingspace"
)

// The bodies below are those of ThingSpace's pages, with real values.
const (
	goldenAck = `{"requestId":"%s","deviceIds":[{"id":"5551230001","kind":"MDN"}],"deviceResponse":{"qoS":[` +
		`{"accountName":"0000123456-00001","qosSubscriptionId":"%s","reportedTime":"2023-02-17T18:56:52.795",` +
		`"qosEvent":"QoSChangeReqAck","status":"SUCCESS"}]},"callbackCount":1,"maxCallbackThreshold":4}`
	goldenCreateFailed = `{"requestId":"%s","deviceIds":[{"id":"5551230001","kind":"MDN"}],"deviceResponse":{"qoS":[` +
		`{"accountName":"0000123456-00001","reportedTime":"2023-02-17T18:56:52.795",` +
		`"qosEvent":"QoSChangeFailed","status":"FAILED","reason":"Device not found"}]},"callbackCount":1,"maxCallbackThreshold":4}`
	goldenOn = `{"username":"bob","password":"secret","requestId":"%s","deviceResponse":{"qoS":[` +
		`{"accountName":"0000123456-00001","qosSubscriptionId":"%s","reportedTime":"2023-02-17 18:56:53.795",` +
		`"qosEvent":"QosChangeOn"}]},"callbackCount":1,"maxCallbackThreshold":4}`
	goldenStopped = `{"requestId":"%s","deviceResponse":{"qoS":[` +
		`{"accountName":"0000123456-00001","qosSubscriptionId":"%s","reportedTime":"2023-02-17T18:56:54.795",` +
		`"qosEvent":"QoSChangeTerminated","status":"SUCCESS"}]},"callbackCount":1,"maxCallbackThreshold":4}`
	goldenStopFailed = `{"requestId":"%s","deviceResponse":{"qoS":[` +
		`{"accountName":"0000123456-00001","reportedTime":"2023-02-17T18:56:55.795",` +
		`"qosEvent":"QoSChangeFailed","status":"FAILED","reason":"device not found"}]},"callbackCount":1,"maxCallbackThreshold":4}`
	goldenEvent = `{"username":"bob","password":"secret","requestId":"%s","deviceResponse":{"qoS":[` +
		`{"accountName":"0000123456-00001","qosSubscriptionId":"%s","reportedTime":"2023-02-17 18:56:53.795",` +
		`"qosEvent":"%s"%s}]},"callbackCount":1,"maxCallbackThreshold":4}`
)

func (w *world) wantCallback(form string, values ...any) {
	w.t.Helper()
	got := w.listener.take()
	if len(got) != 1 {
		w.t.Fatalf("got %d callbacks, want 1: %v", len(got), got)
	}
	if diff := cmp.Diff(fmt.Sprintf(form, values...), got[0].raw); diff != "" {
		w.t.Fatalf("callback (-want +got):\n%s", diff)
	}
	if got[0].header.Get("Content-Type") != "application/json" ||
		got[0].header.Get("User-Agent") != "Verizon's callback service" || got[0].header.Get("Authorization") != "" {
		w.t.Fatalf("callback headers: %v", got[0].header)
	}
}

func TestLifecycle(t *testing.T) {
	t.Parallel()
	w := registered(t)
	request := w.create(device)
	w.wantLive(map[string]thingspace.Status{device: thingspace.StatusRequested})
	w.flush()
	w.wantEvents()

	w.advance(time.Second)
	id := w.sandbox.Live()[0].ID
	w.wantCallback(goldenAck, request, id)
	w.wantLive(map[string]thingspace.Status{device: thingspace.StatusAcknowledged})

	w.advance(time.Second)
	w.wantCallback(goldenOn, request, id)
	w.wantLive(map[string]thingspace.Status{device: thingspace.StatusOn})

	stop := w.stop(id)
	if stop == request {
		t.Fatal("the stop has the request id of the create")
	}
	w.wantLive(map[string]thingspace.Status{device: thingspace.StatusOn})
	w.advance(time.Second)
	w.wantCallback(goldenStopped, stop, id)
	w.wantLive(map[string]thingspace.Status{})

	again := w.stop(id)
	w.advance(time.Second)
	w.wantCallback(goldenStopFailed, again)
	if got := w.sandbox.Subscriptions(); len(got) != 1 || got[0].Status != thingspace.StatusTerminated {
		t.Fatalf("got %v", got)
	}
	if got := len(w.sandbox.Deliveries()); got != 4 {
		t.Fatalf("got %d deliveries, want 4", got)
	}
}

func TestAnUnknownDeviceFails(t *testing.T) {
	t.Parallel()
	w := registered(t, func(o *thingspace.Options) { o.Devices = []string{"5551230002"} })
	request := w.create(device)
	w.advance(time.Second)
	w.wantCallback(goldenCreateFailed, request)
	w.advance(10 * time.Minute)
	w.wantEvents()
	w.wantLive(map[string]thingspace.Status{})
	w.create("5551230002")
	w.advance(time.Second)
	w.wantEvents("QoSChangeReqAck")
}

func TestEveryDeviceHasItsOwnSubscription(t *testing.T) {
	t.Parallel()
	w := registered(t, func(o *thingspace.Options) { o.Devices = []string{"5551230001", "5551230003"} })
	request := w.create("5551230001", "5551230002", "5551230003")
	w.advance(time.Second)
	events, ids := map[string]string{}, map[string]bool{}
	for _, c := range w.listener.take() {
		if c.parsed.RequestID != request || len(c.parsed.DeviceIDs) != 1 {
			t.Fatalf("got %s", c.raw)
		}
		events[c.parsed.DeviceIDs[0].ID] = c.event()
		ids[c.parsed.DeviceResponse.QoS[0].QoSSubscriptionID] = true
	}
	want := map[string]string{
		"5551230001": "QoSChangeReqAck", "5551230002": "QoSChangeFailed", "5551230003": "QoSChangeReqAck",
	}
	if diff := cmp.Diff(want, events); diff != "" {
		t.Fatalf("events (-want +got):\n%s", diff)
	}
	if len(ids) != 3 { // two, and the failure's none
		t.Fatalf("got subscription ids %v", ids)
	}
	w.wantLive(map[string]thingspace.Status{
		"5551230001": thingspace.StatusAcknowledged, "5551230003": thingspace.StatusAcknowledged,
	})
}

func TestStopOfWhatIsNotThere(t *testing.T) {
	t.Parallel()
	w := registered(t, func(o *thingspace.Options) { o.Accounts = []string{account, "0000999999-00001"} })
	w.sandbox.SetCallback(thingspace.Callback{AccountName: "0000999999-00001", ServiceName: "QoS", URL: w.listener.URL})
	sub := w.on(device)[0]
	w.do(http.MethodDelete, stopPath(account, "unknown"), "").wants(t, http.StatusCreated, "")
	w.do(http.MethodDelete, stopPath("0000999999-00001", sub.ID), "").wants(t, http.StatusCreated, "")
	w.advance(time.Second)
	w.wantEvents("QoSChangeFailed", "QoSChangeFailed")
	w.wantLive(map[string]thingspace.Status{device: thingspace.StatusOn})
}

func TestAStopBeforeTheElevationFunctions(t *testing.T) {
	t.Parallel()
	w := registered(t, func(o *thingspace.Options) { o.OnDelay = time.Minute })
	w.create(device)
	w.advance(time.Second)
	w.stop(w.sandbox.Live()[0].ID)
	w.advance(time.Second)
	w.wantEvents("QoSChangeReqAck", "QoSChangeTerminated")
	w.advance(time.Hour)
	w.wantEvents()
}

func TestOneAdvanceOverAllDelays(t *testing.T) {
	t.Parallel()
	w := registered(t)
	w.create(device)
	w.advance(time.Hour)
	w.wantEvents("QoSChangeReqAck", "QosChangeOn")
}

func TestTerminationFromOutside(t *testing.T) {
	t.Parallel()
	w := registered(t)
	sub := w.on(device)[0]
	if err := w.sandbox.Terminate(sub.ID); err != nil {
		t.Fatal(err)
	}
	w.flush()
	w.wantCallback(goldenEvent, sub.RequestID, sub.ID, "QoSChangeTerminated", "")
	w.wantLive(map[string]thingspace.Status{})
	if err := w.sandbox.Terminate(sub.ID); !errors.Is(err, thingspace.ErrNotLive) {
		t.Fatalf("got %v, want ErrNotLive", err)
	}
}

func TestFailureFromOutside(t *testing.T) {
	t.Parallel()
	for reason, members := range map[string]string{
		"":                  ``,
		"Radio bearer lost": `,"status":"FAILED","reason":"Radio bearer lost"`,
	} {
		w := registered(t)
		sub := w.on(device)[0]
		if err := w.sandbox.Fail(sub.ID, reason); err != nil {
			t.Fatal(err)
		}
		w.flush()
		w.wantCallback(goldenEvent, sub.RequestID, sub.ID, "QoSChangeFailed", members)
		if got := w.sandbox.Subscriptions()[0]; got.Status != thingspace.StatusFailed || got.Reason != reason {
			t.Fatalf("got %+v", got)
		}
		if err := w.sandbox.Fail("unknown", reason); !errors.Is(err, thingspace.ErrNotLive) {
			t.Fatalf("got %v, want ErrNotLive", err)
		}
	}
}

func TestSwitchesOfCallbacks(t *testing.T) {
	t.Parallel()
	w := registered(t)
	w.sandbox.SetSwitches(thingspace.Switches{BareEvents: true, VariantCasing: true, TerminatedUnderOriginal: true})
	request := w.create(device)
	w.advance(time.Second)
	w.advance(time.Second)
	w.stop(w.sandbox.Live()[0].ID)
	w.advance(time.Second)
	got := w.wantEvents("QoSChangeReqAck", "QoSChangeOn", "QoSChangeTerminated")
	if kind := got[0].parsed.DeviceIDs[0].Kind; kind != "mdn" {
		t.Errorf("got kind %s, want mdn", kind)
	}
	if got[1].parsed.Username != "" || got[1].parsed.Password != "" {
		t.Errorf("the event has credentials: %s", got[1].raw)
	}
	if got[2].parsed.RequestID != request {
		t.Errorf("got request id %s, want that of the create", got[2].parsed.RequestID)
	}
}

func TestARefusedCallbackIsRetriedOnce(t *testing.T) {
	t.Parallel()
	for name, reply := range map[string]int{"refused": http.StatusServiceUnavailable, "redirected": http.StatusFound} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := registered(t, func(o *thingspace.Options) { o.OnDelay = time.Hour })
			w.listener.answers(func(*http.Request) int { return reply })
			w.create(device)
			w.advance(time.Second)
			first := w.wantEvents("QoSChangeReqAck")
			w.advance(1199 * time.Millisecond)
			w.wantEvents()
			w.advance(time.Millisecond)
			second := w.wantEvents("QoSChangeReqAck")
			if first[0].parsed.CallbackCount != 1 || second[0].parsed.CallbackCount != 2 {
				t.Errorf("got counts %d and %d", first[0].parsed.CallbackCount, second[0].parsed.CallbackCount)
			}
			if a, b := first[0].parsed.DeviceResponse, second[0].parsed.DeviceResponse; cmp.Diff(a, b) != "" {
				t.Errorf("the retry tells something else: %s", second[0].raw)
			}
			w.advance(30 * time.Minute)
			w.wantEvents()
			lost := w.sandbox.Lost()
			if len(lost) != 1 || lost[0].Attempts != 2 || lost[0].Event != "QoSChangeReqAck" || lost[0].DeviceID != device {
				t.Fatalf("got lost %+v", lost)
			}
			w.wantLive(map[string]thingspace.Status{device: thingspace.StatusAcknowledged})
		})
	}
}

func TestARetryCanSucceed(t *testing.T) {
	t.Parallel()
	w := registered(t)
	w.listener.answers(func(*http.Request) int { return http.StatusInternalServerError })
	w.create(device)
	w.advance(time.Second)
	w.listener.answers(func(*http.Request) int { return http.StatusNoContent })
	w.advance(1200 * time.Millisecond)
	if got := w.sandbox.Lost(); len(got) != 0 {
		t.Fatalf("got lost %+v", got)
	}
	attempts := map[string]int{}
	for _, d := range w.sandbox.Deliveries() {
		attempts[d.Event] = d.Attempts
	}
	if diff := cmp.Diff(map[string]int{"QoSChangeReqAck": 2, "QosChangeOn": 1}, attempts); diff != "" {
		t.Fatalf("deliveries (-want +got):\n%s", diff)
	}
}

func TestASlowListenerIsOvertakenByTheRetry(t *testing.T) {
	t.Parallel()
	w := registered(t, func(o *thingspace.Options) { o.OnDelay = time.Hour })
	release := make(chan struct{})
	w.listener.answers(func(*http.Request) int { <-release; return http.StatusOK })
	w.create(device)
	w.clock.Advance(time.Second)
	w.listener.wait()
	w.listener.answers(func(*http.Request) int { return http.StatusOK })
	w.advance(4 * time.Second)
	w.wantEvents("QoSChangeReqAck")
	w.advance(1200 * time.Millisecond)
	w.wantEvents("QoSChangeReqAck")
	if got := w.sandbox.Deliveries(); len(got) != 1 || got[0].Attempts != 2 {
		t.Errorf("got deliveries %+v", got)
	}
	close(release)
}

func TestWithoutAListenerACallbackIsLost(t *testing.T) {
	t.Parallel()
	w := registered(t)
	w.create(device)
	w.sandbox.RemoveCallback(account, "QoS")
	w.advance(time.Second)
	lost := w.sandbox.Lost()
	if len(lost) != 1 || lost[0].Reason != "no listener is registered" || lost[0].Attempts != 0 {
		t.Fatalf("got lost %+v", lost)
	}
	w.wantLive(map[string]thingspace.Status{device: thingspace.StatusAcknowledged})
}

func TestACallbackGoesToTheListenerOfItsTime(t *testing.T) {
	t.Parallel()
	w := registered(t)
	w.create(device)
	w.advance(time.Second)
	other := newListener(t)
	w.sandbox.SetCallback(thingspace.Callback{AccountName: account, ServiceName: "QoS", URL: other.URL})
	w.advance(time.Second)
	w.wantEvents("QoSChangeReqAck")
	if got := other.take(); len(got) != 1 || got[0].event() != "QosChangeOn" || got[0].parsed.Username != "" {
		t.Fatalf("got %v", got)
	}
}

func TestCloseEndsWhatIsUnderWay(t *testing.T) {
	t.Parallel()
	w := registered(t)
	w.listener.answers(func(r *http.Request) int { <-r.Context().Done(); return http.StatusOK })
	w.create(device, "5551230002")
	w.clock.Advance(time.Second)
	w.listener.wait()
	w.sandbox.Close()
	w.clock.Advance(time.Hour)
	if err := w.sandbox.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, c := range w.listener.take() {
		if c.event() != "QoSChangeReqAck" || c.parsed.CallbackCount != 1 {
			t.Errorf("delivered after Close: %s", c.raw)
		}
	}
}

func TestRealTime(t *testing.T) {
	t.Parallel()
	w := registered(t, func(o *thingspace.Options) {
		o.Clock = clockwork.NewRealClock()
		o.AckDelay, o.OnDelay, o.TerminateDelay = -1, time.Millisecond, time.Millisecond
	})
	settle := func() {
		t.Helper()
		if err := w.sandbox.Settle(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	w.create(device)
	settle()
	w.wantEvents("QoSChangeReqAck", "QosChangeOn")
	w.stop(w.sandbox.Live()[0].ID)
	settle()
	w.wantEvents("QoSChangeTerminated")
	w.wantLive(map[string]thingspace.Status{})
}
