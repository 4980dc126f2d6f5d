package spool

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
)

const (
	// maxTogether bounds the events that are handed on with one transaction, which
	// others wait for.
	maxTogether = 200
	// firstPause and lastPause are how long it waits before it tries the store again.
	firstPause = 100 * time.Millisecond
	lastPause  = 2 * time.Second
)

// waiting is a callback and the place of its file among those at hand.
type waiting struct {
	callback
	file int
}

// drain hands on what the folder holds, whenever it holds something.
func (s *Store) drain(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.filled:
		}
		for ctx.Err() == nil && !s.folder.empty() {
			s.drainPatiently(ctx)
		}
	}
}

// drainPatiently hands on the oldest files, however long the store is away.
func (s *Store) drainPatiently(ctx context.Context) {
	// It ends with ctx alone, so there is no error to tell of.
	_, _ = backoff.Retry(ctx, func() (struct{}, error) {
		return struct{}{}, s.drainSome(ctx)
	}, backoff.WithMaxElapsedTime(0), backoff.WithBackOff(&backoff.ExponentialBackOff{
		InitialInterval: firstPause, MaxInterval: lastPause,
		Multiplier: backoff.DefaultMultiplier, RandomizationFactor: backoff.DefaultRandomizationFactor,
	}), backoff.WithNotify(func(err error, again time.Duration) {
		s.options.Logger.WarnContext(ctx, "the spool cannot be drained yet", "error", err, "callbacks", s.Status().Depth, "again_in", again)
	}))
}

// drainSome hands on the oldest files. A file goes only when all of it was handed
// on: what fails in between is handed on again, and known as the same.
func (s *Store) drainSome(ctx context.Context) error {
	var usable []file
	var callbacks []waiting
	for _, one := range s.folder.oldest(maxFile) {
		held, err := s.folder.read(one.name)
		switch {
		case errors.Is(err, errDamaged):
			if err := s.setAside(ctx, one, err); err != nil {
				return err
			}
			continue
		case err != nil:
			return fmt.Errorf("read the spool: %w", err)
		}
		for _, c := range held {
			callbacks = append(callbacks, waiting{c, len(usable)})
		}
		usable = append(usable, one)
	}
	refused := map[int]error{}
	for len(callbacks) > 0 {
		run := sameSince(callbacks)
		if err := s.handOn(ctx, run, refused); err != nil {
			return err
		}
		callbacks = callbacks[len(run):]
	}
	for i, one := range usable {
		if err := s.done(ctx, one, refused[i]); err != nil {
			return err
		}
	}
	return nil
}

// sameSince are the first of the callbacks that can share a transaction.
func sameSince(callbacks []waiting) []waiting {
	events := 0
	for i, c := range callbacks {
		events += len(c.Events) + len(c.Notifications)
		if i > 0 && (c.Since != callbacks[0].Since || events > maxTogether) {
			return callbacks[:i]
		}
	}
	return callbacks
}

// handOn records callbacks together. If the store refuses them for good, it does so
// one by one, and notes whose file is not to go.
func (s *Store) handOn(ctx context.Context, run []waiting, refused map[int]error) error {
	err := s.recordLate(ctx, run)
	switch {
	case err == nil || !isInvalid(err):
		return err
	case len(run) == 1:
		refused[run[0].file] = err
		return nil
	}
	for i := range run {
		if err := s.handOn(ctx, run[i:i+1], refused); err != nil {
			return err
		}
	}
	return nil
}

// recordLate hands on what callbacks that can share a transaction have brought.
func (s *Store) recordLate(ctx context.Context, run []waiting) error {
	ctx, cancel := context.WithTimeout(ctx, receiver.StoreTimeout)
	defer cancel()
	var events []receiver.Event
	var notifications []receiver.Notification
	for _, c := range run {
		events, notifications = append(events, c.Events...), append(notifications, c.Notifications...)
	}
	if len(events) > 0 {
		if err := s.RecordSince(ctx, events, run[0].Since); err != nil {
			return err
		}
	}
	if len(notifications) == 0 {
		return nil
	}
	return s.Backing.RecordNotifications(ctx, notifications)
}

func (s *Store) done(ctx context.Context, one file, refused error) error {
	if refused != nil {
		return s.setAside(ctx, one, refused)
	}
	if err := s.folder.remove(one); err != nil {
		return fmt.Errorf("remove from the spool: %w", err)
	}
	return nil
}

func (s *Store) setAside(ctx context.Context, one file, reason error) error {
	kept, err := s.folder.setAside(one)
	if err != nil {
		return fmt.Errorf("set a file of the spool aside: %w", err)
	}
	s.options.Logger.ErrorContext(ctx, "a file of the spool cannot be used and is set aside", "file", kept, "error", reason)
	return nil
}
