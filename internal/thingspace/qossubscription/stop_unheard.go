package qossubscription

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/qosform/terraform-provider-qos/internal/detach"
	"github.com/qosform/terraform-provider-qos/internal/receiver"
	"github.com/qosform/terraform-provider-qos/internal/thingspace/backend"
	"github.com/qosform/terraform-provider-qos/internal/wait"
)

// unheardError means that ThingSpace took a stop whose outcome nobody here will
// know.
type unheardError struct {
	subscriptionID string
	// why, and what to do first, are parts of a text.
	why, fix string
}

func (e *unheardError) Error() string {
	return fmt.Sprintf("ThingSpace took the stop of subscription %s, which may have ended now, or be live and billed still: %s. %s"+
		"Then invoke the action again: it stops what is left, and a refusal because there is no such subscription means that this stop has ended it", e.subscriptionID, e.why, e.fix)
}

// unheard is nil if the outcome of a stop with this request id can be heard.
func unheard(subscriptionID, requestID string, deaf *backend.ListenerError) error {
	switch {
	case deaf != nil:
		return &unheardError{
			subscriptionID: subscriptionID, fix: deaf.Fix + " ",
			why: fmt.Sprintf("what the network makes of request %s is not told to the receiver, as %s", cmp.Or(requestID, "(without an id)"), deaf.Problem),
		}
	case requestID == "":
		return &unheardError{
			subscriptionID: subscriptionID, fix: "The receiver's page, and its /v1/events, show a QoSChangeTerminated of the subscription once it has come. If none comes, ask Verizon. ",
			why: "ThingSpace gave the stop no request id, by which its callback would be found",
		}
	default:
		return nil
	}
}

// stopUnheardOf stops a subscription that the receiver does not know. There is no
// request to journal the stop with; the answer is found by the id that ThingSpace
// gives the stop.
func (q *requester) stopUnheardOf(ctx context.Context, order stopOrder) error {
	var deaf *backend.ListenerError
	if err := q.listener(ctx, order.accountName); err != nil && !errors.As(err, &deaf) {
		return err
	}
	order.progress(fmt.Sprintf("Stopping subscription %s, which is in no request that the receiver can vouch for", order.subscriptionID))
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("nothing was sent to ThingSpace: %w", err)
	}
	outlasting, cancel := detach.Outlast(ctx, detach.Grace)
	defer cancel()
	requestID, err := q.thingSpace.StopQoS(outlasting, order.accountName, order.subscriptionID)
	if err != nil {
		return fmt.Errorf("%w. It does no harm to invoke the action again", err)
	}
	if err := unheard(order.subscriptionID, requestID, deaf); err != nil {
		return err
	}
	order.progress(fmt.Sprintf("ThingSpace took the stop as request %s; waiting for the network to confirm the end", requestID))
	if err := q.hearEnd(ctx, order.subscriptionID, requestID); err != nil {
		return err
	}
	order.progress(fmt.Sprintf("The network has confirmed the end of subscription %s", order.subscriptionID))
	return nil
}

// hearEnd waits until the callback of a stop that is not journalled has come.
func (q *requester) hearEnd(ctx context.Context, subscriptionID, requestID string) error {
	err := wait.Poll(ctx, q.clock, func(ctx context.Context) (bool, error) {
		events, err := q.journal.EventsOf(ctx, requestID)
		if err != nil {
			return false, err
		}
		return judgeStop(subscriptionID, requestID, events)
	})
	return wrap(fmt.Sprintf("the end of subscription %s was not confirmed (the stop is ThingSpace's request %s)", subscriptionID, requestID), err)
}

// judgeStop reports whether the events under a stop's request id confirm it; its
// error is the network's refusal.
func judgeStop(subscriptionID, requestID string, events []receiver.Event) (ended bool, err error) {
	heard := receiver.Fold(receiver.Heard{
		Known:  []receiver.Subscription{{QoSSubscriptionID: subscriptionID}},
		Stops:  []receiver.StopRecord{{Stop: receiver.Stop{State: receiver.StopSent, RequestID: requestID}, QoSSubscriptionID: subscriptionID}},
		Events: events,
	})
	for _, s := range heard.Subscriptions {
		switch {
		case s.QoSSubscriptionID != subscriptionID:
		case s.Status.Ended():
			return true, nil
		case s.Stop != nil && s.Stop.State == receiver.StopFailed:
			return false, errors.New("the network answered: " + stopReason(&s) + ". If it was stopped before, and that was not confirmed in time, it may have ended then: " +
				"the receiver's /v1/events?request_id=… has a QoSChangeTerminated under the id of that stop")
		}
	}
	return false, nil
}
