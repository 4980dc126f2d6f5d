// Package schedule runs a simulator's delayed work on an injected clock, and
// knows what of it is still to come, so that a test can advance the clock and
// then wait for exactly what became due.
package schedule

import (
	"context"
	"sync"
	"time"

	"github.com/jonboulle/clockwork"
)

// Scheduler runs jobs at their time on its clock, and knows which of those that
// are due have not finished. All methods are safe for concurrent use.
type Scheduler struct {
	clock clockwork.Clock
	ctx   context.Context //nolint:containedctx // it is the life of the jobs, not of a call
	stop  context.CancelFunc

	mu      sync.Mutex
	jobs    map[*job]struct{}
	changed chan struct{} // closed and replaced whenever a job has finished
	closed  bool
	running sync.WaitGroup
}

type job struct {
	due   time.Time
	timer clockwork.Timer
}

// New makes a scheduler, which must be closed.
func New(clock clockwork.Clock) *Scheduler {
	ctx, stop := context.WithCancel(context.Background())
	return &Scheduler{
		clock: clock, ctx: ctx, stop: stop,
		jobs: map[*job]struct{}{}, changed: make(chan struct{}),
	}
}

// At runs the work in its own goroutine once the clock reaches due. The
// context ends when the scheduler closes; after that nothing is scheduled.
func (s *Scheduler) At(due time.Time, work func(context.Context)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	j := &job{due: due}
	s.jobs[j] = struct{}{}
	s.running.Add(1)
	j.timer = s.clock.AfterFunc(due.Sub(s.clock.Now()), func() {
		defer s.running.Done()
		defer s.finish(j)
		if s.ctx.Err() == nil {
			work(s.ctx)
		}
	})
}

// After is At, a delay from now.
func (s *Scheduler) After(delay time.Duration, work func(context.Context)) {
	s.At(s.clock.Now().Add(delay), work)
}

// Now runs the work as a job and returns when it is over.
func (s *Scheduler) Now(work func(context.Context)) {
	over := make(chan struct{})
	s.After(0, func(ctx context.Context) {
		defer close(over)
		work(ctx)
	})
	select {
	case <-over:
	case <-s.ctx.Done():
	}
}

func (s *Scheduler) finish(j *job) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.jobs, j)
	close(s.changed)
	s.changed = make(chan struct{})
}

// Wait returns once no job is left that counts; the error is that of ctx.
func (s *Scheduler) Wait(ctx context.Context, counts func(due time.Time) bool) error {
	for {
		left, changed := s.left(counts)
		if !left {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (s *Scheduler) left(counts func(due time.Time) bool) (bool, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for j := range s.jobs {
		if counts(j.due) {
			return true, s.changed
		}
	}
	return false, s.changed
}

// Done is closed once the scheduler closes.
func (s *Scheduler) Done() <-chan struct{} { return s.ctx.Done() }

// Close cancels what runs, forgets what does not yet, and waits for the former.
func (s *Scheduler) Close() {
	s.stop()
	s.mu.Lock()
	s.closed = true
	for j := range s.jobs {
		if j.timer.Stop() {
			delete(s.jobs, j)
			s.running.Done()
		}
	}
	s.mu.Unlock()
	s.running.Wait()
}
