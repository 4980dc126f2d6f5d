package store

import (
	"cmp"
	"context"
	"fmt"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
)

// Resolve applies an operator's word. The target is looked for among the journal
// ids, then the request ids, then the subscription ids.
func (s *Store) Resolve(ctx context.Context, word receiver.Resolution) (*receiver.Request, error) {
	if err := word.Validate(); err != nil {
		return nil, err
	}
	return s.writeRequest(ctx, func(t *tx) (*row, error) {
		r, err := t.target(ctx, word.Target)
		if err != nil {
			return nil, err
		}
		switch {
		case word.NotCreated:
			return r, t.resolveNotCreated(ctx, r, word.Reason)
		case word.RequestID != "":
			return r, t.resolveCreated(ctx, r, word)
		default:
			return r, t.resolveTerminated(ctx, r, word)
		}
	})
}

func (t *tx) target(ctx context.Context, target string) (*row, error) {
	r, err := queryRow(ctx, t, `WHERE id = $1`, target)
	if err != nil || r != nil {
		return r, err
	}
	r, err = t.byRequestID(ctx, target)
	if err != nil || r != nil {
		return r, err
	}
	r, err = t.bySubscription(ctx, target)
	if err == nil && r == nil {
		err = fmt.Errorf("no request or subscription %s: %w", target, receiver.ErrNotFound)
	}
	return r, err
}

func (t *tx) resolveNotCreated(ctx context.Context, r *row, reason string) error {
	inferred := r.State == receiver.StateAccepted && r.RequestIDSource == receiver.SourceInferred
	switch {
	case r.State == receiver.StateRefused:
		return nil
	case r.State != receiver.StateUnknown && !inferred:
		return t.refuse(receiver.ConflictState, r)
	}
	return t.close(ctx, r, cmp.Or(reason, "resolved by the operator: it was not created"))
}

func (t *tx) resolveCreated(ctx context.Context, r *row, word receiver.Resolution) error {
	if r.State == receiver.StateAccepted && r.RequestID == word.RequestID {
		return nil
	}
	over := r.State == receiver.StateUnknown || r.State == receiver.StateVoid || r.State == receiver.StateRefused
	if !over && !r.guessed() {
		return t.refuse(receiver.ConflictState, r)
	}
	if err := t.accept(ctx, r, word.RequestID, receiver.SourceOperator); err != nil {
		return err
	}
	r.journalReason = word.Reason
	return t.save(ctx, r)
}

// resolveTerminated leaves the operator's word as events, so that it counts like
// the network's own, and outlives it. Of a whole request it speaks of what is
// known now: one event for each subscription, and one for the devices that have
// none.
func (t *tx) resolveTerminated(ctx context.Context, r *row, word receiver.Resolution) error {
	if r.RequestID == "" {
		return t.refuse(receiver.ConflictState, r)
	}
	said := receiver.Event{
		ReceivedAt:    t.now,
		RequestID:     r.RequestID,
		AccountName:   r.AccountName,
		QoSEvent:      receiver.OperatorTerminated,
		Reason:        word.Reason,
		Authenticated: true,
	}
	whole := word.Target == r.ID || word.Target == r.RequestID
	var events []receiver.Event
	without := said
	for _, s := range r.Subscriptions {
		switch {
		case s.QoSSubscriptionID == "":
			without.DeviceIDs = append(without.DeviceIDs, receiver.Device{ID: s.DeviceID, Kind: s.DeviceKind})
		case whole || s.QoSSubscriptionID == word.Target:
			ended := said
			ended.QoSSubscriptionID = s.QoSSubscriptionID
			events = append(events, ended)
		}
	}
	if whole && len(without.DeviceIDs) > 0 {
		events = append(events, without)
	}
	return t.recordEvents(ctx, arrivedSince(events, asTheyCome))
}
