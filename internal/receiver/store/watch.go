package store

import (
	"context"
	"sync"
	"time"
)

// pollInterval is how soon a change made by another process is noticed.
const pollInterval = time.Second

// unseen is no place of the sequence.
const unseen = -1

// watchers are the functions to call with the ids of what changed.
type watchers struct {
	mu      sync.Mutex
	next    int
	fns     map[int]func(ids []string)
	polling sync.WaitGroup
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

func (w *watchers) wait() { w.polling.Wait() }

// Watch calls fn with the journal ids that changed, until ctx ends or the store
// is closed. It returns at once, and from then on misses nothing that this
// process does; what another process does is noticed within a second or so. fn
// must not block and must not call the store.
func (s *Store) Watch(ctx context.Context, fn func(ids []string)) {
	remove := s.watchers.add(fn)
	_, seen, err := s.changedSince(ctx, unseen)
	if err != nil {
		s.options.Logger.WarnContext(ctx, "cannot read the sequence", "error", err)
		seen = unseen
	}
	s.watchers.polling.Go(func() {
		defer remove()
		s.poll(ctx, seen, fn)
	})
}

func (s *Store) poll(ctx context.Context, seen int64, fn func(ids []string)) {
	ticker := s.options.Clock.NewTicker(pollInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.closed:
			return
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
		if len(changed) > 0 {
			fn(changed)
		}
	}
}

// changedSince returns what changed after seen and up to which place of the
// sequence it looked; nothing when seen is unseen.
func (s *Store) changedSince(ctx context.Context, seen int64) (ids []string, newest int64, err error) {
	err = s.reader.QueryRowContext(ctx, `SELECT sequence FROM meta`).Scan(&newest)
	if err != nil || seen == unseen || newest == seen {
		return nil, newest, err
	}
	ids, err = queryStrings(ctx, s.reader,
		`SELECT id FROM requests WHERE revision > $1 AND revision <= $2`, seen, newest)
	return ids, newest, err
}
