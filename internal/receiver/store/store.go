// Package store keeps the receiver's events and journal in a database, so that
// what was answered with a success is still there after a crash. It implements
// receiver.Store on database/sql; the rules themselves are in package receiver.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jonboulle/clockwork"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
)

var _ receiver.Store = (*Store)(nil)

const (
	defaultLease           = 15 * time.Second
	defaultRetention       = 400 * 24 * time.Hour
	defaultQuarantineLimit = 1000
	defaultQuarantineBytes = 64 << 20

	// openPatience and openPause are how processes that start on the same new
	// database give each other time.
	openPatience = 5 * time.Second
	openPause    = 200 * time.Millisecond
)

// Options are what a store can be told. The zero value is usable.
type Options struct {
	// Clock judges leases and retention; the system's by default.
	Clock clockwork.Clock
	// Lease is how long an intent stays its process's without a sign of life
	// (default 15 s).
	Lease time.Duration
	// Retention is how long event bodies are kept (default 400 days). All else
	// is kept for ever.
	Retention time.Duration
	// QuarantineLimit is how many refused callbacks are kept (default 1000), and
	// QuarantineBytes how much of them (default 64 MiB).
	QuarantineLimit int
	QuarantineBytes int64
	// MustExist refuses to make a database that is not there.
	MustExist bool
	// Logger hears of what no caller can be told; by default nobody does.
	Logger *slog.Logger
}

func (o Options) withDefaults() Options {
	if o.Clock == nil {
		o.Clock = clockwork.NewRealClock()
	}
	if o.Lease <= 0 {
		o.Lease = defaultLease
	}
	if o.Retention <= 0 {
		o.Retention = defaultRetention
	}
	if o.QuarantineLimit <= 0 {
		o.QuarantineLimit = defaultQuarantineLimit
	}
	if o.QuarantineBytes <= 0 {
		o.QuarantineBytes = defaultQuarantineBytes
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

// Store is a receiver.Store in a database. Several processes may have the same
// database open.
type Store struct {
	options  Options
	writer   *sql.DB
	reader   *sql.DB
	storeID  string
	recorder *recorder
	watchers watchers
	closed   chan struct{}
	closing  sync.Once
}

// Open opens the store in the given SQLite file, making it if it does not exist
// (readable by its owner only), and migrates its schema. Several processes may
// do so at the same time.
func Open(ctx context.Context, database string, options Options) (*Store, error) {
	d, err := dialectOf(database)
	if err != nil {
		return nil, err
	}
	for started := time.Now(); ; {
		s, err := open(ctx, d, database, options)
		var contended contention
		if !errors.As(err, &contended) || time.Since(started) > openPatience {
			return s, err
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(openPause):
		}
	}
}

func open(ctx context.Context, d dialect, database string, options Options) (*Store, error) {
	writer, reader, err := d.open(ctx, database, !options.MustExist)
	if err != nil {
		return nil, err
	}
	s := &Store{
		options: options.withDefaults(), writer: writer, reader: reader,
		recorder: newRecorder(), closed: make(chan struct{}),
	}
	if err := s.prepare(ctx, d); err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", database, err), s.Close())
	}
	return s, nil
}

func (s *Store) prepare(ctx context.Context, d dialect) error {
	if err := d.migrate(ctx, s.writer); err != nil {
		return err
	}
	_, err := s.writer.ExecContext(ctx,
		`INSERT INTO meta (id, store_id, sequence) VALUES (1, $1, 0) ON CONFLICT (id) DO NOTHING`, uuid.NewString())
	if err != nil {
		return fmt.Errorf("name the store: %w", err)
	}
	err = s.writer.QueryRowContext(ctx, `SELECT store_id FROM meta`).Scan(&s.storeID)
	if err != nil {
		return fmt.Errorf("read the store's id: %w", err)
	}
	return nil
}

// StoreID is the random id made when the store was made.
func (s *Store) StoreID() string { return s.storeID }

// Ping reports whether the store can write, by writing.
func (s *Store) Ping(ctx context.Context) error {
	if _, err := s.writer.ExecContext(ctx, `UPDATE meta SET pinged_at = $1`, s.now().UnixMicro()); err != nil {
		return fmt.Errorf("write to the store: %w", err)
	}
	return nil
}

// Close ends all watching and closes the database. It may be called again.
func (s *Store) Close() error {
	var err error
	s.closing.Do(func() {
		close(s.closed)
		s.watchers.wait()
		err = errors.Join(s.reader.Close(), s.writer.Close())
	})
	if err != nil {
		return fmt.Errorf("close the store: %w", err)
	}
	return nil
}

// now is the clock's time in the precision of the database.
func (s *Store) now() time.Time { return s.options.Clock.Now().UTC().Truncate(time.Microsecond) }
