package store

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

// lane is a queue of writers.
type lane int

const (
	// lanePatient is that of everything which is repeated when it is late.
	lanePatient lane = iota
	// laneUrgent is that of callbacks, which come once, and of signs of life, which
	// are worth nothing when they come late. They are few: those that come at the same
	// time share a transaction.
	laneUrgent
	lanes
)

// maxOwed is how long the patient may keep the urgent waiting.
const maxOwed = 250 * time.Millisecond

// turns gives the one connection that writes to who waits for it. The connection's
// own pool does so in no order: among hundreds of calls of the journal, the few
// transactions that hold all the callbacks would hardly ever get it. Here the urgent
// go first, then the patient for as long as that took, up to maxOwed. Who came first
// in a lane is the first.
type turns struct {
	mu      sync.Mutex
	taken   bool
	holder  lane
	since   time.Time
	owed    time.Duration // what the patient may use before the urgent are next
	waiting [lanes][]chan struct{}
}

// take returns when it is the caller's turn, who then has to leave, or with an
// error when ctx ends before.
func (q *turns) take(ctx context.Context, mine lane) error {
	turn := q.join(mine)
	select {
	case <-turn:
		return nil
	case <-ctx.Done():
		q.giveUp(mine, turn)
		return fmt.Errorf("wait for other writers of this process: %w", ctx.Err())
	}
}

// join returns a channel that is closed when the turn comes.
func (q *turns) join(mine lane) chan struct{} {
	q.mu.Lock()
	defer q.mu.Unlock()
	turn := make(chan struct{})
	if q.taken {
		q.waiting[mine] = append(q.waiting[mine], turn)
		return turn
	}
	q.taken, q.holder, q.since = true, mine, time.Now()
	close(turn)
	return turn
}

// giveUp leaves the queue, or passes on the turn that has come meanwhile.
func (q *turns) giveUp(mine lane, turn chan struct{}) {
	q.mu.Lock()
	place := slices.Index(q.waiting[mine], turn)
	if place >= 0 {
		q.waiting[mine] = slices.Delete(q.waiting[mine], place, place+1)
	}
	q.mu.Unlock()
	if place < 0 {
		q.leave()
	}
}

// leave gives the turn to who is next.
func (q *turns) leave() {
	q.mu.Lock()
	defer q.mu.Unlock()
	spent := time.Since(q.since)
	if q.holder == laneUrgent {
		q.owed = min(max(spent, 1), maxOwed)
	} else {
		q.owed -= spent
	}
	next, other := laneUrgent, lanePatient
	if q.owed > 0 {
		next, other = other, next
	}
	if len(q.waiting[next]) == 0 {
		next = other
	}
	if len(q.waiting[next]) == 0 {
		q.taken = false
		return
	}
	q.holder, q.since = next, time.Now()
	close(q.waiting[next][0])
	q.waiting[next] = q.waiting[next][1:]
}
