package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
	"github.com/qosform/terraform-provider-qos/internal/receiver/batch"
)

const (
	// maxGrouped bounds the events of one transaction, which others wait for.
	maxGrouped = 200
	// firstRetry and lastRetry are how long a callback waits before it tries a
	// database again that is away.
	firstRetry = 50 * time.Millisecond
	lastRetry  = 500 * time.Millisecond
	// remoteAttempt bounds one transaction at a server: those behind it wait for a
	// connection that has died unnoticed. It is more than callers are held, because
	// what takes a busy server long is to be finished, not begun again.
	remoteAttempt = 10 * time.Second
)

// newRecorder lets callbacks that come at the same time share a transaction, and
// so a sync of the disk.
func (s *Store) newRecorder() *batch.Batcher[[]receiver.Event] {
	weigh := func(events []receiver.Event) int { return len(events) }
	return batch.New(maxGrouped, weigh, s.recordGroup).Apart(aboutContent)
}

// Record stores the events of one callback, each once, and brings the requests
// that they are about up to date. One that came before counts one delivery more,
// and is authenticated as soon as one of its deliveries was.
//
// While a database server is away, it tries again until Options.Hold is over.
// When it fails, or ctx ends during the write, the events may be stored all the
// same.
func (s *Store) Record(ctx context.Context, events []receiver.Event) error {
	if len(events) == 0 {
		return nil
	}
	return s.hold(ctx, func(ctx context.Context) error { return s.recorder.Do(ctx, events) })
}

// hold writes, and goes on trying while a database server is away.
func (s *Store) hold(ctx context.Context, write func(context.Context) error) error {
	if !s.dialect.remote {
		return write(ctx)
	}
	ctx, cancel := context.WithTimeout(ctx, s.options.Hold)
	defer cancel()
	var last error
	_, err := backoff.Retry(ctx, func() (struct{}, error) {
		err := write(ctx)
		if err != nil && (last == nil || ctx.Err() == nil) {
			last = err
		}
		return struct{}{}, permanentIfInvalid(err)
	}, backoff.WithBackOff(&backoff.ExponentialBackOff{
		InitialInterval: firstRetry, MaxInterval: lastRetry,
		Multiplier: backoff.DefaultMultiplier, RandomizationFactor: backoff.DefaultRandomizationFactor,
	}))
	if err != nil && !errors.Is(err, last) {
		return fmt.Errorf("%w: %w", err, last)
	}
	return err
}

// permanentIfInvalid ends the attempts for what no database will ever take.
func permanentIfInvalid(err error) error {
	if _, invalid := errors.AsType[*receiver.InvalidError](err); invalid {
		return backoff.Permanent(err)
	}
	return err
}

// RecordSince is Record for callbacks that have waited elsewhere, in one
// transaction. As acknowledgements their events count from the place since which
// they waited, so that none is taken for the answer to a request that was sent after
// it came. Their own places are new ones.
func (s *Store) RecordSince(ctx context.Context, callbacks []receiver.LateEvents) error {
	var arrivals []arrival
	for _, late := range callbacks {
		arrivals = append(arrivals, arrivedSince(late.Events, late.Since)...)
	}
	return s.writeUrgent(ctx, func(t *tx) error { return t.recordEvents(ctx, arrivals) })
}

// recordGroup writes what several callbacks brought. It takes them only once it is
// its turn, so that those go along who came meanwhile.
func (s *Store) recordGroup(ctx context.Context, take func() [][]receiver.Event) error {
	ctx, cancel := context.WithTimeout(ctx, s.writeTimeout())
	defer cancel()
	return s.writeUrgent(ctx, func(t *tx) error {
		var arrivals []arrival
		for _, events := range take() {
			arrivals = append(arrivals, arrivedSince(events, asTheyCome)...)
		}
		return t.recordEvents(ctx, arrivals)
	})
}

// writeTimeout bounds one attempt.
func (s *Store) writeTimeout() time.Duration {
	if s.dialect.remote {
		return s.options.attempt
	}
	return receiver.StoreTimeout
}
