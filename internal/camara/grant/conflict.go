package grant

import (
	"context"
	"fmt"
	"time"

	"github.com/qosform/terraform-provider-qos/internal/camara/api"
	"github.com/qosform/terraform-provider-qos/internal/wait"
)

// releaseGrace is how long a network may take to release what has been deleted:
// the operator has forgotten it by then, and refuses the next one even so.
const releaseGrace = 5 * time.Second

// obstacles are what an operator lists of a device for which it refuses a create.
type obstacles struct {
	// live and ended overlap with what is wanted, apart is all else.
	live, ended, apart []View
	// err is why they are not known.
	err error
}

func (q *Requester[T]) obstacles(ctx context.Context) obstacles {
	list, err := q.Remote.List(ctx)
	if err != nil {
		return obstacles{err: err}
	}
	var o obstacles
	for i := range list {
		v := q.Remote.View(&list[i])
		switch {
		case !q.Remote.Overlaps(&list[i]):
			o.apart = append(o.apart, v)
		case v.Ending():
			o.ended = append(o.ended, v)
		default:
			o.live = append(o.live, v)
		}
	}
	return o
}

// mayYield reports whether the operator may take the same create a little later:
// what ended grants hold is free once they are deleted, and where nothing is
// there, the network may be about to release what was.
func (o obstacles) mayYield() bool {
	return len(o.live) == 0 && (len(o.ended) > 0 || len(o.apart) == 0)
}

func (q *Requester[T]) clear(ctx context.Context, ended []View) error {
	for _, v := range ended {
		if err := q.Delete(ctx, v.ID); err != nil {
			return fmt.Errorf("the %s %s is in the way, though it has ended, so none was created. Deleting it failed: %w", q.Kind.Noun, v.describe(), err)
		}
	}
	return nil
}

// askAgain asks for what was refused as a conflict, for as long as a network may
// need to release what has been deleted.
func (q *Requester[T]) askAgain(ctx context.Context, before inventory) (created Created[T], err error) {
	refused := q.Clock.Now()
	_ = wait.Poll(ctx, q.Clock, func(ctx context.Context) (bool, error) {
		created, err = q.ask(ctx, before)
		return !api.Conflict(err) || q.Clock.Since(refused) >= releaseGrace, nil
	})
	return created, err
}

func (q *Requester[T]) conflict(found obstacles, cause error) error {
	e := &conflictError{kind: q.Kind, found: found, cause: cause}
	if q.LongestRest > 0 {
		e.until = q.Clock.Now().Add(q.LongestRest)
	}
	return e
}
