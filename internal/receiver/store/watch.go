package store

import (
	"context"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// maxReconnect is how long a listener that lost its connection waits at most
// before it tries again.
const maxReconnect = 5 * time.Second

// watchers are the functions to call with the ids of what changed.
type watchers struct {
	mu      sync.Mutex
	next    int
	fns     map[int]func(ids []string)
	looking sync.WaitGroup
}

func (w *watchers) add(fn func(ids []string)) (remove func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.fns == nil {
		w.fns = map[int]func([]string){}
	}
	n := w.next
	w.next++
	w.fns[n] = fn
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.fns, n)
	}
}

func (w *watchers) notify(ids []string) {
	if len(ids) == 0 {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, fn := range w.fns {
		fn(ids)
	}
}

func (w *watchers) wait() { w.looking.Wait() }

// Watch calls fn with the journal ids that changed, until ctx ends or the store
// is closed. It returns at once, and from then on misses nothing that this
// process does. What another process does is noticed within a second or two in any
// case, and within milliseconds where the database announces it. fn may be called
// by several goroutines, must not block and must not call the store.
func (s *Store) Watch(ctx context.Context, fn func(ids []string)) {
	remove := s.watchers.add(fn)
	seen := s.known.Load()
	ctx, stop := context.WithCancel(ctx)
	look := make(chan struct{}, 1)
	s.watchers.looking.Go(func() {
		defer stop()
		select {
		case <-ctx.Done():
		case <-s.closed:
		}
	})
	s.watchers.looking.Go(func() {
		defer remove()
		s.poll(ctx, seen, look, fn)
	})
	if s.dialect.listen != nil {
		s.watchers.looking.Go(func() { s.listen(ctx, look, fn) })
	}
}

// poll looks for changes at intervals, and whenever it is told to.
func (s *Store) poll(ctx context.Context, seen int64, look <-chan struct{}, fn func(ids []string)) {
	ticker := s.options.Clock.NewTicker(s.dialect.poll)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-look:
		case <-ticker.Chan():
		}
		changed, newest, err := s.changedSince(ctx, seen)
		if err != nil && ctx.Err() != nil {
			return
		}
		if err != nil {
			s.options.Logger.WarnContext(ctx, "cannot look for changes by other processes", "error", err)
			continue
		}
		seen = newest
		s.noteKnown(newest)
		if len(changed) > 0 {
			fn(changed)
		}
	}
}

// changedSince returns what changed after seen and up to which place of the
// sequence it looked.
func (s *Store) changedSince(ctx context.Context, seen int64) (ids []string, newest int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, s.options.look)
	defer cancel()
	err = s.reader.QueryRowContext(ctx, `SELECT sequence FROM meta`).Scan(&newest)
	if err != nil || newest == seen {
		return nil, newest, err
	}
	ids, err = queryStrings(ctx, s.reader,
		`SELECT id FROM requests WHERE revision > $1 AND revision <= $2`, seen, newest)
	return ids, newest, err
}

// listen calls fn with what other processes announce. Whenever it begins to
// listen anew, the poll looks for what was announced before.
func (s *Store) listen(ctx context.Context, look chan<- struct{}, fn func(ids []string)) {
	pause := backoff.NewExponentialBackOff()
	pause.MaxInterval = maxReconnect
	listening := func() {
		pause.Reset()
		select {
		case look <- struct{}{}:
		default:
		}
	}
	// It ends with ctx alone, so there is no error to tell of.
	_, _ = backoff.Retry(ctx, func() (struct{}, error) {
		return struct{}{}, s.dialect.listen(ctx, listening, func(reached int64, ids []string) {
			s.noteKnown(reached)
			fn(ids)
		})
	}, backoff.WithBackOff(pause), backoff.WithMaxElapsedTime(0), backoff.WithNotify(func(err error, again time.Duration) {
		s.options.Logger.WarnContext(ctx, "cannot hear of changes by other processes; looking for them instead", "error", err, "again_in", again)
	}))
}
