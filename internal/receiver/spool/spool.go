// Package spool keeps callbacks on disk while the store cannot take them, and
// hands them to it, in their order, once it can. It lets an outage of a database
// server cost no callback, whose sender may never send it again.
package spool

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/jonboulle/clockwork"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
	"github.com/qosform/terraform-provider-qos/internal/receiver/batch"
)

const (
	defaultMaxBytes = 1 << 30
	defaultAttempt  = time.Second
	// maxFile is how much of the callbacks that come at the same time share a file,
	// in bytes.
	maxFile = 4 << 20
)

// ErrFull refuses a callback because the spool holds as much as it may.
var ErrFull = errors.New("the spool is full")

// Backing is a store that can be told of events later than they came.
type Backing interface {
	receiver.Store
	// Known is a place of the sequence that was taken before the call. It must not
	// need the database.
	Known() int64
	// RecordSince is Record for events that came when the sequence had reached since.
	RecordSince(ctx context.Context, events []receiver.Event, since int64) error
}

// Options are what a spool can be told. The zero value is usable.
type Options struct {
	// MaxBytes is how much it may hold (default 1 GiB). Beyond, Record fails with
	// ErrFull.
	MaxBytes int64
	// Attempt is how long the store may take before a callback goes to the spool
	// (default 1 s). Its sender waits that long.
	Attempt time.Duration
	// Clock tells how long callbacks have waited; the system's by default.
	Clock clockwork.Clock
	// Logger hears when callbacks have to wait, and of files that cannot be used; by
	// default nobody does.
	Logger *slog.Logger
}

func (o Options) withDefaults() Options {
	if o.MaxBytes <= 0 {
		o.MaxBytes = defaultMaxBytes
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
	return o
}

// Store is a store whose Record succeeds while the one behind it is away. All
// other methods are the other's own.
type Store struct {
	Backing
	options  Options
	folder   *folder
	appender *batch.Batcher[callback]
	filled   chan struct{} // holds one once there is something to drain
	stop     context.CancelFunc
	drainer  sync.WaitGroup
}

// Wrap puts the spool in a folder before a store, which it then owns. The folder is
// made if need be, for its owner only, and belongs to one process at a time. What it
// holds from before is handed on at once. ctx gives values to the work in the
// background, which Close ends.
func Wrap(ctx context.Context, backing Backing, dir string, options Options) (*Store, error) {
	options = options.withDefaults()
	f, err := openFolder(dir, options)
	if err != nil {
		return nil, fmt.Errorf("spool %s: %w", dir, err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	s := &Store{Backing: backing, options: options, folder: f, filled: make(chan struct{}, 1), stop: stop}
	s.appender = batch.New(maxFile, callback.size, s.append)
	if status := f.status(); status.Depth > 0 {
		options.Logger.InfoContext(ctx, "callbacks have waited in the spool", "callbacks", status.Depth, "waited", status.Oldest)
		s.fill()
	}
	s.drainer.Go(func() { s.drain(ctx) })
	return s, nil
}

// Record hands the events to the store, or keeps them on disk: when the store
// fails, and as long as others wait before them. Either way they outlive a crash
// once it returns without an error. What the store refuses for good is not kept.
func (s *Store) Record(ctx context.Context, events []receiver.Event) error {
	if len(events) == 0 {
		return nil
	}
	return s.keep(ctx, callback{Events: events}, func(ctx context.Context) error { return s.Backing.Record(ctx, events) })
}

// RecordNotifications is Record for what CAMARA operators tell.
func (s *Store) RecordNotifications(ctx context.Context, notifications []receiver.Notification) error {
	if len(notifications) == 0 {
		return nil
	}
	return s.keep(ctx, callback{Notifications: notifications}, func(ctx context.Context) error {
		return s.Backing.RecordNotifications(ctx, notifications)
	})
}

func (s *Store) keep(ctx context.Context, c callback, record func(context.Context) error) error {
	c.Since = s.Known() // before the attempt: afterwards, more may have been sent
	if s.folder.empty() {
		err := s.attempt(ctx, record)
		if err == nil || ctx.Err() != nil || isInvalid(err) {
			return err
		}
		s.options.Logger.WarnContext(ctx, "the store failed, a callback goes to the spool", "error", err)
	}
	return s.appender.Do(ctx, c)
}

func (s *Store) attempt(ctx context.Context, record func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, s.options.Attempt)
	defer cancel()
	return record(ctx)
}

// append writes the callbacks that came at the same time to a file.
func (s *Store) append(_ context.Context, take func() []callback) error {
	callbacks := take()
	if len(callbacks) == 0 {
		return nil
	}
	if err := s.folder.append(callbacks); err != nil {
		return fmt.Errorf("write to the spool: %w", err)
	}
	s.fill()
	return nil
}

func (s *Store) fill() {
	select {
	case s.filled <- struct{}{}:
	default:
	}
}

// Status says what waits in the spool.
func (s *Store) Status() receiver.SpoolStatus { return s.folder.status() }

// Close ends the work in the background, closes the store and frees the folder.
// What it holds is handed on by the process that opens it next.
func (s *Store) Close() error {
	s.stop()
	s.appender.Wait()
	s.drainer.Wait()
	return errors.Join(s.Backing.Close(), s.folder.close())
}

func isInvalid(err error) bool {
	var invalid *receiver.InvalidError
	return errors.As(err, &invalid)
}
