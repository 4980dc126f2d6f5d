// Package detach gives mutating requests a context that an interrupt does not
// cancel. Terraform cancels every running call when it is interrupted; a POST
// that is cut off then leaves something behind whose outcome nobody knows.
package detach

import (
	"context"
	"time"
)

// Grace is how long a mutating request may go on after its caller was
// interrupted or ran out of time.
const Grace = 30 * time.Second

// Outlast returns a context with ctx's values that ends grace after ctx has
// ended, or when the returned function is called. Where ctx has a deadline, that
// of the returned one is grace later, so that nobody begins a wait that is longer.
func Outlast(ctx context.Context, grace time.Duration) (context.Context, context.CancelFunc) {
	outlasting, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	release := func() {}
	if deadline, bounded := ctx.Deadline(); bounded {
		outlasting, release = context.WithDeadline(outlasting, deadline.Add(grace))
	}
	stop := context.AfterFunc(ctx, func() {
		timer := time.NewTimer(grace)
		defer timer.Stop()
		select {
		case <-timer.C:
			cancel(context.Cause(ctx))
		case <-outlasting.Done():
		}
	})
	return outlasting, func() {
		stop()
		cancel(context.Canceled)
		release()
	}
}
