package store

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
)

// Change applies c to the request with the journal id. A change that has been
// made already succeeds again, as long as c.Revision does not forbid it.
func (s *Store) Change(ctx context.Context, id string, c receiver.Change) (*receiver.Request, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	return s.writeRequest(ctx, func(t *tx) (*row, error) {
		r, err := t.byID(ctx, id)
		if err != nil {
			return nil, err
		}
		if c.Revision != 0 && c.Revision != r.Revision {
			return nil, t.refuse(receiver.ConflictRevision, r)
		}
		if c.Kind != receiver.ChangeClaim && c.Claim != "" && r.Claim != "" && c.Claim != r.Claim {
			return nil, t.refuse(receiver.ConflictClaim, r)
		}
		return r, t.change(ctx, r, c)
	})
}

func (t *tx) change(ctx context.Context, r *row, c receiver.Change) error {
	switch c.Kind {
	case receiver.ChangeSent:
		return t.changeSent(ctx, r)
	case receiver.ChangeAccepted:
		return t.changeAccepted(ctx, r, c.RequestID)
	case receiver.ChangeRefused:
		return t.changeRefused(ctx, r, c.Reason)
	case receiver.ChangeUnknown:
		return t.changeUnknown(ctx, r, c.Reason)
	case receiver.ChangeReturned:
		return t.changeReturned(ctx, r)
	case receiver.ChangeStop:
		return t.changeStop(ctx, r, c.QoSSubscriptionID)
	case receiver.ChangeStopSent:
		return t.changeStopSent(ctx, r, c)
	case receiver.ChangeStopRefused:
		return t.changeStopRefused(ctx, r, c)
	case receiver.ChangeClaim:
		return t.changeClaim(ctx, r, c)
	}
	return fmt.Errorf("change %q: not a kind of change", c.Kind)
}

func (t *tx) changeSent(ctx context.Context, r *row) error {
	switch r.State {
	case receiver.StateSent:
		return nil
	case receiver.StateOpen:
	default:
		return t.refuse(receiver.ConflictState, r)
	}
	seq, err := t.next(ctx)
	if err != nil {
		return err
	}
	sent := t.now
	r.State, r.SentAt, r.sentSeq = receiver.StateSent, &sent, seq
	t.extendLease(r)
	return t.save(ctx, r)
}

// changeAccepted takes the answer of the POST from any state that it does not
// contradict: a 201 outranks every guess, be it the clock's or the operator's.
func (t *tx) changeAccepted(ctx context.Context, r *row, requestID string) error {
	if r.State == receiver.StateAccepted && !r.guessed() {
		if r.RequestID != requestID {
			return t.refuse(receiver.ConflictState, r)
		}
		return nil
	}
	if r.ReturnedAt == nil {
		t.extendLease(r)
	}
	return t.accept(ctx, r, requestID, receiver.SourceAnswer)
}

func (t *tx) changeRefused(ctx context.Context, r *row, reason string) error {
	inferred := r.RequestIDSource == receiver.SourceInferred
	switch {
	case r.State == receiver.StateRefused:
		return nil
	case r.State == receiver.StateAccepted && !inferred:
		return t.refuse(receiver.ConflictState, r)
	}
	return t.close(ctx, r, reason)
}

// close ends a request that certainly was not created.
func (t *tx) close(ctx context.Context, r *row, reason string) error {
	r.State = receiver.StateRefused
	r.journalReason = reason
	r.Candidates, r.LeaseExpiresAt = nil, nil
	previous := r.RequestID
	if err := t.dropRequestID(ctx, r); err != nil {
		return err
	}
	return t.giveUp(ctx, previous)
}

func (t *tx) changeUnknown(ctx context.Context, r *row, reason string) error {
	switch {
	case r.State == receiver.StateUnknown:
		return nil
	case r.State == receiver.StateAccepted && r.RequestIDSource == receiver.SourceInferred:
		return nil
	case r.State != receiver.StateSent:
		return t.refuse(receiver.ConflictState, r)
	}
	r.State = receiver.StateUnknown
	r.journalReason = reason
	return t.save(ctx, r)
}

func (t *tx) changeReturned(ctx context.Context, r *row) error {
	if r.State != receiver.StateAccepted {
		return t.refuse(receiver.ConflictState, r)
	}
	t.markReturned(r)
	return t.save(ctx, r)
}

// changeStop journals a stop before it is sent. One that was journalled and
// then not heard of again is taken up: the same attempt may be asking twice.
func (t *tx) changeStop(ctx context.Context, r *row, subscription string) error {
	if r.State != receiver.StateAccepted {
		return t.refuse(receiver.ConflictState, r)
	}
	found := slices.IndexFunc(r.Subscriptions, func(s receiver.Subscription) bool { return s.QoSSubscriptionID == subscription })
	if found < 0 {
		return t.refuseForeign(ctx, r, subscription)
	}
	s := r.Subscriptions[found]
	if s.Status.Ended() || (s.Stop != nil && s.Stop.State == receiver.StopJournalled) {
		return nil
	}
	seq, err := t.next(ctx)
	if err != nil {
		return err
	}
	err = t.exec(ctx, `INSERT INTO stops (id, request, seq, qos_subscription_id, state, created_at)
		VALUES ($1, $2, $3, $4, $5, $6)`,
		uuid.NewString(), r.ID, seq, subscription, receiver.StopJournalled, t.now.UnixMicro())
	if err != nil {
		return err
	}
	return t.save(ctx, r)
}

// refuseForeign refuses a subscription that is not r's, naming whose it is.
func (t *tx) refuseForeign(ctx context.Context, r *row, subscription string) error {
	holder, err := t.bySubscription(ctx, subscription)
	if err != nil {
		return err
	}
	return t.refuse(receiver.ConflictState, cmp.Or(holder, r))
}

func (t *tx) changeStopSent(ctx context.Context, r *row, c receiver.Change) error {
	if _, err := t.stop(ctx, r, c.StopID); err != nil {
		return err
	}
	// What a callback of the stop may have looked like before its id was known.
	mistaken, err := t.byRequestID(ctx, c.StopRequestID)
	if err != nil {
		return err
	}
	if mistaken != nil && mistaken.Origin == receiver.OriginCallback && mistaken.Claim == "" {
		if err := t.remove(ctx, mistaken); err != nil {
			return err
		}
	}
	err = t.exec(ctx, `UPDATE stops SET state = $1, request_id = $2 WHERE id = $3`,
		receiver.StopSent, c.StopRequestID, c.StopID)
	if err != nil {
		return err
	}
	if err := t.save(ctx, r); err != nil {
		return err
	}
	return t.reattribute(ctx, []string{c.StopRequestID}, math.MaxInt64)
}

func (t *tx) changeStopRefused(ctx context.Context, r *row, c receiver.Change) error {
	stop, err := t.stop(ctx, r, c.StopID)
	if err != nil {
		return err
	}
	if stop.State == receiver.StopSent {
		return t.refuse(receiver.ConflictState, r)
	}
	err = t.exec(ctx, `UPDATE stops SET state = $1, reason = $2 WHERE id = $3`,
		receiver.StopRefused, c.Reason, c.StopID)
	if err != nil {
		return err
	}
	return t.save(ctx, r)
}

// stop returns a stop of the request as it was journalled.
func (t *tx) stop(ctx context.Context, r *row, id string) (*receiver.StopRecord, error) {
	stops, err := t.stops(ctx, []*row{r})
	if err != nil {
		return nil, err
	}
	for _, s := range stops[r.ID] {
		if s.ID == id {
			return &s, nil
		}
	}
	return nil, fmt.Errorf("stop %s of request %s: %w", id, r.ID, receiver.ErrNotFound)
}

// importHolds is how long an imported claim stays as it is when the request is
// imported again: a plan with an import block reads, and so claims, each time,
// and must not invalidate another that was saved to be applied.
const importHolds = time.Hour

// changeClaim hands the request to another Terraform state.
func (t *tx) changeClaim(ctx context.Context, r *row, c receiver.Change) error {
	switch {
	case r.Claim == c.NewClaim:
		return nil
	case !c.Adopt && r.importedAt != nil && t.now.Sub(*r.importedAt) < importHolds:
		return nil
	case r.Claim != c.Claim:
		return t.refuse(receiver.ConflictClaim, r)
	case r.State != receiver.StateAccepted:
		return t.refuse(receiver.ConflictState, r)
	case c.Adopt && !r.unclaimed(t.now):
		return t.refuse(receiver.ConflictClaim, r)
	case !c.Adopt && r.leased(t.now):
		return t.refuse(receiver.ConflictState, r)
	}
	r.Claim = c.NewClaim
	r.ClaimGeneration++
	if c.Adopt {
		t.adopt(r, c.Policies)
	} else {
		imported := t.now
		r.importedAt = &imported
		t.markReturned(r)
	}
	return t.save(ctx, r)
}

func (t *tx) adopt(r *row, policies *receiver.Policies) {
	if policies != nil {
		r.Policies = *policies
	}
	t.extendLease(r)
}
