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

// open puts a spool before a store that can be opened.
func open(t *testing.T, b spool.Backing, dir string, options spool.Options) *spool.Store {
	t.Helper()
	s, err := spool.New(dir, options)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Open(t.Context(), func(context.Context) (spool.Backing, error) { return b, nil }); err != nil {
		t.Fatal(err)
	}
	return s
}

func wrap(t *testing.T, b spool.Backing, dir string, options spool.Options) *spool.Store {
	t.Helper()
	s := open(t, b, dir, options)
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
	awaitDepth(t, s, 0)
}

func awaitDepth(t *testing.T, s *spool.Store, want int) {
	t.Helper()
	ticker := time.NewTicker(2 * time.Millisecond)
	defer ticker.Stop()
	for s.Status().Depth > want {
		select {
		case <-ticker.C:
		case <-t.Context().Done():
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
	goOn := make(chan struct{})
	b := &hooked{backing: newBacking(), during: func() { <-goOn }}
	s := wrap(t, b, t.TempDir(), spool.Options{})
	b.set(true, 7)
	var want []string
	for n := range 300 {
		if n == 150 {
			b.set(false, 7)
		}
		id := fmt.Sprint("r-", n)
		want = append(want, id)
		record(t, s, id)
	}
	close(goOn)
	if diff := cmp.Diff(want, requests(b.await(t, len(want)))); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
}

// hooked does something whenever it is handed what has waited.
type hooked struct {
	*backing
	during func()
}

func (h *hooked) RecordSince(ctx context.Context, callbacks []receiver.LateEvents) error {
	h.during()
	return h.backing.RecordSince(ctx, callbacks)
}

// As long as callbacks arrive, some are always under way. They do not keep the others
// from the store once those that waited are handed on.
func TestCaughtUp(t *testing.T) {
	t.Parallel()
	b := &hooked{backing: newBacking()}
	rounds, extra := 0, 0
	var s *spool.Store
	b.during = func() {
		b.mu.Lock()
		away := b.away
		b.mu.Unlock()
		rounds++
		if away || rounds > 1000 {
			return
		}
		extra++
		record(t, s, "arrives meanwhile")
	}
	s = wrap(t, b, t.TempDir(), spool.Options{})
	b.set(true, 7)
	record(t, s, "a", "b", "c")
	b.set(false, 7)
	empty(t, s)
	record(t, s, "last")
	recorded := b.await(t, 3)
	if got := recorded[len(recorded)-1]; rounds > 1000 || got.Since != atOnce {
		t.Errorf("after %d rounds with %d more, the last was recorded since %d", rounds, extra, got.Since)
	}
	b.set(true, 7)
	record(t, s, "d")
	if got := s.Status().Depth; got != 1 {
		t.Errorf("in the next outage %d wait", got)
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
	before := open(t, b, dir, spool.Options{Clock: clock})
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
	if _, err := spool.New(dir, spool.Options{}); err == nil || !strings.Contains(err.Error(), "another process uses it") {
		t.Errorf("error = %v", err)
	}
}

func TestFull(t *testing.T) {
	t.Parallel()
	b := newBacking()
	s := wrap(t, b, t.TempDir(), spool.Options{MaxBytes: 20_000})
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

// Files are counted as well: a volume has room for so many.
func TestFullOfFiles(t *testing.T) {
	t.Parallel()
	b := newBacking()
	s := wrap(t, b, t.TempDir(), spool.Options{MaxFiles: 3})
	b.set(true, 7)
	record(t, s, "a", "b")
	if s.Status().Full {
		t.Error("full of 2")
	}
	record(t, s, "c")
	if err := s.Record(t.Context(), []receiver.Event{event("d")}); !errors.Is(err, spool.ErrFull) || !s.Status().Full {
		t.Errorf("error = %v, status %+v", err, s.Status())
	}
}

// A spool that is full does not keep callbacks from a store that is back.
func TestFullBesideAStore(t *testing.T) {
	t.Parallel()
	goOn := make(chan struct{})
	b := &hooked{backing: newBacking(), during: func() { <-goOn }}
	s := wrap(t, b, t.TempDir(), spool.Options{MaxFiles: 2})
	b.set(true, 7)
	record(t, s, "a", "b")
	if err := s.Record(t.Context(), []receiver.Event{event("c")}); !errors.Is(err, spool.ErrFull) || !errors.Is(err, errAway) {
		t.Fatalf("error = %v", err)
	}
	b.set(false, 7)
	record(t, s, "d")
	if diff := cmp.Diff([]late{{event("d"), atOnce}}, b.await(t, 1)); diff != "" {
		t.Errorf("recorded (-want +got):\n%s", diff)
	}
	if err := s.Record(t.Context(), []receiver.Event{event("poison")}); err == nil || errors.Is(err, spool.ErrFull) {
		t.Errorf("what the store refuses: %v", err)
	}
	close(goOn)
	empty(t, s)
}

// A store that hangs is as good as one that is away.
func TestHangingStore(t *testing.T) {
	t.Parallel()
	b := &hanging{newBacking()}
	s := wrap(t, b, t.TempDir(), spool.Options{Attempt: time.Millisecond})
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
