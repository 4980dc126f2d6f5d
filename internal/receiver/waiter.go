package receiver

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"sync"
	"time"

	"github.com/jonboulle/clockwork"
)

const (
	// pollTimeout stays under the 30 s after which common proxies cut a silent call.
	pollTimeout = 25 * time.Second
	// joinDelay gathers those that join at the same time into one poll.
	joinDelay = 10 * time.Millisecond
	// holdDelay is how soon the poll in flight gives way to one with a new hold. A
	// lease has just begun then, and mostly an Await follows that does the same.
	holdDelay = DefaultLease / 5
	// pollBackoffMin and pollBackoffMax pace the polls while the receiver is away.
	pollBackoffMin = 250 * time.Millisecond
	pollBackoffMax = 5 * time.Second
	// watchNothing is a revision that no request exceeds: the item is there for
	// its lease alone.
	watchNothing = int64(math.MaxInt64)
)

// Waiter watches requests for all resources of one provider process. It puts
// all ids into one long-poll in flight (one for every 1000 ids), so that 200
// resources wait with one call. It runs only while somebody waits. All methods
// are safe for concurrent use.
type Waiter struct {
	poll  pollFunc
	clock clockwork.Clock

	mu      sync.Mutex
	batches []*batch
	watches map[string]*watch
}

func newWaiter(poll pollFunc, clock clockwork.Clock) *Waiter {
	return &Waiter{poll: poll, clock: clock, watches: map[string]*watch{}}
}

type pollFunc func(ctx context.Context, items []WaitItem, timeout time.Duration) ([]Request, []string, error)

// NewWaiter returns a Waiter that polls through c.
func NewWaiter(c *Client) *Waiter {
	return newWaiter(c.Wait, c.clock)
}

// Hold keeps the lease of the request alive, while claim is the journal's,
// until release is called. Release may be called more than once.
func (w *Waiter) Hold(id, claim string) (release func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	entry := w.join(id, claim)
	entry.holds++
	poll := w.clock.AfterFunc(holdDelay, entry.batch.repoll)
	return sync.OnceFunc(func() {
		poll.Stop()
		w.mu.Lock()
		defer w.mu.Unlock()
		entry.holds--
		w.leave(entry)
	})
}

// Await returns when done is true of a revision of the request newer than rev,
// or when ctx ends. It returns the newest request seen in any case, nil when
// none was. Meanwhile it keeps the request's lease alive as Hold does.
//
// An unknown id ends it with ErrNotFound, and a refusal (such as a wrong token)
// with its *Problem. An outage of the receiver is ridden out until ctx ends; if
// it lasts to the end, the last such error is joined with the context's.
func (w *Waiter) Await(ctx context.Context, id, claim string, rev int64, done func(*Request) bool) (*Request, error) {
	entry, mine := w.enter(id, claim, rev)
	defer w.exit(entry, mine)
	var newest *Request
	for {
		news, err := w.look(entry, rev)
		if news != nil {
			newest, rev = news, news.Revision
			if done(newest) {
				return newest, nil
			}
		}
		if err != nil {
			return newest, err
		}
		select {
		case <-mine.wake:
		case <-ctx.Done():
			return newest, w.interrupted(ctx, entry)
		}
	}
}

// watch is one id with everyone who waits for it.
type watch struct {
	id    string
	claim string
	batch *batch
	holds int
	// awaits are the callers of Await, woken when latest or failure changes.
	awaits map[*await]struct{}
	// seen is the lowest revision that a caller has yet to see exceeded.
	seen   int64
	latest *Request
	// failure ends every Await of the id.
	failure error
}

type await struct{ wake chan struct{} }

// item is what to ask of the watch, false when there is nothing to ask.
func (e *watch) item() (WaitItem, bool) {
	if e.failure != nil {
		return WaitItem{}, false
	}
	revision := watchNothing
	if len(e.awaits) > 0 {
		revision = e.seen
	}
	return WaitItem{ID: e.id, Revision: revision, Claim: e.claim}, true
}

func (e *watch) wakeAll() {
	for a := range e.awaits {
		select {
		case a.wake <- struct{}{}:
		default:
		}
	}
}

func (w *Waiter) enter(id, claim string, rev int64) (*watch, *await) {
	w.mu.Lock()
	defer w.mu.Unlock()
	entry := w.join(id, claim)
	if len(entry.awaits) == 0 {
		entry.seen, entry.latest = rev, nil
	}
	if entry.latest == nil {
		entry.seen = min(entry.seen, rev)
	}
	mine := &await{wake: make(chan struct{}, 1)}
	entry.awaits[mine] = struct{}{}
	entry.batch.repoll()
	return entry, mine
}

func (w *Waiter) exit(entry *watch, mine *await) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(entry.awaits, mine)
	w.leave(entry)
}

// look returns what is newer than rev, and why nothing more will come.
func (w *Waiter) look(entry *watch, rev int64) (*Request, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if entry.latest == nil || entry.latest.Revision <= rev {
		return nil, entry.failure
	}
	news := *entry.latest
	return &news, entry.failure
}

func (w *Waiter) interrupted(ctx context.Context, entry *watch) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	err := fmt.Errorf("wait for request %s: %w", entry.id, ctx.Err())
	return errors.Join(entry.batch.outage, err)
}

// join adds one more interest in id, for the next poll.
func (w *Waiter) join(id, claim string) *watch {
	entry := w.watches[id]
	if entry == nil {
		entry = &watch{id: id, batch: w.roomyBatch(), awaits: map[*await]struct{}{}}
		w.watches[id] = entry
		entry.batch.watches[id] = entry
	}
	if claim != "" {
		entry.claim = claim
	}
	entry.failure = nil
	return entry
}

// leave forgets the watch when nobody is interested any more. The poll in
// flight goes on with it, unless it was the last.
func (w *Waiter) leave(entry *watch) {
	if entry.holds > 0 || len(entry.awaits) > 0 {
		return
	}
	delete(w.watches, entry.id)
	delete(entry.batch.watches, entry.id)
	if len(entry.batch.watches) == 0 {
		entry.batch.repoll()
	}
}

func (w *Waiter) roomyBatch() *batch {
	for _, b := range w.batches {
		if len(b.watches) < MaxWaitItems {
			return b
		}
	}
	b := &batch{waiter: w, watches: map[string]*watch{}, changed: make(chan struct{}, 1)}
	w.batches = append(w.batches, b)
	go b.run()
	return b
}

// permanent reports whether asking again cannot help.
func permanent(err error) bool {
	var problem *Problem
	if !errors.As(err, &problem) || problem.Status >= 500 {
		return false
	}
	return problem.Status != http.StatusRequestTimeout && problem.Status != http.StatusTooManyRequests
}
