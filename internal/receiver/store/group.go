package store

import (
	"context"
	"slices"
	"sync"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
)

// maxGrouped bounds the events of one transaction, which others wait for.
const maxGrouped = 200

// recorder lets callbacks that come at the same time share a transaction, and
// so a sync of the disk: whoever gets the turn writes for all who wait.
type recorder struct {
	turn    chan struct{} // holds one while somebody writes
	mu      sync.Mutex
	waiting []*recording
}

// recording is one callback that waits; done is closed once err is its result.
type recording struct {
	events []receiver.Event
	done   chan struct{}
	err    error
}

func newRecorder() *recorder { return &recorder{turn: make(chan struct{}, 1)} }

// Record stores the events of one callback, each once, and brings the requests
// that they are about up to date. One that came before counts one delivery more,
// and is authenticated as soon as one of its deliveries was.
//
// When ctx ends during the write, the events may be stored although Record fails.
func (s *Store) Record(ctx context.Context, events []receiver.Event) error {
	if len(events) == 0 {
		return nil
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	mine := s.recorder.join(events)
	select {
	case <-mine.done:
		return mine.err
	case <-ctx.Done():
		s.recorder.leave(mine)
		return ctx.Err()
	case s.recorder.turn <- struct{}{}:
	}
	defer func() { <-s.recorder.turn }()
	for {
		select {
		case <-mine.done:
			return mine.err
		default:
			s.recordGroup(ctx, s.recorder.take())
		}
	}
}

// recordGroup writes what several callbacks brought. Nothing but the database
// can fail here, and that fails for all of them.
func (s *Store) recordGroup(ctx context.Context, group []*recording) {
	var events []receiver.Event
	for _, r := range group {
		events = append(events, r.events...)
	}
	// The caller whose turn it is writes for others, too, and so does not give up
	// when it alone is interrupted.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), receiver.StoreTimeout)
	defer cancel()
	err := s.write(ctx, func(t *tx) error { return t.recordEvents(ctx, events) })
	for _, r := range group {
		r.err = err
		close(r.done)
	}
}

func (r *recorder) join(events []receiver.Event) *recording {
	r.mu.Lock()
	defer r.mu.Unlock()
	mine := &recording{events: events, done: make(chan struct{})}
	r.waiting = append(r.waiting, mine)
	return mine
}

func (r *recorder) leave(mine *recording) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.waiting = slices.DeleteFunc(r.waiting, func(other *recording) bool { return other == mine })
}

// take returns those who have waited longest, as many as go into a transaction.
func (r *recorder) take() []*recording {
	r.mu.Lock()
	defer r.mu.Unlock()
	count, events := 0, 0
	for count < len(r.waiting) && (count == 0 || events+len(r.waiting[count].events) <= maxGrouped) {
		events += len(r.waiting[count].events)
		count++
	}
	group := slices.Clone(r.waiting[:count])
	r.waiting = slices.Delete(r.waiting, 0, count)
	return group
}
