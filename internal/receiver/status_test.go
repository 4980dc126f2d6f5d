package receiver_test

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
)

func named(ids ...string) []receiver.Device {
	var devices []receiver.Device
	for _, id := range ids {
		devices = append(devices, receiver.Device{ID: id})
	}
	return devices
}

func acknowledged(subscription string, ids ...string) receiver.Event {
	return receiver.Event{
		RequestID: "r", QoSSubscriptionID: subscription, DeviceIDs: named(ids...),
		QoSEvent: "QoSChangeReqAck", Status: "SUCCESS",
	}
}

func on(subscription string) receiver.Event {
	return receiver.Event{RequestID: "r", QoSSubscriptionID: subscription, QoSEvent: "QosChangeOn"}
}

func terminated(request, subscription string) receiver.Event {
	return receiver.Event{RequestID: request, QoSSubscriptionID: subscription, QoSEvent: "QoSChangeTerminated"}
}

func failed(request, subscription string, ids ...string) receiver.Event {
	return receiver.Event{
		RequestID: request, QoSSubscriptionID: subscription, DeviceIDs: named(ids...),
		QoSEvent: "QoSChangeFailed", Status: "FAILED", Reason: "no luck",
	}
}

func ambiguous(e receiver.Event) receiver.Event {
	e.Ambiguous = true
	return e
}

func operator(subscription string, ids ...string) receiver.Event {
	return receiver.Event{RequestID: "r", QoSSubscriptionID: subscription, DeviceIDs: named(ids...), QoSEvent: receiver.OperatorTerminated, Reason: "seen in the portal"}
}

// numbered puts events into the order in which they are given, from first on.
func numbered(first int64, events ...receiver.Event) []receiver.Event {
	for i := range events {
		events[i].Seq = first + int64(i)
	}
	return events
}

func stopRecord(subscription, request string, seq int64) receiver.StopRecord {
	state := receiver.StopJournalled
	if request != "" {
		state = receiver.StopSent
	}
	return receiver.StopRecord{
		Stop:              receiver.Stop{ID: "stop-of-" + subscription, State: state, RequestID: request},
		QoSSubscriptionID: subscription, Seq: seq,
	}
}

// sketch writes an outcome in a line: device/subscription=STATUS[stop], … → STATUS.
func sketch(o receiver.Outcome) string {
	var parts []string
	for _, s := range o.Subscriptions {
		part := s.DeviceID + "/" + s.QoSSubscriptionID + "=" + string(s.Status)
		if s.Stop != nil {
			part += "[" + string(s.Stop.State) + "]"
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, " ") + " → " + string(o.Status)
}

func TestFold(t *testing.T) {
	t.Parallel()
	refusedStop := stopRecord("s", "", 10)
	refusedStop.State = receiver.StopRefused
	tests := map[string]struct {
		devices []receiver.Device
		known   []receiver.Subscription
		stops   []receiver.StopRecord
		events  []receiver.Event
		want    string
	}{
		"nothing heard":      {devices: named("b", "a"), want: "a/=REQUESTED b/=REQUESTED → REQUESTED"},
		"acknowledged":       {devices: named("a"), events: []receiver.Event{acknowledged("s", "a")}, want: "a/s=ACKNOWLEDGED → ACKNOWLEDGED"},
		"on":                 {devices: named("a"), events: []receiver.Event{acknowledged("s", "a"), on("s")}, want: "a/s=ON → ON"},
		"on before ack":      {devices: named("a"), events: []receiver.Event{on("s"), acknowledged("s", "a")}, want: "a/s=ON → ON"},
		"on without ack":     {devices: named("a"), events: []receiver.Event{on("s")}, want: "a/s=ON → ON"},
		"ack without an id":  {devices: named("a"), events: []receiver.Event{acknowledged("", "a")}, want: "a/=REQUESTED → REQUESTED"},
		"ack that failed":    {devices: named("a"), events: []receiver.Event{{RequestID: "r", QoSEvent: "QoSChangeReqAck", Status: "FAILED"}}, want: "a/=FAILED → FAILED"},
		"terminated":         {devices: named("a"), events: []receiver.Event{terminated("r", "s"), on("s")}, want: "a/s=TERMINATED → TERMINATED"},
		"ended stays ended":  {devices: named("a"), events: []receiver.Event{failed("r", "s"), on("s")}, want: "a/s=FAILED → FAILED"},
		"both ends":          {devices: named("a"), events: []receiver.Event{terminated("r", "s"), failed("r", "s")}, want: "a/s=TERMINATED → TERMINATED"},
		"case of the device": {devices: named("AbC", "d"), events: []receiver.Event{acknowledged("s", "aBc")}, want: "AbC/s=ACKNOWLEDGED d/=REQUESTED → REQUESTED"},
		"IMEI with a check digit": {
			devices: named("353456789012345", "d"), events: []receiver.Event{acknowledged("s", "3534567890123456")},
			want: "353456789012345/s=ACKNOWLEDGED d/=REQUESTED → REQUESTED",
		},
		"IMEIs that differ in the last digit": {
			devices: named("3534567890123451", "3534567890123452"),
			events:  []receiver.Event{acknowledged("s", "3534567890123452")},
			want:    "3534567890123451/=REQUESTED 3534567890123452/s=ACKNOWLEDGED → REQUESTED",
		},
		"only device by another name": {devices: named("15555550100"), events: []receiver.Event{acknowledged("s", "5555550100")}, want: "15555550100/s=ACKNOWLEDGED → ACKNOWLEDGED"},
		"two subscriptions of a device": {
			devices: named("a"), events: []receiver.Event{acknowledged("s", "a"), acknowledged("t", "a"), on("t")},
			want: "a/s=ACKNOWLEDGED a/t=ON → ACKNOWLEDGED",
		},
		"two devices": {
			devices: named("a", "b"), events: []receiver.Event{on("t"), acknowledged("s", "a"), acknowledged("t", "b")},
			want: "a/s=ACKNOWLEDGED b/t=ON → ACKNOWLEDGED",
		},
		"one of two fails": {
			devices: named("a", "b"), events: []receiver.Event{acknowledged("s", "a"), failed("r", "", "b"), on("s")},
			want: "a/s=ON b/=FAILED → FAILED",
		},
		"a device nobody asked for": {
			devices: named("a", "b"), events: []receiver.Event{acknowledged("s", "c")},
			want: "a/=REQUESTED b/=REQUESTED c/s=ACKNOWLEDGED → REQUESTED",
		},
		"a subscription of no known device": {
			devices: named("a", "b"), events: []receiver.Event{on("s")},
			want: "/s=ON a/=REQUESTED b/=REQUESTED → REQUESTED",
		},
		"known from callbacks":                    {events: []receiver.Event{acknowledged("s", "a"), on("s")}, want: "a/s=ON → ON"},
		"failure that names nothing, one device":  {devices: named("a"), events: []receiver.Event{failed("r", "")}, want: "a/=FAILED → FAILED"},
		"failure that names nothing, two devices": {devices: named("a", "b"), events: []receiver.Event{failed("r", "")}, want: "a/=REQUESTED b/=REQUESTED → REQUESTED"},
		"failure under an unknown id":             {devices: named("a"), events: []receiver.Event{on("s"), failed("x", "s")}, want: "a/s=ON → ON"},
		"failure without a request id":            {devices: named("a"), events: []receiver.Event{on("s"), failed("", "s")}, want: "a/s=FAILED → FAILED"},
		"unknown event":                           {devices: named("a"), events: []receiver.Event{{RequestID: "r", QoSEvent: "QoSChangePaused", DeviceIDs: named("b")}}, want: "a/=REQUESTED → REQUESTED"},

		"stop journalled":        {devices: named("a"), stops: []receiver.StopRecord{stopRecord("s", "", 10)}, events: []receiver.Event{on("s")}, want: "a/s=ON[journalled] → ON"},
		"stop done":              {devices: named("a"), stops: []receiver.StopRecord{stopRecord("s", "x", 10)}, events: []receiver.Event{on("s"), terminated("x", "s")}, want: "a/s=TERMINATED[done] → TERMINATED"},
		"stop done, id unknown":  {devices: named("a"), stops: []receiver.StopRecord{stopRecord("s", "", 10)}, events: []receiver.Event{terminated("x", "s")}, want: "a/s=TERMINATED[done] → TERMINATED"},
		"stop done, names none":  {devices: named("a", "b"), stops: []receiver.StopRecord{stopRecord("s", "x", 10)}, events: []receiver.Event{acknowledged("s", "a"), terminated("x", "")}, want: "a/s=TERMINATED[done] b/=REQUESTED → TERMINATED"},
		"stop fails":             {devices: named("a"), stops: []receiver.StopRecord{stopRecord("s", "x", 10)}, events: []receiver.Event{on("s"), failed("x", "")}, want: "a/s=ON[failed] → ON"},
		"stop fails by name":     {devices: named("a"), stops: []receiver.StopRecord{stopRecord("s", "x", 10)}, events: []receiver.Event{on("s"), failed("x", "s")}, want: "a/s=ON[failed] → ON"},
		"stop fails, id unknown": {devices: named("a"), stops: []receiver.StopRecord{stopRecord("s", "", 10)}, events: numbered(11, on("s"), failed("x", "s")), want: "a/s=ON[failed] → ON"},
		"stop refused": {
			devices: named("a"), stops: []receiver.StopRecord{refusedStop}, events: numbered(11, acknowledged("s", "a"), failed("r", "")),
			want: "a/s=FAILED[done] → FAILED",
		},
		"somebody else's stop fails":           {devices: named("a"), stops: []receiver.StopRecord{stopRecord("s", "y", 10)}, events: numbered(11, failed("x", "s")), want: "a/s=REQUESTED[sent] → REQUESTED"},
		"failure under the request's id":       {devices: named("a"), stops: []receiver.StopRecord{stopRecord("s", "x", 10)}, events: numbered(11, acknowledged("s", "a"), failed("r", "")), want: "a/s=ACKNOWLEDGED[failed] → ACKNOWLEDGED"},
		"the same, before the stop":            {devices: named("a"), stops: []receiver.StopRecord{stopRecord("s", "x", 10)}, events: numbered(8, acknowledged("s", "a"), failed("r", "")), want: "a/s=FAILED[done] → FAILED"},
		"the same, with the subscription":      {devices: named("a"), stops: []receiver.StopRecord{stopRecord("s", "x", 10)}, events: numbered(11, failed("r", "s")), want: "a/s=FAILED[done] → FAILED"},
		"the same, naming another device":      {devices: named("a", "b"), stops: []receiver.StopRecord{stopRecord("s", "x", 10)}, events: numbered(11, acknowledged("s", "a"), failed("r", "", "b")), want: "a/s=ACKNOWLEDGED[sent] b/=FAILED → FAILED"},
		"the same, naming the stopped one":     {devices: named("a", "b"), stops: []receiver.StopRecord{stopRecord("s", "x", 10)}, events: numbered(11, acknowledged("s", "a"), failed("r", "", "a")), want: "a/s=ACKNOWLEDGED[failed] b/=REQUESTED → REQUESTED"},
		"the newest of two stops":              {devices: named("a"), stops: []receiver.StopRecord{stopRecord("s", "x", 10), stopRecord("s", "y", 12)}, events: numbered(13, acknowledged("s", "a"), failed("r", "")), want: "a/s=ACKNOWLEDGED[failed] → ACKNOWLEDGED"},
		"the older stop fails after the newer": {devices: named("a"), stops: []receiver.StopRecord{stopRecord("s", "x", 10), stopRecord("s", "y", 12)}, events: numbered(13, acknowledged("s", "a"), failed("x", "")), want: "a/s=ACKNOWLEDGED[sent] → ACKNOWLEDGED"},
		"a failure after the stop's own":       {devices: named("a"), stops: []receiver.StopRecord{stopRecord("s", "x", 10)}, events: numbered(11, on("s"), failed("x", ""), failed("r", "")), want: "a/s=FAILED[done] → FAILED"},
		"a failure before the stop's own":      {devices: named("a"), stops: []receiver.StopRecord{stopRecord("s", "x", 10)}, events: numbered(11, on("s"), failed("r", ""), failed("x", "")), want: "a/s=FAILED[done] → FAILED"},
		"a failure after an answered stop": {
			devices: named("a", "b"), stops: []receiver.StopRecord{stopRecord("s", "x", 10)},
			events: numbered(11, acknowledged("s", "a"), acknowledged("t", "b"), terminated("x", "s"), failed("r", "", "a")),
			want:   "a/s=TERMINATED[done] b/t=ACKNOWLEDGED → TERMINATED",
		},
		"two failures that may be the stop's": {devices: named("a"), stops: []receiver.StopRecord{stopRecord("s", "", 10)}, events: numbered(11, on("s"), failed("r", "", "a"), failed("r", "")), want: "a/s=ON[failed] → ON"},
		"a stop of what was never heard of":   {devices: named("a"), stops: []receiver.StopRecord{stopRecord("s", "x", 10)}, want: "a/=REQUESTED → REQUESTED"},

		"ambiguous failure, one device":     {devices: named("a"), events: []receiver.Event{on("s"), ambiguous(failed("r", ""))}, want: "a/s=ON → ON"},
		"ambiguous failure, named device":   {devices: named("a", "b"), events: []receiver.Event{acknowledged("s", "a"), ambiguous(failed("r", "", "a"))}, want: "a/s=ACKNOWLEDGED b/=REQUESTED → REQUESTED"},
		"ambiguous failure, open stop":      {devices: named("a"), stops: []receiver.StopRecord{stopRecord("s", "", 10)}, events: numbered(11, on("s"), ambiguous(failed("r", ""))), want: "a/s=ON[journalled] → ON"},
		"ambiguous failure, the stop's own": {devices: named("a"), stops: []receiver.StopRecord{stopRecord("s", "x", 10)}, events: numbered(11, on("s"), ambiguous(failed("x", ""))), want: "a/s=ON[failed] → ON"},

		"operator, one subscription":      {devices: named("a", "b"), events: []receiver.Event{acknowledged("s", "a"), acknowledged("t", "b"), operator("s")}, want: "a/s=TERMINATED b/t=ACKNOWLEDGED → TERMINATED"},
		"operator, a device without one":  {devices: named("a", "b"), events: []receiver.Event{acknowledged("s", "a"), operator("", "b")}, want: "a/s=ACKNOWLEDGED b/=TERMINATED → TERMINATED"},
		"operator, before a subscription": {devices: named("a", "b"), events: []receiver.Event{operator("", "a", "b"), acknowledged("s", "a")}, want: "a/s=ACKNOWLEDGED b/=TERMINATED → TERMINATED"},
		"operator, the only device":       {devices: named("a"), events: []receiver.Event{operator("", "a"), on("s")}, want: "a/s=ON → ON"},

		"a state's knowledge": {
			devices: named("a", "b"), known: []receiver.Subscription{{DeviceID: "a", QoSSubscriptionID: "s", Status: receiver.StatusOn}, {DeviceID: "b", Status: receiver.StatusFailed}},
			want: "a/s=ON b/=FAILED → FAILED",
		},
		"a state's knowledge, overtaken": {
			devices: named("a", "b"), known: []receiver.Subscription{{DeviceID: "a", QoSSubscriptionID: "s", Status: receiver.StatusAcknowledged}},
			events: []receiver.Event{terminated("x", "s")}, want: "a/s=TERMINATED b/=REQUESTED → TERMINATED",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := receiver.Fold(receiver.Heard{
				RequestID: "r", Devices: test.devices, Known: test.known, Events: test.events, Stops: test.stops,
			})
			if sketch(got) != test.want {
				t.Errorf("got  %s\nwant %s", sketch(got), test.want)
			}
		})
	}
}

func TestFoldSaysWhy(t *testing.T) {
	t.Parallel()
	fail := failed("r", "", "b")
	fail.ReportedTime = "2023-02-17 18:57:48.627"
	got := receiver.Fold(receiver.Heard{
		RequestID: "r", Devices: named("a", "b"),
		Events: numbered(1, acknowledged("s", "a"), fail, on("s")),
	})
	want := receiver.Outcome{
		Subscriptions: []receiver.Subscription{
			{DeviceID: "a", QoSSubscriptionID: "s", Status: receiver.StatusOn, LastEvent: "QosChangeOn"},
			{
				DeviceID: "b", Status: receiver.StatusFailed, Reason: "no luck",
				LastEvent: "QoSChangeFailed", ReportedTime: "2023-02-17 18:57:48.627",
			},
		},
		Status: receiver.StatusFailed, LastEvent: "QosChangeOn", Reason: "no luck",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("outcome (-want +got):\n%s", diff)
	}
}

func TestFoldShowsAFailureThatEndsNothing(t *testing.T) {
	t.Parallel()
	got := receiver.Fold(receiver.Heard{RequestID: "r", Devices: named("a", "b"), Events: []receiver.Event{failed("r", "")}})
	if got.LastEvent != "QoSChangeFailed" || got.Reason != "no luck" {
		t.Errorf("last event %q, reason %q", got.LastEvent, got.Reason)
	}
}

func TestFoldShowsTextsWithinBounds(t *testing.T) {
	t.Parallel()
	e := failed("r", "s")
	e.Reason, e.ReportedTime = strings.Repeat("é", 2000), strings.Repeat("9", 4000)
	got := receiver.Fold(receiver.Heard{RequestID: "r", Devices: named("a"), Events: []receiver.Event{e}})
	s := got.Subscriptions[0]
	for what, text := range map[string]string{"reason": s.Reason, "reported time": s.ReportedTime, "request's reason": got.Reason, "request's reported time": got.ReportedTime} {
		if len(text) > 520 || !strings.HasSuffix(text, "…") || !utf8.ValidString(text) {
			t.Errorf("the %s has %d bytes", what, len(text))
		}
	}
}

// anyHeard draws a request with whatever may be said of it, twice over.
func anyHeard(t *rapid.T) receiver.Heard {
	ids := []string{"", "a", "b", "c", "A"}
	subscriptions := []string{"", "s", "t", "u"}
	requests := []string{"r", "r", "r", "", "x", "y"}
	h := receiver.Heard{RequestID: "r", Devices: named(ids[1 : 1+rapid.IntRange(0, 3).Draw(t, "devices")]...)}
	for i := range rapid.IntRange(0, 8).Draw(t, "events") {
		e := receiver.Event{
			Seq:               int64(10 * (i + 1)),
			RequestID:         rapid.SampledFrom(requests).Draw(t, "request"),
			QoSSubscriptionID: rapid.SampledFrom(subscriptions).Draw(t, "subscription"),
			QoSEvent: rapid.SampledFrom([]string{
				"QoSChangeReqAck", "QoSChangeOn", "QosChangeOn", "QoSChangeFailed", "QoSChangeTerminated",
				receiver.OperatorTerminated, "QoSChangePaused",
			}).Draw(t, "event"),
			Status:    rapid.SampledFrom([]string{"", "SUCCESS", "FAILED"}).Draw(t, "status"),
			Ambiguous: rapid.Bool().Draw(t, "ambiguous"),
		}
		if id := rapid.SampledFrom(ids).Draw(t, "device"); id != "" {
			e.DeviceIDs = named(id)
		}
		h.Events = append(h.Events, e)
	}
	for range rapid.IntRange(0, 2).Draw(t, "stops") {
		h.Stops = append(h.Stops, stopRecord(
			rapid.SampledFrom(subscriptions[1:]).Draw(t, "stopped"),
			rapid.SampledFrom([]string{"", "x", "y"}).Draw(t, "stop request"),
			int64(rapid.IntRange(0, 90).Draw(t, "stop seq"))))
	}
	return h
}

func TestFoldDoesNotDependOnOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		h := anyHeard(t)
		want := receiver.Fold(h)
		shuffled := h
		shuffled.Events = rapid.Permutation(append(slices.Clone(h.Events), h.Events...)).Draw(t, "order")
		if diff := cmp.Diff(want, receiver.Fold(shuffled)); diff != "" {
			t.Fatalf("another order gives another outcome (-in order +shuffled):\n%s", diff)
		}
	})
}

// Without stops the sequence numbers decide about nothing but what is shown, such
// as the case of a device's id that nobody configured.
func TestFoldDoesNotDependOnArrival(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		h := anyHeard(t)
		h.Stops = nil
		want := strings.ToLower(sketch(receiver.Fold(h)))
		late := h
		late.Events = numbered(1, rapid.Permutation(h.Events).Draw(t, "arrival")...)
		if got := strings.ToLower(sketch(receiver.Fold(late))); got != want {
			t.Fatalf("another arrival gives %s, want %s", got, want)
		}
	})
}

func TestFoldNeverRevivesNorForgets(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		h := anyHeard(t)
		h.Stops = nil
		before := receiver.Fold(h)
		more := anyHeard(t)
		h.Events = append(slices.Clone(h.Events), more.Events...)
		after := receiver.Fold(h)
		for _, s := range before.Subscriptions {
			if s.QoSSubscriptionID == "" || !s.Status.Ended() {
				continue
			}
			if !slices.ContainsFunc(after.Subscriptions, func(n receiver.Subscription) bool {
				return n.QoSSubscriptionID == s.QoSSubscriptionID && n.Status.Ended()
			}) {
				t.Fatalf("subscription %s had ended; later: %s", s.QoSSubscriptionID, sketch(after))
			}
		}
	})
}
