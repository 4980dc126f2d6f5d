package spool_test

import (
	"bytes"
	"errors"
	"log/slog"
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

// list is what the spool in a folder has set aside.
func list(t *testing.T, dir string) []spool.Kept {
	t.Helper()
	kept, err := spool.List(dir)
	if err != nil {
		t.Fatal(err)
	}
	return kept
}

// recordTogether records callbacks that come at the same time, so that they share a
// file: those behind the first, which the disk is busy with.
func recordTogether(t *testing.T, s *spool.Store, requests ...string) {
	t.Helper()
	var senders sync.WaitGroup
	for _, request := range requests {
		senders.Go(func() {
			if err := s.Record(t.Context(), []receiver.Event{event(request)}); err != nil {
				t.Error(err)
			}
		})
	}
	senders.Wait()
}

// A crash or a failing disk leaves files that are not what was written. What can be
// read of them is handed on, and they are kept for a person to look at.
func TestDamage(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		damage func(content []byte) []byte
		lost   int // -1 for all
	}{
		"truncated":   {func(content []byte) []byte { return content[:len(content)-5] }, 1},
		"line lost":   {func(content []byte) []byte { return content[bytes.IndexByte(content, '\n')+1:] }, 1},
		"changed":     {func(content []byte) []byte { content[len(content)-10] ^= 1; return content }, 1},
		"lines split": {func(content []byte) []byte { content[100] = '\n'; return content }, 1},
		"empty":       {func([]byte) []byte { return nil }, -1},
		"foreign":     {func([]byte) []byte { return []byte("something else") }, -1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, dir := newBacking(), t.TempDir()
			b.set(true, 7)
			before := open(t, b, dir, spool.Options{})
			var sent []string
			for n := range 50 {
				sent = append(sent, string(rune('A'+n)))
			}
			recordTogether(t, before, sent...)
			if err := before.Close(); err != nil {
				t.Fatal(err)
			}
			victim := largest(t, dir)
			content, err := os.ReadFile(victim)
			if err != nil {
				t.Fatal(err)
			}
			lost := test.lost
			if lost < 0 {
				lost = bytes.Count(content, []byte("\n"))
			}
			damaged := test.damage(content)
			for path, content := range map[string][]byte{victim: damaged, filepath.Join(dir, "00000000000000000099-1.callbacks.part"): []byte("half")} {
				if err := os.WriteFile(path, content, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			b.set(false, 7)
			after := wrap(t, b, dir, spool.Options{})
			empty(t, after)
			if got := len(b.await(t, 0)); got != len(sent)-lost {
				t.Errorf("%d of %d callbacks are handed on, want %d lost", got, len(sent), lost)
			}
			kept, err := os.ReadFile(filepath.Join(dir, "aside", filepath.Base(victim)))
			if err != nil || !bytes.Equal(kept, damaged) {
				t.Errorf("kept aside: %q, %v", kept, err)
			}
			listed := list(t, dir)
			if len(listed) != 1 || !listed[0].Damaged() || listed[0].Callbacks-listed[0].Readable != lost || after.Status().Aside != 1 {
				t.Errorf("listed %+v, status %+v", listed, after.Status())
			}
			if err := spool.Restore(t.Context(), b, dir, filepath.Base(victim)); err == nil || !strings.Contains(err.Error(), "damaged") || len(list(t, dir)) != 1 {
				t.Errorf("restored: %v", err)
			}
			if err := spool.Drop(dir, filepath.Base(victim), false); err != nil || len(list(t, dir)) != 0 {
				t.Errorf("dropped: %v", err)
			}
		})
	}
}

// largest is the file of a spool that holds most.
func largest(t *testing.T, dir string) string {
	t.Helper()
	var name string
	var size int64
	for _, path := range spooled(t, dir) {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if info.Size() > size {
			name, size = path, info.Size()
		}
	}
	return name
}

// What the store refuses for good neither waits nor holds up others. Once the store
// takes it, it is handed on as it came.
func TestPoison(t *testing.T) {
	t.Parallel()
	b, dir, clock := newBacking(), t.TempDir(), clockwork.NewFakeClock()
	s := wrap(t, b, dir, spool.Options{Clock: clock})
	var invalid *receiver.InvalidError
	if err := s.Record(t.Context(), []receiver.Event{event("poison")}); !errors.As(err, &invalid) {
		t.Errorf("error = %v", err)
	}
	b.set(true, 7)
	record(t, s, "a", "poison", "b")
	b.set(false, 20)
	if diff := cmp.Diff([]string{"a", "b"}, requests(b.await(t, 2))); diff != "" {
		t.Errorf("recorded (-want +got):\n%s", diff)
	}
	empty(t, s)
	listed := list(t, dir)
	if len(listed) != 1 || listed[0].Damaged() || !slices.Equal(listed[0].Requests, []string{"poison"}) || !strings.Contains(listed[0].Reason, "poison") {
		t.Fatalf("set aside %+v", listed)
	}
	if err := spool.Restore(t.Context(), b, dir, listed[0].Name); err == nil || len(list(t, dir)) != 1 {
		t.Errorf("restored although the store refuses it: %v", err)
	}
	b.mu.Lock()
	b.curesPoison = true
	b.mu.Unlock()
	if err := spool.Restore(t.Context(), b, dir, listed[0].Name); err != nil {
		t.Fatal(err)
	}
	clock.Advance(2 * time.Second) // until then, what is set aside is not counted again
	if diff := cmp.Diff(late{event("poison"), 7}, b.await(t, 3)[2]); diff != "" || len(list(t, dir)) != 0 || s.Status().Aside != 0 {
		t.Errorf("restored (-want +got):\n%s", diff)
	}
}

func TestRestoreRefuses(t *testing.T) {
	t.Parallel()
	b, dir := newBacking(), t.TempDir()
	s := wrap(t, b, dir, spool.Options{})
	b.set(true, 7)
	record(t, s, "poison")
	b.set(false, 7)
	empty(t, s)
	other := newBacking()
	other.id = "another-store"
	name := list(t, dir)[0].Name
	for says, try := range map[string]func() error{
		"are for store the-store":   func() error { return spool.Restore(t.Context(), other, dir, name) },
		"not among the files":       func() error { return spool.Restore(t.Context(), b, dir, "x") },
		"name a file of the folder": func() error { return spool.Restore(t.Context(), b, dir, "../"+name) },
		"still does not take it":    func() error { return spool.Restore(t.Context(), b, dir, name) },
		"no such file or directory": func() error { return spool.Restore(t.Context(), b, t.TempDir(), name) },
		"drop it by force":          func() error { return spool.Drop(dir, name, false) },
		"folder " + dir:             func() error { return spool.Drop(dir, "../"+name, true) },
		"spool /nonexistent: open":  func() error { _, err := spool.List("/nonexistent"); return err },
	} {
		if err := try(); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("error %v, want %q", err, says)
		}
	}
	if len(list(t, dir)) != 1 {
		t.Error("the file is gone")
	}
	if err := spool.Drop(dir, name, true); err != nil || len(list(t, dir)) != 0 {
		t.Errorf("dropped by force: %v", err)
	}
}

// Somebody's copy in the folder keeps nothing from being taken and handed on.
func TestStrayFile(t *testing.T) {
	t.Parallel()
	b, dir := newBacking(), t.TempDir()
	b.set(true, 7)
	before := open(t, b, dir, spool.Options{})
	record(t, before, "a")
	if err := before.Close(); err != nil {
		t.Fatal(err)
	}
	stray := filepath.Join(dir, "copy-of-1.callbacks")
	if err := os.WriteFile(stray, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	b.set(false, 7)
	var logs lockedBuffer
	empty(t, wrap(t, b, dir, spool.Options{Logger: slog.New(slog.NewTextHandler(&logs, nil))}))
	if got := requests(b.await(t, 1)); !slices.Equal(got, []string{"a"}) || !strings.Contains(logs.String(), "copy-of-1.callbacks") {
		t.Errorf("recorded %v, and the log says %s", got, logs.String())
	}
	if _, err := os.Stat(stray); err != nil {
		t.Error(err)
	}
}

// A number is given out once, also after what it named was set aside: nothing is
// written over.
func TestSetAsideTwice(t *testing.T) {
	t.Parallel()
	b, dir := newBacking(), t.TempDir()
	for range 3 {
		b.set(true, 7)
		s := open(t, b, dir, spool.Options{})
		record(t, s, "poison")
		b.set(false, 7)
		empty(t, s)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if got := list(t, dir); len(got) != 3 {
		t.Errorf("set aside %+v", got)
	}
}

// What is set aside takes room of what may wait.
func TestAsideCounts(t *testing.T) {
	t.Parallel()
	b := newBacking()
	s := wrap(t, b, t.TempDir(), spool.Options{MaxBytes: 8192})
	for range 2 {
		b.set(true, 7)
		record(t, s, "poison")
		b.set(false, 7)
		empty(t, s)
	}
	b.set(true, 7)
	if err := s.Record(t.Context(), []receiver.Event{event("a")}); !errors.Is(err, spool.ErrFull) || !s.Status().Full {
		t.Errorf("error = %v, status %+v", err, s.Status())
	}
}

// A callback on which the store fails each time, though it answers, is found among
// others, and holds them up no more.
func TestStoreFailsOnOne(t *testing.T) {
	t.Parallel()
	b, dir := newBacking(), t.TempDir()
	s := wrap(t, b, dir, spool.Options{})
	b.set(true, 7)
	b.broken = "c"
	record(t, s, "a", "b", "c", "d", "e")
	b.set(false, 7)
	if diff := cmp.Diff([]string{"a", "b", "d", "e"}, requests(b.await(t, 4))); diff != "" {
		t.Errorf("recorded (-want +got):\n%s", diff)
	}
	empty(t, s)
	if listed := list(t, dir); len(listed) != 1 || !slices.Equal(listed[0].Requests, []string{"c"}) || !strings.Contains(listed[0].Reason, "cannot be read") {
		t.Errorf("set aside %+v", listed)
	}
}

// A store that fails on everything, though it answers, is to blame itself.
func TestStoreFailsOnAll(t *testing.T) {
	t.Parallel()
	b, dir := newBacking(), t.TempDir()
	s := wrap(t, b, dir, spool.Options{})
	b.set(true, 7)
	b.broken = "all"
	for n := range 20 {
		record(t, s, string(rune('a'+n)))
	}
	b.set(false, 7)
	b.awaitFailures(t, 30)
	if listed := list(t, dir); len(listed) != 0 || s.Status().Depth != 20 {
		t.Errorf("set aside %+v, status %+v", listed, s.Status())
	}
	b.mu.Lock()
	b.broken = ""
	b.mu.Unlock()
	empty(t, s)
	if got := len(b.await(t, 20)); got != 20 {
		t.Errorf("%d events", got)
	}
}

// A file that cannot be read holds up nobody, and is read once it can be. One that
// somebody took away is forgotten.
func TestFilesThatCannotBeRead(t *testing.T) {
	t.Parallel()
	b, dir := newBacking(), t.TempDir()
	b.set(true, 7)
	clock := clockwork.NewFakeClock()
	s := wrap(t, b, dir, spool.Options{Clock: clock})
	record(t, s, "unreadable", "taken away", "a")
	files := spooled(t, dir)
	hidden := filepath.Join(t.TempDir(), "hidden")
	// A folder in its place cannot be read, by whomever.
	if err := errors.Join(os.Rename(files[0], hidden), os.Mkdir(files[0], 0o700), os.Remove(files[1])); err != nil {
		t.Fatal(err)
	}
	b.set(false, 7)
	b.await(t, 1)
	awaitDepth(t, s, 1)
	record(t, s, "b")
	if diff := cmp.Diff(late{event("b"), atOnce}, b.await(t, 2)[1]); diff != "" {
		t.Errorf("others wait behind it (-want +got):\n%s", diff)
	}
	if err := errors.Join(os.Remove(files[0]), os.Rename(hidden, files[0])); err != nil {
		t.Fatal(err)
	}
	for s.Status().Depth > 0 && t.Context().Err() == nil {
		clock.Advance(rereadEvery)
	}
	if diff := cmp.Diff([]string{"a", "b", "unreadable"}, requests(b.await(t, 3))); diff != "" {
		t.Errorf("recorded (-want +got):\n%s", diff)
	}
}
