package store_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jonboulle/clockwork"
	"pgregory.net/rapid"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
	"github.com/qosform/terraform-provider-qos/internal/receiver/store"
)

var attributionRules = map[string]func(*journal){
	"a subscription id that is used again": func(j *journal) {
		r := j.accepted("mine", "r", device("a", "192.0.2.1"))
		j.hear(terminated("other", "s"))
		j.hear(acknowledged("r", "s", "a"))
		j.expect(j.get(r.ID), "accepted(r by answer) a/s=TERMINATED")
		j.hear(on("other", "s"))
		j.expect(j.get(r.ID), "accepted(r by answer) a/s=ACKNOWLEDGED")
		j.expect(j.byRequestID("other"), "accepted(other by callback) /s=TERMINATED")
		j.hear(terminated("", "s"))
		j.expect(j.get(r.ID), "accepted(r by answer) a/s=TERMINATED")
	},
	"a subscription id under another's stop": func(j *journal) {
		other := j.accepted("other", "q", device("b", "192.0.2.1"))
		j.hear(acknowledged("q", "s", "b"))
		stop := j.stop(other.ID)
		r := j.accepted("mine", "r", device("a", "192.0.2.1"))
		j.hear(acknowledged("r", "s", "a"), terminated("x", "s"))
		j.expect(j.get(r.ID), "accepted(r by answer) a/s=TERMINATED")
		got := j.change(other.ID, receiver.Change{Kind: receiver.ChangeStopSent, StopID: stop.ID, StopRequestID: "x"})
		j.expect(got, "accepted(q by answer) b/s=TERMINATED[done]")
		j.expect(j.get(r.ID), "accepted(r by answer) a/s=ACKNOWLEDGED")
	},
	"a subscription id that everybody uses": func(j *journal) {
		r := j.accepted("mine", "r", device("a", "192.0.2.1"))
		for i := range 50 {
			j.hear(unauthenticated(acknowledged(fmt.Sprintf("made-up-%d", i), "s", "b")))
		}
		j.hear(acknowledged("r", "s", "a"), terminated("", "s"))
		j.expect(j.get(r.ID), "accepted(r by answer) a/s=TERMINATED")
		if found := j.list(receiver.Filter{QoSSubscriptionID: "s"}); len(found) > 10 {
			j.t.Errorf("an event of the subscription is about %d requests", len(found))
		}
		last := j.byRequestID("made-up-49")
		j.change(last.ID, receiver.Change{Kind: receiver.ChangeClaim, NewClaim: "importer"})
		if found := j.list(receiver.Filter{QoSSubscriptionID: "s"}); !slices.ContainsFunc(found, func(r receiver.Request) bool { return r.ID == last.ID }) {
			j.t.Error("an imported request is not found by its subscription")
		}
	},
	"what everybody may make grow has bounds": func(j *journal) {
		var devices []string
		for i := range 400 {
			devices = append(devices, fmt.Sprintf("d-%d", i))
		}
		for i := range 8 {
			j.hear(unauthenticated(acknowledged("made-up", fmt.Sprintf("s-%d", i), devices...)))
		}
		r := j.byRequestID("made-up")
		if len(r.Subscriptions) > 1500 || r.Subscriptions[0].QoSSubscriptionID != "s-0" {
			j.t.Errorf("%d subscriptions, the first %+v", len(r.Subscriptions), r.Subscriptions[0])
		}
	},
	"a 16 digit IMEI is the 15 digit one": func(j *journal) {
		j.accepted("mine", "r", device("353456789012345", "192.0.2.1"), device("b", "192.0.2.1"))
		j.hear(acknowledged("r", "s", "3534567890123456"))
		r := j.byRequestID("r")
		j.expect(r, "accepted(r by answer) 353456789012345/s=ACKNOWLEDGED b/=REQUESTED")
		for _, id := range []string{"353456789012345", "3534567890123459"} {
			if found := j.list(receiver.Filter{DeviceID: id}); len(found) != 1 {
				j.t.Errorf("device %s is found %d times", id, len(found))
			}
			_, err := j.store.Create(j.t.Context(), intent("other", device(id, "192.0.2.1")))
			j.expectConflict(err, receiver.ConflictOverlap, r.ID)
		}
		lost := j.unknown("lost", device("9934567890123456", "192.0.2.1"))
		j.hear(acknowledged("q", "t", "993456789012345"))
		j.expect(j.get(lost.ID), "accepted(q by inferred) 9934567890123456/t=ACKNOWLEDGED")
	},
}

// TestAttributionDoesNotDependOnArrival lets two requests, one of them known
// only from callbacks, share subscription ids, and expects the same of both
// whatever order the events come in.
func TestAttributionDoesNotDependOnArrival(t *testing.T) {
	t.Parallel()
	s, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "receiver.db"), store.Options{Clock: clockwork.NewFakeClock()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	round := 0
	// outcome journals r, lets the events come, and writes both requests in a line.
	outcome := func(rt *rapid.T, events []receiver.Event) string {
		round++
		in := func(name string) string {
			if name == "" {
				return ""
			}
			return fmt.Sprintf("%s.%d", name, round)
		}
		n := intent(in("claim"), device(in("a"), "192.0.2.1"), device(in("b"), "192.0.2.1"))
		r, err := s.Create(t.Context(), n)
		if err != nil {
			rt.Fatal(err)
		}
		if _, err = s.Change(t.Context(), r.ID, receiver.Change{Kind: receiver.ChangeAccepted, RequestID: in("r")}); err != nil {
			rt.Fatal(err)
		}
		for _, e := range events {
			e.RequestID, e.QoSSubscriptionID = in(e.RequestID), in(e.QoSSubscriptionID)
			for i := range e.DeviceIDs {
				e.DeviceIDs = []receiver.Device{{ID: in(e.DeviceIDs[i].ID)}}
			}
			if err := s.Record(t.Context(), []receiver.Event{e}); err != nil {
				rt.Fatal(err)
			}
		}
		var lines []string
		for _, name := range []string{"r", "q"} {
			page, err := s.Requests(t.Context(), receiver.Filter{RequestID: in(name)})
			if err != nil {
				rt.Fatal(err)
			}
			for i := range page.Requests {
				lines = append(lines, sketch(&page.Requests[i]))
			}
		}
		return strings.ReplaceAll(strings.Join(lines, "\n"), fmt.Sprintf(".%d", round), "")
	}
	rapid.Check(t, func(rt *rapid.T) {
		var events []receiver.Event
		for range rapid.IntRange(1, 6).Draw(rt, "events") {
			request := rapid.SampledFrom([]string{"r", "q", "x", ""}).Draw(rt, "request")
			subscription := rapid.SampledFrom([]string{"s", "t"}).Draw(rt, "subscription")
			device := rapid.SampledFrom([]string{"a", "b"}).Draw(rt, "device")
			one := rapid.SampledFrom([]func() receiver.Event{
				func() receiver.Event { return acknowledged(request, subscription, device) },
				func() receiver.Event { return on(request, subscription) },
				func() receiver.Event { return terminated(request, subscription) },
				func() receiver.Event { return failed(request, subscription) },
			}).Draw(rt, "event")
			events = append(events, one())
		}
		want := outcome(rt, events)
		if got := outcome(rt, rapid.Permutation(events).Draw(rt, "order")); got != want {
			rt.Fatalf("another order gives\n%s\nwant\n%s", got, want)
		}
	})
}
