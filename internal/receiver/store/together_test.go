package store_test

import (
	"cmp"
	"fmt"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
)

// TestTogetherOrAlone lets the same callbacks share a transaction in one store and
// come one after the other in another: both know the same of all requests.
func TestTogetherOrAlone(t *testing.T) {
	t.Parallel()
	forEachDatabase(t, func(t *testing.T, database opener) {
		t.Helper()
		together, alone := newJournal(t, database), newJournal(t, database)
		round := 0
		rapid.Check(t, func(rt *rapid.T) {
			round++
			events := mixture(rt, round)
			for _, j := range []*journal{together, alone} {
				j.stopped(round)
			}
			together.hear(events...)
			for _, e := range events {
				alone.hear(e)
			}
			if diff := gocmp.Diff(alone.of(round), together.of(round), cmpopts.EquateEmpty(),
				cmpopts.IgnoreFields(receiver.Request{}, "ID", "Revision"), cmpopts.IgnoreFields(receiver.Stop{}, "ID")); diff != "" {
				rt.Fatalf("after %+v\nrequests (-alone +together):\n%s", events, diff)
			}
		})
	})
}

// mixture draws events of a known request, of a stop, of others and of none, about
// the same few subscriptions and devices, some of them more than once.
func mixture(t *rapid.T, round int) []receiver.Event {
	named := func(t *rapid.T, label string, names ...string) string {
		if name := rapid.SampledFrom(names).Draw(t, label); name != "" {
			return fmt.Sprintf("%s-%d", name, round)
		}
		return ""
	}
	kinds := []string{"QoSChangeReqAck", "QoSChangeOn", "QoSChangeFailed", "QoSChangeTerminated"}
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) receiver.Event {
		e := receiver.Event{
			RequestID: named(t, "request", "", "known", "stop", "p", "q"), QoSSubscriptionID: named(t, "subscription", "", "s", "t"),
			QoSEvent: rapid.SampledFrom(kinds).Draw(t, "event"), AccountName: account,
			Authenticated: rapid.Bool().Draw(t, "authenticated"),
		}
		if id := named(t, "device", "", "a", "b"); id != "" {
			e.DeviceIDs = []receiver.Device{{ID: id, Kind: "mdn"}}
		}
		return e
	}), 1, 12).Draw(t, "events")
}

// stopped makes the round's known request, with a stop.
func (j *journal) stopped(round int) {
	j.t.Helper()
	id := func(name string) string { return fmt.Sprintf("%s-%d", name, round) }
	claim := id("claim")
	r := j.accepted(claim, id("known"), device(id("a"), "192.0.2.1"), device(id("b"), "192.0.2.1"))
	j.hear(acknowledged(id("known"), id("s"), id("a")))
	r = j.change(r.ID, receiver.Change{Kind: receiver.ChangeStop, Claim: claim, QoSSubscriptionID: id("s")})
	j.change(r.ID, receiver.Change{Kind: receiver.ChangeStopSent, StopID: r.Subscriptions[0].Stop.ID, StopRequestID: id("stop")})
}

// of returns the round's requests.
func (j *journal) of(round int) []receiver.Request {
	j.t.Helper()
	var found []receiver.Request
	for _, name := range []string{"known", "stop", "p", "q"} {
		found = append(found, j.list(receiver.Filter{RequestID: fmt.Sprintf("%s-%d", name, round)})...)
	}
	slices.SortFunc(found, func(a, b receiver.Request) int { return cmp.Compare(a.RequestID, b.RequestID) })
	return found
}
