package store_test

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
)

var intentRules = map[string]func(*journal){
	"an intent is kept as given": func(j *journal) {
		policies := receiver.Policies{WaitFor: "on", TimeoutCreate: "10m"}
		n := intent("mine", device("b", "192.0.2.1"), device("a", "192.0.2.1"))
		n.Policies = policies
		r := j.create(n)
		j.expect(r, "open a/=REQUESTED b/=REQUESTED")
		if diff := cmp.Diff(n.Devices, r.Devices); diff != "" {
			j.t.Errorf("devices (-want +got):\n%s", diff)
		}
		if r.Policies != policies || r.Claim != "mine" || r.Origin != receiver.OriginIntent || !r.Authenticated || r.Unclaimed {
			j.t.Errorf("request = %+v", r)
		}
		if want := j.clock.Now().Add(lease); r.LeaseExpiresAt == nil || !r.LeaseExpiresAt.Equal(want) {
			j.t.Errorf("lease until %v, want %v", r.LeaseExpiresAt, want)
		}
		if diff := cmp.Diff(r, j.get(r.ID)); diff != "" {
			j.t.Errorf("read back (-answered +read):\n%s", diff)
		}
	},
	"an intent without what it needs": func(j *journal) {
		for _, n := range []receiver.NewRequest{
			{Claim: "c", Devices: []receiver.Device{{ID: "a"}}},
			{AccountName: account, Devices: []receiver.Device{{ID: "a"}}},
			{AccountName: account, Claim: "c"},
			{AccountName: account, Claim: "c", Devices: []receiver.Device{{Kind: "MDN"}}},
		} {
			_, err := j.store.Create(j.t.Context(), n)
			if _, ok := errors.AsType[*receiver.InvalidError](err); !ok {
				j.t.Errorf("error = %v, want an InvalidError", err)
			}
		}
	},
	"the same claim gets the same intent": func(j *journal) {
		first := j.intend("mine", device("a", "192.0.2.1"))
		if again := j.intend("mine", device("a", "192.0.2.1")); again.ID != first.ID || again.Revision != first.Revision {
			j.t.Errorf("a second request %s beside %s", again.ID, first.ID)
		}
		_, err := j.store.Create(j.t.Context(), intent("mine", device("b", "192.0.2.1")))
		j.expectConflict(err, receiver.ConflictClaim, first.ID)
	},
	"a void intent does not come back": func(j *journal) {
		first := j.intend("mine", device("a", "192.0.2.1"))
		j.clock.Advance(lease)
		if again := j.intend("mine", device("a", "192.0.2.1")); again.ID == first.ID {
			j.t.Error("the void intent was given again")
		}
	},
	"one pending intent per device": func(j *journal) {
		first := j.intend("one", device("A", "192.0.2.1"), device("b", "192.0.2.1"))
		_, err := j.store.Create(j.t.Context(), intent("two", device("a", "192.0.2.2")))
		j.expectConflict(err, receiver.ConflictPending, first.ID)
		j.intend("three", device("c", "192.0.2.1"))
		other := intent("four", device("a", "192.0.2.2"))
		other.AccountName = "0000123456-00002"
		j.create(other)
		j.change(first.ID, receiver.Change{Kind: receiver.ChangeRefused})
		j.intend("two", device("a", "192.0.2.2"))
	},
	"an unknown request holds its devices": func(j *journal) {
		first := j.unknown("one", device("a", "192.0.2.1"))
		_, err := j.store.Create(j.t.Context(), intent("two", device("a", "192.0.2.2")))
		j.expectConflict(err, receiver.ConflictPending, first.ID)
	},
	"a live request holds its flows": func(j *journal) {
		first := j.accepted("one", "r", device("a", "192.0.2.1"))
		_, err := j.store.Create(j.t.Context(), intent("two", device("A", "192.0.2.1")))
		j.expectConflict(err, receiver.ConflictOverlap, first.ID)
		j.intend("three", device("a", "192.0.2.2"))
	},
	"an overlap is told before a wait": func(j *journal) {
		first := j.accepted("one", "r", device("a", "192.0.2.1"))
		j.intend("two", device("a", "192.0.2.2"))
		_, err := j.store.Create(j.t.Context(), intent("three", device("a", "192.0.2.1")))
		j.expectConflict(err, receiver.ConflictOverlap, first.ID)
	},
	"an ended subscription frees its flows": func(j *journal) {
		j.accepted("one", "r", device("a", "192.0.2.1"), device("b", "192.0.2.1"))
		j.hear(acknowledged("r", "s", "a"), terminated("r", "s"))
		j.intend("two", device("a", "192.0.2.1"))
		_, err := j.store.Create(j.t.Context(), intent("three", device("b", "192.0.2.1")))
		j.expectConflict(err, receiver.ConflictOverlap, j.byRequestID("r").ID)
	},
	"of many at once one wins": func(j *journal) {
		for round := range 25 {
			id := fmt.Sprintf("device-%d", round)
			var wait sync.WaitGroup
			results := make([]error, 4)
			for i := range results {
				wait.Go(func() {
					_, results[i] = j.store.Create(j.t.Context(), intent(fmt.Sprintf("%d-%d", round, i), device(id, "192.0.2.1")))
				})
			}
			wait.Wait()
			won := 0
			for _, err := range results {
				var conflict *receiver.ConflictError
				switch {
				case err == nil:
					won++
				case !errors.As(err, &conflict) || conflict.Kind != receiver.ConflictPending:
					j.t.Errorf("error = %v", err)
				}
			}
			if won != 1 {
				j.t.Fatalf("%d intents for one flow", won)
			}
		}
	},
	"a state's request is taken in": func(j *journal) {
		n := intent("mine", device("a", "192.0.2.1"), device("b", "192.0.2.1"))
		n.RequestID = "r"
		n.Subscriptions = []receiver.Subscription{{DeviceID: "a", QoSSubscriptionID: "s", Status: receiver.StatusOn}}
		r := j.create(n)
		j.expect(r, "accepted(r by state) a/s=ON b/=REQUESTED")
		if r.Origin != receiver.OriginState || r.ReturnedAt == nil || r.Unclaimed || !r.Authenticated {
			j.t.Errorf("request = %+v", r)
		}
		j.hear(terminated("x", "s"))
		j.expect(j.get(r.ID), "accepted(r by state) a/s=TERMINATED b/=REQUESTED")
		again := j.create(n)
		j.expect(again, "accepted(r by state) a/s=TERMINATED b/=REQUESTED")
	},
	"a state fills in what callbacks do not say": func(j *journal) {
		j.hear(unauthenticated(acknowledged("r", "s", "a")))
		seen := j.byRequestID("r")
		n := intent("mine", device("a", "192.0.2.1"))
		n.RequestID, n.Policies = "r", receiver.Policies{WaitFor: "on"}
		r := j.create(n)
		j.expect(r, "accepted(r by state) a/s=ACKNOWLEDGED")
		if r.ID != seen.ID || len(r.Devices[0].Flows) != 1 || r.Policies.WaitFor != "on" || r.Claim != "mine" || !r.Authenticated {
			j.t.Errorf("request = %+v", r)
		}
		n.Claim = "other"
		_, err := j.store.Create(j.t.Context(), n)
		j.expectConflict(err, receiver.ConflictClaim, r.ID)
	},
	"a state answers for its own intent": func(j *journal) {
		lost := j.unknown("mine", device("a", "192.0.2.1"))
		n := intent("mine", device("a", "192.0.2.1"))
		n.RequestID = "r"
		r := j.create(n)
		if r.ID != lost.ID {
			j.t.Errorf("a second request %s beside %s", r.ID, lost.ID)
		}
		j.expect(r, "accepted(r by state) a/=REQUESTED")
	},
}

var leaseRules = map[string]func(*journal){
	"an open intent lapses to void": func(j *journal) {
		r := j.intend("mine", device("a", "192.0.2.1"))
		j.clock.Advance(lease - time.Microsecond)
		j.expect(j.get(r.ID), "open a/=REQUESTED")
		j.clock.Advance(time.Microsecond)
		void := j.get(r.ID)
		j.expect(void, "void a/=REQUESTED")
		if void.Revision <= r.Revision || void.Unclaimed || void.Reason == "" || !void.Ended() {
			j.t.Errorf("request = %+v", void)
		}
		j.refuses(r.ID, receiver.Change{Kind: receiver.ChangeSent, Claim: "mine"}, receiver.ConflictState)
		j.intend("other", device("a", "192.0.2.1"))
	},
	"a sent intent lapses to unknown": func(j *journal) {
		r := j.sent("mine", device("a", "192.0.2.1"))
		j.clock.Advance(lease)
		if err := j.store.Sweep(j.t.Context()); err != nil {
			j.t.Fatal(err)
		}
		unknown := j.get(r.ID)
		j.expect(unknown, "unknown a/=REQUESTED")
		if !unknown.Unclaimed || unknown.Reason == "" {
			j.t.Errorf("request = %+v", unknown)
		}
	},
	"sending renews the lease": func(j *journal) {
		r := j.intend("mine", device("a", "192.0.2.1"))
		j.clock.Advance(lease - time.Second)
		j.change(r.ID, receiver.Change{Kind: receiver.ChangeSent, Claim: "mine"})
		j.clock.Advance(lease - time.Second)
		j.expect(j.get(r.ID), "sent a/=REQUESTED")
	},
	"a lease is renewed by its claim alone": func(j *journal) {
		mine, other := j.sent("mine", device("a", "192.0.2.1")), j.sent("other", device("b", "192.0.2.1"))
		for range 3 {
			j.clock.Advance(lease - time.Second)
			items := []receiver.WaitItem{{ID: mine.ID, Claim: "mine"}, {ID: other.ID, Claim: "guess"}, {ID: other.ID}, {ID: "none", Claim: "mine"}}
			if err := j.store.Renew(j.t.Context(), items); err != nil {
				j.t.Fatal(err)
			}
		}
		j.expect(j.get(mine.ID), "sent a/=REQUESTED")
		j.expect(j.get(other.ID), "unknown b/=REQUESTED")
		if got := j.get(mine.ID).Revision; got != mine.Revision {
			j.t.Errorf("renewing made revision %d of %d", got, mine.Revision)
		}
	},
	"a lease that has just begun is not renewed": func(j *journal) {
		r := j.sent("mine", device("a", "192.0.2.1"))
		for _, step := range []struct {
			passes  time.Duration
			renewed bool
		}{{lease/3 - time.Second, false}, {time.Second, true}, {time.Second, false}} {
			before := *j.get(r.ID).LeaseExpiresAt
			j.clock.Advance(step.passes)
			if err := j.store.Renew(j.t.Context(), []receiver.WaitItem{{ID: r.ID, Claim: "mine"}}); err != nil {
				j.t.Fatal(err)
			}
			if got := *j.get(r.ID).LeaseExpiresAt; got.After(before) != step.renewed {
				j.t.Errorf("after %s: lease until %v, was %v", step.passes, got, before)
			}
		}
	},
	"a lease that was ended stays so": func(j *journal) {
		r := j.accepted("mine", "r", device("a", "192.0.2.1"))
		j.change(r.ID, receiver.Change{Kind: receiver.ChangeReturned, Claim: "mine"})
		if err := j.store.Renew(j.t.Context(), []receiver.WaitItem{{ID: r.ID, Claim: "mine"}}); err != nil {
			j.t.Fatal(err)
		}
		if got := j.get(r.ID); got.LeaseExpiresAt != nil {
			j.t.Errorf("lease until %v", got.LeaseExpiresAt)
		}
	},
	"an accepted request is unclaimed once its process is gone": func(j *journal) {
		r := j.accepted("mine", "r", device("a", "192.0.2.1"))
		if r.Unclaimed {
			j.t.Error("unclaimed under a lease")
		}
		j.clock.Advance(lease)
		if !j.get(r.ID).Unclaimed {
			j.t.Error("claimed without a lease")
		}
		j.change(r.ID, receiver.Change{Kind: receiver.ChangeReturned, Claim: "mine"})
		if j.get(r.ID).Unclaimed {
			j.t.Error("unclaimed although returned")
		}
	},
	"watchers hear of lapses": func(j *journal) {
		r := j.sent("mine", device("a", "192.0.2.1"))
		heard := j.watch(j.store)
		j.clock.Advance(lease)
		if err := j.store.Sweep(j.t.Context()); err != nil {
			j.t.Fatal(err)
		}
		heard(r.ID)
	},
}

// watch returns a function that waits until the store has told of an id.
func (j *journal) watch(s receiver.Store) (heard func(id string)) {
	j.t.Helper()
	told := make(chan string, 1000)
	s.Watch(j.t.Context(), func(ids []string) {
		for _, id := range ids {
			select {
			case told <- id:
			default:
			}
		}
	})
	return func(id string) {
		j.t.Helper()
		for {
			select {
			case got := <-told:
				if got == id {
					return
				}
			case <-time.After(10 * time.Second):
				j.t.Fatalf("nothing was told of %s", id)
			}
		}
	}
}
