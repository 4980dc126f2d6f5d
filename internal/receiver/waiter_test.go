package receiver

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jonboulle/clockwork"
)

// board is a receiver's journal as the long-poll shows it: revisions by id.
type board struct {
	mu        sync.Mutex
	revisions map[string]int64
	changed   chan struct{}
	outage    error
	polls     [][]WaitItem
	inFlight  int
	busiest   int
}

func newBoard(ids ...string) *board {
	b := &board{revisions: map[string]int64{}, changed: make(chan struct{})}
	for _, id := range ids {
		b.revisions[id] = 1
	}
	return b
}

func (b *board) set(id string, revision int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.revisions[id] = revision
	close(b.changed)
	b.changed = make(chan struct{})
}

func (b *board) fail(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.outage = err
	close(b.changed)
	b.changed = make(chan struct{})
}

func (b *board) poll(ctx context.Context, items []WaitItem, timeout time.Duration) ([]Request, []string, error) {
	b.begin(items)
	defer b.end()
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	for {
		changed, missing, next, err := b.look(items)
		if err != nil || len(changed) > 0 || len(missing) > 0 {
			return changed, missing, err
		}
		select {
		case <-next:
		case <-timer.C:
			return nil, nil, nil
		case <-ctx.Done():
			return nil, nil, ctx.Err()
		}
	}
}

func (b *board) begin(items []WaitItem) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.polls = append(b.polls, items)
	b.inFlight++
	b.busiest = max(b.busiest, b.inFlight)
}

func (b *board) end() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.inFlight--
}

func (b *board) look(items []WaitItem) (changed []Request, missing []string, next <-chan struct{}, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, item := range items {
		revision, known := b.revisions[item.ID]
		switch {
		case !known:
			missing = append(missing, item.ID)
		case revision > item.Revision:
			changed = append(changed, Request{ID: item.ID, Revision: revision})
		}
	}
	return changed, missing, b.changed, b.outage
}

func (b *board) lastPoll() []WaitItem {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.polls) == 0 {
		return nil
	}
	return b.polls[len(b.polls)-1]
}

func (b *board) stats() (polls, busiest, inFlight int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.polls), b.busiest, b.inFlight
}

func boardWaiter(b *board) *Waiter { return newWaiter(b.poll, clockwork.NewRealClock()) }

// bubble runs a test on fake time. It fails when a goroutine is left over after
// all that was waited for has ended.
func bubble(t *testing.T, test func(ctx context.Context)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		test(t.Context())
		time.Sleep(2 * pollBackoffMax)
	})
}

func ids(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("request-%04d", i)
	}
	return names
}

func reaches(revision int64) func(*Request) bool {
	return func(r *Request) bool { return r.Revision >= revision }
}

func TestAwaitsShareOnePoll(t *testing.T) {
	for _, test := range []struct{ count, polls int }{{1, 1}, {200, 1}, {1000, 1}, {1001, 2}, {2500, 3}} {
		t.Run(fmt.Sprint(test.count), func(t *testing.T) {
			bubble(t, func(ctx context.Context) { awaitsShare(ctx, t, test.count, test.polls) })
		})
	}
}

func awaitsShare(ctx context.Context, t *testing.T, count, wantInFlight int) {
	t.Helper()
	all := ids(count)
	journal := newBoard(all...)
	waiter := boardWaiter(journal)
	var done sync.WaitGroup
	for _, id := range all {
		done.Go(func() {
			r, err := waiter.Await(ctx, id, "claim", 1, reaches(3))
			if err != nil || r.ID != id || r.Revision != 3 {
				t.Errorf("Await(%s) = %v, %v", id, r, err)
			}
		})
	}
	time.Sleep(time.Second)
	synctest.Wait()
	if _, _, inFlight := journal.stats(); inFlight != wantInFlight {
		t.Errorf("%d polls in flight while all wait, want %d", inFlight, wantInFlight)
	}
	for _, id := range all {
		journal.set(id, 2)
		journal.set(id, 3)
	}
	done.Wait()
	if _, busiest, _ := journal.stats(); busiest > wantInFlight {
		t.Errorf("up to %d polls in flight, want at most %d", busiest, wantInFlight)
	}
}

func TestAwaitLosesNoChange(t *testing.T) {
	bubble(t, func(ctx context.Context) {
		all := ids(50)
		journal := newBoard(all...)
		waiter := boardWaiter(journal)
		var done sync.WaitGroup
		for i, id := range all {
			done.Go(func() {
				// Joins and changes at all offsets to each other, around the join delay.
				time.Sleep(time.Duration(i) * time.Millisecond)
				if _, err := waiter.Await(ctx, id, "", 1, reaches(2)); err != nil {
					t.Errorf("Await(%s): %v", id, err)
				}
			})
			done.Go(func() {
				time.Sleep(time.Duration(50-i) * time.Millisecond)
				journal.set(id, 2)
			})
		}
		done.Wait()
	})
}

func TestAwaitOfOneRequestByMany(t *testing.T) {
	bubble(t, func(ctx context.Context) {
		journal := newBoard("a")
		waiter := boardWaiter(journal)
		var done sync.WaitGroup
		for revision := int64(2); revision <= 6; revision++ {
			done.Go(func() {
				r, err := waiter.Await(ctx, "a", "", revision-2, reaches(revision))
				if err != nil || r.Revision < revision {
					t.Errorf("Await for revision %d = %v, %v", revision, r, err)
				}
			})
		}
		for revision := int64(2); revision <= 6; revision++ {
			time.Sleep(time.Second)
			journal.set("a", revision)
		}
		done.Wait()
	})
}

func TestAwaitOfUnknownRequest(t *testing.T) {
	bubble(t, func(ctx context.Context) {
		journal := newBoard("known")
		waiter := boardWaiter(journal)
		release := waiter.Hold("unknown", "claim")
		time.Sleep(time.Second)
		if _, err := waiter.Await(ctx, "unknown", "claim", 0, reaches(1)); !errors.Is(err, ErrNotFound) {
			t.Errorf("error %v, want ErrNotFound", err)
		}
		polls, _, _ := journal.stats()
		time.Sleep(time.Hour)
		if now, _, _ := journal.stats(); now != polls {
			t.Errorf("%d more polls for an id that is known to be unknown", now-polls)
		}
		release()
	})
}

func TestAwaitRidesOutAnOutage(t *testing.T) {
	bubble(t, func(ctx context.Context) {
		journal := newBoard("a")
		journal.fail(fmt.Errorf("%w: refused", ErrUnreachable))
		waiter := boardWaiter(journal)
		go func() {
			time.Sleep(time.Minute)
			journal.fail(nil)
			journal.set("a", 2)
		}()
		r, err := waiter.Await(ctx, "a", "", 1, reaches(2))
		if err != nil || r.Revision != 2 {
			t.Errorf("Await = %v, %v", r, err)
		}
		if polls, _, _ := journal.stats(); polls > 30 {
			t.Errorf("%d polls in a minute of outage", polls)
		}
	})
}

func TestAwaitEndsInAnOutage(t *testing.T) {
	bubble(t, func(ctx context.Context) {
		journal := newBoard("a")
		waiter := boardWaiter(journal)
		go func() {
			time.Sleep(time.Second)
			journal.set("a", 2)
			time.Sleep(time.Second)
			journal.fail(fmt.Errorf("%w: refused", ErrUnreachable))
		}()
		ctx, cancel := context.WithTimeout(ctx, time.Minute)
		defer cancel()
		r, err := waiter.Await(ctx, "a", "", 1, reaches(3))
		if r == nil || r.Revision != 2 {
			t.Errorf("newest seen %v, want revision 2", r)
		}
		if !errors.Is(err, ErrUnreachable) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v, want the outage and the deadline", err)
		}
	})
}

func TestAwaitForgetsAnOutageThatIsOver(t *testing.T) {
	bubble(t, func(ctx context.Context) {
		journal := newBoard("a")
		journal.fail(ErrUnreachable)
		waiter := boardWaiter(journal)
		go func() {
			time.Sleep(time.Minute)
			journal.fail(nil)
		}()
		ctx, cancel := context.WithTimeout(ctx, time.Minute+2*pollBackoffMax)
		defer cancel()
		_, err := waiter.Await(ctx, "a", "", 1, reaches(2))
		if errors.Is(err, ErrUnreachable) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v, want the deadline alone", err)
		}
	})
}

func TestAwaitEndsWhenRefused(t *testing.T) {
	for status, permanent := range map[int]bool{
		http.StatusUnauthorized:       true,
		http.StatusForbidden:          true,
		http.StatusTooManyRequests:    false,
		http.StatusServiceUnavailable: false,
	} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			bubble(t, func(ctx context.Context) {
				journal := newBoard("a")
				journal.fail(newProblem(status, "no"))
				ctx, cancel := context.WithTimeout(ctx, time.Hour)
				defer cancel()
				_, err := boardWaiter(journal).Await(ctx, "a", "", 1, reaches(2))
				var problem *Problem
				if !errors.As(err, &problem) || problem.Status != status {
					t.Errorf("error %v, want the problem", err)
				}
				if errors.Is(err, context.DeadlineExceeded) == permanent {
					t.Errorf("error %v; permanent %t", err, permanent)
				}
			})
		})
	}
}

func TestCancelledAwaitLeavesOthersAlone(t *testing.T) {
	bubble(t, func(ctx context.Context) {
		journal := newBoard("a", "b")
		waiter := boardWaiter(journal)
		cancelled, cancel := context.WithCancel(ctx)
		var done sync.WaitGroup
		done.Go(func() {
			if _, err := waiter.Await(cancelled, "a", "", 1, reaches(2)); !errors.Is(err, context.Canceled) {
				t.Errorf("cancelled: %v", err)
			}
		})
		done.Go(func() {
			if _, err := waiter.Await(ctx, "b", "", 1, reaches(2)); err != nil {
				t.Errorf("not cancelled: %v", err)
			}
		})
		time.Sleep(time.Second)
		cancel()
		time.Sleep(time.Second)
		journal.set("b", 2)
		done.Wait()
	})
}

func TestHoldKeepsTheClaimPolled(t *testing.T) {
	bubble(t, func(ctx context.Context) {
		journal := newBoard("a")
		waiter := boardWaiter(journal)
		release := waiter.Hold("a", "claim")
		time.Sleep(time.Minute)
		if got, want := journal.lastPoll(), (WaitItem{ID: "a", Revision: watchNothing, Claim: "claim"}); !slices.Equal(got, []WaitItem{want}) {
			t.Errorf("polled %v, want %v", got, want)
		}
		journal.set("a", 5)
		if r, err := waiter.Await(ctx, "a", "", 4, reaches(5)); err != nil || r.Revision != 5 {
			t.Errorf("Await while held = %v, %v", r, err)
		}
		release()
		release()
		time.Sleep(time.Minute)
		synctest.Wait()
		if _, _, inFlight := journal.stats(); inFlight != 0 {
			t.Error("still polling although nobody waits")
		}
		waiter.mu.Lock()
		defer waiter.mu.Unlock()
		if len(waiter.batches) != 0 || len(slices.Collect(maps.Keys(waiter.watches))) != 0 {
			t.Error("the waiter keeps what nobody waits for")
		}
	})
}

func TestHoldJoinsThePollInFlightBeforeItsLeaseLapses(t *testing.T) {
	bubble(t, func(context.Context) {
		journal := newBoard("a", "b")
		waiter := boardWaiter(journal)
		releaseA := waiter.Hold("a", "claim-a")
		defer releaseA()
		time.Sleep(time.Minute)
		before, _, _ := journal.stats()
		releaseB := waiter.Hold("b", "claim-b")
		defer releaseB()
		time.Sleep(DefaultLease / 3)
		synctest.Wait()
		if got := len(journal.lastPoll()); got != 2 {
			t.Errorf("%d ids polled, want both", got)
		}
		if after, _, _ := journal.stats(); after > before+1 {
			t.Errorf("%d polls for one hold", after-before)
		}
	})
}

func TestHastyEmptyAnswersAreNotChased(t *testing.T) {
	bubble(t, func(ctx context.Context) {
		polls := 0
		waiter := boardWaiter(newBoard("a"))
		waiter.poll = func(context.Context, []WaitItem, time.Duration) ([]Request, []string, error) {
			polls++
			return nil, nil, nil
		}
		ctx, cancel := context.WithTimeout(ctx, time.Minute)
		defer cancel()
		if _, err := waiter.Await(ctx, "a", "", 1, reaches(2)); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v", err)
		}
		if polls > 30 {
			t.Errorf("%d polls in a minute", polls)
		}
	})
}
