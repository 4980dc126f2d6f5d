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

// recoverLost looks for what was created though its answer did not come: one
// that was not there before and can be nothing else than what was asked for.
func (q *Requester[T]) recoverLost(ctx context.Context, before inventory, sent time.Time, cause error) (Created[T], error) {
	outlasting, cancel := detach.Outlast(ctx, graceAfterEnd)
	defer cancel()
	lost := q.Clock.Now()
	var found []T
	var listErr error
	_ = wait.Poll(outlasting, q.Clock, func(ctx context.Context) (bool, error) {
		var list []T
		list, listErr = q.Remote.List(ctx)
		found = q.matching(list, before)
		return len(found) > 0 || api.Declined(listErr) || q.Clock.Since(lost) >= answerGrace, nil
	})
	if before != nil && len(found) == 1 && q.Remote.MadeSince(&found[0], sent) {
		return Created[T]{Grant: &found[0], Lost: cause}, nil
	}
	unknown := &unknownError{kind: q.Kind, cause: cause, listErr: listErr, before: before != nil}
	if q.Longest > 0 {
		unknown.until, unknown.longest = sent.Add(q.Longest), q.Longest
	}
	for i := range found {
		unknown.candidates = append(unknown.candidates, q.Remote.View(&found[i]))
	}
	return Created[T]{}, unknown
}

// Begun reports whether what started at a time, nil if that is not told, can have
// been asked for at sent. Both are by the operator's clock.
func Begun(startedAt *time.Time, sent time.Time) bool {
	return startedAt == nil || !startedAt.Before(sent.Add(-startTolerance))
}
