package grant

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/qosform/terraform-provider-qos/internal/camara/api"
	"github.com/qosform/terraform-provider-qos/internal/detach"
	"github.com/qosform/terraform-provider-qos/internal/wait"
)

// freshness is how long after its creation a grant may not be found yet where
// it is read.
const freshness = 30 * time.Second

// fresh reports whether a grant of that creation may not be found yet. A clock
// that was set back since makes nothing new for long.
func fresh(created, now time.Time) bool { return now.Sub(created).Abs() < freshness }

// errGone means that what was created is not there any more.
var errGone = errors.New("the operator does not know it any more")

// Await waits until the grant has got where waitFor says, or has ended. It
// returns the newest one in any case. What it returns was read at the operator:
// a notice only makes it read at once.
func (q *Requester[T]) Await(ctx context.Context, created *T, waitFor string) (*T, error) {
	latest, since := created, q.Clock.Now()
	if q.settled(latest, waitFor) {
		return latest, nil
	}
	news, leave := q.follow(ctx, q.Remote.View(created).ID)
	defer leave()
	var last error
	err := wait.PollOrSooner(ctx, q.Clock, news, func(ctx context.Context) (bool, error) {
		var read *T
		read, last = q.Remote.Read(ctx, q.Remote.View(latest).ID)
		switch {
		case last == nil:
			latest = read
			return q.settled(latest, waitFor), nil
		case api.Gone(last) && !fresh(since, q.Clock.Now()):
			return false, errGone
		case api.Gone(last), api.Temporary(last):
			return false, nil
		default:
			return false, last
		}
	})
	if err != nil && last != nil && !errors.Is(err, last) && !errors.Is(err, errGone) {
		err = fmt.Errorf("%w; before that, %w", err, last)
	}
	return latest, err
}

func (q *Requester[T]) settled(g *T, waitFor string) bool {
	v := q.Remote.View(g)
	return v.Ending() || v.Status == api.StatusAvailable || waitFor == WaitForRequested
}

// Delete ends a grant and returns when it is gone. What is gone already is no
// error. An interrupt does not cut off the request, but the wait after it.
func (q *Requester[T]) Delete(ctx context.Context, id string) error {
	pending, err := q.delete(ctx, id)
	switch {
	case api.Gone(err):
		return nil
	case err != nil || !pending:
		return err
	}
	var last error
	err = wait.Poll(ctx, q.Clock, func(ctx context.Context) (bool, error) {
		_, last = q.Remote.Read(ctx, id)
		switch {
		case api.Gone(last):
			return true, nil
		case last == nil, api.Temporary(last):
			return false, nil
		default:
			return false, last
		}
	})
	if err != nil {
		return fmt.Errorf("the operator has accepted to delete %s %s, and it is not gone yet: %w", q.Kind.Noun, id, err)
	}
	return nil
}

// delete makes the DELETE. What is discarded after the end of ctx is deleted in
// the time that there is left, with the token that there is.
func (q *Requester[T]) delete(ctx context.Context, id string) (pending bool, err error) {
	if ctx.Err() == nil {
		if err := q.authorize(ctx); err != nil {
			return false, err
		}
	}
	outlasting, cancel := detach.Outlast(ctx, detach.Grace)
	defer cancel()
	return q.Remote.Delete(outlasting, id)
}

// authorize comes before what an interrupt does not cut off: it may have to wait
// for a subscriber, and that wait is nothing to protect.
func (q *Requester[T]) authorize(ctx context.Context) error {
	if err := q.Remote.Authorize(ctx); err != nil {
		return fmt.Errorf("nothing was sent to the operator: %w", err)
	}
	return nil
}
