package grant

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/qosform/terraform-provider-qos/internal/camara/api"
	"github.com/qosform/terraform-provider-qos/internal/detach"
	"github.com/qosform/terraform-provider-qos/internal/wait"
)

// answerGrace is how long a grant whose answer was lost is looked for in the
// operator's list.
const answerGrace = 10 * time.Second

// Create asks for the grant once. Ending ctx stops it at once before the POST,
// and within detach.Grace after. Nothing has been waited for when it returns.
func (q *Requester[T]) Create(ctx context.Context) (*T, error) {
	before, err := q.listBefore(ctx)
	if err != nil {
		return nil, err
	}
	created, err := q.ask(ctx, before)
	if !api.Conflict(err) {
		return created, err
	}
	standing, listErr := q.standing(ctx)
	if listErr != nil || !allEnded(standing) {
		return nil, q.conflict(standing, listErr, err)
	}
	if err := q.clear(ctx, standing); err != nil {
		return nil, err
	}
	created, err = q.ask(ctx, before)
	if !api.Conflict(err) {
		return created, err
	}
	standing, listErr = q.standing(ctx)
	return nil, q.conflict(standing, listErr, err)
}

// inventory is what a device had before a create; nil is not known.
type inventory map[string]bool

// listBefore notes what there is, so that a create whose answer is lost can be
// told from that. An operator that refuses to list does not keep from creating.
func (q *Requester[T]) listBefore(ctx context.Context) (inventory, error) {
	if !q.Listed {
		return nil, nil
	}
	list, err := q.Remote.List(ctx)
	switch {
	case err == nil:
	case api.Declined(err):
		return nil, nil
	default:
		return nil, fmt.Errorf("nothing was created: %w", err)
	}
	before := make(inventory, len(list))
	for i := range list {
		before[q.Remote.View(&list[i]).ID] = true
	}
	return before, nil
}

// ask makes the POST. An interrupt is not heeded until its answer is known, or
// certainly lost.
func (q *Requester[T]) ask(ctx context.Context, before inventory) (*T, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("nothing was sent to the operator: %w", err)
	}
	outlasting, cancel := detach.Outlast(ctx, detach.Grace)
	defer cancel()
	sent := q.Clock.Now()
	created, err := q.Remote.Create(outlasting)
	if err == nil || !api.OutcomeUnknown(err) {
		return created, err
	}
	return q.recoverLost(ctx, before, sent, err)
}

// recoverLost looks for what was created though its answer did not come: one
// that was not there before and is exactly what was asked for.
func (q *Requester[T]) recoverLost(ctx context.Context, before inventory, sent time.Time, cause error) (*T, error) {
	outlasting, cancel := detach.Outlast(ctx, detach.Grace)
	defer cancel()
	var found []T
	var listErr error
	_ = wait.Poll(outlasting, q.Clock, func(ctx context.Context) (bool, error) {
		var list []T
		list, listErr = q.Remote.List(ctx)
		found = q.matching(list, before)
		return len(found) > 0 || before == nil || api.Declined(listErr) || q.Clock.Since(sent) >= answerGrace, nil
	})
	if before != nil && len(found) == 1 {
		return &found[0], nil
	}
	lost := &unknownError{kind: q.Kind, cause: cause, listErr: listErr, before: before != nil}
	if q.Longest > 0 {
		lost.until = sent.Add(q.Longest)
	}
	for i := range found {
		lost.candidates = append(lost.candidates, q.Remote.View(&found[i]))
	}
	return nil, lost
}

func (q *Requester[T]) matching(list []T, before inventory) []T {
	var found []T
	for i := range list {
		v := q.Remote.View(&list[i])
		if !before[v.ID] && v.Status != api.StatusUnavailable && q.Remote.Same(&list[i]) {
			found = append(found, list[i])
		}
	}
	return found
}

// standing lists what is in the way of a create: what overlaps or, where
// nothing seems to, all that the device has.
func (q *Requester[T]) standing(ctx context.Context) ([]View, error) {
	list, err := q.Remote.List(ctx)
	if err != nil {
		return nil, err
	}
	var overlapping, all []View
	for i := range list {
		v := q.Remote.View(&list[i])
		all = append(all, v)
		if q.Remote.Overlaps(&list[i]) {
			overlapping = append(overlapping, v)
		}
	}
	if len(overlapping) > 0 {
		return overlapping, nil
	}
	return all, nil
}

// allEnded reports whether something is in the way, and nothing of it is live.
// What ended grants hold is free once they are deleted.
func allEnded(standing []View) bool {
	live := func(v View) bool { return v.Status != api.StatusUnavailable }
	return len(standing) > 0 && !slices.ContainsFunc(standing, live)
}

func (q *Requester[T]) clear(ctx context.Context, ended []View) error {
	for _, v := range ended {
		if err := q.Delete(ctx, v.ID); err != nil {
			return fmt.Errorf("the %s %s is in the way, though it has ended, so none was created. Deleting it failed: %w", q.Kind.Noun, v.describe(), err)
		}
	}
	return nil
}

func (q *Requester[T]) conflict(standing []View, listErr, cause error) error {
	return &conflictError{kind: q.Kind, standing: standing, listErr: listErr, cause: cause}
}
