package spool_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jonboulle/clockwork"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
	"github.com/qosform/terraform-provider-qos/internal/receiver/spool"
)

// openable is a store that can be opened only while its backing is not away.
type openable struct {
	*backing
	closed bool
}

func (o *openable) connect(ctx context.Context) (spool.Backing, error) {
	if err := o.Ping(ctx); err != nil {
		return nil, err
	}
	return o, nil
}

func (o *openable) Close() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed = true
	return nil
}

func (o *openable) Watch(_ context.Context, fn func(ids []string)) { fn([]string{"watched " + o.id}) }

// remembering is a folder whose spool has had a store before.
func remembering(t *testing.T, b *backing) (dir string) {
	t.Helper()
	dir = t.TempDir()
	if err := open(t, b, dir, spool.Options{}).Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

func reopen(t *testing.T, dir string, options spool.Options, connect spool.Connect) *spool.Store {
	t.Helper()
	s, err := spool.New(dir, options)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Open(t.Context(), connect); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// A process that starts while the store is away takes callbacks, as if the store had
// gone later, and all else is refused until it is there.
func TestStartWithoutTheStore(t *testing.T) {
	t.Parallel()
	b := newBacking()
	b.known = 41
	dir := remembering(t, b)
	b.set(true, 99)
	s := reopen(t, dir, spool.Options{}, (&openable{backing: b}).connect)
	var mu sync.Mutex
	var heard []string
	s.Watch(t.Context(), func(ids []string) {
		mu.Lock()
		defer mu.Unlock()
		heard = append(heard, ids...)
	})
	record(t, s, "a", "b")
	if _, err := s.Requests(t.Context(), receiver.Filter{}); !errors.Is(err, spool.ErrAway) {
		t.Errorf("requests: %v", err)
	}
	if err := s.Ping(t.Context()); !errors.Is(err, spool.ErrAway) {
		t.Errorf("ping: %v", err)
	}
	if s.StoreID() != b.id || s.Known() != 41 || s.Status().Depth != 2 {
		t.Errorf("store %s at %d, status %+v", s.StoreID(), s.Known(), s.Status())
	}
	b.set(false, 99)
	if diff := cmp.Diff([]late{{event("a"), 41}, {event("b"), 41}}, b.await(t, 2)); diff != "" {
		t.Errorf("recorded (-want +got):\n%s", diff)
	}
	if err := s.Ping(t.Context()); err != nil || s.Known() != 99 {
		t.Errorf("ping: %v, known %d", err, s.Known())
	}
	mu.Lock()
	defer mu.Unlock()
	if diff := cmp.Diff([]string{"watched the-store"}, heard); diff != "" {
		t.Errorf("heard (-want +got):\n%s", diff)
	}
}

func TestFirstStartNeedsTheStore(t *testing.T) {
	t.Parallel()
	b, dir := newBacking(), t.TempDir()
	b.set(true, 7)
	s, err := spool.New(dir, spool.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Open(t.Context(), (&openable{backing: b}).connect); !errors.Is(err, errAway) {
		t.Errorf("error = %v", err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// What was kept for one store is not handed on to another.
func TestAnotherStore(t *testing.T) {
	t.Parallel()
	b := newBacking()
	dir := remembering(t, b)
	other := &openable{backing: newBacking()}
	other.id = "another-store"
	before := reopen(t, dir, spool.Options{}, other.connect)
	if before.StoreID() != other.id {
		t.Errorf("with nothing waiting, the store is %s", before.StoreID())
	}
	other.set(true, 7)
	record(t, before, "a")
	if err := before.Close(); err != nil {
		t.Fatal(err)
	}
	refused := make(chan struct{}, 100)
	wrong := &openable{backing: b}
	after := reopen(t, dir, spool.Options{}, func(ctx context.Context) (spool.Backing, error) {
		if other.Ping(ctx) == nil {
			return other.connect(ctx)
		}
		refused <- struct{}{}
		return wrong.connect(ctx)
	})
	for range 2 {
		<-refused
	}
	record(t, after, "b")
	other.set(false, 7)
	if diff := cmp.Diff([]string{"a", "b"}, requests(other.await(t, 2))); diff != "" {
		t.Errorf("recorded (-want +got):\n%s", diff)
	}
	nothing := len(b.await(t, 0)) == 0
	b.mu.Lock()
	defer b.mu.Unlock()
	if !nothing || !wrong.closed {
		t.Errorf("the wrong store got %v; closed: %t", b.recorded, wrong.closed)
	}
}

// With nothing waiting at the start, another store is the new one however long it
// takes to open. What came meanwhile counts as older than all that is in it.
func TestAnotherStoreIsSlow(t *testing.T) {
	t.Parallel()
	dir := remembering(t, newBacking())
	other := &openable{backing: newBacking()}
	other.id = "another-store"
	other.set(true, 3)
	var logs lockedBuffer
	s := reopen(t, dir, spool.Options{Logger: slog.New(slog.NewTextHandler(&logs, nil))}, other.connect)
	record(t, s, "a")
	other.set(false, 3)
	if diff := cmp.Diff([]late{{event("a"), 0}}, other.await(t, 1)); diff != "" {
		t.Errorf("recorded (-want +got):\n%s", diff)
	}
	if text := logs.String(); !strings.Contains(text, "level=WARN") || !strings.Contains(text, "store=another-store before=the-store") {
		t.Errorf("the log says\n%s", text)
	}
}

// What was set aside is for a store as well. Somebody can let the folder forget which.
func TestForgetStore(t *testing.T) {
	t.Parallel()
	b, dir := newBacking(), t.TempDir()
	before := open(t, b, dir, spool.Options{})
	b.set(true, 7)
	record(t, before, "poison")
	b.set(false, 7)
	empty(t, before)
	if err := before.Close(); err != nil {
		t.Fatal(err)
	}
	other := &openable{backing: newBacking()}
	other.id = "another-store"
	other.curesPoison = true
	tried := make(chan struct{}, 100)
	s := reopen(t, dir, spool.Options{}, func(ctx context.Context) (spool.Backing, error) {
		tried <- struct{}{}
		return other.connect(ctx)
	})
	record(t, s, "a")
	for range 2 {
		<-tried
	}
	if got := s.Status(); got.Depth != 1 || !got.Refused {
		t.Errorf("status %+v", got)
	}
	for _, want := range []string{"the-store", ""} {
		if got, err := spool.ForgetStore(dir); got != want || err != nil {
			t.Errorf("forgot %q, %v", got, err)
		}
	}
	if err := spool.Restore(t.Context(), other, dir, list(t, dir)[0].Name); err != nil {
		t.Error(err)
	}
	got := other.await(t, 2)
	slices.SortFunc(got, func(a, b late) int { return strings.Compare(a.Event.RequestID, b.Event.RequestID) })
	if diff := cmp.Diff([]late{{event("a"), 0}, {event("poison"), 0}}, got); diff != "" {
		t.Errorf("recorded (-want +got):\n%s", diff)
	}
	if got := s.Status(); got.Refused {
		t.Errorf("status %+v", got)
	}
}

// A process that was just started says that the store refuses it, for some time: then
// callbacks are better taken here than nowhere.
func TestRefused(t *testing.T) {
	t.Parallel()
	dir, clock := remembering(t, newBacking()), clockwork.NewFakeClock()
	var why atomic.Pointer[error]
	answer := func(err error) { why.Store(&err) }
	answer(&spool.RefusedError{Err: errors.New("wrong password")})
	tried := make(chan struct{})
	s := reopen(t, dir, spool.Options{Clock: clock}, func(ctx context.Context) (spool.Backing, error) {
		select {
		case tried <- struct{}{}:
		case <-ctx.Done():
		default:
		}
		return nil, *why.Load()
	})
	if !s.Status().Refused {
		t.Error("not refused")
	}
	clock.Advance(10 * time.Minute)
	if s.Status().Refused {
		t.Error("refused for ever")
	}
	record(t, s, "a")
	clock.Advance(-time.Minute)
	answer(errAway)
	for s.Status().Refused && t.Context().Err() == nil {
		select {
		case <-tried:
		case <-t.Context().Done():
		}
	}
}

// How far the store has come is written down now and then, for a process that is
// killed.
func TestPlaceIsRemembered(t *testing.T) {
	t.Parallel()
	b, dir, clock := newBacking(), t.TempDir(), clockwork.NewFakeClock()
	wrap(t, b, dir, spool.Options{Clock: clock})
	b.set(false, 1234)
	remembered := func() (kept struct {
		StoreID string `json:"store_id"`
		Known   int64  `json:"known"`
	},
	) {
		content, err := os.ReadFile(filepath.Join(dir, "store"))
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(content, &kept); err != nil {
			t.Fatal(err)
		}
		return kept
	}
	for remembered().Known != 1234 && t.Context().Err() == nil {
		clock.Advance(time.Second)
	}
	if got := remembered().StoreID; got != b.id {
		t.Errorf("store %s", got)
	}
}

func TestIdentityThatCannotBeRead(t *testing.T) {
	t.Parallel()
	dir := remembering(t, newBacking())
	if err := os.WriteFile(filepath.Join(dir, "store"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := spool.New(dir, spool.Options{}); err == nil || !strings.Contains(err.Error(), "remove it") {
		t.Errorf("error = %v", err)
	}
}

// A callback that comes while the process ends is not said to be kept in a folder
// that is another process's by then.
func TestNothingIsKeptAfterClose(t *testing.T) {
	t.Parallel()
	b, dir := newBacking(), t.TempDir()
	s := open(t, b, dir, spool.Options{})
	b.set(true, 7)
	record(t, s, "a")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Record(t.Context(), []receiver.Event{event("late")}); err == nil || len(spooled(t, dir)) != 1 {
		t.Errorf("error = %v, files %v", err, spooled(t, dir))
	}
}

// Callbacks with wrong credentials wait as well, since the password may be changing.
// But anybody may send them, so they do not take the room of others.
func TestQuarantineWaits(t *testing.T) {
	t.Parallel()
	b, dir := newBacking(), t.TempDir()
	s := wrap(t, b, dir, spool.Options{})
	quarantine := func(id string) error {
		return s.Quarantine(t.Context(), receiver.Quarantined{ID: id, Reason: "x", Source: "192.0.2.1", Events: []receiver.Event{event(id)}})
	}
	if err := quarantine("at once"); err != nil {
		t.Fatal(err)
	}
	b.set(true, 7)
	const most = 1000
	kept := 0
	for range most + 10 {
		if err := quarantine("waits"); err == nil {
			kept++
		} else if !errors.Is(err, spool.ErrFull) {
			t.Fatal(err)
		}
	}
	if kept != most {
		t.Errorf("%d wait", kept)
	}
	record(t, s, "a")
	b.set(false, 20)
	empty(t, s)
	if diff := cmp.Diff([]late{{event("a"), 7}}, b.await(t, 1)); diff != "" {
		t.Errorf("recorded (-want +got):\n%s", diff)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.held[0].Since != nil || b.held[1].Since == nil || *b.held[1].Since != 7 {
		t.Errorf("quarantined since %v and %v", b.held[0].Since, b.held[1].Since)
	}
	if len(b.held) != most+1 || !cmp.Equal(b.held[1].Events, []receiver.Event{event("waits")}) || b.held[1].Source != "192.0.2.1" {
		t.Errorf("%d quarantined, such as %+v", len(b.held), b.held[1])
	}
}

// Callbacks share transactions, whatever the places at which they came.
func TestDrainedTogether(t *testing.T) {
	t.Parallel()
	b := newBacking()
	s := wrap(t, b, t.TempDir(), spool.Options{})
	const callbacks = 700
	for n := range callbacks {
		b.set(true, int64(n))
		record(t, s, "r")
	}
	b.set(false, callbacks)
	b.await(t, callbacks)
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.batches) > 4 {
		t.Errorf("%d callbacks took transactions of %v", callbacks, b.batches)
	}
	for n, l := range b.recorded {
		if l.Since != int64(n) {
			t.Fatalf("callback %d came at %d", n, l.Since)
		}
	}
}
