package thingspace

import (
	"context"
	"sync"
	"time"

	"github.com/jonboulle/clockwork"
)

// scheduler runs jobs at their time on the injected clock, and knows which of
// those that are due have not finished.
type scheduler struct {
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

func newScheduler(clock clockwork.Clock) *scheduler {
	ctx, stop := context.WithCancel(context.Background())
	return &scheduler{
		clock: clock, ctx: ctx, stop: stop,
		jobs: map[*job]struct{}{}, changed: make(chan struct{}),
	}
}

// at runs the work in its own goroutine once the clock reaches due. The
// context ends when the scheduler closes; after that nothing is scheduled.
func (s *scheduler) at(due time.Time, work func(context.Context)) {
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

func (s *scheduler) after(delay time.Duration, work func(context.Context)) {
	s.at(s.clock.Now().Add(delay), work)
}

// now runs the work as a job and returns when it is over.
func (s *scheduler) now(work func(context.Context)) {
	over := make(chan struct{})
	s.after(0, func(ctx context.Context) {
		defer close(over)
		work(ctx)
	})
	select {
	case <-over:
	case <-s.ctx.Done():
	}
}

func (s *scheduler) finish(j *job) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.jobs, j)
	close(s.changed)
	s.changed = make(chan struct{})
}

// wait returns once no job is left that counts.
func (s *scheduler) wait(ctx context.Context, counts func(due time.Time) bool) error {
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

func (s *scheduler) left(counts func(due time.Time) bool) (bool, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for j := range s.jobs {
		if counts(j.due) {
			return true, s.changed
		}
	}
	return false, s.changed
}

// close cancels what runs, forgets what does not yet, and waits for the former.
func (s *scheduler) close() {
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
