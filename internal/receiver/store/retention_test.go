package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
)

// A journal whose callbacks are forgotten says the same as its twin, to which that
// did not happen, and goes on to.
func TestRetentionForgetsNoRequest(t *testing.T) {
	t.Parallel()
	forEachDatabase(t, func(t *testing.T, database opener) {
		t.Helper()
		j := newJournal(t, database)
		live := j.accepted("mine", "r", device("live", "192.0.2.1"))
		j.hear(acknowledged("r", "s", "live"), on("r", "s"))
		j.change(live.ID, receiver.Change{Kind: receiver.ChangeReturned})
		// Of requests that nobody knows, and may yet.
		j.hear(terminated("", "u"), failed("q", "", "late"), unauthenticated(on("p", "v")))
		j.populate(t)
		j.clock.Advance(401 * 24 * time.Hour)
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
