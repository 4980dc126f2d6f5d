package store_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/qosform/terraform-provider-qos/internal/pgtest"
	"github.com/qosform/terraform-provider-qos/internal/receiver"
	"github.com/qosform/terraform-provider-qos/internal/receiver/store"
)

// ear is what a watcher hears.
type ear chan []string

func (j *journal) earAt(s receiver.Store) ear {
	j.t.Helper()
	heard := make(ear, 100)
	s.Watch(j.t.Context(), func(ids []string) { heard <- ids })
	return heard
}

// await returns once the id was heard.
func (e ear) await(t *testing.T, id string) {
	t.Helper()
	for {
		select {
		case ids := <-e:
			if slices.Contains(ids, id) {
				return
			}
		case <-t.Context().Done():
			t.Fatal("not heard")
		}
	}
}

// The clock of these stores stands still, so that nobody polls.
func TestPostgresAnnouncesChangesToOtherProcesses(t *testing.T) {
	t.Parallel()
	j := newJournal(t, pgtest.Database)
	other := j.earAt(j.open())
	r := j.accepted("mine", "r", device("a", "192.0.2.1"))
	other.await(t, r.ID) // announced, or found as the listener began
	for n := range 3 {
		subscription := fmt.Sprint("s", n)
		j.hear(acknowledged("r", subscription, "a"))
		other.await(t, r.ID)
	}
}

func TestPostgresAnnouncesManyChangesOfOneTransaction(t *testing.T) {
	t.Parallel()
	j := newJournal(t, pgtest.Database)
	other := j.earAt(j.open())
	r := j.intend("mine", device("a", "192.0.2.1"))
	other.await(t, r.ID)
	var events []receiver.Event
	for n := range 250 {
		events = append(events, acknowledged(fmt.Sprint("r-", n), fmt.Sprint("s-", n), "b"))
	}
	j.hear(events...)
	missing := map[string]bool{}
	for _, r := range j.list(receiver.Filter{DeviceID: "b", Limit: 1000}) {
		missing[r.ID] = true
	}
	if len(missing) != len(events) {
		t.Fatalf("%d requests", len(missing))
	}
	for len(missing) > 0 {
		for _, id := range <-other {
			delete(missing, id)
		}
	}
}

// A schema in front of the system's own swallows the announcements.
func TestPostgresFindsWhatWasNotAnnounced(t *testing.T) {
	t.Parallel()
	j := newJournal(t, func(tb testing.TB) string {
		tb.Helper()
		database := pgtest.Database(tb)
		pgtest.Execute(tb, database, `CREATE SCHEMA mute;
			CREATE FUNCTION mute.pg_notify(text, text) RETURNS void LANGUAGE sql AS 'SELECT'`)
		return pgtest.Parameter(tb, database, "search_path", "mute,pg_catalog")
	})
	other := j.earAt(j.open())
	go func() {
		for t.Context().Err() == nil {
			if j.clock.BlockUntilContext(t.Context(), 1) == nil {
				j.clock.Advance(time.Second)
			}
		}
	}()
	for n := range 3 {
		j.hear(acknowledged(fmt.Sprint("r", n), fmt.Sprint("s", n), "a"))
		other.await(t, j.byRequestID(fmt.Sprint("r", n)).ID)
	}
}

func TestPostgresAway(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t)
	open := func(hold time.Duration) *store.Store {
		s, err := store.Open(t.Context(), server.URL(), store.Options{Hold: hold})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		return s
	}
	patient, hasty := open(receiver.StoreTimeout), open(100*time.Millisecond)
	j := &journal{t: t, store: patient}
	heard := j.earAt(hasty)
	j.hear(on("r", "s"))
	heard.await(t, j.byRequestID("r").ID)

	server.Stop(t)
	if err := hasty.Record(t.Context(), []receiver.Event{on("r", "lost")}); err == nil {
		t.Error("recorded without a database")
	}
	if hasty.Ping(t.Context()) == nil {
		t.Error("ready without a database")
	}
	if known := hasty.Known(); known == 0 {
		t.Error("nothing is known without a database")
	}
	held := make(chan error, 2)
	go func() { held <- patient.Record(t.Context(), []receiver.Event{on("q", "held")}) }()
	go func() {
		held <- patient.Quarantine(t.Context(), receiver.Quarantined{Events: []receiver.Event{on("q", "rotating")}})
	}()
	server.Restart(t)
	for range 2 {
		if err := <-held; err != nil {
			t.Errorf("a callback that was held: %v", err)
		}
	}
	for _, s := range []*store.Store{patient, hasty} {
		if err := s.Ping(t.Context()); err != nil {
			t.Errorf("not ready again: %v", err)
		}
	}
	for { // connections from before may have to fail first
		if _, err := patient.Requests(t.Context(), receiver.Filter{}); err == nil {
			break
		}
	}
	heard.await(t, j.byRequestID("q").ID)
	j.hear(on("p", "u")) // its listener is there again
	heard.await(t, j.byRequestID("p").ID)
	if found := j.list(receiver.Filter{QoSSubscriptionID: "lost", IncludeUnauthenticated: true}); len(found) != 0 {
		t.Errorf("what failed is there: %+v", found)
	}
}

// What was acknowledged is there after the server has crashed, once.
func TestPostgresCrash(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t)
	s, err := store.Open(t.Context(), server.URL(), store.Options{Hold: receiver.StoreTimeout})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	const callers, each = 4, 25
	var wait sync.WaitGroup
	reached := make(chan struct{}, callers*each)
	for caller := range callers {
		wait.Go(func() {
			for n := range each {
				if err := s.Record(t.Context(), []receiver.Event{on(fmt.Sprintf("r-%d-%d", caller, n), "s")}); err != nil {
					t.Error(err)
				}
				reached <- struct{}{}
			}
		})
	}
	for range callers * each / 3 {
		<-reached
	}
	server.Crash(t)
	server.Restart(t)
	wait.Wait()
	events, err := s.Events(t.Context(), 0, 1000)
	if err != nil || len(events) != callers*each {
		t.Errorf("%d events, %v", len(events), err)
	}
}

// Of two processes that ask for the same flow at the same time, one gets it.
func TestPostgresRaces(t *testing.T) {
	t.Parallel()
	j := newJournal(t, pgtest.Database)
	replicas := []receiver.Store{j.store, j.open(), j.open()}
	race := func(try func(n int, s receiver.Store) error) {
		t.Helper()
		results := make([]error, len(replicas))
		var wait sync.WaitGroup
		for n, s := range replicas {
			wait.Go(func() { results[n] = try(n, s) })
		}
		wait.Wait()
		won := 0
		for _, err := range results {
			var conflict *receiver.ConflictError
			switch {
			case err == nil:
				won++
			case !errors.As(err, &conflict):
				t.Error(err)
			}
		}
		if won != 1 {
			t.Errorf("%d win", won)
		}
	}
	for round := range 10 {
		own := device(fmt.Sprint("d", round), "192.0.2.1")
		race(func(n int, s receiver.Store) error {
			_, err := s.Create(t.Context(), intent(fmt.Sprintf("claim-%d-%d", round, n), own))
			return err
		})
	}
	r := j.accepted("mine", "r", device("a", "192.0.2.1"))
	j.clock.Advance(lease)
	race(func(n int, s receiver.Store) error {
		_, err := s.Change(t.Context(), r.ID, receiver.Change{Kind: receiver.ChangeClaim, Claim: "mine", NewClaim: fmt.Sprint("adopter-", n), Adopt: true})
		return err
	})
}

func TestPostgresRefusesWhatItCannotKeep(t *testing.T) {
	t.Parallel()
	j := newJournal(t, pgtest.Database)
	var invalid *receiver.InvalidError
	if _, err := j.store.Requests(t.Context(), receiver.Filter{RequestID: "a\x00"}); !errors.As(err, &invalid) {
		t.Errorf("requests: error = %v", err)
	}
	if err := j.store.Record(t.Context(), []receiver.Event{on("a\x00", "s")}); !errors.As(err, &invalid) {
		t.Errorf("record: error = %v", err)
	}
}

func TestOpenRefusesPostgres(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		database  func(t *testing.T) string
		reason    string
		mustExist bool
	}{
		"nobody there": {
			database: func(*testing.T) string { return "postgres://qos:hunter2@127.0.0.1:1/qos" }, reason: "connect",
		},
		"a port that is none": {
			database: func(*testing.T) string { return "PostgreSQL://qos:hunter2@db:port/qos" }, reason: "percent-encoded",
		},
		"a password that is not encoded": {
			database: func(*testing.T) string { return "postgres://qos:hunter2/@db/qos" }, reason: "percent-encoded",
		},
		"a parameter": {
			database: func(*testing.T) string { return "postgres://qos:hunter2@db/qos?sslmode=hunter2" }, reason: "sslmode",
		},
		"a password among the parameters": {
			database: func(*testing.T) string { return "postgres://db/qos?password=hunter2&connect_timeout=hunter2" }, reason: "not a usable",
		},
		"a missing certificate": {
			database: func(*testing.T) string { return "postgres://qos:hunter2@db/qos?sslrootcert=/nonexistent/ca.pem" }, reason: "/nonexistent/ca.pem",
		},
		"no journal": {
			database: func(t *testing.T) string { t.Helper(); return pgtest.Database(t) }, reason: "no receiver's journal", mustExist: true,
		},
		"another program's tables": {
			database: func(t *testing.T) string {
				t.Helper()
				database := pgtest.Database(t)
				pgtest.Execute(t, database, `CREATE TABLE songs (title TEXT)`)
				return database
			},
			reason: "tables of another program",
		},
		"a newer schema": {
			database: func(t *testing.T) string {
				t.Helper()
				j := newJournal(t, pgtest.Database)
				if err := j.store.Close(); err != nil {
					t.Fatal(err)
				}
				pgtest.Execute(t, j.database, `INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, true)`)
				return j.database
			},
			reason: "use a newer qos-receiver",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := store.Open(t.Context(), test.database(t), store.Options{MustExist: test.mustExist})
			if err == nil {
				t.Fatal("opened", s.Close())
			}
			if strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), test.reason) {
				t.Errorf("error = %v", err)
			}
		})
	}
}

// A table beside the receiver's own is no reason to refuse it later.
func TestOpenPostgresInASchemaOfItsOwn(t *testing.T) {
	t.Parallel()
	database := pgtest.Database(t)
	pgtest.Execute(t, database, `CREATE TABLE songs (title TEXT); CREATE SCHEMA qos`)
	j := newJournal(t, func(tb testing.TB) string { tb.Helper(); return pgtest.Parameter(tb, database, "search_path", "qos") })
	r := j.intend("mine", device("a", "192.0.2.1"))
	j.store = j.open()
	j.expect(j.get(r.ID), "open a/=REQUESTED")
}

func TestPostgresIsDurable(t *testing.T) {
	t.Parallel()
	database := pgtest.Database(t)
	// A database whose default is to forget does not make the receiver forget.
	alter := func(how string) {
		pgtest.Execute(t, database, `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I `+how+`', current_database()); END $$`)
	}
	alter("SET synchronous_commit = off")
	t.Cleanup(func() { alter("RESET synchronous_commit") })
	j := newJournal(t, func(testing.TB) string { return database })
	j.intend("mine", device("a", "192.0.2.1"))
	// The function is called by what the receiver does, in its own session.
	pgtest.Execute(t, database, `CREATE FUNCTION check_commit() RETURNS trigger LANGUAGE plpgsql AS $$
		BEGIN
			IF current_setting('synchronous_commit') <> 'on' THEN RAISE 'commits are not synchronous'; END IF;
			RETURN NEW;
		END $$;
		CREATE TRIGGER durable BEFORE INSERT ON events FOR EACH ROW EXECUTE FUNCTION check_commit()`)
	j.hear(on("r", "s"))
}

// A caller's end during an outage ends the call.
func TestPostgresRecordEndsWithItsCaller(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t)
	s, err := store.Open(t.Context(), server.URL(), store.Options{Hold: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	server.Stop(t)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Record(ctx, []receiver.Event{on("r", "s")}) }()
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("error = %v", err)
	}
}
