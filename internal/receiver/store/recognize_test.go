package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
)

func TestRecognizes(t *testing.T) {
	t.Parallel()
	forEachDatabase(t, func(t *testing.T, database opener) {
		t.Helper()
		j := newJournal(t, database)
		r := j.accepted("mine", "r", device("a", "192.0.2.1"))
		j.hear(acknowledged("r", "s", "a"))
		stop := j.change(r.ID, receiver.Change{Kind: receiver.ChangeStop, Claim: "mine", QoSSubscriptionID: "s"})
		j.change(r.ID, receiver.Change{Kind: receiver.ChangeStopSent, Claim: "mine", StopID: stop.Subscriptions[0].Stop.ID, StopRequestID: "stop"})
		j.unknown("another", device("b", "192.0.2.1"))
		vouched := acknowledged("script", "s-script", "c")
		vouched.Authenticated = true
		forged := acknowledged("forged", "s-forged", "d")
		forged.Authenticated = false
		j.hear(vouched)
		j.hear(forged)
		for name, test := range map[string]struct {
			events []receiver.Event
			want   bool
		}{
			"nothing":                          {nil, false},
			"a request of the journal's":       {[]receiver.Event{on("r", "")}, true},
			"its subscription":                 {[]receiver.Event{on("x", "s")}, true},
			"its stop":                         {[]receiver.Event{on("stop", "")}, true},
			"a device that waits for its id":   {[]receiver.Event{acknowledged("x", "y", "B")}, true},
			"what is no acknowledgement of it": {[]receiver.Event{failed("x", "", "b")}, false},
			"a device that has its id":         {[]receiver.Event{acknowledged("x", "y", "a")}, false},
			"what had credentials":             {[]receiver.Event{on("script", "")}, true},
			"a subscription that had":          {[]receiver.Event{on("x", "s-script")}, true},
			"what had none":                    {[]receiver.Event{on("forged", "s-forged")}, false},
			"a device that had none":           {[]receiver.Event{acknowledged("x", "y", "d")}, false},
			"what nobody has heard of":         {[]receiver.Event{on("x", "y")}, false},
			"without any name":                 {[]receiver.Event{on("", "")}, false},
			"something known beside something": {[]receiver.Event{on("x", "y"), on("x", "s")}, true},
		} {
			got, err := j.store.Recognizes(t.Context(), test.events)
			if err != nil || got != test.want {
				t.Errorf("%s: %t, %v", name, got, err)
			}
		}
	})
}

// Until an answer is journalled, nobody knows the id under which its callbacks come.
func TestRecognizesWhatOvertakesAnAnswer(t *testing.T) {
	t.Parallel()
	forEachDatabase(t, func(t *testing.T, database opener) {
		t.Helper()
		j := newJournal(t, database)
		stopFails, otherName := failed("stop", ""), acknowledged("new", "t", "the same by another kind of id")
		elsewhere := otherName
		elsewhere.AccountName = "0000123456-00002"
		expect := func(when string, want map[string]bool) {
			for name, e := range map[string]receiver.Event{"stop": stopFails, "request": otherName, "elsewhere": elsewhere} {
				if got, err := j.store.Recognizes(t.Context(), []receiver.Event{e}); err != nil || got != want[name] {
					t.Errorf("%s, %s: %t, %v", when, name, got, err)
				}
			}
		}
		r := j.accepted("mine", "r", device("a", "192.0.2.1"))
		j.hear(acknowledged("r", "s", "a"))
		expect("when nothing is under way", nil)
		j.stop(r.ID)
		expect("while a stop has no answer", map[string]bool{"stop": true, "request": true})
		j.clock.Advance(15 * time.Minute)
		expect("when it will have none", nil)
		sent := j.sent("next", device("b", "192.0.2.1"))
		expect("while a request has no answer", map[string]bool{"stop": true, "request": true})
		j.change(sent.ID, receiver.Change{Kind: receiver.ChangeAccepted, Claim: "next", RequestID: "q"})
		expect("when all is answered", nil)
	})
}

// Whoever knows the device of a request with an unknown outcome is no stranger for a
// while only.
func TestRecognizesNotAnyNumberOfClaimants(t *testing.T) {
	t.Parallel()
	forEachDatabase(t, func(t *testing.T, database opener) {
		t.Helper()
		j := newJournal(t, database)
		j.unknown("mine", device("a", "192.0.2.1"))
		for i := range 100 {
			e := unauthenticated(acknowledged(fmt.Sprint("made-up-", i), "s", "a"))
			known, err := j.store.Recognizes(t.Context(), []receiver.Event{e})
			if err != nil || known != (i < 50) {
				t.Fatalf("after %d: %t, %v", i, known, err)
			}
			if i < 50 {
				j.hear(e)
			}
		}
	})
}
