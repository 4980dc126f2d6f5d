package thingspace

import (
	"context"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/qosform/terraform-provider-qos/internal/sandbox/exchange"
	"github.com/qosform/terraform-provider-qos/internal/sandbox/schedule"
)

// RecordedRequest is one request as it arrived, secrets included.
type RecordedRequest = exchange.Request[Operation]

// Sandbox is one simulated ThingSpace. All methods are safe for concurrent use.
type Sandbox struct {
	options  Options
	switches atomic.Pointer[Switches]

	identity  *identity
	registry  *registry
	network   *network
	faults    *faultBook
	recorder  *exchange.Recorder[Operation]
	scheduler *schedule.Scheduler
	courier   *courier
}

// New makes a simulator. It listens on nothing: serve [Sandbox.Handler].
func New(o Options) *Sandbox {
	o = o.withDefaults()
	s := &Sandbox{
		options:   o,
		identity:  newIdentity(o),
		registry:  newRegistry(),
		network:   &network{},
		faults:    &faultBook{},
		recorder:  &exchange.Recorder[Operation]{},
		scheduler: schedule.New(o.Clock),
	}
	s.switches.Store(&o.Switches)
	s.courier = newCourier(o, s.registry, s.faults, s.scheduler, s.Switches)
	return s
}

// Close stops all timers, cancels the deliveries under way and waits for them.
// Requests that a fault holds back are let go without an answer. Requests that
// come later are answered, but nothing follows from them.
func (s *Sandbox) Close() {
	s.scheduler.Close()
	s.courier.close()
}

// Switches returns the present setting.
func (s *Sandbox) Switches() Switches { return *s.switches.Load() }

// SetSwitches replaces the setting for everything that happens from now on.
func (s *Sandbox) SetSwitches(w Switches) { s.switches.Store(&w) }

// Inject adds faults to those not spent. If several of a kind fit, the oldest
// strikes.
func (s *Sandbox) Inject(faults ...Fault) { s.faults.add(faults...) }

// ClearFaults removes all faults.
func (s *Sandbox) ClearFaults() { s.faults.Clear() }

// Live returns what the network holds, and bills, right now: every subscription
// that was accepted and has not ended, oldest first. It does not depend on any
// callback having arrived.
func (s *Sandbox) Live() []Subscription {
	return s.network.list(func(sub Subscription) bool { return !sub.Status.Ended() })
}

// Subscriptions returns all subscriptions ever made, oldest first.
func (s *Sandbox) Subscriptions() []Subscription {
	return s.network.list(func(Subscription) bool { return true })
}

// Requests returns every request to the API, in the order of arrival.
func (s *Sandbox) Requests() []RecordedRequest { return s.recorder.All() }

// Count returns how many requests of an operation have arrived, whatever their
// answer.
func (s *Sandbox) Count(op Operation) int { return s.recorder.Count(op) }

// Deliveries returns the callbacks that were answered with 2xx, in the order
// of their answers.
func (s *Sandbox) Deliveries() []Delivery { return s.courier.list(false) }

// Lost returns the callbacks that never will be, each with the reason.
func (s *Sandbox) Lost() []Delivery { return s.courier.list(true) }

// Callbacks returns what is registered for an account, sorted by service name.
func (s *Sandbox) Callbacks(account string) []Callback { return s.registry.list(account) }

// SetCallback registers as another system would, without any check, in place
// of what is registered under the same account and service name.
func (s *Sandbox) SetCallback(c Callback) { s.registry.set(c) }

// RemoveCallback deregisters as another system would.
func (s *Sandbox) RemoveCallback(account, service string) { s.registry.remove(account, service) }

// ExpireTokens lets every bearer token expire; the next token request gets a
// new one.
func (s *Sandbox) ExpireTokens() { s.identity.expireTokens() }

// ExpireSessions lets every session expire.
func (s *Sandbox) ExpireSessions() { s.identity.expireSessions() }

// Terminate ends a subscription from the network's side, which is told in a
// QoSChangeTerminated event under the create's request id, without a status.
// The error is [ErrNotLive] if there is nothing to end.
func (s *Sandbox) Terminate(subscriptionID string) error {
	sub, err := s.network.end(subscriptionID, StatusTerminated, "", s.now())
	if err != nil {
		return err
	}
	s.report(networkEvent(sub, eventTerminated, "", sub.EndedAt))
	return nil
}

// Fail ends a subscription from the network's side, which is told in a
// QoSChangeFailed event under the create's request id. The documented event
// has neither status nor reason; they are there if reason is not empty. The
// error is [ErrNotLive] if there is nothing to end.
func (s *Sandbox) Fail(subscriptionID, reason string) error {
	sub, err := s.network.end(subscriptionID, StatusFailed, reason, s.now())
	if err != nil {
		return err
	}
	s.report(networkEvent(sub, eventFailed, reason, sub.EndedAt))
	return nil
}

// Flush waits until every callback that is due at the clock's present time was
// delivered, has been given up, or waits for its retry at a later time.
func (s *Sandbox) Flush(ctx context.Context) error {
	return s.scheduler.Wait(ctx, func(due time.Time) bool { return !due.After(s.now()) })
}

// Settle waits until nothing is scheduled any more. With a fake clock that
// needs somebody to advance it.
func (s *Sandbox) Settle(ctx context.Context) error {
	return s.scheduler.Wait(ctx, func(time.Time) bool { return true })
}

func (s *Sandbox) now() time.Time { return s.options.Clock.Now() }

// report delivers a callback as soon as possible, but not on the caller's time.
func (s *Sandbox) report(n notice) {
	s.scheduler.After(0, func(ctx context.Context) { s.courier.dispatch(ctx, n) })
}

// Handler serves the simulated ThingSpace API, from the host's root.
func (s *Sandbox) Handler() http.Handler { return s.routes() }
