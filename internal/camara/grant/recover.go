package grant

import (
	"context"
	"time"

	"github.com/qosform/terraform-provider-qos/internal/camara/api"
	"github.com/qosform/terraform-provider-qos/internal/detach"
	"github.com/qosform/terraform-provider-qos/internal/wait"
)

const (
	// answerGrace is how long a grant is looked for in the operator's list once its
	// answer was lost. A gateway gives up on an operator that then goes on.
	answerGrace = 30 * time.Second
	// graceAfterEnd is how long it is looked for after the caller was interrupted
	// or ran out of time.
	graceAfterEnd = 10 * time.Second
	// startTolerance is by how much a grant may seem to have begun before it was
	// asked for: times come in whole seconds, and an operator has several clocks.
	startTolerance = 5 * time.Second
)

// lostCreate is a create whose answer did not come.
type lostCreate[T any] struct {
	before inventory   // what there was before; nil is not known
	heard  *witness[T] // nil where nobody listens
	sent   time.Time
	cause  error
}

// traces are the grants that a lost create may have made.
type traces[T any] struct {
	listed  []T
	heard   []T // they have been notified of, and never before the create
	listErr error
}

// recoverLost looks for what was created though its answer did not come: one
// that was not there before and can be nothing else than what was asked for.
func (q *Requester[T]) recoverLost(ctx context.Context, lost lostCreate[T]) (Created[T], error) {
	outlasting, cancel := detach.Outlast(ctx, graceAfterEnd)
	defer cancel()
	began := q.Clock.Now()
	var found traces[T]
	_ = wait.Poll(outlasting, q.Clock, func(ctx context.Context) (bool, error) {
		found = q.trace(ctx, lost)
		return lost.settledBy(found) || q.Clock.Since(began) >= answerGrace, nil
	})
	candidates := q.distinct(found)
	isNew := lost.before != nil || len(found.heard) == 1
	if isNew && len(candidates) == 1 && q.Remote.MadeSince(&candidates[0], lost.sent) {
		return Created[T]{Grant: &candidates[0], Lost: lost.cause, Notified: len(found.listed) == 0}, nil
	}
	unknown := &unknownError{kind: q.Kind, cause: lost.cause, listErr: found.listErr, before: isNew, heard: lost.heard != nil}
	if q.Longest > 0 {
		unknown.until, unknown.longest = lost.sent.Add(q.Longest), q.Longest
	}
	for i := range candidates {
		unknown.candidates = append(unknown.candidates, q.Remote.View(&candidates[i]))
	}
	return Created[T]{}, unknown
}

// settledBy reports whether looking on would tell no more. What is listed does not
// tell by itself whether it was there before; a notification yet to come may.
func (l lostCreate[T]) settledBy(found traces[T]) bool {
	switch {
	case len(found.heard) > 0:
		return true
	case l.heard != nil && l.before == nil:
		return false
	default:
		return len(found.listed) > 0 || api.Declined(found.listErr)
	}
}

func (q *Requester[T]) trace(ctx context.Context, lost lostCreate[T]) traces[T] {
	list, err := q.Remote.List(ctx)
	return traces[T]{listed: q.matching(list, lost.before), heard: lost.heard.look(ctx), listErr: err}
}

// distinct are all that were found, each once.
func (q *Requester[T]) distinct(found traces[T]) []T {
	seen := inventory{}
	var all []T
	for _, g := range append(found.listed, found.heard...) {
		if id := q.Remote.View(&g).ID; !seen[id] {
			seen[id] = true
			all = append(all, g)
		}
	}
	return all
}

// Begun reports whether what started at a time, nil if that is not told, can have
// been asked for at sent. Both are by the operator's clock.
func Begun(startedAt *time.Time, sent time.Time) bool {
	return startedAt == nil || !startedAt.Before(sent.Add(-startTolerance))
}
