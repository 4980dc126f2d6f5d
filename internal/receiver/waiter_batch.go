package receiver

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// batch is up to 1000 watches that share one long-poll. Its goroutine ends when
// the last watch has left. The Waiter's mutex guards its fields.
type batch struct {
	waiter  *Waiter
	watches map[string]*watch
	// changed tells the goroutine that the watches are not those being polled.
	changed chan struct{}
	// outage is why the last poll failed, nil when it did not.
	outage error
}

func (b *batch) repoll() {
	select {
	case b.changed <- struct{}{}:
	default:
	}
}

func (b *batch) run() {
	clock := b.waiter.clock
	pause, backoff := joinDelay, pollBackoffMin
	for {
		<-clock.After(pause)
		items, alive := b.items()
		if !alive {
			return
		}
		pause = joinDelay
		if len(items) == 0 {
			<-b.changed
			continue
		}
		switch b.pollOnce(items) {
		case pollAnswered:
			pause, backoff = 0, pollBackoffMin
		case pollSuperseded:
		case pollFailed:
			select {
			case <-clock.After(backoff):
			case <-b.changed:
			}
			backoff = min(2*backoff, pollBackoffMax)
		}
	}
}

// items is what to poll for next. Once nobody is left, the batch is taken off
// its Waiter, so that a later caller starts a new one.
func (b *batch) items() (items []WaitItem, alive bool) {
	b.waiter.mu.Lock()
	defer b.waiter.mu.Unlock()
	select {
	case <-b.changed:
	default:
	}
	if len(b.watches) == 0 {
		b.waiter.batches = slices.DeleteFunc(b.waiter.batches, func(other *batch) bool { return other == b })
		return nil, false
	}
	for _, entry := range b.watches {
		if item, ask := entry.item(); ask {
			items = append(items, item)
		}
	}
	return items, true
}

type pollResult int

const (
	pollAnswered pollResult = iota
	pollSuperseded
	pollFailed
)

// pollOnce makes one long-poll, which ends early when the watches change. Its
// context is no caller's, because a poll outlives the caller that began it.
//
//nolint:contextcheck,nolintlint // As said; contextcheck heeds this silently, so it seems unused.
func (b *batch) pollOnce(items []WaitItem) pollResult {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	ended := make(chan struct{})
	superseded := make(chan bool, 1)
	go func() {
		select {
		case <-b.changed:
			cancel()
			superseded <- true
		case <-ended:
			superseded <- false
		}
	}()
	timeout := b.timeout()
	started := b.waiter.clock.Now()
	changed, missing, err := b.waiter.poll(ctx, items, timeout)
	close(ended)
	stale := <-superseded
	if err != nil && stale {
		return pollSuperseded
	}
	idle := len(changed) == 0 && len(missing) == 0
	hasty := idle && b.waiter.clock.Since(started) < timeout/2
	b.deliver(changed, missing, err)
	switch {
	case stale:
		return pollSuperseded
	case err != nil || hasty:
		// An empty answer long before its time comes from a receiver that is
		// shutting down.
		return pollFailed
	default:
		return pollAnswered
	}
}

// timeout is short after an outage, so that its end is known without delay.
func (b *batch) timeout() time.Duration {
	b.waiter.mu.Lock()
	defer b.waiter.mu.Unlock()
	if b.outage != nil {
		return 0
	}
	return pollTimeout
}

// deliver hands a poll's answer to those who wait.
func (b *batch) deliver(changed []Request, missing []string, err error) {
	b.waiter.mu.Lock()
	defer b.waiter.mu.Unlock()
	b.outage = err
	if err != nil && permanent(err) {
		for _, entry := range b.watches {
			entry.fail(err)
		}
		return
	}
	for i := range changed {
		if entry := b.watches[changed[i].ID]; entry != nil {
			entry.update(&changed[i])
		}
	}
	for _, id := range missing {
		if entry := b.watches[id]; entry != nil {
			entry.fail(fmt.Errorf("request %s: %w", id, ErrNotFound))
		}
	}
}

func (e *watch) update(r *Request) {
	if e.latest == nil || r.Revision > e.latest.Revision {
		e.latest = r
		e.seen = r.Revision
		e.wakeAll()
	}
}

func (e *watch) fail(err error) {
	e.failure = err
	e.wakeAll()
}
