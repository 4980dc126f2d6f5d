package store

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"

	"github.com/qosform/terraform-provider-qos/internal/pgtest"
	"github.com/qosform/terraform-provider-qos/internal/receiver"
)

// Callbacks gather behind one who writes, and then share a transaction.
func TestConcurrentCallbacksShareATransaction(t *testing.T) {
	t.Parallel()
	for name, database := range map[string]func(t *testing.T) string{
		"SQLite":     func(t *testing.T) string { t.Helper(); return filepath.Join(t.TempDir(), "receiver.db") },
		"PostgreSQL": func(t *testing.T) string { t.Helper(); return pgtest.Database(t) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := Open(t.Context(), database(t), Options{Hold: receiver.StoreTimeout})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = s.Close() })
			shareATransaction(t, s)
		})
	}
}

func shareATransaction(t *testing.T, s *Store) {
	t.Helper()
	const callbacks = 50
	commits := 0
	s.watchers.add(func([]string) { commits++ })
	slow, err := s.begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var wait sync.WaitGroup
	for i := range callbacks {
		wait.Go(func() {
			e := receiver.Event{RequestID: fmt.Sprint(i), QoSEvent: "QoSChangeReqAck"}
			if err := s.Record(t.Context(), []receiver.Event{e}); err != nil {
				t.Error(err)
			}
		})
	}
	ctx, hangUp := context.WithCancel(t.Context())
	wait.Go(func() {
		if err := s.Record(ctx, []receiver.Event{{RequestID: "late", QoSEvent: "x"}}); !errors.Is(err, context.Canceled) {
			t.Errorf("error = %v", err)
		}
	})
	for s.recorder.Waiting() <= callbacks {
		continue
	}
	hangUp()
	for s.recorder.Waiting() > callbacks {
		continue
	}
	if err := slow.Rollback(); err != nil {
		t.Fatal(err)
	}
	wait.Wait()
	if commits != 1 {
		t.Errorf("%d callbacks took %d transactions", callbacks, commits)
	}
	events, err := s.Events(t.Context(), 0, 1000)
	if err != nil || len(events) != callbacks {
		t.Errorf("%d events, %v", len(events), err)
	}
}

// A callback that cannot be kept fails alone, whoever shares its transaction.
func TestOneCallbackDoesNotFailItsGroup(t *testing.T) {
	t.Parallel()
	invalid := func(err error) bool {
		_, is := errors.AsType[*receiver.InvalidError](err)
		return is
	}
	unreadable := func(err error) bool { return errors.Is(err, errUnreadable) }
	spoil := func(t *testing.T, s *Store) {
		t.Helper()
		must(t, s.Record(t.Context(), []receiver.Event{{RequestID: "bad", QoSEvent: "QoSChangeReqAck"}}))
		_, err := s.writer.ExecContext(t.Context(), `UPDATE requests SET policies = '{'`)
		must(t, err)
	}
	file := func(t *testing.T) string { t.Helper(); return filepath.Join(t.TempDir(), "receiver.db") }
	server := func(t *testing.T) string { t.Helper(); return pgtest.Database(t) }
	for name, test := range map[string]struct {
		database func(t *testing.T) string
		prepare  func(t *testing.T, s *Store)
		bad      receiver.Event
		failure  func(error) bool
	}{
		"a text that PostgreSQL cannot keep":        {server, nil, receiver.Event{RequestID: "bad", QoSEvent: "\x00"}, invalid},
		"a row of PostgreSQL's that cannot be read": {server, spoil, receiver.Event{RequestID: "bad", QoSEvent: "QoSChangeOn"}, unreadable},
		"a row of SQLite's that cannot be read":     {file, spoil, receiver.Event{RequestID: "bad", QoSEvent: "QoSChangeOn"}, unreadable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := openInternal(t, test.database(t), Options{Hold: receiver.StoreTimeout})
			if test.prepare != nil {
				test.prepare(t, s)
			}
			slow, err := s.begin(t.Context())
			must(t, err)
			var callers sync.WaitGroup
			for i := range 5 {
				callers.Go(func() {
					if err := s.recorder.Do(t.Context(), []receiver.Event{{RequestID: fmt.Sprint(i), QoSEvent: "QoSChangeReqAck"}}); err != nil {
						t.Error(err)
					}
				})
			}
			callers.Go(func() {
				if err := s.recorder.Do(t.Context(), []receiver.Event{test.bad}); !test.failure(err) {
					t.Errorf("error = %v", err)
				}
			})
			for s.recorder.Waiting() < 6 {
				continue
			}
			must(t, slow.Rollback())
			callers.Wait()
		})
	}
}

func openInternal(t *testing.T, database string, options Options) *Store {
	t.Helper()
	s, err := Open(t.Context(), database, options)
	must(t, err)
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
