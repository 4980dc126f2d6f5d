// Package wait asks again and again until something has happened, in steps that
// are kind to who is asked.
package wait

import (
	"context"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/jonboulle/clockwork"
)

// The pauses between two checks grow from first to longest, each spread by half
// of itself, so that resources which began together do not ask together.
const (
	first   = 500 * time.Millisecond
	longest = 10 * time.Second
)

// Poll calls check until it is done or fails: first at once, then after pauses
// that grow from about half a second to about ten. It returns check's error, or
// ctx's as soon as that has ended.
func Poll(ctx context.Context, clock clockwork.Clock, check func(context.Context) (done bool, err error)) error {
	return PollOrSooner(ctx, clock, nil, check)
}

// PollOrSooner is Poll that does not wait for the end of a pause once there is
// news. The pauses then grow from the first again.
func PollOrSooner(ctx context.Context, clock clockwork.Clock, news <-chan struct{}, check func(context.Context) (done bool, err error)) error {
	pauses := backoff.NewExponentialBackOff()
	pauses.InitialInterval, pauses.MaxInterval = first, longest
	for {
		if done, err := check(ctx); done || err != nil {
			return err
		}
		sooner, err := pause(ctx, clock, pauses.NextBackOff(), news)
		if err != nil {
			return err
		}
		if sooner {
			pauses.Reset()
		}
	}
}

// pause reports whether news has ended it.
func pause(ctx context.Context, clock clockwork.Clock, d time.Duration, news <-chan struct{}) (sooner bool, err error) {
	timer := clock.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.Chan():
		return false, nil
	case <-news:
		return true, nil
	case <-ctx.Done():
		return false, ctx.Err()
	}
}
