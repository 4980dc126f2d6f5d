package grant

import (
	"context"
	"errors"
	"sync"

	"github.com/qosform/terraform-provider-qos/internal/camara/api"
	"github.com/qosform/terraform-provider-qos/internal/wait"
)

// Listener hears what operators notify of. What it hears is a reason to ask the
// operator and never an answer: it may be late, out of order, or not true.
type Listener interface {
	// Mark is a place that everything comes after which is heard from now on.
	Mark(ctx context.Context) (int64, error)
	// Notices are those after the mark that are about the id, or about anything if
	// it is "", oldest first. Where there is none and patient is true, it waits for
	// one for a while.
	Notices(ctx context.Context, id string, after int64, patient bool) ([]Notice, error)
	// Trouble is why nothing was heard, once; nil if there is nothing to say.
	Trouble() error
}

// ErrDeaf means that asking a Listener again is of no use.
var ErrDeaf = errors.New("nothing will be heard")

// Notice says that an operator has notified of a grant.
type Notice struct {
	// ID is the grant's.
	ID string
	// Mark is the notice's place.
	Mark int64
}

// follow listens for notices of a grant until the returned function is called.
// What the channel brings is a reason to read the grant now.
func (q *Requester[T]) follow(ctx context.Context, id string) (news <-chan struct{}, leave func()) {
	if q.Listener == nil {
		return nil, func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	heard := make(chan struct{}, 1)
	var listening sync.WaitGroup
	listening.Go(func() {
		var mark int64
		for ctx.Err() == nil && !errors.Is(q.hear(ctx, id, &mark), ErrDeaf) {
			select {
			case heard <- struct{}{}:
			default:
			}
		}
	})
	return heard, func() {
		cancel()
		listening.Wait()
	}
}

// hear returns when there is a notice after the mark, which it moves behind it.
func (q *Requester[T]) hear(ctx context.Context, id string, mark *int64) error {
	return wait.Poll(ctx, q.Clock, func(ctx context.Context) (bool, error) {
		notices, err := q.Listener.Notices(ctx, id, *mark, true)
		if errors.Is(err, ErrDeaf) {
			return false, err
		}
		if len(notices) == 0 {
			return false, nil
		}
		*mark = notices[len(notices)-1].Mark
		return true, nil
	})
}

// witness finds what was notified of since a create was sent, for operators that
// cannot list.
type witness[T any] struct {
	requester *Requester[T]
	sent      int64 // place at which the create was sent
	last      int64 // place up to which it has looked
	pending   []string
	seen      map[string]bool
	found     []T
}

// witness begins to listen, before a create is sent; nil where there is nobody to
// listen to, or no need.
func (q *Requester[T]) witness(ctx context.Context) *witness[T] {
	if q.Listener == nil || q.Listed {
		return nil
	}
	mark, err := q.Listener.Mark(ctx)
	if err != nil {
		return nil // the Listener tells of it; without it, the create can do
	}
	return &witness[T]{requester: q, sent: mark, last: mark, seen: map[string]bool{}}
}

// look returns all found so far that are what is wanted and live, were notified of
// since the create, and never before it. Each is read at the operator, once.
func (w *witness[T]) look(ctx context.Context) []T {
	if w == nil {
		return nil
	}
	notices, err := w.requester.Listener.Notices(ctx, "", w.last, false)
	if err != nil {
		notices = nil // the Listener tells of it
	}
	for _, n := range notices {
		w.last = n.Mark
		if n.ID != "" && !w.seen[n.ID] {
			w.seen[n.ID] = true
			w.pending = append(w.pending, n.ID)
		}
	}
	var later []string
	for _, id := range w.pending {
		if judged := w.judge(ctx, id); !judged {
			later = append(later, id)
		}
	}
	w.pending = later
	return w.found
}

// judge reports whether it could tell what the grant is; it takes one that fits.
func (w *witness[T]) judge(ctx context.Context, id string) bool {
	q := w.requester
	read, err := q.Remote.Read(ctx, id)
	switch {
	case api.Temporary(err), ctx.Err() != nil:
		return false
	case err != nil:
		return true // another application's or another subscriber's, or gone
	}
	fits := q.matching([]T{*read}, nil)
	if len(fits) == 0 {
		return true
	}
	first, err := q.Listener.Notices(ctx, id, 0, false)
	if err != nil || len(first) == 0 {
		return false
	}
	if first[0].Mark > w.sent {
		w.found = append(w.found, fits...)
	}
	return true
}
