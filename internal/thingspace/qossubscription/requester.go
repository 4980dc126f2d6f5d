package qossubscription

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jonboulle/clockwork"

	"github.com/qosform/terraform-provider-qos/internal/detach"
	"github.com/qosform/terraform-provider-qos/internal/receiver"
	"github.com/qosform/terraform-provider-qos/internal/thingspace/api"
	"github.com/qosform/terraform-provider-qos/internal/thingspace/backend"
)

const (
	// answerGrace is how long after the POST a lost answer may still be found
	// through its ReqAck before the outcome is reported as unknown. Callbacks
	// come within seconds, and a failed delivery is repeated within two.
	answerGrace = 30 * time.Second
	// leasePoll paces the wait for a lease to lapse, which is no change of the
	// request and wakes nobody.
	leasePoll = time.Second
	// explainLimit bounds what is asked only to explain a failure.
	explainLimit = 5 * time.Second
)

// requester takes enhanceQoS requests through the journal's protocol: every
// step is written at the receiver before it is taken, so that whatever is
// interrupted can be found again. It knows no Terraform types.
type requester struct {
	thingSpace *api.Client
	journal    *receiver.Client
	waiter     *receiver.Waiter
	listener   func(ctx context.Context, accountName string) error
	clock      clockwork.Clock
}

func newRequester(b *backend.Backend) (*requester, error) {
	thingSpace, err := b.ThingSpace()
	if err != nil {
		return nil, err
	}
	journal, err := b.Journal()
	if err != nil {
		return nil, err
	}
	return &requester{
		thingSpace: thingSpace,
		journal:    journal,
		waiter:     b.Waiter(),
		listener:   b.CheckListener,
		clock:      clockwork.NewRealClock(),
	}, nil
}

// create makes the request or, where policy allows, adopts one that exists. The
// returned request has its ThingSpace id; nothing has been waited for. Ending
// ctx stops it at once before the POST, and within detach.Grace after.
func (q *requester) create(ctx context.Context, intent receiver.NewRequest) (*receiver.Request, error) {
	if err := q.listener(ctx, intent.AccountName); err != nil {
		return nil, err
	}
	for {
		opened, err := q.open(ctx, intent)
		if err != nil || opened.State == receiver.StateAccepted {
			return opened, err
		}
		sent, err := q.sendHeld(ctx, opened, intent)
		var conflict *receiver.ConflictError
		if errors.As(err, &conflict) && conflict.Existing.State == receiver.StateVoid {
			continue // its lease lapsed before anything was sent: this machine is slow
		}
		return sent, err
	}
}

// sendHeld is send while the intent's lease is kept alive.
func (q *requester) sendHeld(ctx context.Context, opened *receiver.Request, intent receiver.NewRequest) (*receiver.Request, error) {
	release := q.waiter.Hold(opened.ID, intent.Claim)
	defer release()
	// Opening may have waited long for other requests.
	if err := q.listener(ctx, intent.AccountName); err != nil {
		return nil, q.giveUp(ctx, opened, intent.Claim, err)
	}
	return q.send(ctx, opened, intent.Claim)
}

// open journals the intent. It waits for requests of the same device whose
// answer is outstanding, as theirs would be taken for ours. An adopted request
// is returned as it is, accepted.
func (q *requester) open(ctx context.Context, intent receiver.NewRequest) (*receiver.Request, error) {
	for {
		opened, err := q.journal.CreateRequest(ctx, intent)
		var conflict *receiver.ConflictError
		if !errors.As(err, &conflict) {
			return opened, wrap("journalling the request at the receiver", err)
		}
		existing := &conflict.Existing
		switch {
		case conflict.Kind != receiver.ConflictOverlap && conflict.Kind != receiver.ConflictPending:
			return nil, wrap("journalling the request at the receiver", err)
		case existing.RequestID == "":
			err = q.settle(ctx, existing)
		case intent.Policies.OnExisting != onExistingAdopt:
			return nil, &existingError{existing: existing}
		case existing.LeaseRunning():
			err = q.pause(ctx)
		default:
			adopted, err := q.adopt(ctx, existing, intent)
			if !errors.As(err, &conflict) {
				return adopted, err
			}
			// It changed meanwhile: judge it anew.
			err = q.pause(ctx)
			if err != nil {
				return nil, err
			}
			continue
		}
		if err != nil {
			return nil, err
		}
	}
}

// adopt takes over a request that no Terraform state has.
func (q *requester) adopt(ctx context.Context, existing *receiver.Request, intent receiver.NewRequest) (*receiver.Request, error) {
	switch {
	case !existing.Unclaimed:
		return nil, &existingError{existing: existing, adopting: true, why: "a Terraform state has it"}
	case !sameDevices(existing.Devices, intent.Devices):
		return nil, &existingError{existing: existing, adopting: true, why: "it does not ask for exactly the same devices and flows"}
	}
	adopted, err := q.journal.ChangeRequest(ctx, existing.ID, receiver.Change{
		Kind: receiver.ChangeClaim, Adopt: true, Claim: existing.Claim, NewClaim: intent.Claim, Policies: &intent.Policies,
	})
	return adopted, wrap("adopting the request at the receiver", err)
}

// settle waits until a request that lacks its id has got it, or never will.
// Only an unknown outcome is not waited out beyond answerGrace.
func (q *requester) settle(ctx context.Context, existing *receiver.Request) error {
	settled := func(r *receiver.Request) bool {
		return r.RequestID != "" || r.State == receiver.StateRefused || r.State == receiver.StateVoid
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if existing.State == receiver.StateUnknown {
		ctx, cancel = context.WithTimeout(ctx, graceLeft(existing))
		defer cancel()
	}
	turned := func(r *receiver.Request) bool { return settled(r) || r.State != existing.State }
	latest, err := q.waiter.Await(ctx, existing.ID, "", existing.Revision, turned)
	if latest == nil {
		latest = existing
	}
	switch {
	case err == nil, settled(latest):
		return nil
	case latest.State == receiver.StateUnknown && errors.Is(ctx.Err(), context.DeadlineExceeded):
		return &unknownError{request: latest, earlier: true}
	default:
		return fmt.Errorf("waiting for the earlier %s of the same device, which has no answer yet: %w", latest.Name(), err)
	}
}

// graceLeft is measured by the receiver's clock alone: a request that was sent
// long ago is not waited for again.
func graceLeft(r *receiver.Request) time.Duration {
	if r.SentAt == nil {
		return answerGrace
	}
	return max(0, min(answerGrace, answerGrace-r.ObservedAt.Sub(*r.SentAt)))
}

// send takes an open intent to ThingSpace. From the moment that it is
// journalled as sent, an interrupt is not heeded until the answer is journalled.
func (q *requester) send(ctx context.Context, opened *receiver.Request, claim string) (*receiver.Request, error) {
	if err := ctx.Err(); err != nil {
		return nil, q.giveUp(ctx, opened, claim, err)
	}
	outlasting, cancel := detach.Outlast(ctx, detach.Grace)
	defer cancel()
	sent, err := q.journal.ChangeRequest(outlasting, opened.ID, receiver.Change{Kind: receiver.ChangeSent, Claim: claim})
	if err != nil {
		return nil, q.giveUp(ctx, opened, claim, wrap("journalling the request as sent", err))
	}
	requestID, err := q.thingSpace.EnhanceQoS(outlasting, enhanceQoSOf(opened.AccountName, opened.Devices))
	switch {
	case err == nil:
		return q.accepted(outlasting, sent, claim, requestID)
	case api.OutcomeUnknown(err):
		return q.lost(ctx, sent, claim, err)
	default:
		_, journalErr := q.journal.ChangeRequest(outlasting, sent.ID, receiver.Change{Kind: receiver.ChangeRefused, Claim: claim, Reason: err.Error()})
		return nil, errors.Join(err, wrap("journalling the refusal", journalErr))
	}
}

// giveUp ends an intent of which nothing was sent, so that the next run need
// not wait for its lease to lapse.
func (q *requester) giveUp(ctx context.Context, opened *receiver.Request, claim string, why error) error {
	outlasting, cancel := detach.Outlast(ctx, detach.Grace)
	defer cancel()
	_, err := q.journal.ChangeRequest(outlasting, opened.ID, receiver.Change{Kind: receiver.ChangeRefused, Claim: claim, Reason: "given up before it was sent"})
	return errors.Join(fmt.Errorf("nothing was sent to ThingSpace: %w", why), wrap("journalling that", err))
}

// accepted journals ThingSpace's answer. If the receiver is away just now, the
// answer is returned all the same, so that the state has the request id; await
// goes on journalling it.
func (q *requester) accepted(ctx context.Context, sent *receiver.Request, claim, requestID string) (*receiver.Request, error) {
	accepted, err := q.journal.ChangeRequest(ctx, sent.ID, receiver.Change{Kind: receiver.ChangeAccepted, Claim: claim, RequestID: requestID})
	if err == nil {
		return accepted, nil
	}
	unjournalled := *sent // its state is still sent
	unjournalled.RequestID = requestID
	return &unjournalled, nil
}

// catchUp journals an answer that could not be journalled when it came.
func (q *requester) catchUp(ctx context.Context, r *receiver.Request, claim string) (*receiver.Request, error) {
	for r.State != receiver.StateAccepted {
		accepted, err := q.journal.ChangeRequest(ctx, r.ID, receiver.Change{Kind: receiver.ChangeAccepted, Claim: claim, RequestID: r.RequestID})
		var conflict *receiver.ConflictError
		switch {
		case err == nil:
			return accepted, nil
		case errors.As(err, &conflict), errors.Is(err, receiver.ErrNotFound):
			return r, wrap("journalling the answer", err)
		}
		if stopped := q.pause(ctx); stopped != nil {
			return r, errors.Join(stopped, err)
		}
	}
	return r, nil
}

// lost looks for a request whose answer did not come: a ReqAck that fits
// resolves it.
func (q *requester) lost(ctx context.Context, sent *receiver.Request, claim string, cause error) (*receiver.Request, error) {
	outlasting, cancel := detach.Outlast(ctx, detach.Grace)
	defer cancel()
	unknown, err := q.journal.ChangeRequest(outlasting, sent.ID, receiver.Change{Kind: receiver.ChangeUnknown, Claim: claim, Reason: cause.Error()})
	if err != nil {
		return nil, &unknownError{request: sent, cause: errors.Join(cause, wrap("journalling that", err))}
	}
	if unknown.RequestID != "" {
		return unknown, nil
	}
	waiting, stop := context.WithTimeout(ctx, answerGrace)
	defer stop()
	found, err := q.waiter.Await(waiting, sent.ID, claim, unknown.Revision, func(r *receiver.Request) bool { return r.RequestID != "" })
	if err == nil {
		return found, nil
	}
	if found == nil {
		found = unknown
	}
	return nil, &unknownError{request: found, cause: cause}
}

// await waits until each subscription has got where waitFor says, or has ended.
// It returns the newest request in any case.
func (q *requester) await(ctx context.Context, r *receiver.Request, claim, waitFor string) (*receiver.Request, error) {
	r, err := q.catchUp(ctx, r, claim)
	if err != nil {
		return r, err
	}
	done := func(r *receiver.Request) bool { return settledFor(r, waitFor) }
	if done(r) {
		return r, nil
	}
	latest, err := q.waiter.Await(ctx, r.ID, claim, r.Revision, done)
	if latest == nil || latest.RequestID != r.RequestID {
		latest = r
	}
	return latest, err
}

// returned journals that Terraform has the request now. It is best effort: the
// first read of the state says the same. An interrupt says nothing of the kind:
// it is also what is seen when the engine alone was killed.
func (q *requester) returned(ctx context.Context, r *receiver.Request, claim string) {
	if ctx.Err() != nil {
		return
	}
	outlasting, cancel := detach.Outlast(ctx, detach.Grace)
	defer cancel()
	_, _ = q.journal.ChangeRequest(outlasting, r.ID, receiver.Change{Kind: receiver.ChangeReturned, Claim: claim})
}

// turnedAway counts the callbacks about the request that the receiver refused for
// their credentials. It only serves an explanation: not knowing is zero.
func (q *requester) turnedAway(ctx context.Context, r *receiver.Request) int {
	if r.RequestID == "" {
		return 0
	}
	outlasting, cancel := context.WithTimeout(context.WithoutCancel(ctx), explainLimit)
	defer cancel()
	held, err := q.journal.Quarantined(outlasting, r.RequestID)
	if err != nil {
		return 0
	}
	return len(held)
}

// find returns the journal's request for a ThingSpace request id, nil when it
// knows none. With a claim it notes that the claim's state has read it.
func (q *requester) find(ctx context.Context, accountName, requestID, claim string) (*receiver.Request, error) {
	if requestID == "" {
		return nil, errors.New("the state has no request id, so the receiver cannot be asked for it")
	}
	return only(q.journal.Requests(ctx, receiver.Filter{AccountName: accountName, RequestID: requestID, Claim: claim, Limit: 1}))
}

// findSubscription is find by a subscription id.
func (q *requester) findSubscription(ctx context.Context, accountName, subscriptionID string) (*receiver.Request, error) {
	return only(q.journal.Requests(ctx, receiver.Filter{AccountName: accountName, QoSSubscriptionID: subscriptionID, Limit: 1}))
}

// journalState journals what a state knows of its request, as far as the
// receiver does not: after a change of policies, for an import whose flows
// nobody knew, or when its store is an older copy.
func (q *requester) journalState(ctx context.Context, state receiver.NewRequest) (*receiver.Request, error) {
	request, err := q.journal.CreateRequest(ctx, state)
	return request, wrap("journalling the request at the receiver", err)
}

func only(page *receiver.Page, err error) (*receiver.Request, error) {
	if err != nil || len(page.Requests) == 0 {
		return nil, err
	}
	return &page.Requests[0], nil
}

// pause lets a moment pass before the journal is asked again about something
// that wakes nobody.
func (q *requester) pause(ctx context.Context) error {
	select {
	case <-q.clock.After(leasePoll):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func wrap(doing string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", doing, err)
}
