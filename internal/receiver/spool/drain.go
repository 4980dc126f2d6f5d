package spool

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
)

const (
	// maxTogether bounds the events that are handed on with one transaction, which
	// others wait for.
	maxTogether = 300
	// firstPause and lastPause are how long it waits before it tries the store again.
	firstPause = 100 * time.Millisecond
	lastPause  = 2 * time.Second
	// rereadEvery is how soon a file that could not be read, or taken away, is tried
	// again.
	rereadEvery = time.Minute
	// fewWaiting is how many callbacks may wait for those that come to go to the store
	// at once again. As long as callbacks arrive, some are always under way.
	fewWaiting = 64
)

// drain hands on what the folder holds, whenever it holds something.
func (s *Store) drain(ctx context.Context) {
	ticker := s.options.Clock.NewTicker(rereadEvery)
	defer ticker.Stop()
	s.fill()
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.filled:
		case <-ticker.Chan():
		}
		s.drainPatiently(ctx)
		for ctx.Err() == nil && !s.folder.idle() {
			s.drainPatiently(ctx)
		}
	}
}

// drainPatiently hands on all there is, however long the store is away.
func (s *Store) drainPatiently(ctx context.Context) {
	// It ends with ctx alone, so there is no error to tell of.
	_, _ = backoff.Retry(ctx, func() (struct{}, error) {
		err := s.drainAll(ctx)
		s.caughtUp.Store(err == nil && s.folder.queued() <= fewWaiting)
		return struct{}{}, err
	}, backoff.WithMaxElapsedTime(0), backoff.WithBackOff(&backoff.ExponentialBackOff{
		InitialInterval: firstPause, MaxInterval: lastPause,
		Multiplier: backoff.DefaultMultiplier, RandomizationFactor: backoff.DefaultRandomizationFactor,
	}), backoff.WithNotify(func(err error, again time.Duration) {
		s.options.Logger.WarnContext(ctx, "the spool cannot be drained yet", "error", err, "callbacks", s.Status().Depth, "again_in", again)
	}))
}

// drainAll hands on the files that are there, oldest first. A file goes only when
// all of it was handed on. If that is interrupted, what was handed on is known next
// time, unless the process ends: then the store knows it as the same.
func (s *Store) drainAll(ctx context.Context) error {
	r := &round{Store: s}
	for _, files := range s.folder.portions(maxFile) {
		err := r.handOnAll(ctx, r.read(ctx, files))
		r.finish(ctx)
		if errors.Is(err, errMany) {
			break
		}
		if err != nil {
			return err
		}
	}
	return r.end(ctx)
}

// read returns what files hold and the store does not have. Those that cannot be read
// hold up no others.
func (r *round) read(ctx context.Context, files []file) []waiting {
	var callbacks []waiting
	for _, one := range files {
		opened := &openFile{file: one}
		if !one.handedOn {
			held, err := r.folder.read(one)
			if err != nil {
				r.unreadable(ctx, one, err)
				continue
			}
			if one.passedOver {
				r.folder.passOver(one.name, false)
			}
			opened.held, opened.damaged = len(held), len(held) < one.callbacks
			callbacks = append(callbacks, r.progress.missing(opened, held)...)
		}
		r.opened = append(r.opened, opened)
	}
	return callbacks
}

func (r *round) unreadable(ctx context.Context, one file, err error) {
	switch {
	case errors.Is(err, fs.ErrNotExist) && r.folder.isThere():
		r.folder.forget([]file{one})
		r.options.Logger.ErrorContext(ctx, "a file of the spool is gone, and with it callbacks that nobody has", "file", one.name, "callbacks", one.callbacks)
	case !one.passedOver:
		r.folder.passOver(one.name, true)
		r.options.Logger.ErrorContext(ctx, "a file of the spool cannot be read and is passed over for now", "file", one.name, "callbacks", one.callbacks, "error", err)
	}
}

// runs are callbacks in parts that share a transaction each. So they are of one kind:
// whatever of them fails, none of the others was stored.
func runs(callbacks []waiting) [][]waiting {
	var parts [][]waiting
	for k := range kind(kinds) {
		rest := slices.DeleteFunc(slices.Clone(callbacks), func(w waiting) bool { return w.kind() != k })
		for len(rest) > 0 {
			run := together(rest)
			parts = append(parts, run)
			rest = rest[len(run):]
		}
	}
	return parts
}

// together are the first of the callbacks of a kind, as many as may share a
// transaction.
func together(callbacks []waiting) []waiting {
	if callbacks[0].kind() == ofSuspects {
		return callbacks[:1] // which the store takes one by one
	}
	rows := 0
	for i, c := range callbacks {
		rows += c.rows()
		if i > 0 && rows > maxTogether {
			return callbacks[:i]
		}
	}
	return callbacks
}

// record gives the store what callbacks have brought, which are of one kind.
func record(ctx context.Context, store Backing, run []callback) error {
	ctx, cancel := context.WithTimeout(ctx, receiver.StoreTimeout)
	defer cancel()
	var events []receiver.LateEvents
	var notifications []receiver.Notification
	for _, c := range run {
		since := c.sinceIn(store.StoreID())
		switch c.kind() {
		case ofThingSpace:
			events = append(events, receiver.LateEvents{Events: c.Events, Since: since})
		case ofCAMARA:
			notifications = append(notifications, c.Notifications...)
		case ofSuspects:
			q := *c.Quarantined
			q.Since = &since
			return store.Quarantine(ctx, q)
		}
	}
	if len(events) > 0 {
		return store.RecordSince(ctx, events)
	}
	return store.RecordNotifications(ctx, notifications)
}
