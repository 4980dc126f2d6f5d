package store_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/jonboulle/clockwork"
	"pgregory.net/rapid"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
	"github.com/qosform/terraform-provider-qos/internal/receiver/store"
)

// story draws the events of one request for three devices, in an order that
// could be: acknowledged, then on, then ended, or failed from the start.
func story(t *rapid.T, request string) []receiver.Event {
	var events []receiver.Event
	for _, id := range []string{"a", "b", "c"} {
		subscription := request + "-" + id
		if rapid.Bool().Draw(t, "refused") {
			events = append(events, failed(request, "", id))
			continue
		}
		steps := []receiver.Event{
			unauthenticated(acknowledged(request, subscription, id)), on(request, subscription),
			terminated(request, subscription), failed(request, subscription),
		}
		events = append(events, steps[:rapid.IntRange(0, len(steps)).Draw(t, "steps")]...)
	}
	return events
}

// TestArrivalDoesNotMatter journals the same request again and again, lets its
// events come in another order and more than once, before and after the answer,
// and expects the same of it each time, and the same as of the rules alone.
func TestArrivalDoesNotMatter(t *testing.T) {
	t.Parallel()
	forEachDatabase(t, arrivalDoesNotMatter)
}

func arrivalDoesNotMatter(t *testing.T, database opener) {
	t.Helper()
	s, err := store.Open(t.Context(), database(t), store.Options{Clock: clockwork.NewFakeClock()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	round := 0
	rapid.Check(t, func(rt *rapid.T) {
		round++
		request := fmt.Sprintf("r%d", round)
		events := story(rt, request)
		arrivals := rapid.Permutation(append(slices.Clone(events), events...)).Draw(rt, "arrivals")
		answered := rapid.IntRange(0, len(arrivals)).Draw(rt, "answered")

		n := intent("claim-of-"+request, device("a", "192.0.2.1"), device("b", "192.0.2.1"), device("c", "192.0.2.1"))
		n.AccountName = "account-of-" + request
		r, err := s.Create(t.Context(), n)
		if err != nil {
			rt.Fatal(err)
		}
		change := func(c receiver.Change) {
			if r, err = s.Change(t.Context(), r.ID, c); err != nil {
				rt.Fatal(err)
			}
		}
		change(receiver.Change{Kind: receiver.ChangeSent})
		for i, e := range arrivals {
			if i == answered {
				change(receiver.Change{Kind: receiver.ChangeAccepted, RequestID: request})
			}
			if err := s.Record(t.Context(), []receiver.Event{e}); err != nil {
				rt.Fatal(err)
			}
		}
		change(receiver.Change{Kind: receiver.ChangeAccepted, RequestID: request})
		change(receiver.Change{Kind: receiver.ChangeReturned})

		want := receiver.Fold(receiver.Heard{RequestID: request, Devices: n.Devices, Events: events})
		expected := &receiver.Request{
			State: receiver.StateAccepted, RequestID: request, RequestIDSource: receiver.SourceAnswer, Subscriptions: want.Subscriptions,
		}
		if sketch(r) != sketch(expected) || r.Status != want.Status {
			rt.Fatalf("request:\n got %s → %s\nwant %s → %s", sketch(r), r.Status, sketch(expected), want.Status)
		}
		page, err := s.Requests(t.Context(), receiver.Filter{AccountName: n.AccountName, IncludeUnauthenticated: true})
		if err != nil || len(page.Requests) != 1 {
			rt.Fatalf("%d requests, error = %v", len(page.Requests), err)
		}
	})
}
