package store_test

import (
	"context"
	"errors"
	"flag"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qosform/terraform-provider-qos/internal/pgtest"
	"github.com/qosform/terraform-provider-qos/internal/receiver"
	"github.com/qosform/terraform-provider-qos/internal/receiver/store"
)

func TestMain(m *testing.M) {
	flag.Parse()
	// Every step of a property's check is a write to disk; the command line may
	// ask for more.
	checks := "25"
	if testing.Short() {
		checks = "5"
	}
	if !isSet("rapid.checks") {
		if err := flag.Set("rapid.checks", checks); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}

func isSet(name string) bool {
	found := false
	flag.Visit(func(f *flag.Flag) { found = found || f.Name == name })
	return found
}

// opener makes an empty database and returns its name.
type opener func(tb testing.TB) string

// forEachDatabase is for what every database has to pass. A short run, which is
// the race detector's, leaves SQLite out: it is written in Go, and many times as
// slow then, while what shares memory is the same for both.
func forEachDatabase(t *testing.T, test func(t *testing.T, database opener)) {
	t.Helper()
	databases := map[string]opener{"PostgreSQL": pgtest.Database, "SQLite": sqliteDatabase}
	if testing.Short() {
		delete(databases, "SQLite")
	}
	for name, database := range databases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, database)
		})
	}
}

func TestRules(t *testing.T) {
	t.Parallel()
	forEachDatabase(t, func(t *testing.T, database opener) {
		t.Helper()
		for _, group := range []map[string]func(*journal){intentRules, leaseRules, changeRules, unknownRules, stopRules, eventRules, attributionRules, inferenceRules, sinceRules, quarantineRules, queryRules, historyRules, outboxRules} {
			for name, rule := range group {
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					rule(newJournal(t, database))
				})
			}
		}
	})
}

func TestReopening(t *testing.T) {
	t.Parallel()
	forEachDatabase(t, func(t *testing.T, database opener) {
		t.Helper()
		j := newJournal(t, database)
		r := j.accepted("mine", "r", device("a", "192.0.2.1"))
		j.hear(acknowledged("r", "s", "a"))
		want := j.get(r.ID)
		id := j.store.StoreID()
		if err := j.store.Close(); err != nil {
			t.Fatal(err)
		}
		j.store = j.open()
		if diff := cmp.Diff(want, j.get(r.ID)); diff != "" {
			t.Errorf("request (-before +after):\n%s", diff)
		}
		if j.store.StoreID() != id {
			t.Errorf("store id %s, was %s", j.store.StoreID(), id)
		}
	})
}

func TestOpenAtTheSameTime(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		database opener
		opens    int
	}{
		"SQLite": {sqliteDatabase, 4}, "PostgreSQL": {pgtest.Database, 10},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			database := test.database(t)
			var wait sync.WaitGroup
			ids := make([]string, test.opens)
			for i := range ids {
				wait.Go(func() {
					s, err := store.Open(t.Context(), database, store.Options{})
					if err != nil {
						t.Error(err)
						return
					}
					ids[i] = s.StoreID()
					if err := s.Close(); err != nil {
						t.Error(err)
					}
				})
			}
			wait.Wait()
			slices.Sort(ids)
			if len(slices.Compact(ids)) != 1 {
				t.Errorf("store ids %v", ids)
			}
		})
	}
}

// A second process writes while the first does: neither fails for it.
func TestTwoWriters(t *testing.T) {
	t.Parallel()
	forEachDatabase(t, func(t *testing.T, database opener) {
		t.Helper()
		j := newJournal(t, database)
		var wait sync.WaitGroup
		for i, s := range []receiver.Store{j.store, j.open()} {
			wait.Go(func() {
				for n := range 15 {
					e := on("r", "s")
					e.ReportedTime = strings.Repeat("x", i*100+n)
					if err := s.Record(t.Context(), []receiver.Event{e}); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wait.Wait()
		if got := len(j.events(0)); got != 30 {
			t.Errorf("%d events, want 30", got)
		}
	})
}

func TestCancelledWritesLeaveNothing(t *testing.T) {
	t.Parallel()
	forEachDatabase(t, func(t *testing.T, database opener) {
		t.Helper()
		j := newJournal(t, database)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := j.store.Record(ctx, []receiver.Event{on("r", "s")}); !errors.Is(err, context.Canceled) {
			t.Errorf("error = %v", err)
		}
		if got := j.events(0); len(got) != 0 {
			t.Errorf("events = %+v", got)
		}
	})
}

func TestWatchEndsWithTheStore(t *testing.T) {
	t.Parallel()
	forEachDatabase(t, func(t *testing.T, database opener) {
		t.Helper()
		j := newJournal(t, database)
		j.store.Watch(t.Context(), func([]string) {})
		for range 2 {
			if err := j.store.Close(); err != nil {
				t.Error(err)
			}
		}
	})
}
