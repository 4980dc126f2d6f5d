// Package spool keeps callbacks on disk while the store cannot take them, and
// hands them to it, in their order, once it can. It lets an outage of a database
// server cost no callback, whose sender may never send it again, even if the
// process is started anew meanwhile.
package spool

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jonboulle/clockwork"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
	"github.com/qosform/terraform-provider-qos/internal/receiver/batch"
)

var _ receiver.Store = (*Store)(nil)

const (
	defaultMaxBytes = 1 << 30
	// defaultMaxFiles is less than a volume of 2 GiB has inodes for by default (ext4:
	// one for 16 KiB).
	defaultMaxFiles = 100_000
	defaultAttempt  = time.Second
	// maxFile is how much of the callbacks that come at the same time share a file,
	// in bytes, and how much of files is handed on at a time.
	maxFile = 4 << 20
)

var (
	// ErrFull refuses a callback because the spool holds as much as it may.
	ErrFull = errors.New("the spool is full")
	// ErrAway is the error of everything but taking callbacks until the store was
	// opened.
	ErrAway = errors.New("the database is away")
)

// Backing is a store that can be told of events later than they came.
type Backing interface {
	receiver.Store
	// Known is a place of the sequence that was taken before the call. It must not
	// need the database.
	Known() int64
	// RecordSince is Record for callbacks that have waited elsewhere, all in one
	// transaction.
	RecordSince(ctx context.Context, callbacks []receiver.LateEvents) error
}

// Options are what a spool can be told. The zero value is usable.
type Options struct {
	// MaxBytes is how much it may hold (default 1 GiB), with what it has set aside.
	// Beyond, Record fails with ErrFull.
	MaxBytes int64
	// MaxFiles is how many files it may hold (default 100,000), with what it has set
	// aside. Callbacks that come at the same time share one.
	MaxFiles int
	// Attempt is how long the store may take before a callback goes to the spool
	// (default 1 s). Its sender waits that long.
	Attempt time.Duration
	// Clock tells how long callbacks have waited; the system's by default.
	Clock clockwork.Clock
	// Logger hears when callbacks have to wait, and of files that cannot be used; by
	// default nobody does.
	Logger *slog.Logger

	disk disk
}

func (o Options) withDefaults() Options {
	if o.MaxBytes <= 0 {
		o.MaxBytes = defaultMaxBytes
	}
	if o.MaxFiles <= 0 {
		o.MaxFiles = defaultMaxFiles
	}
	if o.Attempt <= 0 {
		o.Attempt = defaultAttempt
	}
	if o.Clock == nil {
		o.Clock = clockwork.NewRealClock()
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.disk.write == nil {
		o.disk = realDisk()
	}
	return o
}

// Store is a store that takes callbacks while the one behind it is away. All other
// methods are the other's own, and fail with ErrAway until that was opened.
type Store struct {
	*behind
	options   Options
	folder    *folder
	callbacks *batch.Batcher[callback]
	suspects  *batch.Batcher[callback] // with wrong credentials: they have less room
	filled    chan struct{}            // holds one once there is something to drain
	caughtUp  atomic.Bool              // what comes need not wait for the few that do
	stop      context.CancelFunc
	working   sync.WaitGroup
	written   identity // what was last remembered, by whoever works in the background
	progress  progress // of draining, which alone uses it
	started   time.Time
	wasEmpty  bool        // when it started
	refused   atomic.Bool // by the store, which was not open yet
}

// New takes a folder, which is made if need be, for its owner only. It belongs to
// one process at a time. Open comes next; Close frees the folder in any case.
func New(dir string, options Options) (*Store, error) {
	options = options.withDefaults()
	f, err := openFolder(dir, options)
	if err != nil {
		return nil, fmt.Errorf("spool %s: %w", dir, err)
	}
	before, err := remembered(dir)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("spool %s: %w", dir, err), f.close())
	}
	held := f.status()
	s := &Store{
		behind: &behind{remembered: before}, written: before, options: options, folder: f,
		filled: make(chan struct{}, 1), stop: func() {},
		started: options.Clock.Now(), wasEmpty: held.Depth == 0 && held.Aside == 0,
	}
	s.callbacks = batch.New(maxFile, callback.size, s.appendAs(finished))
	s.suspects = batch.New(maxFile, callback.size, s.appendAs(suspect))
	return s, nil
}

// Record hands the events to the store, or keeps them on disk: when the store
// fails, and as long as many wait before them. Where they cannot be kept, the store
// gets them all the same. Either way they outlive a crash once it returns without an
// error. What the store refuses for good is not kept.
func (s *Store) Record(ctx context.Context, events []receiver.Event) error {
	if len(events) == 0 {
		return nil
	}
	return s.keep(ctx, s.callbacks, callback{Events: events}, func(ctx context.Context) error {
		return s.behind.Record(ctx, events)
	})
}

// RecordNotifications is Record for what CAMARA operators tell.
func (s *Store) RecordNotifications(ctx context.Context, notifications []receiver.Notification) error {
	if len(notifications) == 0 {
		return nil
	}
	return s.keep(ctx, s.callbacks, callback{Notifications: notifications}, func(ctx context.Context) error {
		return s.behind.RecordNotifications(ctx, notifications)
	})
}

// Quarantine is Record for a callback with wrong credentials: it may be a real one
// whose password is just being changed. Of those, up to 1000 wait, or 64 MiB.
func (s *Store) Quarantine(ctx context.Context, q receiver.Quarantined) error {
	if len(q.Events) == 0 {
		return nil
	}
	return s.keep(ctx, s.suspects, callback{Quarantined: &q}, func(ctx context.Context) error {
		return s.behind.Quarantine(ctx, q)
	})
}

func (s *Store) keep(ctx context.Context, queue *batch.Batcher[callback], c callback, record func(context.Context) error) error {
	// Before the attempt: afterwards, more may have been sent.
	came := s.place()
	c.Since, c.Store = came.Known, came.StoreID
	if s.caughtUp.Load() || s.folder.idle() {
		err := s.attempt(ctx, record)
		if err == nil || ctx.Err() != nil || isInvalid(err) {
			return err
		}
		s.caughtUp.Store(false)
		s.options.Logger.WarnContext(ctx, "the store failed, a callback goes to the spool", "error", err)
	}
	err := queue.Do(ctx, c)
	// Anybody may send what fills a share of the spool, and nobody is to wait for the
	// store because of that.
	if err == nil || ctx.Err() != nil || errors.Is(err, errShare) {
		return err
	}
	return s.insist(ctx, err, record)
}

// insist gives the store what cannot be kept on disk: it may be back, or only slow.
func (s *Store) insist(ctx context.Context, unkept error, record func(context.Context) error) error {
	err := record(ctx)
	switch {
	case err == nil:
		s.options.Logger.WarnContext(ctx, "a callback went to the store because it cannot be kept in the spool", "error", unkept)
		return nil
	case isInvalid(err):
		return err
	}
	return errors.Join(unkept, err)
}

func (s *Store) attempt(ctx context.Context, record func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, s.options.Attempt)
	defer cancel()
	return record(ctx)
}

// appendAs writes the callbacks that came at the same time to a file of a kind.
func (s *Store) appendAs(kind string) func(context.Context, func() []callback) error {
	return func(_ context.Context, take func() []callback) error {
		callbacks := take()
		if len(callbacks) == 0 {
			return nil
		}
		if err := s.folder.append(kind, callbacks); err != nil {
			return fmt.Errorf("write to the spool: %w", err)
		}
		s.fill()
		return nil
	}
}

func (s *Store) fill() {
	select {
	case s.filled <- struct{}{}:
	default:
	}
}

// Status says what waits in the spool, and what was set aside.
func (s *Store) Status() receiver.SpoolStatus {
	status := s.folder.status()
	status.Refused = s.refused.Load() && s.options.Clock.Since(s.started) < refusedFor
	return status
}

// Close ends the work in the background, closes the store and frees the folder.
// What it holds is handed on by the process that opens it next.
func (s *Store) Close() error {
	s.stop()
	s.callbacks.Wait()
	s.suspects.Wait()
	s.working.Wait()
	s.rememberKnown(context.Background())
	return errors.Join(s.behind.Close(), s.folder.close())
}

func isInvalid(err error) bool {
	_, invalid := errors.AsType[*receiver.InvalidError](err)
	return invalid
}
