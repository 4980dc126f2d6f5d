package store_test

import (
	"fmt"

	"github.com/google/go-cmp/cmp"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
)

var inferenceRules = map[string]func(*journal){
	"a second acknowledgement that fits undoes an inference": func(j *journal) {
		r := j.unknown("mine", device("a", "192.0.2.1"))
		j.hear(unauthenticated(acknowledged("p", "s", "a")))
		j.expect(j.get(r.ID), "accepted(p by inferred) a/s=ACKNOWLEDGED")
		j.hear(unauthenticated(acknowledged("q", "t", "a")))
		got := j.get(r.ID)
		j.expect(got, "unknown a/=REQUESTED")
		if diff := cmp.Diff([]string{"p", "q"}, got.Candidates); diff != "" || got.Reason == "" {
			j.t.Errorf("reason %q, candidates (-want +got):\n%s", got.Reason, diff)
		}
		j.expect(j.byRequestID("p"), "accepted(p by callback) a/s=ACKNOWLEDGED")
		_, err := j.store.Create(j.t.Context(), intent("next", device("a", "192.0.2.2")))
		j.expectConflict(err, receiver.ConflictPending, r.ID)
		j.expect(j.resolve(receiver.Resolution{Target: r.ID, RequestID: "q"}), "accepted(q by operator) a/t=ACKNOWLEDGED")
	},
	"an acknowledgement that shows an inference wrong": func(j *journal) {
		r := j.unknown("mine", device("a", "192.0.2.1"))
		j.hear(acknowledged("p", "s", "a"))
		j.expect(j.get(r.ID), "accepted(p by inferred) a/s=ACKNOWLEDGED")
		j.hear(acknowledged("p", "t", "b"))
		got := j.get(r.ID)
		j.expect(got, "unknown a/=REQUESTED")
		if len(got.Candidates) != 0 {
			j.t.Errorf("candidates = %v", got.Candidates)
		}
	},
	"more of what was inferred changes nothing": func(j *journal) {
		r := j.unknown("mine", device("a", "192.0.2.1"), device("b", "192.0.2.1"))
		j.hear(acknowledged("p", "s", "a"))
		j.hear(acknowledged("p", "t", "b"), on("p", "t"))
		j.expect(j.get(r.ID), "accepted(p by inferred) a/s=ACKNOWLEDGED b/t=ON")
	},
	"a state keeps what was inferred, and the other request is shown": func(j *journal) {
		r := j.unknown("mine", device("a", "192.0.2.1"))
		j.hear(unauthenticated(acknowledged("p", "s", "a")))
		j.change(r.ID, receiver.Change{Kind: receiver.ChangeReturned, Claim: "mine"})
		j.hear(unauthenticated(acknowledged("q", "t", "A")), unauthenticated(acknowledged("else", "u", "b")))
		j.expect(j.get(r.ID), "accepted(p by inferred) a/s=ACKNOWLEDGED")
		found := j.list(receiver.Filter{AccountName: account, Unclaimed: true})
		if len(found) != 1 {
			j.t.Fatalf("%d unclaimed requests are listed, want the one for the device", len(found))
		}
		j.expect(&found[0], "accepted(q by callback) A/t=ACKNOWLEDGED")
		j.change(r.ID, receiver.Change{Kind: receiver.ChangeAccepted, Claim: "mine", RequestID: "p"})
		if found := j.list(receiver.Filter{AccountName: account, Unclaimed: true}); len(found) != 0 {
			j.t.Errorf("%d unclaimed requests are listed beside one that was answered", len(found))
		}
	},
	"a read by the state keeps what was inferred": func(j *journal) {
		r := j.unknown("mine", device("a", "192.0.2.1"))
		j.hear(acknowledged("p", "s", "a"))
		j.list(receiver.Filter{ID: r.ID, Claim: "mine"})
		j.hear(acknowledged("q", "t", "a"))
		j.expect(j.get(r.ID), "accepted(p by inferred) a/s=ACKNOWLEDGED")
	},
	"what may be an unknown request's is shown": func(j *journal) {
		j.unknown("mine", device("a", "192.0.2.1"))
		j.hear(unauthenticated(acknowledged("p", "s", "a")), unauthenticated(acknowledged("q", "t", "a")), unauthenticated(acknowledged("z", "u", "z")))
		var got []string
		for _, r := range j.list(receiver.Filter{AccountName: account}) {
			got = append(got, r.RequestID)
		}
		if diff := cmp.Diff([]string{"", "p", "q"}, got); diff != "" {
			j.t.Errorf("listed (-want +got):\n%s", diff)
		}
	},
	"the next request of a device does not unsettle the one before": func(j *journal) {
		first := j.unknown("first", device("a", "192.0.2.1"))
		j.hear(acknowledged("p", "s", "a"))
		j.expect(j.get(first.ID), "accepted(p by inferred) a/s=ACKNOWLEDGED")
		second := j.sent("second", device("a", "192.0.2.2"))
		j.hear(acknowledged("q", "t", "a"))
		j.change(second.ID, receiver.Change{Kind: receiver.ChangeAccepted, Claim: "second", RequestID: "q"})
		j.expect(j.get(first.ID), "accepted(p by inferred) a/s=ACKNOWLEDGED")
		j.expect(j.get(second.ID), "accepted(q by answer) a/t=ACKNOWLEDGED")
	},
	"two lost answers of one device": func(j *journal) {
		first := j.unknown("first", device("a", "192.0.2.1"))
		j.hear(acknowledged("p", "s", "a"))
		second := j.sent("second", device("a", "192.0.2.2"))
		j.clock.Advance(lease)
		j.expect(j.get(second.ID), "unknown a/=REQUESTED")
		j.hear(acknowledged("q", "t", "a"))
		j.expect(j.get(second.ID), "accepted(q by inferred) a/t=ACKNOWLEDGED")
		j.expect(j.get(first.ID), "accepted(p by inferred) a/s=ACKNOWLEDGED")
	},
	"too many acknowledgements to tell": func(j *journal) {
		r := j.sent("mine", device("a", "192.0.2.1"), device("b", "192.0.2.1"))
		j.hear(unauthenticated(acknowledged("p", "t", "a")))
		var events []receiver.Event
		for i := range 250 {
			events = append(events, unauthenticated(acknowledged(fmt.Sprintf("made-up-%d", i), "s", "b", "c")))
		}
		j.hear(events...)
		j.clock.Advance(lease)
		j.expect(j.get(r.ID), "unknown a/=REQUESTED b/=REQUESTED")
		j.hear(acknowledged("q", "u", "b"))
		j.expect(j.get(r.ID), "accepted(q by inferred) a/=REQUESTED b/u=ACKNOWLEDGED")
	},
	"an acknowledgement with credentials outranks those without": func(j *journal) {
		r := j.unknown("mine", device("a", "192.0.2.1"))
		j.hear(unauthenticated(acknowledged("forged", "s", "a")))
		j.expect(j.get(r.ID), "accepted(forged by inferred) a/s=ACKNOWLEDGED")
		j.hear(acknowledged("real", "t", "a"))
		j.expect(j.get(r.ID), "accepted(real by inferred) a/t=ACKNOWLEDGED")
		j.hear(unauthenticated(acknowledged("late", "u", "a")), unauthenticated(on("late", "u")))
		j.expect(j.get(r.ID), "accepted(real by inferred) a/t=ACKNOWLEDGED")
		j.expect(j.byRequestID("forged"), "accepted(forged by callback) a/s=ACKNOWLEDGED")
		j.hear(acknowledged("other", "v", "a"))
		j.expect(j.get(r.ID), "unknown a/=REQUESTED")
	},
	"only an acknowledgement's own credentials outrank another": func(j *journal) {
		r := j.unknown("mine", device("a", "192.0.2.1"))
		j.hear(unauthenticated(acknowledged("mine", "s", "a")))
		j.expect(j.get(r.ID), "accepted(mine by inferred) a/s=ACKNOWLEDGED")
		// The device sleeps, and somebody else's request for it is on sooner.
		j.hear(unauthenticated(acknowledged("other", "t", "a")), on("other", "t"))
		got := j.get(r.ID)
		j.expect(got, "unknown a/=REQUESTED")
		if diff := cmp.Diff([]string{"mine", "other"}, got.Candidates); diff != "" {
			j.t.Errorf("candidates (-want +got):\n%s", diff)
		}
	},
	"whatever comes first": func(j *journal) {
		r := j.unknown("mine", device("a", "192.0.2.1"))
		j.hear(on("other", "t"))
		j.hear(unauthenticated(acknowledged("mine", "s", "a")))
		j.expect(j.get(r.ID), "accepted(mine by inferred) a/s=ACKNOWLEDGED")
		j.hear(unauthenticated(acknowledged("other", "t", "a")))
		j.expect(j.get(r.ID), "unknown a/=REQUESTED")
	},
	"one guess does not follow another": func(j *journal) {
		r := j.unknown("mine", device("a", "192.0.2.1"))
		j.hear(unauthenticated(acknowledged("p", "s", "a")))
		j.expect(j.get(r.ID), "accepted(p by inferred) a/s=ACKNOWLEDGED")
		j.hear(unauthenticated(acknowledged("p", "t", "b")), unauthenticated(acknowledged("q", "u", "a")))
		got := j.get(r.ID)
		j.expect(got, "unknown a/=REQUESTED")
		if diff := cmp.Diff([]string{"p", "q"}, got.Candidates); diff != "" {
			j.t.Errorf("candidates (-want +got):\n%s", diff)
		}
		j.hear(unauthenticated(on("q", "u")))
		j.expect(j.get(r.ID), "unknown a/=REQUESTED")
		j.hear(acknowledged("q", "u", "a"))
		j.expect(j.get(r.ID), "accepted(q by inferred) a/u=ON")
	},
	"what the journal knows to be another's is ruled out": func(j *journal) {
		r := j.unknown("mine", device("a", "192.0.2.1"))
		j.hear(unauthenticated(acknowledged("p", "s", "a")), unauthenticated(acknowledged("q", "t", "a")))
		j.expect(j.get(r.ID), "unknown a/=REQUESTED")
		j.accepted("next", "p", device("b", "192.0.2.1"))
		j.hear(unauthenticated(acknowledged("q", "t", "A")))
		j.expect(j.get(r.ID), "accepted(q by inferred) a/t=ACKNOWLEDGED")
	},
	"what a state has taken is kept when the real one turns up, which is shown": func(j *journal) {
		r := j.unknown("mine", device("a", "192.0.2.1"))
		j.hear(unauthenticated(acknowledged("forged", "s", "a")))
		j.change(r.ID, receiver.Change{Kind: receiver.ChangeReturned, Claim: "mine"})
		j.hear(acknowledged("real", "t", "a"))
		j.expect(j.get(r.ID), "accepted(forged by inferred) a/s=ACKNOWLEDGED")
		found := j.list(receiver.Filter{AccountName: account, Unclaimed: true})
		if len(found) != 1 || found[0].RequestID != "real" {
			j.t.Errorf("unclaimed: %+v", found)
		}
	},
	"a state answers for its intent although callbacks came first": func(j *journal) {
		lost := j.unknown("mine", device("a", "192.0.2.1"))
		j.hear(acknowledged("p", "s", "a"), acknowledged("q", "t", "a"))
		n := intent("mine", device("a", "192.0.2.1"))
		n.RequestID = "q"
		r := j.create(n)
		if r.ID != lost.ID {
			j.t.Errorf("a second request %s beside %s", r.ID, lost.ID)
		}
		j.expect(r, "accepted(q by state) a/t=ACKNOWLEDGED")
		j.expect(j.byRequestID("p"), "accepted(p by callback) a/s=ACKNOWLEDGED")
	},
}
