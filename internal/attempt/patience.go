package attempt

import (
	"context"
	"fmt"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// MaxPatience is how long a call without a deadline waits for a server that puts
// it off, in all.
const MaxPatience = 5 * time.Minute

// The pauses of a call that is put off grow from shortest to longest, each spread
// by half of itself: callers that were put off together shall not come back together.
const (
	shortestPause = 500 * time.Millisecond
	longestPause  = 10 * time.Second
)

// Patience waits out a server that puts a call off, such as by HTTP 429. A rate
// limit ends by time, so it is the call's time that bounds the waiting and not a
// number of attempts. The zero value is ready for one call.
type Patience struct {
	pauses *backoff.ExponentialBackOff
	waited time.Duration
}

// Next returns how long to wait before the next attempt: longer from one to the
// next, up to about 15 s, and no less than the server has asked for. Its error is
// an *ImpatientError where ctx ends before that or, if ctx has no deadline, where
// MaxPatience would be passed.
func (p *Patience) Next(ctx context.Context, asked time.Duration) (time.Duration, error) {
	if p.pauses == nil {
		p.pauses = backoff.NewExponentialBackOff()
		p.pauses.InitialInterval, p.pauses.MaxInterval = shortestPause, longestPause
	}
	left := MaxPatience - p.waited
	if deadline, bounded := ctx.Deadline(); bounded {
		left = time.Until(deadline)
	}
	pause := max(asked, p.pauses.NextBackOff())
	if pause > left {
		return 0, &ImpatientError{Asked: asked, Waited: p.waited, Left: max(0, left)}
	}
	p.waited += pause
	return pause, nil
}

// ImpatientError means that there is no time left to wait for a server that puts
// a call off.
type ImpatientError struct {
	// Asked is the wait that the server has asked for; 0 if it has not.
	Asked time.Duration
	// Waited is what was waited before, Left what was left to wait.
	Waited, Left time.Duration
}

// Error is a sentence that follows the answer which put the call off.
func (e *ImpatientError) Error() string {
	if e.Asked > e.Left {
		return fmt.Sprintf("The wait of %s that it asks for is longer than the %s that are left, so the request was not repeated", e.Asked, e.Left.Round(time.Second))
	}
	return fmt.Sprintf("The request was put off for %s, until there was no time left", e.Waited.Round(time.Second))
}
