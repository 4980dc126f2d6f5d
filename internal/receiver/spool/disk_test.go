package spool_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jonboulle/clockwork"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
	"github.com/qosform/terraform-provider-qos/internal/receiver/spool"
)

// A disk that turns read-only while callbacks wait costs none, and what cannot be
// taken away is handed on once.
func TestDiskTurnsReadOnly(t *testing.T) {
	t.Parallel()
	for name, damage := range map[string]string{"": "", "and damages": "more"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, dir, clock := newBacking(), t.TempDir(), clockwork.NewFakeClock()
			var readOnly atomic.Bool
			s := wrap(t, b, dir, spool.WithDisk(spool.Options{Clock: clock}, &readOnly))
			b.set(true, 7)
			record(t, s, "a", "b")
			if damage != "" {
				if err := os.WriteFile(spooled(t, dir)[1], []byte(damage), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			readOnly.Store(true)
			b.set(false, 20)
			empty(t, s)
			before := len(b.await(t, 1))
			for range 3 {
				clock.Advance(rereadEvery)
			}
			record(t, s, "c")
			recorded := b.await(t, before+1)
			if diff := cmp.Diff([]late{{event("c"), atOnce}}, recorded[before:]); diff != "" || len(spooled(t, dir)) != 2 {
				t.Errorf("files %v, recorded (-want +got):\n%s", spooled(t, dir), diff)
			}
			readOnly.Store(false)
			for len(spooled(t, dir)) > 0 && t.Context().Err() == nil {
				clock.Advance(rereadEvery)
			}
			if got, aside := len(b.await(t, 0)), len(list(t, dir)); got != before+1 || aside != len(damage)/4 {
				t.Errorf("%d recorded, %d set aside", got, aside)
			}
		})
	}
}

// slow is a store that takes longer than a spool waits for it.
type slow struct {
	*backing
	tried atomic.Bool
}

func (s *slow) Record(ctx context.Context, events []receiver.Event) error {
	if !s.tried.Swap(true) {
		<-ctx.Done()
		return ctx.Err()
	}
	return s.backing.Record(ctx, events)
}

// With a disk that takes nothing, the store gets all the time that it would have had
// without a spool.
func TestSlowStoreAndFailingDisk(t *testing.T) {
	t.Parallel()
	b, clock := &slow{backing: newBacking()}, clockwork.NewFakeClock()
	var readOnly atomic.Bool
	s := wrap(t, b, t.TempDir(), spool.WithDisk(spool.Options{Clock: clock, Attempt: time.Millisecond}, &readOnly))
	readOnly.Store(true)
	record(t, s, "a")
	if diff := cmp.Diff([]late{{event("a"), atOnce}}, b.await(t, 1)); diff != "" {
		t.Errorf("recorded (-want +got):\n%s", diff)
	}
	if got := s.Status(); !got.Full || got.Depth != 0 {
		t.Errorf("status %+v", got)
	}
	readOnly.Store(false)
	for s.Status().Full && t.Context().Err() == nil {
		clock.Advance(time.Second)
	}
}

// The folder only has to be written where it is for another store from now on.
func TestStoreIsOpenedBesideAReadOnlySpool(t *testing.T) {
	t.Parallel()
	b := newBacking()
	dir := remembering(t, b)
	var readOnly atomic.Bool
	readOnly.Store(true)
	b.set(false, 99)
	s := reopen(t, dir, spool.WithDisk(spool.Options{}, &readOnly), (&openable{backing: b}).connect)
	if err := s.Ping(t.Context()); err != nil {
		t.Error(err)
	}
	record(t, s, "a")
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	other := &openable{backing: newBacking()}
	other.id = "another-store"
	s = reopen(t, dir, spool.WithDisk(spool.Options{}, &readOnly), other.connect)
	if err := s.Ping(t.Context()); !errors.Is(err, spool.ErrAway) {
		t.Errorf("another store is opened: %v", err)
	}
}

// What was begun and cannot be removed takes room, and no callback.
func TestLeftoverOnAReadOnlyDisk(t *testing.T) {
	t.Parallel()
	b := newBacking()
	dir := remembering(t, b)
	if err := os.WriteFile(filepath.Join(dir, "00000000000000000099-1.callbacks.part"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var readOnly atomic.Bool
	readOnly.Store(true)
	record(t, wrap(t, b, dir, spool.WithDisk(spool.Options{}, &readOnly)), "a")
}

// A callback that the store refuses, and that cannot be set aside either, holds up no
// others.
func TestNoRoomToSetAside(t *testing.T) {
	t.Parallel()
	b, dir, clock := newBacking(), t.TempDir(), clockwork.NewFakeClock()
	var readOnly atomic.Bool
	s := wrap(t, b, dir, spool.WithDisk(spool.Options{Clock: clock}, &readOnly))
	b.set(true, 7)
	record(t, s, "poison", "a")
	readOnly.Store(true)
	b.set(false, 7)
	awaitDepth(t, s, 1)
	record(t, s, "b")
	if diff := cmp.Diff([]string{"a", "b"}, requests(b.await(t, 2))); diff != "" {
		t.Errorf("recorded (-want +got):\n%s", diff)
	}
	readOnly.Store(false)
	for s.Status().Depth > 0 && t.Context().Err() == nil {
		clock.Advance(rereadEvery)
	}
	if got := list(t, dir); len(got) != 1 {
		t.Errorf("set aside %+v", got)
	}
}
