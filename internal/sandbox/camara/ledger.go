package camara

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/jonboulle/clockwork"

	"github.com/qosform/terraform-provider-qos/internal/sandbox/schedule"
)

// ledger holds every grant of one kind ever made, in the order of creation, and
// keeps them up to date with the clock.
type ledger struct {
	clock     clockwork.Clock
	scheduler *schedule.Scheduler
	announce  func(change)

	mu     sync.Mutex
	grants []*grant
}

// add enters a new grant, unless one that has not gone is in its way.
func (l *ledger) add(g *grant, inTheWay func(*grant) bool) (grant, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.settle()
	for _, other := range l.grants {
		if !other.gone && inTheWay(other) {
			return grant{}, false
		}
	}
	l.grants = append(l.grants, g)
	l.tell(g.settle(now))
	l.follow(g)
	return *g, true
}

// change looks at a grant that has not gone, and changes it unless act refuses.
func (l *ledger) change(id string, act func(g *grant, now time.Time) ([]change, error)) (grant, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.settle()
	for _, g := range l.grants {
		if g.id != id || g.gone {
			continue
		}
		changes, err := act(g, now)
		if err != nil {
			return grant{}, err
		}
		l.tell(changes)
		l.follow(g)
		return *g, nil
	}
	return grant{}, fmt.Errorf("%w: %q", ErrNotLive, id)
}

// list returns the grants that are to be kept, those that have gone included.
func (l *ledger) list(keep func(*grant) bool) []grant {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.settle()
	kept := []grant{}
	for _, g := range l.grants {
		if keep(g) {
			kept = append(kept, *g)
		}
	}
	return kept
}

// find returns one grant that has not gone.
func (l *ledger) find(id string) (grant, bool) {
	found := l.list(func(g *grant) bool { return g.id == id && !g.gone })
	if len(found) == 0 {
		return grant{}, false
	}
	return found[0], true
}

// settle needs the lock. It returns the time up to which all grants are settled.
func (l *ledger) settle() time.Time {
	now := l.clock.Now()
	for _, g := range l.grants {
		l.tell(g.settle(now))
	}
	return now
}

func (l *ledger) tell(changes []change) {
	for _, c := range changes {
		l.announce(c)
	}
}

// follow needs the lock. It wakes the ledger when the grant's next transition is
// due, so that its listener hears of that though nobody asks.
func (l *ledger) follow(g *grant) {
	next := g.next()
	if next.at.IsZero() {
		return
	}
	l.scheduler.At(next.at, func(context.Context) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.settle()
		l.follow(g)
	})
}
