package store_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
)

const (
	target      = "listener.example/1a2b3c4d"
	otherTarget = "other.example/5e6f7a8b"

	claimLease = 20 * time.Second
)

// outgoing is the event as the first of a callback that is to be passed on.
func outgoing(callback string, e receiver.Event, targets ...string) receiver.Event {
	e.Forward = &receiver.Forward{ID: callback, Targets: targets, Body: "body of " + callback, Passed: []string{"before"}}
	return e
}

// passOn stores callbacks of these names, about a subscription, for the target.
func (j *journal) passOn(subscription string, callbacks ...string) {
	j.t.Helper()
	for _, name := range callbacks {
		e := on("r", subscription)
		e.ReportedTime = name
		j.hear(outgoing(name, e, target))
	}
}

func (j *journal) claim(limit int) []receiver.ClaimedDelivery {
	j.t.Helper()
	return j.claimFor(j.store, target, limit)
}

func (j *journal) claimFor(s receiver.Store, at string, limit int) []receiver.ClaimedDelivery {
	j.t.Helper()
	claimed, err := s.ClaimDeliveries(j.t.Context(), at, limit, claimLease)
	if err != nil {
		j.t.Fatalf("claim: %v", err)
	}
	return claimed
}

func (j *journal) settle(d receiver.ClaimedDelivery, result receiver.DeliveryResult, pause time.Duration) {
	j.t.Helper()
	err := j.store.SettleDeliveries(j.t.Context(), []receiver.Settlement{{
		ID: d.ID, Claim: d.Claim, Result: result, DueAt: j.clock.Now().Add(pause), Reason: "answered HTTP 500",
	}})
	if err != nil {
		j.t.Fatalf("settle: %v", err)
	}
}

func (j *journal) deliveries(f receiver.DeliveryFilter) []receiver.Delivery {
	j.t.Helper()
	page, err := j.store.Deliveries(j.t.Context(), f)
	if err != nil {
		j.t.Fatalf("deliveries: %v", err)
	}
	return page.Deliveries
}

// bodies are those of the callbacks, without what all have in common.
func bodies(claimed []receiver.ClaimedDelivery) string {
	var names []string
	for _, d := range claimed {
		names = append(names, strings.TrimPrefix(d.Body, "body of "))
	}
	return strings.Join(names, " ")
}

func (j *journal) mustClaim(want string) []receiver.ClaimedDelivery {
	j.t.Helper()
	claimed := j.claim(10)
	if got := bodies(claimed); got != want {
		j.t.Fatalf("claimed %q, want %q", got, want)
	}
	return claimed
}

var outboxRules = map[string]func(*journal){
	"a callback is there for each of its targets": func(j *journal) {
		e := acknowledged("r", "s", "a")
		e.ReceivedAt = j.clock.Now().Add(-time.Hour)
		j.hear(outgoing("c", e, target, otherTarget), on("r", "s"))
		for _, at := range []string{target, otherTarget} {
			claimed := j.claimFor(j.store, at, 10)
			want := []receiver.ClaimedDelivery{{
				Delivery: receiver.Delivery{
					Target: at, State: receiver.DeliveryWaiting, RequestID: "r", QoSEvent: e.QoSEvent,
					ReceivedAt: e.ReceivedAt, Since: j.clock.Now(), DueAt: j.clock.Now().Add(claimLease),
				},
				Passed: []string{"before"}, Body: "body of c",
			}}
			if diff := cmp.Diff(want, claimed, cmpopts.IgnoreFields(receiver.ClaimedDelivery{}, "ID", "Claim")); diff != "" {
				j.t.Errorf("claimed (-want +got):\n%s", diff)
			}
		}
		if got := j.deliveries(receiver.DeliveryFilter{}); len(got) != 2 || got[0].ID == got[1].ID {
			j.t.Errorf("deliveries = %+v", got)
		}
		for _, e := range j.events(0) {
			if e.Forward != nil {
				j.t.Errorf("event = %+v", e)
			}
		}
	},
	"what comes again and again is passed on five times, and is a dead letter then": func(j *journal) {
		for i := range 8 {
			e := outgoing(fmt.Sprint("c", i), on("r", "s"), target, otherTarget)
			e.Forward.Body = fmt.Sprintf(`{"callbackCount":%d,"requestId":"r"}`, i%3)
			j.hear(e)
		}
		statistics, err := j.store.Statistics(j.t.Context())
		if err != nil || statistics.Repeated != 3 {
			j.t.Errorf("statistics %+v, %v", statistics, err)
		}
		for _, at := range []string{target, otherTarget} {
			waiting := j.deliveries(receiver.DeliveryFilter{Target: at, State: receiver.DeliveryWaiting})
			dead := j.deliveries(receiver.DeliveryFilter{Target: at, State: receiver.DeliveryDead})
			if len(waiting) != 5 || len(dead) != 1 || !strings.HasPrefix(dead[0].Reason, "came 6 times") || dead[0].RequestID != "r" {
				j.t.Errorf("at %s, waiting %+v, dead %+v", at, waiting, dead)
			}
		}
	},
	"what says the same in other words is passed on however often": func(j *journal) {
		for i := range 8 {
			e := outgoing(fmt.Sprint("c", i), on("r", "s"), target)
			e.Forward.Body = fmt.Sprintf(`{"callbackCount":1,"detail":{"place":%d}}`, i)
			j.hear(e)
		}
		if waiting := j.deliveries(receiver.DeliveryFilter{State: receiver.DeliveryWaiting}); len(waiting) != 8 {
			j.t.Errorf("%d are passed on of 8", len(waiting))
		}
	},
	"what comes beside a callback in a transaction is not of it": func(j *journal) {
		loop := func(name string) receiver.Event {
			e := outgoing(name, on("r", "s"), target)
			e.Forward.Body = "the same"
			return e
		}
		for i := range 5 {
			j.hear(loop(fmt.Sprint("c", i)))
		}
		// The second came through here, so that it is not to be passed on.
		err := j.own().RecordSince(j.t.Context(), []receiver.LateEvents{
			{Events: []receiver.Event{loop("c5")}, Since: j.known()}, {Events: []receiver.Event{on("r", "news")}, Since: j.known()},
		})
		if err != nil {
			j.t.Fatal(err)
		}
		if dead := j.deliveries(receiver.DeliveryFilter{State: receiver.DeliveryDead}); len(dead) != 1 {
			j.t.Errorf("dead %+v", dead)
		}
	},
	"news beside what came again and again is passed on": func(j *journal) {
		known := []receiver.Event{on("r", "s"), on("r", "s2")}
		for i := range 6 {
			e := outgoing(fmt.Sprint("c", i), known[0], target)
			e.Forward.Body = "the same"
			j.hear(e, known[1])
		}
		if dead := j.deliveries(receiver.DeliveryFilter{State: receiver.DeliveryDead}); len(dead) != 1 {
			j.t.Errorf("dead %+v", dead)
		}
		j.hear(outgoing("news", known[0], target), known[1], on("r", "s3"))
		waiting := j.deliveries(receiver.DeliveryFilter{State: receiver.DeliveryWaiting})
		if len(waiting) != 6 {
			j.t.Errorf("waiting %+v", waiting)
		}
	},
	"what is stored again is passed on once": func(j *journal) {
		e := outgoing("c", on("r", "s"), target)
		j.hear(e)
		j.hear(e)
		j.mustClaim("c")
	},
	"what comes again is passed on again": func(j *journal) {
		j.hear(outgoing("c", on("r", "s"), target))
		j.hear(outgoing("d", on("r", "s"), target))
		j.settle(j.mustClaim("c")[0], receiver.DeliveryDone, 0)
		j.mustClaim("d")
	},
	"a callback is stored and passed on, or neither": func(j *journal) {
		e := outgoing("c", on("r", "s"), target)
		broken := on("r", "\x00") // which PostgreSQL does not take
		want := "c"
		if err := j.store.Record(j.t.Context(), []receiver.Event{e, broken}); err != nil {
			want = ""
		}
		j.mustClaim(want)
		if got := len(j.events(0)); (got > 0) != (want != "") {
			j.t.Errorf("%d events", got)
		}
	},
	"a claim holds until its lease is over": func(j *journal) {
		j.passOn("s", "c")
		first := j.mustClaim("c")[0]
		if got := j.claimFor(j.open(), target, 10); len(got) != 0 {
			j.t.Errorf("another process gets %q", bodies(got))
		}
		j.clock.Advance(claimLease)
		second := j.mustClaim("c")[0]
		if first.ID != second.ID || first.Claim == second.Claim {
			j.t.Errorf("ids %s and %s, claims %s and %s", first.ID, second.ID, first.Claim, second.Claim)
		}
		j.settle(first, receiver.DeliveryFailed, time.Hour) // is no longer for it to say
		if got := j.deliveries(receiver.DeliveryFilter{})[0]; got.Attempts != 0 {
			j.t.Errorf("delivery = %+v", got)
		}
		j.settle(first, receiver.DeliveryDone, 0) // is true whoever says it
		if got := j.deliveries(receiver.DeliveryFilter{}); len(got) != 0 {
			j.t.Errorf("deliveries = %+v", got)
		}
	},
	"a callback that is given back is due at once": func(j *journal) {
		j.passOn("s", "c")
		j.settle(j.mustClaim("c")[0], receiver.DeliveryReleased, 0)
		if got := j.mustClaim("c")[0]; got.Attempts != 0 {
			j.t.Errorf("delivery = %+v", got)
		}
	},
	"a failure is tried again when it is due": func(j *journal) {
		j.passOn("s", "c")
		j.settle(j.mustClaim("c")[0], receiver.DeliveryFailed, time.Minute)
		j.mustClaim("")
		j.clock.Advance(time.Minute)
		if got := j.mustClaim("c")[0]; got.Attempts != 1 || got.Reason != "answered HTTP 500" {
			j.t.Errorf("delivery = %+v", got)
		}
	},
	"the order of a subscription": func(j *journal) {
		j.passOn("s", "c1", "c2")
		j.passOn("t", "d1", "d2")
		claimed := j.mustClaim("c1 d1")
		j.settle(claimed[1], receiver.DeliveryDone, 0)
		claimed = append(claimed, j.mustClaim("d2")...)
		j.settle(claimed[0], receiver.DeliveryRefused, 0) // a dead one holds up nobody
		j.mustClaim("c2")
	},
	"what nobody can take holds up its subscription for a while only": func(j *journal) {
		j.passOn("s", "c1", "c2")
		for range 8 {
			j.settle(j.mustClaim("c1")[0], receiver.DeliveryFailed, time.Minute)
			if j.deliveries(receiver.DeliveryFilter{})[0].Attempts < 8 {
				j.mustClaim("")
			}
			j.clock.Advance(time.Minute)
		}
		j.mustClaim("c1 c2")
	},
	"as many as were asked for, the oldest first": func(j *journal) {
		for i := range 5 {
			j.passOn(fmt.Sprint("s", i), fmt.Sprint("c", i))
		}
		for _, want := range []string{"c0 c1", "c2 c3", "c4", ""} {
			if got := bodies(j.claim(2)); got != want {
				j.t.Errorf("claimed %q, want %q", got, want)
			}
		}
	},
	"a quarantined callback is passed on when it is released": func(j *journal) {
		j.quarantineEvents("q", outgoing("c", on("r", "s"), target))
		for _, held := range j.quarantined(receiver.QuarantineFilter{}).Callbacks {
			if held.Events[0].Forward != nil {
				j.t.Errorf("held = %+v", held.Events[0])
			}
		}
		j.mustClaim("")
		if err := j.store.Release(j.t.Context(), "q"); err != nil {
			j.t.Fatal(err)
		}
		j.mustClaim("c")
	},
	"deliveries by pages, targets and states": func(j *journal) {
		for i := range 3 {
			j.hear(outgoing(fmt.Sprint("c", i), on("r", fmt.Sprint("s", i)), target, otherTarget))
		}
		j.settle(j.claim(1)[0], receiver.DeliveryRefused, 0)
		all := j.deliveries(receiver.DeliveryFilter{})
		var paged []receiver.Delivery
		f := receiver.DeliveryFilter{Limit: 4}
		for again := true; again; again = f.Cursor != "" {
			page, err := j.store.Deliveries(j.t.Context(), f)
			if err != nil {
				j.t.Fatal(err)
			}
			paged = append(paged, page.Deliveries...)
			f.Cursor = page.Next
		}
		if diff := cmp.Diff(all, paged); diff != "" || len(all) != 6 {
			j.t.Errorf("%d deliveries, by pages (-want +got):\n%s", len(all), diff)
		}
		for want, f := range map[int]receiver.DeliveryFilter{
			3: {Target: otherTarget}, 2: {Target: target, State: receiver.DeliveryWaiting}, 1: {State: receiver.DeliveryDead}, 5: {State: receiver.DeliveryWaiting},
		} {
			if got := j.deliveries(f); len(got) != want {
				j.t.Errorf("%+v selects %d, want %d", f, len(got), want)
			}
		}
		if _, err := j.store.Deliveries(j.t.Context(), receiver.DeliveryFilter{Cursor: "x"}); !isInvalid(err) {
			j.t.Errorf("error = %v", err)
		}
		backlogs, err := j.store.Backlogs(j.t.Context())
		want := []receiver.Backlog{{Target: target, Waiting: 2, Dead: 1}, {Target: otherTarget, Waiting: 3}}
		if diff := cmp.Diff(want, backlogs); err != nil || diff != "" {
			j.t.Errorf("backlogs, %v (-want +got):\n%s", err, diff)
		}
	},
	"dead letters begin anew": func(j *journal) {
		j.passOn("s", "c")
		j.passOn("t", "d")
		for _, d := range j.claim(2) {
			j.settle(d, receiver.DeliveryRefused, 0)
		}
		j.clock.Advance(100 * time.Hour)
		ids := []string{j.deliveries(receiver.DeliveryFilter{})[1].ID}
		for _, step := range []struct {
			choice receiver.DeliveryChoice
			want   string
		}{
			{receiver.DeliveryChoice{IDs: ids}, "d"}, {receiver.DeliveryChoice{Target: otherTarget}, ""}, {receiver.DeliveryChoice{Target: target}, "c"},
		} {
			chosen, err := j.store.RetryDeliveries(j.t.Context(), step.choice)
			if err != nil || chosen != len(step.want) {
				j.t.Errorf("%+v: %d, %v", step.choice, chosen, err)
			}
			for _, d := range j.mustClaim(step.want) {
				if d.Attempts != 0 || !d.Since.Equal(j.clock.Now()) || d.State != receiver.DeliveryWaiting {
					j.t.Errorf("delivery = %+v", d)
				}
			}
		}
	},
	"what waits can be hurried": func(j *journal) {
		j.passOn("s", "c")
		j.passOn("t", "d")
		since := j.clock.Now()
		j.settle(j.claim(1)[0], receiver.DeliveryFailed, time.Hour)
		j.claim(1)                   // d is being tried, and left alone
		j.clock.Advance(time.Second) // within the lease
		chosen, err := j.store.RetryDeliveries(j.t.Context(), receiver.DeliveryChoice{Target: target, State: receiver.DeliveryWaiting})
		if err != nil || chosen != 1 {
			j.t.Errorf("%d, %v", chosen, err)
		}
		if got := j.mustClaim("c")[0]; got.Attempts != 1 || !got.Since.Equal(since) {
			j.t.Errorf("delivery = %+v", got)
		}
	},
	"many are retried and dropped": func(j *journal) {
		var events []receiver.Event
		for i := range 1100 {
			events = append(events, outgoing(fmt.Sprint("c", i), on("r", fmt.Sprint("s", i)), target))
		}
		j.hear(events...)
		for _, d := range j.claim(1050) {
			j.settle(d, receiver.DeliveryRefused, 0)
		}
		all := receiver.DeliveryChoice{Target: target}
		for _, want := range []int{1050, 0} {
			if chosen, err := j.store.RetryDeliveries(j.t.Context(), all); err != nil || chosen != want {
				j.t.Errorf("%d are retried, want %d, %v", chosen, want, err)
			}
		}
		all.State = receiver.DeliveryWaiting
		if chosen, err := j.store.DropDeliveries(j.t.Context(), all); err != nil || chosen != 1100 {
			j.t.Errorf("%d are dropped, %v", chosen, err)
		}
		if left := j.deliveries(receiver.DeliveryFilter{}); len(left) != 0 {
			j.t.Errorf("%d are left", len(left))
		}
	},
	"what is chosen is said in one way": func(j *journal) {
		for _, c := range []receiver.DeliveryChoice{{}, {IDs: []string{"x"}, Target: "y"}, {IDs: []string{"x"}, State: receiver.DeliveryDead}} {
			if _, err := j.store.DropDeliveries(j.t.Context(), c); !isInvalid(err) {
				j.t.Errorf("%+v: %v", c, err)
			}
		}
	},
	"what nobody has taken goes with the retention": func(j *journal) {
		old := on("r", "s")
		old.ReceivedAt = j.clock.Now()
		young := on("r", "t")
		young.ReceivedAt = j.clock.Now().Add(time.Hour)
		j.hear(outgoing("c", old, target), outgoing("d", young, target))
		j.clock.Advance(400*24*time.Hour + time.Minute)
		if err := j.store.Sweep(j.t.Context()); err != nil {
			j.t.Fatal(err)
		}
		j.mustClaim("d")
	},
}

func isInvalid(err error) bool {
	var invalid *receiver.InvalidError
	return errors.As(err, &invalid)
}

// Replicas that ask for work at the same time never get the same.
func TestReplicasShareTheOutbox(t *testing.T) {
	t.Parallel()
	forEachDatabase(t, func(t *testing.T, database opener) {
		t.Helper()
		j := newJournal(t, database)
		var events []receiver.Event
		for i := range 60 {
			events = append(events, outgoing(fmt.Sprintf("c%02d", i), on("r", fmt.Sprint("s", i)), target))
		}
		j.hear(events...)
		replicas := []receiver.Store{j.store, j.open(), j.open()}
		taken := make(chan string, 2*len(events))
		done := make(chan error, len(replicas))
		for _, s := range replicas {
			go func() {
				for {
					claimed, err := s.ClaimDeliveries(t.Context(), target, 3, claimLease)
					if err != nil || len(claimed) == 0 {
						done <- err
						return
					}
					for _, d := range claimed {
						taken <- d.Body
					}
				}
			}()
		}
		for range replicas {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		close(taken)
		var got []string
		for body := range taken {
			got = append(got, body)
		}
		slices.Sort(got)
		if len(got) != len(events) || len(slices.Compact(got)) != len(events) {
			t.Errorf("%d deliveries were handed out of %d", len(got), len(events))
		}
	})
}
