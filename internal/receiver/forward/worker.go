package forward

import (
	"context"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
)

const (
	// sendersPerTarget is how many callbacks a listener gets at the same time.
	sendersPerTarget = 8
	// claimLease is longer than an attempt and its settlement. A callback whose sender
	// was killed is sent again when it is over.
	claimLease = 20 * time.Second
	// pollInterval is how soon what another process has put into the outbox, or what
	// has become due again, is noticed.
	pollInterval = time.Second
	// patience is how long a callback is tried.
	patience = 72 * time.Hour
	// tolerated is how many failures in a row are laid to callbacks. From then on, the
	// listener is taken to be away, and asked with one callback at a time.
	tolerated = 3

	firstPause      = time.Second
	longestPause    = 10 * time.Minute
	longestAbsence  = time.Minute
	maxPauseDoubles = 20
)

func newBackOff(longest time.Duration) *backoff.ExponentialBackOff {
	return &backoff.ExponentialBackOff{
		InitialInterval: firstPause, MaxInterval: longest,
		Multiplier: 2, RandomizationFactor: backoff.DefaultRandomizationFactor,
	}
}

// pauseAfter is how long a callback waits that has failed so many times, with jitter.
func pauseAfter(failures int) time.Duration {
	pauses := newBackOff(longestPause)
	for range min(failures, maxPauseDoubles) - 1 {
		pauses.NextBackOff()
	}
	return pauses.NextBackOff()
}

// worker sends to one target.
type worker struct {
	*Forwarder
	target Target
	wake   chan struct{}

	health sync.Mutex
	busy   int // callbacks that are being sent
	failed int // in a row
	pauses *backoff.ExponentialBackOff
	until  time.Time // when the target may be asked again
}

func newWorker(f *Forwarder, target Target) *worker {
	return &worker{Forwarder: f, target: target, wake: make(chan struct{}, 1), pauses: newBackOff(longestAbsence)}
}

// run sends what is due until ctx ends, and returns when nothing is in flight.
func (w *worker) run(ctx context.Context) {
	var sending sync.WaitGroup
	defer sending.Wait()
	for ctx.Err() == nil {
		room, pause := w.room()
		if room > 0 {
			for _, d := range w.claim(ctx, room) {
				sending.Go(func() { w.deliver(ctx, d) })
			}
		}
		w.rest(ctx, pause)
	}
}

// room is how many callbacks may be sent now, and how long to wait at most before
// asking again.
func (w *worker) room() (room int, pause time.Duration) {
	if left := w.pause(); left > 0 {
		return 0, left
	}
	w.health.Lock()
	defer w.health.Unlock()
	if w.failed >= tolerated {
		return 1 - min(w.busy, 1), pollInterval
	}
	return sendersPerTarget - w.busy, pollInterval
}

// pause is how long the target is to be left alone.
func (w *worker) pause() time.Duration {
	w.health.Lock()
	defer w.health.Unlock()
	return w.until.Sub(w.clock.Now())
}

// rest waits for news, or for as long as the pause.
func (w *worker) rest(ctx context.Context, pause time.Duration) {
	timer := w.clock.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-w.wake:
	case <-timer.Chan():
	}
}

func (w *worker) claim(ctx context.Context, room int) []receiver.ClaimedDelivery {
	limited, cancel := context.WithTimeout(ctx, receiver.StoreTimeout)
	defer cancel()
	claimed, err := w.outbox.ClaimDeliveries(limited, w.target.name, room, claimLease)
	if err != nil && ctx.Err() == nil {
		w.log.WarnContext(ctx, "the store failed", "doing", "claim deliveries", "target", w.target.name, "error", err)
	}
	w.health.Lock()
	defer w.health.Unlock()
	w.busy += len(claimed)
	return claimed
}

// deliver makes one attempt and notes what came of it. If that cannot be noted, the
// callback is sent once more than it had to be.
func (w *worker) deliver(ctx context.Context, d receiver.ClaimedDelivery) {
	a := w.attempt(ctx, d)
	w.note(a)
	settlement := w.judge(ctx, d, a)
	if err := w.settler.Do(context.WithoutCancel(ctx), settlement); err != nil {
		w.log.WarnContext(ctx, "the store failed", "doing", "settle a delivery", "delivery", d.ID, "target", w.target.name, "error", err)
	}
	signal(w.wake)
}

// attempt sends the callback, unless the target has asked to be left alone since it
// was claimed.
func (w *worker) attempt(ctx context.Context, d receiver.ClaimedDelivery) answer {
	if w.pause() > 0 {
		return answer{result: receiver.DeliveryReleased}
	}
	return w.client.send(ctx, w.target, d)
}

// judge says what is to become of a delivery after an attempt.
func (w *worker) judge(ctx context.Context, d receiver.ClaimedDelivery, a answer) receiver.Settlement {
	s := receiver.Settlement{ID: d.ID, Claim: d.Claim, Result: a.result, Reason: a.reason}
	args := []any{"delivery", d.ID, "target", w.target.name, "attempts", d.Attempts + 1, "reason", a.reason}
	switch a.result {
	case receiver.DeliveryDone:
		w.metrics.attempt(w.target, outcomeDelivered)
		w.log.DebugContext(ctx, "a callback was passed on", args...)
	case receiver.DeliveryRefused:
		w.metrics.attempt(w.target, outcomeRefused)
		w.log.ErrorContext(ctx, "a listener refused a callback for good", args...)
	case receiver.DeliveryFailed:
		now := w.clock.Now()
		if now.Sub(d.Since) >= patience {
			s.Result = receiver.DeliveryRefused
			w.metrics.attempt(w.target, outcomeExpired)
			w.log.ErrorContext(ctx, "a callback could not be passed on for too long", args...)
			break
		}
		s.DueAt = now.Add(max(pauseAfter(d.Attempts+1), a.wait))
		w.metrics.attempt(w.target, outcomeFailed)
		w.log.WarnContext(ctx, "a callback could not be passed on yet", append(args, "again_at", s.DueAt)...)
	case receiver.DeliveryReleased:
	}
	return s
}

// note remembers how the target is.
func (w *worker) note(a answer) {
	w.health.Lock()
	defer w.health.Unlock()
	w.busy--
	switch a.result {
	case receiver.DeliveryDone, receiver.DeliveryRefused:
		w.failed = 0
		w.until = time.Time{}
		w.pauses.Reset()
	case receiver.DeliveryFailed:
		w.failed++
		now := w.clock.Now()
		if again := now.Add(a.wait); a.wait > 0 && again.After(w.until) {
			w.until = again
		}
		// What failed beside others has been paused for already.
		if w.failed >= tolerated && !w.until.After(now) {
			w.until = now.Add(w.pauses.NextBackOff())
		}
	case receiver.DeliveryReleased:
	}
}
