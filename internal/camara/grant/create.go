package grant

import (
	"context"
	"fmt"

	"github.com/qosform/terraform-provider-qos/internal/camara/api"
	"github.com/qosform/terraform-provider-qos/internal/detach"
)

// Created is a new grant.
type Created[T any] struct {
	Grant *T
	// Lost is why the operator's answer did not come, where the grant was found in
	// the operator's list, or was notified of, instead.
	Lost error
	// Notified says that it was a notification that named it.
	Notified bool
}

// Create asks for the grant once. Ending ctx stops it at once before the POST,
// and soon after: see detach.Grace. Nothing has been waited for when it returns.
//
// Where a live grant is exactly what is wanted already, nothing is asked for: it
// is what a killed apply left behind, or another resource's, and a second one
// would be billed and do nothing more.
func (q *Requester[T]) Create(ctx context.Context) (Created[T], error) {
	var none Created[T]
	listed, err := q.listBefore(ctx)
	if err != nil {
		return none, err
	}
	if twins := q.twins(ctx, listed); len(twins) > 0 {
		return none, &twinError{kind: q.Kind, twins: twins}
	}
	before := q.inventoryOf(listed)
	created, err := q.ask(ctx, before)
	if !api.Conflict(err) {
		return created, err
	}
	found := q.obstacles(ctx)
	if !found.mayYield() {
		return none, q.conflict(found, err)
	}
	if err := q.clear(ctx, found.ended); err != nil {
		return none, err
	}
	created, err = q.askAgain(ctx, before)
	if !api.Conflict(err) {
		return created, err
	}
	return none, q.conflict(q.obstacles(ctx), err)
}

// inventory is what a device had before a create; nil is not known.
type inventory map[string]bool

// listBefore lists what there is, so that a create whose answer is lost can be
// told from that; nil where that is not known. An operator that refuses to list
// does not keep from creating.
func (q *Requester[T]) listBefore(ctx context.Context) ([]T, error) {
	if !q.Listed {
		return nil, nil
	}
	list, err := q.Remote.List(ctx)
	switch {
	case err == nil:
		return append([]T{}, list...), nil
	case api.Declined(err), api.Broken(err):
		return nil, nil
	default:
		return nil, fmt.Errorf("nothing was created: %w", err)
	}
}

func (q *Requester[T]) inventoryOf(listed []T) inventory {
	if listed == nil {
		return nil
	}
	before := make(inventory, len(listed))
	for i := range listed {
		before[q.Remote.View(&listed[i]).ID] = true
	}
	return before
}

// twins are those of a list that are what is wanted, and live. Each is read, as
// a list may still have what has just been deleted.
func (q *Requester[T]) twins(ctx context.Context, listed []T) []View {
	var twins []View
	for _, twin := range q.matching(listed, nil) {
		v := q.Remote.View(&twin)
		read, err := q.Remote.Read(ctx, v.ID)
		switch {
		case api.Gone(err):
			continue
		case err == nil:
			v = q.Remote.View(read)
		}
		if !v.Ending() {
			twins = append(twins, v)
		}
	}
	return twins
}

// matching are those of a list that are what is wanted, live, and were not there
// before.
func (q *Requester[T]) matching(list []T, before inventory) []T {
	var found []T
	for i := range list {
		v := q.Remote.View(&list[i])
		if !before[v.ID] && !v.Ending() && q.Remote.Same(&list[i]) {
			found = append(found, list[i])
		}
	}
	return found
}

// ask makes the POST. An interrupt is not heeded until its answer is known, or
// certainly lost.
func (q *Requester[T]) ask(ctx context.Context, before inventory) (Created[T], error) {
	var none Created[T]
	if err := q.authorize(ctx); err != nil {
		return none, err
	}
	heard := q.witness(ctx)
	if err := ctx.Err(); err != nil {
		return none, fmt.Errorf("nothing was sent to the operator: %w", err)
	}
	outlasting, cancel := detach.Outlast(ctx, detach.Grace)
	defer cancel()
	sent := q.Clock.Now()
	created, err := q.Remote.Create(outlasting)
	switch {
	case err == nil:
		return Created[T]{Grant: created}, nil
	case api.OutcomeUnknown(err):
		return q.recoverLost(ctx, lostCreate[T]{before: before, heard: heard, sent: sent, cause: err})
	default:
		return none, err
	}
}
