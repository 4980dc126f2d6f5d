package store_test

import (
	"errors"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
)

var changeRules = map[string]func(*journal){
	"the usual way": func(j *journal) {
		r := j.intend("mine", device("a", "192.0.2.1"))
		last := r.Revision
		for _, step := range []struct {
			change receiver.Change
			want   string
		}{
			{receiver.Change{Kind: receiver.ChangeSent}, "sent a/=REQUESTED"},
			{receiver.Change{Kind: receiver.ChangeSent}, "sent a/=REQUESTED"},
			{receiver.Change{Kind: receiver.ChangeAccepted, RequestID: "r"}, "accepted(r by answer) a/=REQUESTED"},
			{receiver.Change{Kind: receiver.ChangeAccepted, RequestID: "r"}, "accepted(r by answer) a/=REQUESTED"},
			{receiver.Change{Kind: receiver.ChangeReturned}, "accepted(r by answer) a/=REQUESTED"},
			{receiver.Change{Kind: receiver.ChangeReturned}, "accepted(r by answer) a/=REQUESTED"},
		} {
			step.change.Claim = "mine"
			got := j.change(r.ID, step.change)
			j.expect(got, step.want)
			if got.Revision < last {
				j.t.Errorf("revision went from %d to %d", last, got.Revision)
			}
			last = got.Revision
		}
		got := j.get(r.ID)
		if got.SentAt == nil || got.AcceptedAt == nil || got.ReturnedAt == nil || got.LeaseExpiresAt != nil {
			j.t.Errorf("request = %+v", got)
		}
	},
	"what does not exist": func(j *journal) {
		_, err := j.store.Change(j.t.Context(), "none", receiver.Change{Kind: receiver.ChangeSent})
		if !errors.Is(err, receiver.ErrNotFound) {
			j.t.Errorf("error = %v, want ErrNotFound", err)
		}
	},
	"what makes no sense": func(j *journal) {
		r := j.intend("mine", device("a", "192.0.2.1"))
		for _, c := range []receiver.Change{
			{},
			{Kind: "other"},
			{Kind: receiver.ChangeAccepted},
			{Kind: receiver.ChangeStop},
			{Kind: receiver.ChangeStopRefused},
			{Kind: receiver.ChangeStopSent, StopID: "x"},
			{Kind: receiver.ChangeStopSent, StopRequestID: "x"},
			{Kind: receiver.ChangeClaim},
		} {
			_, err := j.store.Change(j.t.Context(), r.ID, c)
			if _, ok := errors.AsType[*receiver.InvalidError](err); !ok {
				j.t.Errorf("change %q: error = %v, want an InvalidError", c.Kind, err)
			}
		}
	},
	"another's claim": func(j *journal) {
		r := j.intend("mine", device("a", "192.0.2.1"))
		for _, kind := range []receiver.ChangeKind{
			receiver.ChangeSent, receiver.ChangeRefused, receiver.ChangeUnknown, receiver.ChangeReturned,
		} {
			j.refuses(r.ID, receiver.Change{Kind: kind, Claim: "other"}, receiver.ConflictClaim)
		}
		j.refuses(r.ID, receiver.Change{Kind: receiver.ChangeAccepted, Claim: "other", RequestID: "r"}, receiver.ConflictClaim)
		j.refuses(r.ID, receiver.Change{Kind: receiver.ChangeStop, Claim: "other", QoSSubscriptionID: "s"}, receiver.ConflictClaim)
	},
	"an old revision": func(j *journal) {
		r := j.intend("mine", device("a", "192.0.2.1"))
		j.change(r.ID, receiver.Change{Kind: receiver.ChangeSent, Revision: r.Revision})
		j.refuses(r.ID, receiver.Change{Kind: receiver.ChangeAccepted, RequestID: "r", Revision: r.Revision}, receiver.ConflictRevision)
	},
	"steps out of turn": func(j *journal) {
		open := j.intend("open", device("a", "192.0.2.1"))
		j.refuses(open.ID, receiver.Change{Kind: receiver.ChangeReturned}, receiver.ConflictState)
		j.refuses(open.ID, receiver.Change{Kind: receiver.ChangeUnknown}, receiver.ConflictState)
		j.refuses(open.ID, receiver.Change{Kind: receiver.ChangeStop, QoSSubscriptionID: "s"}, receiver.ConflictState)
		accepted := j.accepted("accepted", "r", device("b", "192.0.2.1"))
		j.refuses(accepted.ID, receiver.Change{Kind: receiver.ChangeSent}, receiver.ConflictState)
		j.refuses(accepted.ID, receiver.Change{Kind: receiver.ChangeRefused}, receiver.ConflictState)
		j.refuses(accepted.ID, receiver.Change{Kind: receiver.ChangeUnknown}, receiver.ConflictState)
		j.refuses(accepted.ID, receiver.Change{Kind: receiver.ChangeAccepted, RequestID: "q"}, receiver.ConflictState)
	},
	"a refusal ends it": func(j *journal) {
		r := j.sent("mine", device("a", "192.0.2.1"))
		got := j.change(r.ID, receiver.Change{Kind: receiver.ChangeRefused, Reason: "no such device"})
		j.expect(got, "refused a/=REQUESTED")
		if got.Reason != "no such device" || !got.Ended() || got.LeaseExpiresAt != nil {
			j.t.Errorf("request = %+v", got)
		}
		j.change(r.ID, receiver.Change{Kind: receiver.ChangeRefused})
		j.refuses(r.ID, receiver.Change{Kind: receiver.ChangeSent}, receiver.ConflictState)
	},
	"a late answer is honoured": func(j *journal) {
		void := j.intend("void", device("a", "192.0.2.1"))
		unknown := j.unknown("unknown", device("b", "192.0.2.1"))
		refused := j.unknown("refused", device("c", "192.0.2.1"))
		if _, err := j.store.Resolve(j.t.Context(), receiver.Resolution{Target: refused.ID, NotCreated: true}); err != nil {
			j.t.Fatal(err)
		}
		for _, id := range []string{void.ID, unknown.ID, refused.ID} {
			got := j.change(id, receiver.Change{Kind: receiver.ChangeAccepted, RequestID: "r-" + id})
			if got.State != receiver.StateAccepted || got.Reason != "" || got.Unclaimed {
				j.t.Errorf("request = %+v", got)
			}
		}
	},
	"callbacks before the answer": func(j *journal) {
		r := j.sent("mine", device("a", "192.0.2.1"))
		j.hear(acknowledged("r", "s", "a"), on("r", "s"))
		early := j.byRequestID("r")
		j.expect(early, "accepted(r by callback) a/s=ON")
		got := j.change(r.ID, receiver.Change{Kind: receiver.ChangeAccepted, RequestID: "r"})
		j.expect(got, "accepted(r by answer) a/s=ON")
		if merged := j.byRequestID("r"); merged.ID != r.ID {
			j.t.Errorf("request id r is still held by %s", merged.ID)
		}
		_, missing, err := j.store.Revised(j.t.Context(), []receiver.WaitItem{{ID: early.ID}})
		if err != nil || len(missing) != 1 {
			j.t.Errorf("missing = %v, error = %v", missing, err)
		}
	},
	"an answer for what a state took from the callbacks": func(j *journal) {
		r := j.sent("mine", device("a", "192.0.2.1"))
		j.hear(acknowledged("r", "s", "a"))
		seen := j.byRequestID("r")
		j.change(seen.ID, receiver.Change{Kind: receiver.ChangeClaim, NewClaim: "importer"})
		got := j.change(r.ID, receiver.Change{Kind: receiver.ChangeAccepted, Claim: "mine", RequestID: "r"})
		j.expect(got, "accepted(r by answer) a/s=ACKNOWLEDGED")
		if got.Claim != "importer" || got.ReturnedAt == nil {
			j.t.Errorf("request = %+v", got)
		}
		j.refuses(r.ID, receiver.Change{Kind: receiver.ChangeReturned, Claim: "mine"}, receiver.ConflictClaim)
	},
	"two answers with one request id": func(j *journal) {
		first := j.accepted("one", "r", device("a", "192.0.2.1"))
		second := j.sent("two", device("b", "192.0.2.1"))
		_, err := j.store.Change(j.t.Context(), second.ID, receiver.Change{Kind: receiver.ChangeAccepted, RequestID: "r"})
		j.expectConflict(err, receiver.ConflictState, first.ID)
		j.expect(j.get(second.ID), "sent b/=REQUESTED")
	},
	"an import takes the claim": func(j *journal) {
		r := j.accepted("mine", "r", device("a", "192.0.2.1"))
		j.refuses(r.ID, receiver.Change{Kind: receiver.ChangeClaim, Claim: "guess", NewClaim: "new"}, receiver.ConflictClaim)
		j.refuses(r.ID, receiver.Change{Kind: receiver.ChangeClaim, NewClaim: "new"}, receiver.ConflictClaim)
		j.refuses(r.ID, receiver.Change{Kind: receiver.ChangeClaim, Claim: "mine", NewClaim: "new"}, receiver.ConflictState)
		j.clock.Advance(lease)
		got := j.change(r.ID, receiver.Change{Kind: receiver.ChangeClaim, Claim: "mine", NewClaim: "new"})
		if got.Claim != "new" || got.ReturnedAt == nil || got.LeaseExpiresAt != nil || got.Unclaimed {
			j.t.Errorf("request = %+v", got)
		}
		j.change(r.ID, receiver.Change{Kind: receiver.ChangeClaim, Claim: "mine", NewClaim: "new"})
		j.refuses(r.ID, receiver.Change{Kind: receiver.ChangeStop, Claim: "mine", QoSSubscriptionID: "s"}, receiver.ConflictClaim)
	},
	"another plan does not invalidate an import": func(j *journal) {
		j.hear(acknowledged("r", "s", "a"))
		r := j.byRequestID("r")
		imports := func(claim, newClaim string) *receiver.Request {
			return j.change(r.ID, receiver.Change{Kind: receiver.ChangeClaim, Claim: claim, NewClaim: newClaim})
		}
		first := imports("", "one")
		j.clock.Advance(time.Hour - time.Second)
		for _, claim := range []string{"one", ""} {
			if got := imports(claim, "two"); got.Claim != "one" || got.ClaimGeneration != 1 || got.Revision != first.Revision {
				j.t.Errorf("claim %s of generation %d, want the one that was imported", got.Claim, got.ClaimGeneration)
			}
		}
		j.clock.Advance(time.Second)
		if got := imports("one", "two"); got.Claim != "two" || got.ClaimGeneration != 2 {
			j.t.Errorf("claim %s of generation %d, want the second one's", got.Claim, got.ClaimGeneration)
		}
		state := intent("three", device("a", "192.0.2.1"))
		state.RequestID, state.ClaimGeneration = "r", 3
		j.create(state)
		if got := imports("three", "four"); got.Claim != "four" {
			j.t.Errorf("claim %s: one that was not imported is held like one that was", got.Claim)
		}
	},
	"an adoption brings its policies": func(j *journal) {
		r := j.accepted("mine", "r", device("a", "192.0.2.1"))
		j.clock.Advance(lease)
		policies := receiver.Policies{WaitFor: "on", TimeoutDelete: "5m"}
		got := j.change(r.ID, receiver.Change{Kind: receiver.ChangeClaim, Claim: "mine", NewClaim: "new", Adopt: true, Policies: &policies})
		if diff := cmp.Diff(policies, got.Policies); diff != "" {
			j.t.Errorf("policies (-want +got):\n%s", diff)
		}
	},
	"answers say when they were given": func(j *journal) {
		r := j.accepted("mine", "r", device("a", "192.0.2.1"))
		if !r.LeaseRunning() {
			j.t.Errorf("no lease at %v", r.ObservedAt)
		}
		j.clock.Advance(lease)
		if got := j.get(r.ID); got.LeaseRunning() || !got.ObservedAt.Equal(j.clock.Now()) {
			j.t.Errorf("a lease at %v", got.ObservedAt)
		}
	},
	"claims are counted, and a journal that is an older copy gives way": func(j *journal) {
		r := j.accepted("first", "r", device("1", "203.0.113.5"))
		if r.ClaimGeneration != 1 {
			j.t.Errorf("the first claim's generation = %d", r.ClaimGeneration)
		}
		j.clock.Advance(lease)
		if got := j.change(r.ID, receiver.Change{Kind: receiver.ChangeClaim, Claim: "first", NewClaim: "second"}); got.ClaimGeneration != 2 {
			j.t.Errorf("the second claim's generation = %d", got.ClaimGeneration)
		}
		state := receiver.NewRequest{AccountName: account, RequestID: "r", Claim: "other", ClaimGeneration: 2, Devices: r.Devices}
		_, err := j.store.Create(j.t.Context(), state)
		j.expectConflict(err, receiver.ConflictClaim, r.ID)
		state.ClaimGeneration = 3
		if got := j.create(state); got.Claim != "other" || got.ClaimGeneration != 3 {
			j.t.Errorf("claim = %s of generation %d, want the newer one of the state", got.Claim, got.ClaimGeneration)
		}
	},
	"only the unclaimed is adopted": func(j *journal) {
		r := j.accepted("mine", "r", device("a", "192.0.2.1"))
		adopt := receiver.Change{Kind: receiver.ChangeClaim, Claim: "mine", NewClaim: "new", Adopt: true}
		j.refuses(r.ID, adopt, receiver.ConflictClaim)
		j.clock.Advance(lease)
		got := j.change(r.ID, adopt)
		if got.Claim != "new" || got.ReturnedAt != nil || got.LeaseExpiresAt == nil || got.Unclaimed {
			j.t.Errorf("request = %+v", got)
		}
		j.clock.Advance(lease)
		j.list(receiver.Filter{Claim: "new"})
		j.refuses(r.ID, receiver.Change{Kind: receiver.ChangeClaim, Claim: "new", NewClaim: "newer", Adopt: true}, receiver.ConflictClaim)
	},
	"what callbacks made is adopted": func(j *journal) {
		j.hear(unauthenticated(acknowledged("r", "s", "a")))
		r := j.byRequestID("r")
		if !r.Unclaimed || r.Authenticated {
			j.t.Errorf("request = %+v", r)
		}
		got := j.change(r.ID, receiver.Change{Kind: receiver.ChangeClaim, NewClaim: "new", Adopt: true})
		if got.Claim != "new" || got.Unclaimed || !got.Authenticated {
			j.t.Errorf("request = %+v", got)
		}
	},
	"what nobody knows is not claimed": func(j *journal) {
		r := j.unknown("mine", device("a", "192.0.2.1"))
		j.refuses(r.ID, receiver.Change{Kind: receiver.ChangeClaim, Claim: "mine", NewClaim: "new", Adopt: true}, receiver.ConflictState)
	},
}

var stopRules = map[string]func(*journal){
	"a stop that works": func(j *journal) {
		r := j.accepted("mine", "r", device("a", "192.0.2.1"))
		j.hear(acknowledged("r", "s", "a"), on("r", "s"))
		stop := j.stop(r.ID)
		j.expect(j.get(r.ID), "accepted(r by answer) a/s=ON[journalled]")
		if again := j.stop(r.ID); again.ID != stop.ID {
			j.t.Errorf("the same attempt made a second stop %s beside %s", again.ID, stop.ID)
		}
		for range 2 {
			got := j.change(r.ID, receiver.Change{Kind: receiver.ChangeStopSent, StopID: stop.ID, StopRequestID: "x"})
			j.expect(got, "accepted(r by answer) a/s=ON[sent]")
		}
		j.hear(unauthenticated(terminated("x", "s")))
		j.expect(j.get(r.ID), "accepted(r by answer) a/s=TERMINATED[done]")
		if got := j.change(r.ID, receiver.Change{Kind: receiver.ChangeStop, QoSSubscriptionID: "s"}); got.Subscriptions[0].Stop.ID != stop.ID {
			j.t.Error("an ended subscription was stopped again")
		}
	},
	"what has ended needs no stop": func(j *journal) {
		r := j.accepted("mine", "r", device("a", "192.0.2.1"))
		j.hear(terminated("r", "s"))
		got := j.change(r.ID, receiver.Change{Kind: receiver.ChangeStop, QoSSubscriptionID: "s"})
		j.expect(got, "accepted(r by answer) a/s=TERMINATED")
	},
	"a stop that fails ends nothing": func(j *journal) {
		r := j.accepted("mine", "r", device("a", "192.0.2.1"))
		j.hear(acknowledged("r", "s", "a"), on("r", "s"))
		stop := j.stop(r.ID)
		j.change(r.ID, receiver.Change{Kind: receiver.ChangeStopSent, StopID: stop.ID, StopRequestID: "x"})
		j.hear(failed("x", ""))
		got := j.get(r.ID)
		j.expect(got, "accepted(r by answer) a/s=ON[failed]")
		if reason := got.Subscriptions[0].Stop.Reason; reason != "device not found" {
			j.t.Errorf("reason = %q", reason)
		}
		if next := j.stop(r.ID); next.ID == stop.ID {
			j.t.Error("the failed stop was taken up again")
		}
	},
	"the callback of a stop before its id": func(j *journal) {
		r := j.accepted("mine", "r", device("a", "192.0.2.1"))
		j.hear(acknowledged("r", "s", "a"))
		stop := j.stop(r.ID)
		j.hear(failed("x", ""))
		j.expect(j.get(r.ID), "accepted(r by answer) a/s=ACKNOWLEDGED[journalled]")
		got := j.change(r.ID, receiver.Change{Kind: receiver.ChangeStopSent, StopID: stop.ID, StopRequestID: "x"})
		j.expect(got, "accepted(r by answer) a/s=ACKNOWLEDGED[failed]")
	},
	"a stop is no request": func(j *journal) {
		r := j.accepted("mine", "r", device("a", "192.0.2.1"))
		j.hear(acknowledged("r", "s", "a"))
		stop := j.stop(r.ID)
		j.hear(acknowledged("x", ""))
		if found := j.list(receiver.Filter{RequestID: "x"}); len(found) != 1 {
			j.t.Fatalf("%d requests", len(found))
		}
		j.change(r.ID, receiver.Change{Kind: receiver.ChangeStopSent, StopID: stop.ID, StopRequestID: "x"})
		j.hear(acknowledged("x", "", "a"))
		if found := j.list(receiver.Filter{RequestID: "x"}); len(found) != 0 {
			j.t.Errorf("the stop became request %s", found[0].ID)
		}
	},
	"a refused stop": func(j *journal) {
		r := j.accepted("mine", "r", device("a", "192.0.2.1"))
		j.hear(acknowledged("r", "s", "a"))
		stop := j.stop(r.ID)
		got := j.change(r.ID, receiver.Change{Kind: receiver.ChangeStopRefused, StopID: stop.ID, Reason: "HTTP 400"})
		j.expect(got, "accepted(r by answer) a/s=ACKNOWLEDGED[refused]")
		if reason := got.Subscriptions[0].Stop.Reason; reason != "HTTP 400" {
			j.t.Errorf("reason = %q", reason)
		}
		j.change(r.ID, receiver.Change{Kind: receiver.ChangeStopRefused, StopID: stop.ID, Reason: "HTTP 400"})
		j.hear(failed("r", ""))
		j.expect(j.get(r.ID), "accepted(r by answer) a/s=FAILED[done]")
	},
	"a stop that was sent is not refused": func(j *journal) {
		r := j.accepted("mine", "r", device("a", "192.0.2.1"))
		j.hear(acknowledged("r", "s", "a"))
		stop := j.stop(r.ID)
		j.change(r.ID, receiver.Change{Kind: receiver.ChangeStopSent, StopID: stop.ID, StopRequestID: "x"})
		j.refuses(r.ID, receiver.Change{Kind: receiver.ChangeStopRefused, StopID: stop.ID}, receiver.ConflictState)
	},
	"a subscription that nobody heard of": func(j *journal) {
		r := j.accepted("mine", "r", device("a", "192.0.2.1"))
		j.refuses(r.ID, receiver.Change{Kind: receiver.ChangeStop, QoSSubscriptionID: "s"}, receiver.ConflictState)
		j.expect(j.get(r.ID), "accepted(r by answer) a/=REQUESTED")
	},
	"somebody else's subscription": func(j *journal) {
		other := j.accepted("other", "q", device("b", "192.0.2.1"))
		j.hear(acknowledged("q", "t", "b"))
		r := j.accepted("mine", "r", device("a", "192.0.2.1"))
		_, err := j.store.Change(j.t.Context(), r.ID, receiver.Change{Kind: receiver.ChangeStop, QoSSubscriptionID: "t"})
		j.expectConflict(err, receiver.ConflictState, other.ID)
	},
	"a stop that does not exist": func(j *journal) {
		r := j.accepted("mine", "r", device("a", "192.0.2.1"))
		_, err := j.store.Change(j.t.Context(), r.ID, receiver.Change{Kind: receiver.ChangeStopSent, StopID: "none", StopRequestID: "x"})
		if !errors.Is(err, receiver.ErrNotFound) {
			j.t.Errorf("error = %v, want ErrNotFound", err)
		}
	},
}

// stop journals a stop of subscription s and returns it.
func (j *journal) stop(id string) *receiver.Stop {
	j.t.Helper()
	const subscription = "s"
	r := j.change(id, receiver.Change{Kind: receiver.ChangeStop, QoSSubscriptionID: subscription})
	for _, s := range r.Subscriptions {
		if s.QoSSubscriptionID == subscription && s.Stop != nil {
			return s.Stop
		}
	}
	j.t.Fatalf("no stop of %s in %s", subscription, sketch(r))
	return nil
}
