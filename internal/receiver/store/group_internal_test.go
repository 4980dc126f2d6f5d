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
