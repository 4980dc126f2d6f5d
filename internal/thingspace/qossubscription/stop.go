package qossubscription

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/qosform/terraform-provider-qos/internal/detach"
	"github.com/qosform/terraform-provider-qos/internal/receiver"
	"github.com/qosform/terraform-provider-qos/internal/thingspace/api"
)

// stopGrace is how long a failed stop is held against a confirmation that may
// be on its way: of a DELETE that was repeated, the first may have worked and
// the second found nothing.
const stopGrace = 3 * time.Second

// stopping is one attempt to stop a request under way.
type stopping struct {
	q     *requester
	claim string
	// only is the one subscription to stop; empty means all.
	only string
	// again says how to go on after a failure.
	again string
	// progress is told what has been done.
	progress func(message string)
	// asked holds the id of the stop of each subscription that ThingSpace was
	// asked to stop.
	asked map[string]string
	// lost are those whose answer did not come: the callback alone can tell.
	lost map[string]error
	// refused are those that ThingSpace would not stop.
	refused map[string]error
}

// newStopping returns the stop of everything, as destroying a resource needs it.
func (q *requester) newStopping(claim string) *stopping {
	return &stopping{
		q: q, claim: claim, again: "The state keeps the request; destroy again to go on", progress: func(string) {},
		asked: map[string]string{}, lost: map[string]error{}, refused: map[string]error{},
	}
}

// stop ends every subscription of the request that has not ended, and returns
// when the network has confirmed it.
func (q *requester) stop(ctx context.Context, r *receiver.Request, claim string) error {
	return q.newStopping(claim).run(ctx, r)
}

// run returns when the network has confirmed the end of everything that is to be
// stopped. One that cannot be stopped does not keep the others from it. A
// subscription whose id is not known yet is waited for, as it could not be
// stopped otherwise.
func (s *stopping) run(ctx context.Context, r *receiver.Request) error {
	for !s.done(r) {
		if err := s.ask(ctx, r); err != nil {
			return errors.Join(append(s.errs(r), s.unconfirmed(r, err))...)
		}
		if !s.awaited(r) {
			break
		}
		latest, err := s.hear(ctx, r)
		if err != nil && !s.done(latest) {
			return errors.Join(append(s.errs(latest), s.unconfirmed(latest, err))...)
		}
		r = latest
	}
	return errors.Join(s.errs(r)...)
}

// live reports whether the subscription is to be stopped still.
func (s *stopping) live(subscription *receiver.Subscription) bool {
	return !subscription.Status.Ended() && (s.only == "" || subscription.QoSSubscriptionID == s.only)
}

// done reports whether nothing is to be stopped any more.
func (s *stopping) done(r *receiver.Request) bool {
	if s.only == "" {
		return r.Ended()
	}
	return !slices.ContainsFunc(r.Subscriptions, func(subscription receiver.Subscription) bool { return s.live(&subscription) })
}

// ask asks ThingSpace to stop each live subscription that it was not yet asked
// for. Its error is that of ctx or the journal.
func (s *stopping) ask(ctx context.Context, r *receiver.Request) error {
	for i := range r.Subscriptions {
		subscription := &r.Subscriptions[i]
		id := subscription.QoSSubscriptionID
		if id == "" || !s.live(subscription) || s.asked[id] != "" || s.refused[id] != nil {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := s.askOne(ctx, r, subscription); err != nil {
			return err
		}
	}
	return nil
}

// askOne journals the stop, sends it, and journals the answer. An interrupt is
// not heeded in between.
func (s *stopping) askOne(ctx context.Context, r *receiver.Request, subscription *receiver.Subscription) error {
	outlasting, cancel := detach.Outlast(ctx, detach.Grace)
	defer cancel()
	id := subscription.QoSSubscriptionID
	journalled, err := s.q.journal.ChangeRequest(outlasting, r.ID, receiver.Change{Kind: receiver.ChangeStop, Claim: s.claim, QoSSubscriptionID: id})
	if err != nil {
		return fmt.Errorf("journalling the stop of subscription %s: %w. Nothing was sent to ThingSpace", id, err)
	}
	stop := newestStop(journalled, id)
	if stop == nil || stop.State == receiver.StopDone {
		return nil // it has ended meanwhile, as the next look shows
	}
	s.asked[id] = stop.ID
	requestID, err := s.q.thingSpace.StopQoS(outlasting, r.AccountName, id)
	switch {
	case err == nil:
		// The callback tells the outcome whether or not this is journalled.
		_, _ = s.q.journal.ChangeRequest(outlasting, r.ID, receiver.Change{Kind: receiver.ChangeStopSent, Claim: s.claim, StopID: stop.ID, StopRequestID: requestID})
		s.progress(fmt.Sprintf("ThingSpace took the stop of subscription %s (request %s); waiting for the network to confirm the end", id, requestID))
	case api.OutcomeUnknown(err):
		s.lost[id] = err
	default:
		_, journalErr := s.q.journal.ChangeRequest(outlasting, r.ID, receiver.Change{Kind: receiver.ChangeStopRefused, Claim: s.claim, StopID: stop.ID, Reason: err.Error()})
		s.refused[id] = errors.Join(err, wrap("journalling that", journalErr))
	}
	return nil
}

// awaited reports whether anything is still to be heard of: the end of what was
// asked for, or the id of what could not be.
func (s *stopping) awaited(r *receiver.Request) bool {
	for i := range r.Subscriptions {
		subscription := &r.Subscriptions[i]
		if s.live(subscription) && s.refused[subscription.QoSSubscriptionID] == nil {
			return true
		}
	}
	return false
}

// hear waits for the next change of the request and takes note of stops that
// the network failed.
func (s *stopping) hear(ctx context.Context, r *receiver.Request) (*receiver.Request, error) {
	within, cancel := s.limited(ctx, r)
	defer cancel()
	latest, err := s.q.waiter.Await(within, r.ID, "", r.Revision, func(*receiver.Request) bool { return true })
	if latest == nil {
		latest = r
	}
	if slices.ContainsFunc(latest.Subscriptions, s.failed) {
		latest = s.endedAfterAll(ctx, latest)
	}
	for _, subscription := range latest.Subscriptions {
		if s.failed(subscription) {
			s.refused[subscription.QoSSubscriptionID] = errors.New("the network answered: " + stopReason(&subscription))
		}
	}
	if within.Err() != nil && ctx.Err() == nil {
		maps.Copy(s.refused, s.lost)
		return latest, nil
	}
	return latest, err
}

// limited bounds the wait by what a callback takes where the answer to a DELETE
// was lost: it may never have arrived.
func (s *stopping) limited(ctx context.Context, r *receiver.Request) (context.Context, context.CancelFunc) {
	for _, subscription := range r.Subscriptions {
		if id := subscription.QoSSubscriptionID; s.lost[id] != nil && s.refused[id] == nil && !subscription.Status.Ended() {
			return context.WithTimeout(ctx, answerGrace)
		}
	}
	return context.WithCancel(ctx)
}

// failed reports whether the network answered the stop that was asked for here
// with a failure.
func (s *stopping) failed(subscription receiver.Subscription) bool {
	stop := subscription.Stop
	return stop != nil && stop.State == receiver.StopFailed && stop.ID == s.asked[subscription.QoSSubscriptionID] && !subscription.Status.Ended()
}

func (s *stopping) endedAfterAll(ctx context.Context, r *receiver.Request) *receiver.Request {
	ctx, cancel := context.WithTimeout(ctx, stopGrace)
	defer cancel()
	latest, _ := s.q.waiter.Await(ctx, r.ID, "", r.Revision, s.done)
	if latest == nil {
		return r
	}
	return latest
}

// errs are the subscriptions that were not stopped, each with the reason.
func (s *stopping) errs(r *receiver.Request) []error {
	var errs []error
	for i := range r.Subscriptions {
		subscription := &r.Subscriptions[i]
		if cause := s.refused[subscription.QoSSubscriptionID]; cause != nil && !subscription.Status.Ended() {
			errs = append(errs, &stopError{request: r, subscription: subscription, cause: cause, again: s.again})
		}
	}
	return errs
}

// unconfirmed is why it is not known what became of the rest.
func (s *stopping) unconfirmed(r *receiver.Request, cause error) error {
	return &stopError{request: r, only: s.only, cause: cause, again: s.again}
}

func newestStop(r *receiver.Request, subscriptionID string) *receiver.Stop {
	if s := subscriptionOf(r, subscriptionID); s != nil {
		return s.Stop
	}
	return nil
}
