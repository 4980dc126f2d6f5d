package qossubscription

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/qosform/terraform-provider-qos/internal/detach"
	"github.com/qosform/terraform-provider-qos/internal/receiver"
	"github.com/qosform/terraform-provider-qos/internal/thingspace/api"
)

// stopGrace is how long a failed stop is held against a confirmation that may
// be on its way.
const stopGrace = 3 * time.Second

// stop ends every subscription of the request that has not ended, and returns
// when the network has confirmed it. A subscription whose id is not known yet
// is waited for, as it could not be stopped otherwise.
func (q *requester) stop(ctx context.Context, r *receiver.Request, claim string) error {
	asked := map[string]string{} // subscription id → id of the stop
	for !r.Ended() {
		if err := q.stopKnown(ctx, r, claim, asked); err != nil {
			return err
		}
		latest, err := q.waiter.Await(ctx, r.ID, "", r.Revision, func(*receiver.Request) bool { return true })
		if latest != nil {
			r = latest
		}
		if failed := failedStop(r, asked); failed != nil {
			if r = q.endedAfterAll(ctx, r); failedStop(r, asked) != nil {
				return &stopError{request: r, subscription: failed}
			}
		}
		if err != nil && !r.Ended() {
			return &stopError{request: r, cause: err}
		}
	}
	return nil
}

// stopKnown asks ThingSpace to stop each live subscription that it was not yet
// asked for.
func (q *requester) stopKnown(ctx context.Context, r *receiver.Request, claim string, asked map[string]string) error {
	for i := range r.Subscriptions {
		s := &r.Subscriptions[i]
		if s.QoSSubscriptionID == "" || s.Status.Ended() || asked[s.QoSSubscriptionID] != "" {
			continue
		}
		if err := ctx.Err(); err != nil {
			return &stopError{request: r, cause: err}
		}
		stop, err := q.stopOne(ctx, r, s, claim)
		if err != nil {
			return err
		}
		asked[s.QoSSubscriptionID] = stop
	}
	return nil
}

// stopOne journals the stop, sends it, and journals the answer. An interrupt is
// not heeded in between.
func (q *requester) stopOne(ctx context.Context, r *receiver.Request, s *receiver.Subscription, claim string) (stopID string, err error) {
	outlasting, cancel := detach.Outlast(ctx, detach.Grace)
	defer cancel()
	journalled, err := q.journal.ChangeRequest(outlasting, r.ID, receiver.Change{Kind: receiver.ChangeStop, Claim: claim, QoSSubscriptionID: s.QoSSubscriptionID})
	if err != nil {
		return "", fmt.Errorf("journalling the stop of subscription %s: %w. Nothing was sent to ThingSpace", s.QoSSubscriptionID, err)
	}
	stop := newestStop(journalled, s.QoSSubscriptionID)
	if stop == nil || stop.State == receiver.StopDone {
		return "already ended", nil
	}
	requestID, err := q.thingSpace.StopQoS(outlasting, r.AccountName, s.QoSSubscriptionID)
	if api.OutcomeUnknown(err) {
		return "", &stopError{request: r, subscription: s, cause: err}
	}
	if err != nil {
		_, journalErr := q.journal.ChangeRequest(outlasting, r.ID, receiver.Change{Kind: receiver.ChangeStopRefused, Claim: claim, StopID: stop.ID, Reason: err.Error()})
		return "", &stopError{request: r, subscription: s, cause: errors.Join(err, wrap("journalling that", journalErr))}
	}
	_, err = q.journal.ChangeRequest(outlasting, r.ID, receiver.Change{Kind: receiver.ChangeStopSent, Claim: claim, StopID: stop.ID, StopRequestID: requestID})
	return stop.ID, wrap("journalling the answer to the stop", err)
}

// endedAfterAll gives the end of a subscription a moment to be heard when its
// stop failed: of a DELETE that was repeated, the first may have worked and the
// second found nothing.
func (q *requester) endedAfterAll(ctx context.Context, r *receiver.Request) *receiver.Request {
	ctx, cancel := context.WithTimeout(ctx, stopGrace)
	defer cancel()
	latest, _ := q.waiter.Await(ctx, r.ID, "", r.Revision, (*receiver.Request).Ended)
	if latest == nil {
		return r
	}
	return latest
}

func newestStop(r *receiver.Request, subscriptionID string) *receiver.Stop {
	for i := range r.Subscriptions {
		if r.Subscriptions[i].QoSSubscriptionID == subscriptionID {
			return r.Subscriptions[i].Stop
		}
	}
	return nil
}

// failedStop returns a subscription whose stop, of those asked for here, the
// network answered with a failure.
func failedStop(r *receiver.Request, asked map[string]string) *receiver.Subscription {
	for i := range r.Subscriptions {
		s := &r.Subscriptions[i]
		if s.Stop != nil && s.Stop.State == receiver.StopFailed && s.Stop.ID == asked[s.QoSSubscriptionID] && !s.Status.Ended() {
			return s
		}
	}
	return nil
}
