package store_test

import (
	"errors"

	"github.com/google/go-cmp/cmp"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
)

var unknownRules = map[string]func(*journal){
	"the only acknowledgement that fits": func(j *journal) {
		r := j.unknown("mine", device("a", "192.0.2.1"), device("b", "192.0.2.1"))
		j.hear(unauthenticated(acknowledged("r", "s", "A")))
		got := j.get(r.ID)
		j.expect(got, "accepted(r by inferred) a/s=ACKNOWLEDGED b/=REQUESTED")
		if !got.Unclaimed || got.AcceptedAt == nil || got.Reason != "" {
			j.t.Errorf("request = %+v", got)
		}
	},
	"an acknowledgement before the lease lapsed": func(j *journal) {
		r := j.sent("mine", device("a", "192.0.2.1"))
		j.hear(acknowledged("r", "s", "a"))
		j.clock.Advance(lease)
		j.expect(j.get(r.ID), "accepted(r by inferred) a/s=ACKNOWLEDGED")
		if found := j.list(receiver.Filter{}); len(found) != 1 {
			j.t.Errorf("%d requests, want the one", len(found))
		}
	},
	"a lost answer that is known to be lost": func(j *journal) {
		r := j.sent("mine", device("a", "192.0.2.1"))
		j.hear(acknowledged("r", "s", "a"))
		got := j.change(r.ID, receiver.Change{Kind: receiver.ChangeUnknown, Reason: "connection reset"})
		j.expect(got, "accepted(r by inferred) a/s=ACKNOWLEDGED")
		j.change(r.ID, receiver.Change{Kind: receiver.ChangeUnknown})
		other := j.sent("other", device("b", "192.0.2.1"))
		got = j.change(other.ID, receiver.Change{Kind: receiver.ChangeUnknown, Reason: "connection reset"})
		j.expect(got, "unknown b/=REQUESTED")
		if got.Reason != "connection reset" || got.Unclaimed {
			j.t.Errorf("request = %+v", got)
		}
	},
	"what does not fit": func(j *journal) {
		j.hear(acknowledged("before", "s0", "a"))
		r := j.sent("mine", device("a", "192.0.2.1"), device("b", "192.0.2.1"))
		elsewhere := acknowledged("elsewhere", "s4", "a")
		elsewhere.AccountName = "0000123456-00002"
		j.hear(
			acknowledged("before", "s1", "b"), acknowledged("others", "s2", "a", "c"), acknowledged("nobodys", "s3"),
			elsewhere, on("just-on", "s5"), failed("failed", "", "a"))
		j.clock.Advance(lease)
		got := j.get(r.ID)
		j.expect(got, "unknown a/=REQUESTED b/=REQUESTED")
		if len(got.Candidates) != 0 {
			j.t.Errorf("candidates = %v", got.Candidates)
		}
	},
	"what another request has": func(j *journal) {
		j.accepted("other", "q", device("a", "192.0.2.2"))
		r := j.sent("mine", device("a", "192.0.2.1"))
		j.hear(acknowledged("q", "t", "a"))
		j.clock.Advance(lease)
		j.expect(j.get(r.ID), "unknown a/=REQUESTED")
	},
	"several that fit": func(j *journal) {
		r := j.unknown("mine", device("a", "192.0.2.1"))
		if err := j.store.Record(j.t.Context(), []receiver.Event{acknowledged("p", "s", "a"), acknowledged("q", "t", "a")}); err != nil {
			j.t.Fatal(err)
		}
		got := j.get(r.ID)
		j.expect(got, "unknown a/=REQUESTED")
		if diff := cmp.Diff([]string{"p", "q"}, got.Candidates); diff != "" {
			j.t.Errorf("candidates (-want +got):\n%s", diff)
		}
		j.change(j.byRequestID("p").ID, receiver.Change{Kind: receiver.ChangeClaim, NewClaim: "importer"})
		j.expect(j.get(r.ID), "accepted(q by inferred) a/t=ACKNOWLEDGED")
	},
	"an answer outranks an inference": func(j *journal) {
		r := j.unknown("mine", device("a", "192.0.2.1"))
		j.hear(acknowledged("wrong", "s", "a"))
		j.expect(j.get(r.ID), "accepted(wrong by inferred) a/s=ACKNOWLEDGED")
		got := j.change(r.ID, receiver.Change{Kind: receiver.ChangeAccepted, Claim: "mine", RequestID: "right"})
		j.expect(got, "accepted(right by answer) a/=REQUESTED")
		freed := j.byRequestID("wrong")
		j.expect(freed, "accepted(wrong by callback) a/s=ACKNOWLEDGED")
		if !freed.Unclaimed || freed.Origin != receiver.OriginCallback {
			j.t.Errorf("request = %+v", freed)
		}
	},
	"an answer takes what was inferred for another": func(j *journal) {
		guess := j.unknown("guess", device("a", "192.0.2.1"))
		j.hear(acknowledged("r", "s", "a"))
		j.expect(j.get(guess.ID), "accepted(r by inferred) a/s=ACKNOWLEDGED")
		r := j.accepted("mine", "r", device("a", "192.0.2.2"))
		j.expect(r, "accepted(r by answer) a/s=ACKNOWLEDGED")
		j.expect(j.get(guess.ID), "unknown a/=REQUESTED")
	},
	"a refusal outranks an inference": func(j *journal) {
		r := j.unknown("mine", device("a", "192.0.2.1"))
		j.hear(acknowledged("wrong", "s", "a"))
		got := j.change(r.ID, receiver.Change{Kind: receiver.ChangeRefused, Reason: "HTTP 400"})
		j.expect(got, "refused a/=REQUESTED")
		j.expect(j.byRequestID("wrong"), "accepted(wrong by callback) a/s=ACKNOWLEDGED")
	},
	"the operator says it was not created": func(j *journal) {
		r := j.unknown("mine", device("a", "192.0.2.1"))
		for range 2 {
			got := j.resolve(receiver.Resolution{Target: r.ID, NotCreated: true, Reason: "asked support"})
			j.expect(got, "refused a/=REQUESTED")
			if got.Reason != "asked support" {
				j.t.Errorf("reason = %q", got.Reason)
			}
		}
		j.intend("next", device("a", "192.0.2.1"))
	},
	"the operator knows the request id": func(j *journal) {
		r := j.unknown("mine", device("a", "192.0.2.1"))
		j.hear(on("r", "s"))
		for range 2 {
			got := j.resolve(receiver.Resolution{Target: r.ID, RequestID: "r"})
			j.expect(got, "accepted(r by operator) a/s=ON")
		}
		got := j.change(r.ID, receiver.Change{Kind: receiver.ChangeAccepted, RequestID: "q"})
		j.expect(got, "accepted(q by answer) a/=REQUESTED")
	},
	"the operator says it has ended": func(j *journal) {
		r := j.accepted("mine", "r", device("a", "192.0.2.1"), device("b", "192.0.2.1"))
		j.hear(acknowledged("r", "s", "a"), acknowledged("r", "t", "b"))
		stop := j.stop(r.ID)
		j.change(r.ID, receiver.Change{Kind: receiver.ChangeStopSent, StopID: stop.ID, StopRequestID: "x"})
		got := j.resolve(receiver.Resolution{Target: "s", Terminated: true, Reason: "seen in the portal"})
		j.expect(got, "accepted(r by answer) a/s=TERMINATED[done] b/t=ACKNOWLEDGED")
		if got.Reason != "seen in the portal" || got.Subscriptions[0].Reason != "seen in the portal" {
			j.t.Errorf("request = %+v", got)
		}
		j.hear(on("r", "s"))
		got = j.resolve(receiver.Resolution{Target: "r", Terminated: true, Reason: "all gone"})
		j.expect(got, "accepted(r by answer) a/s=TERMINATED[done] b/t=TERMINATED")
	},
	"the operator's word on a whole request is about what is known": func(j *journal) {
		r := j.accepted("mine", "r", device("a", "192.0.2.1"), device("b", "192.0.2.1"), device("c", "192.0.2.1"))
		j.hear(acknowledged("r", "s", "a"))
		got := j.resolve(receiver.Resolution{Target: r.ID, Terminated: true, Reason: "all gone"})
		j.expect(got, "accepted(r by answer) a/s=TERMINATED b/=TERMINATED c/=TERMINATED")
		j.hear(acknowledged("r", "t", "b"), acknowledged("r", "u", "a"))
		j.expect(j.get(r.ID), "accepted(r by answer) a/s=TERMINATED a/u=ACKNOWLEDGED b/t=ACKNOWLEDGED c/=TERMINATED")
	},
	"the operator can not contradict what is known": func(j *journal) {
		accepted := j.accepted("mine", "r", device("a", "192.0.2.1"))
		unknown := j.unknown("unknown", device("c", "192.0.2.1"))
		for _, test := range []struct {
			word receiver.Resolution
			with string
		}{
			{receiver.Resolution{Target: accepted.ID, NotCreated: true}, accepted.ID},
			{receiver.Resolution{Target: "r", RequestID: "q"}, accepted.ID},
			{receiver.Resolution{Target: unknown.ID, RequestID: "r"}, accepted.ID},
			{receiver.Resolution{Target: unknown.ID, Terminated: true, Reason: "so I hear"}, unknown.ID},
		} {
			_, err := j.store.Resolve(j.t.Context(), test.word)
			j.expectConflict(err, receiver.ConflictState, test.with)
		}
	},
	"the operator can not hurry a living process": func(j *journal) {
		sent := j.sent("sent", device("b", "192.0.2.1"))
		for _, word := range []receiver.Resolution{{Target: sent.ID, NotCreated: true}, {Target: sent.ID, RequestID: "r"}} {
			_, err := j.store.Resolve(j.t.Context(), word)
			j.expectConflict(err, receiver.ConflictState, sent.ID)
		}
	},
	"the operator has to make sense": func(j *journal) {
		for _, word := range []receiver.Resolution{
			{}, {Target: "x"}, {Target: "x", Terminated: true}, {Target: "x", NotCreated: true, RequestID: "r"}, {NotCreated: true},
		} {
			_, err := j.store.Resolve(j.t.Context(), word)
			if _, ok := errors.AsType[*receiver.InvalidError](err); !ok {
				j.t.Errorf("error = %v, want an InvalidError", err)
			}
		}
		_, err := j.store.Resolve(j.t.Context(), receiver.Resolution{Target: "x", NotCreated: true})
		if !errors.Is(err, receiver.ErrNotFound) {
			j.t.Errorf("error = %v, want ErrNotFound", err)
		}
	},
}

func (j *journal) resolve(word receiver.Resolution) *receiver.Request {
	j.t.Helper()
	r, err := j.store.Resolve(j.t.Context(), word)
	if err != nil {
		j.t.Fatalf("resolve: %v", err)
	}
	return r
}
