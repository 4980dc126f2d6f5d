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
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/jonboulle/clockwork"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
	"github.com/qosform/terraform-provider-qos/internal/receiver/batch"
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

	defaultHold = 3 * time.Second
	defaultLook = 5 * time.Second
)

// Options are what a store can be told. The zero value is usable.
type Options struct {
	// Clock judges leases and retention; the system's by default.
	Clock clockwork.Clock
	// Lease is how long an intent stays its process's without a sign of life
	// (default 15 s).
	Lease time.Duration
	// Retention is how long the bodies of callbacks are kept, those in the quarantine and
	// the outbox among them (default 400 days). After as long, and 400 days at least,
	// goes what only callbacks without credentials told of, unless it may be on. All
	// else is kept for ever.
	Retention time.Duration
	// QuarantineLimit is how many refused callbacks are kept (default 1000), and
	// QuarantineBytes how much of them (default 64 MiB).
	QuarantineLimit int
	QuarantineBytes int64
	// Hold is how long Record waits for a database server that is away (default 3 s).
	// A file is never away.
	Hold time.Duration
	// MustExist refuses to make a database that is not there.
	MustExist bool
	// WithoutMigration refuses a database whose schema is not this build's, instead of
	// bringing it up to date: for what works beside a server of another version.
	WithoutMigration bool
	// Logger hears of what no caller can be told; by default nobody does.
	Logger *slog.Logger

	visit   time.Duration // bounds one look for what can be forgotten
	look    time.Duration // bounds a read of the background work
	attempt time.Duration // bounds a transaction at a server
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
	if o.Hold <= 0 {
		o.Hold = defaultHold
	}
	if o.visit <= 0 {
		o.visit = forgetVisit
	}
	if o.look <= 0 {
		o.look = defaultLook
	}
	if o.attempt <= 0 {
		o.attempt = remoteAttempt
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

// Store is a receiver.Store in a database. Several processes may have the same
// database open.
type Store struct {
	options Options
	dialect dialect
	writer  *sql.DB
	turns   turns // at the writer
	// statements are kept prepared for the writer; nil if its driver does that.
	statements *statements
	reader     *sql.DB
	storeID    string
	known      atomic.Int64 // the furthest place of the sequence that was seen taken
	recorder   *batch.Batcher[[]receiver.Event]
	notifier   *batch.Batcher[[]receiver.Notification]
	watchers   watchers
	pinged     atomic.Int64 // the place of the sequence at the last ping
	skew       warnings
	unreadable warnings
	forget     atomic.Pointer[forgetting]
	closed     chan struct{}
	closing    sync.Once
}

// Open opens the store and migrates its schema. database is a postgres:// URL, or
// the path of a SQLite file, which is made if it does not exist (readable by its
// owner only). Several processes may do so at the same time. No error holds the
// URL's password.
func Open(ctx context.Context, database string, options Options) (*Store, error) {
	d, err := dialectOf(database)
	if err != nil {
		return nil, err
	}
	for started := time.Now(); ; {
		s, err := open(ctx, d, options)
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

func open(ctx context.Context, d dialect, options Options) (*Store, error) {
	writer, reader, err := d.open(ctx, !options.MustExist)
	if err != nil {
		return nil, err
	}
	s := &Store{
		options: options.withDefaults(), dialect: d, writer: writer, reader: reader, closed: make(chan struct{}),
	}
	if !d.prepares {
		s.statements = newStatements()
	}
	s.recorder, s.notifier = s.newRecorder(), s.newNotifier()
	if err := s.prepare(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", d.name, err), s.Close())
	}
	return s, nil
}

func (s *Store) prepare(ctx context.Context) error {
	if err := s.dialect.migrate(ctx, s.writer, !s.options.WithoutMigration); err != nil {
		return err
	}
	_, err := s.writer.ExecContext(ctx,
		`INSERT INTO meta (id, store_id, sequence) VALUES (1, $1, 0) ON CONFLICT (id) DO NOTHING`, uuid.NewString())
	if err != nil {
		return fmt.Errorf("name the store: %w", err)
	}
	var sequence int64
	err = s.writer.QueryRowContext(ctx, `SELECT store_id, sequence FROM meta`).Scan(&s.storeID, &sequence)
	if err != nil {
		return fmt.Errorf("read the store's id: %w", err)
	}
	s.noteKnown(sequence)
	s.pinged.Store(sequence)
	return nil
}

// StoreID is the random id made when the store was made.
func (s *Store) StoreID() string { return s.storeID }

// Known is a place of the sequence that was taken before the call: what comes
// now comes after it. It asks nobody, so that it can be told while the database is
// away.
func (s *Store) Known() int64 { return s.known.Load() }

func (s *Store) noteKnown(place int64) {
	for known := s.known.Load(); place > known && !s.known.CompareAndSwap(known, place); {
		known = s.known.Load()
	}
}

// Close ends all watching and closes the database. It may be called again.
func (s *Store) Close() error {
	var err error
	s.closing.Do(func() {
		close(s.closed)
		s.watchers.wait()
		s.recorder.Wait()
		s.notifier.Wait()
		err = errors.Join(s.reader.Close(), s.writer.Close())
	})
	if err != nil {
		return fmt.Errorf("close the store: %w", err)
	}
	return nil
}

// now is the clock's time in the precision of the database.
func (s *Store) now() time.Time { return s.options.Clock.Now().UTC().Truncate(time.Microsecond) }
