package soak

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
)

const (
	// providerSize is how many requests one provider process makes. They share
	// their long-polls.
	providerSize = 50
	// parallelism is Terraform's.
	parallelism = 10
	askAgain    = 500 * time.Millisecond
)

// provider does with the receiver what one process of the Terraform provider
// does: journal, send, wait.
type provider struct {
	client *receiver.Client
	waiter *receiver.Waiter
	ledger *ledger
	slots  chan struct{}
	// started is when the run began.
	started time.Time
}

// create makes the script's request and waits until all of it was told.
func (p *provider) create(ctx context.Context, s *script) {
	if wait(ctx, time.Until(p.started.Add(s.start))) != nil {
		return
	}
	for try := 1; ; try++ {
		claim := fmt.Sprintf("claim-%d-of-%s", try, s.requestID)
		accepted, release := p.send(ctx, s, claim)
		if release == nil {
			return
		}
		if accepted == nil {
			release()
			p.ledger.add("intents that lapsed before they were sent", 1)
			continue
		}
		p.finish(ctx, s, claim, accepted)
		release()
		return
	}
}

// send journals the request as sent and as accepted, at most so many at a time as
// Terraform does. It returns how to end the hold on its lease, nil if it failed, and
// no request if the receiver has let the intent lapse.
func (p *provider) send(ctx context.Context, s *script, claim string) (accepted *receiver.Request, release func()) {
	p.slots <- struct{}{}
	defer func() { <-p.slots }()
	intended, ok := p.persist(ctx, s, "journal", func() (*receiver.Request, error) { return p.client.CreateRequest(ctx, intent(s, claim)) })
	if !ok {
		return nil, nil
	}
	release = p.waiter.Hold(intended.ID, claim)
	sent, ok := p.change(ctx, s, intended.ID, receiver.Change{Kind: receiver.ChangeSent, Claim: claim})
	if ok && sent.State == receiver.StateVoid {
		return nil, release
	}
	if ok {
		close(s.posted)
		accepted, ok = p.change(ctx, s, intended.ID, receiver.Change{Kind: receiver.ChangeAccepted, Claim: claim, RequestID: s.requestID})
	}
	if !ok {
		release()
		return nil, nil
	}
	return accepted, release
}

func (p *provider) finish(ctx context.Context, s *script, claim string, accepted *receiver.Request) {
	if !p.await(ctx, s, claim, accepted) {
		return
	}
	if _, ok := p.change(ctx, s, accepted.ID, receiver.Change{Kind: receiver.ChangeReturned, Claim: claim}); ok {
		p.ledger.add("waiters that got their events", 1)
	}
}

// change returns an intent as it is where the receiver says that it has lapsed.
func (p *provider) change(ctx context.Context, s *script, id string, c receiver.Change) (*receiver.Request, bool) {
	return p.persist(ctx, s, string(c.Kind), func() (*receiver.Request, error) {
		r, err := p.client.ChangeRequest(ctx, id, c)
		var conflict *receiver.ConflictError
		if errors.As(err, &conflict) && c.Kind == receiver.ChangeSent && conflict.Existing.State == receiver.StateVoid {
			return &conflict.Existing, nil
		}
		return r, err
	})
}

// persist repeats a call until the receiver answers it. What it refuses for good
// breaks a promise.
func (p *provider) persist(ctx context.Context, s *script, doing string, call func() (*receiver.Request, error)) (*receiver.Request, bool) {
	for {
		r, err := call()
		if err == nil {
			return r, true
		}
		if ctx.Err() != nil || !passing(err) {
			p.ledger.violated("%s of %s: %v", doing, s.requestID, err)
			return nil, false
		}
		p.ledger.add("journal calls repeated by the caller", 1)
		if wait(ctx, askAgain) != nil {
			p.ledger.violated("%s of %s: %v", doing, s.requestID, err)
			return nil, false
		}
	}
}

// passing reports whether the receiver, or the way to it, may be well again soon.
func passing(err error) bool {
	var problem *receiver.Problem
	return errors.Is(err, receiver.ErrUnreachable) || errors.As(err, &problem) && problem.Status >= http.StatusInternalServerError
}

func (p *provider) await(ctx context.Context, s *script, claim string, accepted *receiver.Request) bool {
	before := accepted
	p.ledger.judge(s, accepted, nil)
	if s.finished(accepted) {
		return true
	}
	_, err := p.waiter.Await(ctx, accepted.ID, claim, accepted.Revision, func(told *receiver.Request) bool {
		p.ledger.judge(s, told, before)
		before = told
		return s.finished(told)
	})
	if err != nil {
		p.ledger.violated("the waiter for %s was told %s of %+v: %v", s.requestID, before.Status, before.Subscriptions, err)
	}
	return err == nil
}

func intent(s *script, claim string) receiver.NewRequest {
	n := receiver.NewRequest{AccountName: account, Claim: claim}
	for _, id := range s.devices {
		n.Devices = append(n.Devices, receiver.Device{ID: id, Kind: "MDN", Flows: []receiver.Flow{{
			FlowServer: "192.0.2.1:5000", FlowDevice: "198.51.100.1", FlowDirection: "UPLINK", FlowProtocol: "UDP", QCIOption: "Premium",
		}}})
	}
	return n
}
