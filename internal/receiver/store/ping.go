package store

import (
	"context"
	"database/sql"
	"fmt"
	"sync"
	"time"
)

const (
	// maxSkew is how far this machine's clock and the database server's may differ:
	// leases are judged by the clocks of all replicas.
	maxSkew = 2 * time.Second
	// warningPause is how often at most the same is told.
	warningPause = time.Minute
)

// Ping reports whether the store can write, by writing. Where other processes write
// as well, it waits for them no longer than a second: that ends the wait and not the
// connection, which everybody needs. That they write is as good an answer.
func (s *Store) Ping(ctx context.Context) error {
	if err := s.turns.take(ctx, laneUrgent); err != nil {
		return err
	}
	defer s.turns.leave()
	err := s.ping(ctx)
	switch {
	case err == nil:
		return nil
	case readOnly(err):
		s.reconnect()
	case hasCode(err, codeLockTimeout) && s.othersWrite(ctx):
		return nil
	}
	return fmt.Errorf("write to the store: %w", err)
}

// othersWrite reports whether the sequence has moved since the last ping. Then the store
// works, and only has much to do.
func (s *Store) othersWrite(ctx context.Context) bool {
	var sequence int64
	if err := s.reader.QueryRowContext(ctx, `SELECT sequence FROM meta`).Scan(&sequence); err != nil {
		return false
	}
	return sequence > s.pinged.Swap(sequence)
}

func (s *Store) ping(ctx context.Context) error {
	t, err := s.writer.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = t.Rollback() }() // does nothing after a commit
	if err := s.compareClocks(ctx, t); err != nil {
		return err
	}
	if s.dialect.brief != "" {
		if _, err := t.ExecContext(ctx, s.dialect.brief); err != nil {
			return err
		}
	}
	var sequence int64
	if err := t.QueryRowContext(ctx, `UPDATE meta SET pinged_at = $1 RETURNING sequence`, s.now().UnixMicro()).Scan(&sequence); err != nil {
		return err
	}
	if err := t.Commit(); err != nil {
		return err
	}
	s.pinged.Store(sequence)
	return nil
}

// compareClocks warns of a clock that differs from the database's, which tells its
// time after it was asked and before it has answered.
func (s *Store) compareClocks(ctx context.Context, t *sql.Tx) error {
	if s.dialect.clock == "" {
		return nil
	}
	asked := s.now()
	var micros int64
	if err := t.QueryRowContext(ctx, s.dialect.clock).Scan(&micros); err != nil {
		return err
	}
	theirs, answered := time.UnixMicro(micros), s.now()
	if max(asked.Sub(theirs), theirs.Sub(answered)) <= maxSkew || !s.skew.due(answered) {
		return nil
	}
	s.options.Logger.WarnContext(ctx, "this machine's clock and the database server's differ: "+
		"leases may end too early or too late until both follow the same time (NTP)", "difference", answered.Sub(theirs))
	return nil
}

// warnings are those about one thing, of which the first in a while is enough.
type warnings struct {
	mu   sync.Mutex
	last time.Time
}

func (w *warnings) due(now time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.last.IsZero() && now.Sub(w.last) < warningPause {
		return false
	}
	w.last = now
	return true
}
