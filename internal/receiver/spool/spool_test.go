package spool_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jonboulle/clockwork"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
	"github.com/qosform/terraform-provider-qos/internal/receiver/spool"
)

var errAway = errors.New("the database is away")

// late is an event as the backing was told of it, "" for since when it came at once.
type late struct {
	Event receiver.Event
	Since int64
}

const atOnce = -1

// backing is a store that can be away, and that refuses some events for good.
type backing struct {
	receiver.Store
	mu       sync.Mutex
	away     bool
	known    int64
	recorded []late
	changed  chan struct{}
}

func newBacking() *backing { return &backing{known: 7, changed: make(chan struct{}, 1)} }

func (b *backing) Known() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.known
}

func (b *backing) Record(ctx context.Context, events []receiver.Event) error {
	return b.RecordSince(ctx, events, atOnce)
}

func (b *backing) RecordSince(_ context.Context, events []receiver.Event, since int64) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.away {
		return errAway
	}
	if slices.ContainsFunc(events, func(e receiver.Event) bool { return e.RequestID == "poison" }) {
		return &receiver.InvalidError{Reason: "poison"}
	}
	for _, e := range events {
		b.recorded = append(b.recorded, late{e, since})
	}
	select {
	case b.changed <- struct{}{}:
	default:
	}
	return nil
}

func (b *backing) set(away bool, known int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.away, b.known = away, known
}

// await returns what was recorded once it is that much.
func (b *backing) await(t *testing.T, count int) []late {
	t.Helper()
	for {
		b.mu.Lock()
		recorded := slices.Clone(b.recorded)
		b.mu.Unlock()
		if len(recorded) >= count {
			return recorded
		}
		select {
		case <-b.changed:
		case <-t.Context().Done():
			t.Fatalf("%d events of %d", len(recorded), count)
		}
	}
}

func (*backing) Close() error { return nil }

func wrap(t *testing.T, b *backing, dir string, options spool.Options) *spool.Store {
	t.Helper()
	s, err := spool.Wrap(t.Context(), b, dir, options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func event(request string) receiver.Event {
	return receiver.Event{
		RequestID: request, QoSEvent: "QoSChangeOn", Authenticated: true, Body: `{"kept":"as it came"}`, Reason: "ü\u2028",
		DeviceIDs: []receiver.Device{{ID: "a", Kind: "mdn"}}, ReceivedAt: time.Date(2026, 1, 2, 3, 4, 5, 678, time.UTC), Deliveries: 1,
		Forward: &receiver.Forward{ID: request, Targets: []string{"listener.example/1a2b3c4d"}, Passed: []string{"before"}, Body: ` {"as it":"came"}`},
	}
}

func record(t *testing.T, s *spool.Store, requests ...string) {
	t.Helper()
	for _, request := range requests {
		if err := s.Record(t.Context(), []receiver.Event{event(request)}); err != nil {
			t.Fatal(err)
		}
	}
}

func requests(recorded []late) []string {
	var ids []string
	for _, l := range recorded {
		ids = append(ids, l.Event.RequestID)
	}
	return ids
}

// spooled are the files that wait in the folder.
func spooled(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.callbacks"))
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func empty(t *testing.T, s *spool.Store) {
	t.Helper()
	for s.Status().Depth > 0 {
		if t.Context().Err() != nil {
			t.Fatal("the spool does not empty")
		}
	}
}

func TestWhatTheStoreTakesIsNotSpooled(t *testing.T) {
	t.Parallel()
	b, dir := newBacking(), t.TempDir()
	s := wrap(t, b, dir, spool.Options{})
	record(t, s, "a")
	if err := s.Record(t.Context(), nil); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff([]late{{event("a"), atOnce}}, b.await(t, 1)); diff != "" {
		t.Errorf("recorded (-want +got):\n%s", diff)
	}
	if files := spooled(t, dir); len(files) != 0 {
		t.Errorf("files %v", files)
	}
}

func TestOutage(t *testing.T) {
	t.Parallel()
	b, dir := newBacking(), t.TempDir()
	s := wrap(t, b, dir, spool.Options{})
	b.set(true, 7)
	record(t, s, "a", "b")
	b.set(true, 9)
	record(t, s, "c")
	if got := s.Status().Depth; got != 3 || len(spooled(t, dir)) != 3 {
		t.Errorf("%d callbacks wait in %v", got, spooled(t, dir))
	}
	b.set(false, 20)
	got := b.await(t, 3)
	if diff := cmp.Diff([]late{{event("a"), 7}, {event("b"), 7}, {event("c"), 9}}, got); diff != "" {
		t.Errorf("recorded (-want +got):\n%s", diff)
	}
	empty(t, s)
	record(t, s, "d")
	if got := b.await(t, 4)[3]; got.Since != atOnce {
		t.Errorf("after the outage: since %d", got.Since)
	}
	if files := spooled(t, dir); len(files) != 0 {
		t.Errorf("files %v", files)
	}
}

// Whoever comes while others wait goes behind them.
func TestOrder(t *testing.T) {
	t.Parallel()
	b := newBacking()
	s := wrap(t, b, t.TempDir(), spool.Options{})
	b.set(true, 7)
	var want []string
	for n := range 300 {
		if n == 150 {
			b.set(false, 7) // it drains while others come
		}
		id := fmt.Sprint("r-", n)
		want = append(want, id)
		record(t, s, id)
	}
	if diff := cmp.Diff(want, requests(b.await(t, len(want)))); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
}

func TestAtTheSameTime(t *testing.T) {
	t.Parallel()
	b, dir := newBacking(), t.TempDir()
	s := wrap(t, b, dir, spool.Options{})
	b.set(true, 7)
	record(t, s, "first")
	const callbacks = 100
	var senders sync.WaitGroup
	for n := range callbacks {
		senders.Go(func() {
			if err := s.Record(t.Context(), []receiver.Event{event(fmt.Sprint("r-", n))}); err != nil {
				t.Error(err)
			}
		})
	}
	senders.Wait()
	if got := s.Status().Depth; got != callbacks+1 {
		t.Errorf("%d callbacks wait", got)
	}
	b.set(false, 7)
	got := requests(b.await(t, callbacks+1))
	slices.Sort(got)
	if got = slices.Compact(got); len(got) != callbacks+1 {
		t.Errorf("%d different callbacks", len(got))
	}
}

func TestRestart(t *testing.T) {
	t.Parallel()
	b, dir := newBacking(), t.TempDir()
	clock := clockwork.NewFakeClockAt(time.Now())
	b.set(true, 7)
	before, err := spool.Wrap(t.Context(), b, dir, spool.Options{Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	record(t, before, "a", "b")
	if err := before.Close(); err != nil {
		t.Fatal(err)
	}
	clock.Advance(time.Hour)
	after := wrap(t, b, dir, spool.Options{Clock: clock})
	if got := after.Status(); got.Depth != 2 || got.Oldest < 59*time.Minute {
		t.Errorf("status %+v", got)
	}
	record(t, after, "c")
	b.set(false, 20)
	if diff := cmp.Diff([]string{"a", "b", "c"}, requests(b.await(t, 3))); diff != "" {
		t.Errorf("recorded (-want +got):\n%s", diff)
	}
}

func TestOneProcessAtATime(t *testing.T) {
	t.Parallel()
	b, dir := newBacking(), t.TempDir()
	wrap(t, b, dir, spool.Options{})
	if _, err := spool.Wrap(t.Context(), b, dir, spool.Options{}); err == nil || !strings.Contains(err.Error(), "another process uses it") {
		t.Errorf("error = %v", err)
	}
}

func TestFull(t *testing.T) {
	t.Parallel()
	b := newBacking()
	s := wrap(t, b, t.TempDir(), spool.Options{MaxBytes: 2000})
	b.set(true, 7)
	kept := 0
	var err error
	for ; err == nil && kept < 100; kept++ {
		err = s.Record(t.Context(), []receiver.Event{event(fmt.Sprint("r-", kept))})
	}
	if !errors.Is(err, spool.ErrFull) || kept < 2 {
		t.Fatalf("after %d callbacks: error = %v", kept, err)
	}
	b.set(false, 7)
	if got := len(b.await(t, kept-1)); got != kept-1 {
		t.Errorf("%d events, want %d", got, kept-1)
	}
	empty(t, s)
	record(t, s, "there is room again")
}

// A crash or a failing disk leaves files that are not what was written.
func TestDamage(t *testing.T) {
	t.Parallel()
	for name, damage := range map[string]func(content []byte) []byte{
		"truncated": func(content []byte) []byte { return content[:len(content)-5] },
		"empty":     func([]byte) []byte { return nil },
		"changed":   func(content []byte) []byte { content[len(content)-10] ^= 1; return content },
		"foreign":   func([]byte) []byte { return []byte("something else") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, dir := newBacking(), t.TempDir()
			b.set(true, 7)
			before, err := spool.Wrap(t.Context(), b, dir, spool.Options{})
			if err != nil {
				t.Fatal(err)
			}
			record(t, before, "a", "b", "c")
			if err := before.Close(); err != nil {
				t.Fatal(err)
			}
			victim := spooled(t, dir)[1]
			content, err := os.ReadFile(victim)
			if err != nil {
				t.Fatal(err)
			}
			content = damage(content)
			for path, content := range map[string][]byte{victim: content, filepath.Join(dir, "00000000000000000009-1.callbacks.part"): []byte("half")} {
				if err := os.WriteFile(path, content, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			b.set(false, 7)
			after := wrap(t, b, dir, spool.Options{})
			if diff := cmp.Diff([]string{"a", "c"}, requests(b.await(t, 2))); diff != "" {
				t.Errorf("recorded (-want +got):\n%s", diff)
			}
			empty(t, after)
			kept, err := os.ReadFile(filepath.Join(dir, "aside", filepath.Base(victim)))
			if err != nil || !slices.Equal(kept, content) {
				t.Errorf("kept aside: %q, %v", kept, err)
			}
		})
	}
}

// What the store refuses for good neither waits nor holds up others.
func TestPoison(t *testing.T) {
	t.Parallel()
	b, dir := newBacking(), t.TempDir()
	s := wrap(t, b, dir, spool.Options{})
	var invalid *receiver.InvalidError
	if err := s.Record(t.Context(), []receiver.Event{event("poison")}); !errors.As(err, &invalid) {
		t.Errorf("error = %v", err)
	}
	b.set(true, 7)
	record(t, s, "a", "poison", "b")
	b.set(false, 7)
	if diff := cmp.Diff([]string{"a", "b"}, requests(b.await(t, 2))); diff != "" {
		t.Errorf("recorded (-want +got):\n%s", diff)
	}
	empty(t, s)
	if aside, err := os.ReadDir(filepath.Join(dir, "aside")); err != nil || len(aside) != 1 {
		t.Errorf("set aside %v, %v", aside, err)
	}
}

// A store that hangs is as good as one that is away.
func TestHangingStore(t *testing.T) {
	t.Parallel()
	b := &hanging{newBacking()}
	s, err := spool.Wrap(t.Context(), b, t.TempDir(), spool.Options{Attempt: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	record(t, s, "a")
	if got := b.await(t, 1); got[0].Since == atOnce {
		t.Errorf("recorded %+v", got)
	}
}

// hanging never answers Record.
type hanging struct{ *backing }

func (*hanging) Record(ctx context.Context, _ []receiver.Event) error {
	<-ctx.Done()
	return ctx.Err()
}

func TestFilesAreTheOwners(t *testing.T) {
	t.Parallel()
	b, dir := newBacking(), filepath.Join(t.TempDir(), "made", "here")
	s := wrap(t, b, dir, spool.Options{})
	b.set(true, 7)
	record(t, s, "a")
	for _, path := range append(spooled(t, dir), filepath.Join(dir, "lock")) {
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", path, info, err)
		}
	}
}

func TestDiskThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	b, dir := newBacking(), filepath.Join(t.TempDir(), "spool")
	s := wrap(t, b, dir, spool.Options{})
	b.set(true, 7)
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := s.Record(t.Context(), []receiver.Event{event("a")}); err == nil {
		t.Error("recorded on no disk")
	}
	if got := s.Status().Depth; got != 0 {
		t.Errorf("%d callbacks wait", got)
	}
}
