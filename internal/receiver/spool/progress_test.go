package spool_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
	"github.com/qosform/terraform-provider-qos/internal/receiver/spool"
)

// failing is a store that fails when it is said to, though it answers. Notifications
// and callbacks with wrong credentials it fails on a few times.
type failing struct {
	*notifiedBacking
	fails func(call int, callbacks []receiver.LateEvents) bool

	guard                    sync.Mutex
	calls, notices, suspects int
}

var errFails = errors.New("no room for the table")

func (f *failing) RecordSince(ctx context.Context, callbacks []receiver.LateEvents) error {
	if err := f.Ping(ctx); err != nil {
		return err
	}
	f.guard.Lock()
	f.calls++
	fails := f.fails(f.calls, callbacks)
	f.guard.Unlock()
	if fails {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.failures++
		f.signal()
		return errFails
	}
	return f.backing.RecordSince(ctx, callbacks)
}

func (f *failing) RecordNotifications(ctx context.Context, notifications []receiver.Notification) error {
	if f.fewFail(ctx, &f.notices) {
		return errFails
	}
	return f.notifiedBacking.RecordNotifications(ctx, notifications)
}

func (f *failing) Quarantine(ctx context.Context, q receiver.Quarantined) error {
	if f.fewFail(ctx, &f.suspects) {
		return errFails
	}
	return f.backing.Quarantine(ctx, q)
}

func (f *failing) fewFail(ctx context.Context, left *int) bool {
	if f.Ping(ctx) != nil {
		return false
	}
	f.guard.Lock()
	defer f.guard.Unlock()
	*left--
	return *left >= 0
}

// many are the events of one callback.
func many(callback, count int) []receiver.Event {
	events := make([]receiver.Event, 0, count)
	for n := range count {
		events = append(events, event(fmt.Sprintf("r-%d-%d", callback, n)))
	}
	return events
}

// While a store fails now and then, it gets everything once, and nothing is laid to
// the callbacks.
func TestNothingIsHandedOnTwice(t *testing.T) {
	t.Parallel()
	const callbacks, each = 24, 100
	f := &failing{notifiedBacking: &notifiedBacking{backing: newBacking()}, notices: 3, suspects: 2}
	f.fails = func(call int, _ []receiver.LateEvents) bool { return call%2 == 0 }
	dir := t.TempDir()
	s := wrap(t, f, dir, spool.Options{})
	f.set(true, 7)
	for n := range callbacks {
		err := s.Record(t.Context(), many(n, each))
		if n%8 == 0 {
			err = errors.Join(err,
				s.RecordNotifications(t.Context(), []receiver.Notification{{ResourceID: fmt.Sprint(n)}}),
				s.Quarantine(t.Context(), receiver.Quarantined{ID: fmt.Sprint(n), Events: many(n, 1)}))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	f.set(false, 7)
	empty(t, s)
	recorded := requests(f.backing.await(t, callbacks*each))
	slices.Sort(recorded)
	if got := len(slices.Compact(slices.Clone(recorded))); got != callbacks*each || len(recorded) != got {
		t.Errorf("%d different events, and %d in all", got, len(recorded))
	}
	if diff := cmp.Diff([]string{"0", "8", "16"}, f.await(t, 3)); diff != "" {
		t.Errorf("notifications (-want +got):\n%s", diff)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.held) != 3 || len(f.batches) != callbacks/3 || len(list(t, dir)) != 0 {
		t.Errorf("%d held, transactions of %v, set aside %+v", len(f.held), f.batches, list(t, dir))
	}
}

// A store that takes one kind of callbacks and fails on another is to blame itself.
func TestStoreFailsOnAKind(t *testing.T) {
	t.Parallel()
	f := &failing{notifiedBacking: &notifiedBacking{backing: newBacking()}}
	f.fails = func(int, []receiver.LateEvents) bool { return false }
	dir := t.TempDir()
	s := wrap(t, f, dir, spool.Options{})
	f.set(true, 7)
	for n := range 20 {
		record(t, s, fmt.Sprint("r-", n))
		if err := s.RecordNotifications(t.Context(), []receiver.Notification{{ResourceID: fmt.Sprint(n)}}); err != nil {
			t.Fatal(err)
		}
	}
	f.mu.Lock()
	f.broken = "all"
	f.mu.Unlock()
	f.set(false, 7)
	f.awaitFailures(t, 90)
	if got := list(t, dir); len(got) != 0 {
		t.Errorf("set aside %+v", got)
	}
	f.mu.Lock()
	f.broken = ""
	f.mu.Unlock()
	empty(t, s)
}

// A store that took some, and then fails on all, costs a bounded number of files to
// look after.
func TestSetAsideIsBounded(t *testing.T) {
	t.Parallel()
	const callbacks, most = 300, 100
	f := &failing{notifiedBacking: &notifiedBacking{backing: newBacking()}}
	taken := 0
	f.fails = func(_ int, callbacks []receiver.LateEvents) bool {
		if len(callbacks) > 10 || taken > 0 {
			return true
		}
		taken++
		return false
	}
	dir := t.TempDir()
	s := wrap(t, f, dir, spool.Options{})
	f.set(true, 7)
	for n := range callbacks {
		record(t, s, fmt.Sprint("r-", n))
	}
	f.set(false, 7)
	awaitDepth(t, s, callbacks-most)
	f.mu.Lock()
	more := f.failures + 40
	f.mu.Unlock()
	f.awaitFailures(t, more)
	if got := list(t, dir); len(got) != most {
		t.Errorf("%d are set aside", len(got))
	}
}
