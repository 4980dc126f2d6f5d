package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
	"github.com/qosform/terraform-provider-qos/internal/receiver/store"
)

const retention = 400 * 24 * time.Hour

// A journal whose callbacks are forgotten says the same as its twin, to which that
// did not happen, and goes on to.
func TestRetentionForgetsNoRequest(t *testing.T) {
	t.Parallel()
	forEachDatabase(t, func(t *testing.T, database opener) {
		t.Helper()
		j := newJournal(t, database)
		j.keepBodiesFor(30 * 24 * time.Hour)
		live := j.accepted("mine", "r", device("live", "192.0.2.1"))
		j.hear(acknowledged("r", "s", "live"), on("r", "s"))
		j.change(live.ID, receiver.Change{Kind: receiver.ChangeReturned})
		// Of requests that nobody knows, and may yet.
		j.hear(terminated("", "u"), failed("q", "", "late"), on("p", "v"))
		j.populate(t)
		j.clock.Advance(31 * 24 * time.Hour)
		j.list(receiver.Filter{}) // judges the last lease
		twin := j.moved(database)
		if err := j.store.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		j.expectForgotten(t)
		j.expectSame(t, twin)
		if got := j.get(live.ID); got.Claim != "mine" || got.Status != receiver.StatusOn || len(got.Devices) != 1 || len(got.Devices[0].Flows) != 1 {
			t.Errorf("the live request is now %+v", got)
		}
		for _, each := range []*journal{j, twin} {
			each.hear(on("r", "s"), acknowledged("x", "u", "late"), acknowledged("q", "w", "late"))
			each.hear(terminated("", "s"), on("p", "v"), failed("q", "w"))
		}
		j.expectSame(t, twin)
		j.expect(j.get(live.ID), "accepted(r by answer) live/s=TERMINATED")
		j.expect(j.byRequestID("x"), "accepted(x by callback) late/u=TERMINATED")
	})
}

// keepBodiesFor opens the journal's database with another retention.
func (j *journal) keepBodiesFor(retention time.Duration) {
	j.t.Helper()
	if err := j.store.Close(); err != nil {
		j.t.Fatal(err)
	}
	j.retention = retention
	j.store = j.open()
}

// expectForgotten expects events without bodies, and nothing in quarantine.
func (j *journal) expectForgotten(t *testing.T) {
	t.Helper()
	events, err := j.store.Events(t.Context(), 0, 1000)
	if err != nil || len(events) == 0 {
		t.Fatalf("%d events, %v", len(events), err)
	}
	for _, e := range events {
		if e.Body != "" {
			t.Errorf("event %d has a body that is %s old", e.Seq, j.clock.Since(e.ReceivedAt))
		}
	}
	held, err := j.store.Quarantined(t.Context(), receiver.QuarantineFilter{})
	if err != nil || len(held.Callbacks) != 0 {
		t.Errorf("in quarantine: %+v, %v", held, err)
	}
}

// expectSame expects the twin's requests. Ids and revisions of what came after the
// twins parted are their own.
func (j *journal) expectSame(t *testing.T, twin *journal) {
	t.Helper()
	f := receiver.Filter{Limit: 1000, IncludeUnauthenticated: true}
	ignored := cmp.FilterPath(func(p cmp.Path) bool {
		return p.String() == "Revision" || p.String() == "ID"
	}, cmp.Ignore())
	if diff := cmp.Diff(twin.list(f), j.list(f), ignored); diff != "" {
		t.Errorf("requests (-twin's +got):\n%s", diff)
	}
}

// What strangers may have made up does not stay for ever. All that somebody knows does.
func TestRetentionForgetsWhatNobodyVouchedFor(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		prepare func(j *journal)
		stay    int // events
		known   bool
	}{
		"made up":                              {func(*journal) {}, 0, false},
		"one callback came with credentials":   {func(j *journal) { j.hear(on("x", "s-x")) }, 3, true},
		"another of the same subscription did": {func(j *journal) { j.hear(acknowledged("y", "s-x", "d-x")) }, 1, false},
		"an event of it is about a known subscription": {func(j *journal) {
			j.accepted("mine", "r", device("d-x", "192.0.2.1"))
			j.hear(unauthenticated(acknowledged("r", "s-x", "d-x")))
		}, 4, true},
		"the journal knows it": {func(j *journal) { j.accepted("mine", "x", device("d-x", "192.0.2.1")) }, 3, true},
		"a state knows it": {func(j *journal) {
			n := intent("mine", device("d-x", "192.0.2.1"))
			n.RequestID = "x"
			j.create(n)
		}, 3, true},
		"a state has claimed it": {func(j *journal) {
			j.change(j.byRequestID("x").ID, receiver.Change{Kind: receiver.ChangeClaim, NewClaim: "importer"})
		}, 3, true},
		"it has been stopped": {func(j *journal) {
			j.change(j.byRequestID("x").ID, receiver.Change{Kind: receiver.ChangeStop, QoSSubscriptionID: "s-x"})
		}, 3, true},
		"it may be what a lost answer was about": {func(j *journal) {
			j.unknown("mine", device("d-x", "192.0.2.1"), device("other", "192.0.2.1"))
		}, 3, true},
		"it was heard of lately": {func(j *journal) {
			e := unauthenticated(failed("x", "", "d-x"))
			e.ReceivedAt = j.clock.Now().Add(retention)
			j.hear(e)
		}, 4, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			forEachDatabase(t, func(t *testing.T, database opener) {
				t.Helper()
				j := newJournal(t, database)
				j.hear(j.madeUp("x")...)
				test.prepare(j)
				j.hear(j.madeUpEnd("x"))
				before := j.list(receiver.Filter{RequestID: "x"})
				j.clock.Advance(retention + time.Hour)
				must(t, j.store.Sweep(t.Context()))
				after := j.list(receiver.Filter{RequestID: "x"})
				if !test.known {
					before = nil
				}
				ignored := cmpopts.IgnoreFields(receiver.Request{}, "ObservedAt", "LeaseExpiresAt", "Unclaimed")
				if diff := cmp.Diff(before, after, cmpopts.EquateEmpty(), ignored); diff != "" {
					t.Errorf("request (-before +after):\n%s", diff)
				}
				if got := j.events(0); len(got) != test.stay {
					t.Errorf("%d events stay, want %d: %+v", len(got), test.stay, got)
				}
				j.hear(j.madeUp("x")...) // as if it had never been heard of
				j.byRequestID("x")
			})
		})
	}
}

// madeUp are callbacks about a request, without credentials.
func (j *journal) madeUp(request string) []receiver.Event {
	events := []receiver.Event{
		unauthenticated(acknowledged(request, "s-"+request, "d-"+request)), unauthenticated(on(request, "s-"+request)),
	}
	for i := range events {
		events[i].ReceivedAt = j.clock.Now()
	}
	return events
}

func (j *journal) madeUpEnd(request string) receiver.Event {
	e := unauthenticated(terminated(request, "s-"+request))
	e.ReceivedAt = j.clock.Now()
	return e
}

// What may be on is not forgotten, and a retention that is short for the sake of the
// bodies does not shorten what else is known.
func TestRetentionKeepsWhatMayBeOn(t *testing.T) {
	t.Parallel()
	forEachDatabase(t, func(t *testing.T, database opener) {
		t.Helper()
		j := newJournal(t, database)
		brief, err := store.Open(t.Context(), j.database, store.Options{Clock: j.clock, Lease: lease, Retention: 48 * time.Hour})
		must(t, err)
		t.Cleanup(func() { _ = brief.Close() })
		j.hear(append(j.madeUp("live"), j.madeUp("over")...)...)
		j.hear(j.madeUpEnd("over"))
		names := func() (found []string) {
			for _, r := range j.list(receiver.Filter{IncludeUnauthenticated: true}) {
				found = append(found, sketch(&r))
			}
			return found
		}
		live, over := "accepted(live by callback) d-live/s-live=ON", "accepted(over by callback) d-over/s-over=TERMINATED"
		for _, step := range []struct {
			pass time.Duration
			want []string
		}{{72 * time.Hour, []string{live, over}}, {retention, []string{live}}, {retention, []string{live}}} {
			j.clock.Advance(step.pass)
			must(t, brief.Sweep(t.Context()))
			if diff := cmp.Diff(step.want, names()); diff != "" {
				t.Errorf("after %s more, requests (-want +got):\n%s", step.pass, diff)
			}
			j.expectForgotten(t)
		}
	})
}

// An event without credentials that is about a known subscription counts for ever,
// whatever its request id; one that is about nothing goes.
func TestRetentionKeepsTheLastWord(t *testing.T) {
	t.Parallel()
	forEachDatabase(t, func(t *testing.T, database opener) {
		t.Helper()
		j := newJournal(t, database)
		r := j.accepted("mine", "r", device("a", "192.0.2.1"))
		j.hear(acknowledged("r", "s", "a"))
		var events []receiver.Event
		for i := range 450 {
			e := unauthenticated(failed(fmt.Sprintf("made-up-%d", i), fmt.Sprintf("t-%d", i)))
			if i%150 == 0 {
				e = unauthenticated(terminated(fmt.Sprintf("unknown-stop-%d", i), "s"))
			}
			e.ReceivedAt = j.clock.Now()
			events = append(events, e)
		}
		j.hear(events...)
		j.expect(j.get(r.ID), "accepted(r by answer) a/s=TERMINATED")
		j.clock.Advance(retention + time.Hour)
		must(t, j.store.Sweep(t.Context()))
		if got := j.events(0); len(got) != 4 {
			t.Errorf("%d events stay: %+v", len(got), got)
		}
		j.hear(on("r", "s"))
		j.expect(j.get(r.ID), "accepted(r by answer) a/s=TERMINATED")
	})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
