package camara

import (
	"context"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/qosform/terraform-provider-qos/internal/sandbox/exchange"
	"github.com/qosform/terraform-provider-qos/internal/sandbox/schedule"
)

// RecordedRequest is one request as it arrived, secrets included.
type RecordedRequest = exchange.Request[Operation]

// Sandbox is one simulated operator. All methods are safe for concurrent use.
type Sandbox struct {
	options  Options
	switches atomic.Pointer[Switches]

	dialect            dialect
	assignmentsDialect dialect
	paths              paths

	tokens      *tokens
	pending     *authentications
	seen        *seen
	sessions    *ledger
	assignments *ledger
	faults      *faultBook
	recorder    *exchange.Recorder[Operation]
	scheduler   *schedule.Scheduler
	courier     *courier
}

// New makes a simulator. It listens on nothing: serve [Sandbox.Handler].
func New(o Options) *Sandbox {
	o = o.withDefaults()
	s := &Sandbox{
		options:            o,
		dialect:            o.Version.dialect(),
		assignmentsDialect: o.Version.assignmentsDialect(),
		paths:              o.paths(),
		tokens:             newTokens(o),
		pending:            &authentications{pending: map[string]*authentication{}},
		seen:               &seen{ids: map[string]bool{}},
		faults:             &faultBook{},
		recorder:           &exchange.Recorder[Operation]{},
		scheduler:          schedule.New(o.Clock),
	}
	s.switches.Store(&o.Switches)
	s.courier = newCourier(o, s.faults, s.scheduler)
	s.sessions = &ledger{clock: o.Clock, scheduler: s.scheduler, announce: s.announcer(s.dialect, s.paths.sessions+"/sessions/")}
	s.assignments = &ledger{clock: o.Clock, scheduler: s.scheduler, announce: s.announcer(s.assignmentsDialect, s.paths.assignments+"/qos-assignments/")}
	return s
}

// paths are the version's, but for the QoD API's if that is served elsewhere.
// Profiles are part of that API in the versions where the paths are the same.
func (o Options) paths() paths {
	p := o.Version.paths()
	if o.BasePath == "" {
		return p
	}
	if p.profiles == p.sessions {
		p.profiles = o.BasePath
	}
	p.sessions = o.BasePath
	return p
}

// announcer tells listeners of changes in the words of a version.
func (s *Sandbox) announcer(d dialect, source string) func(change) {
	return func(c change) { s.courier.enqueue(notice{c, d.event(c, source+c.grant.id)}) }
}

// Close stops all timers, cancels the notifications under way and waits for
// them. Requests that a fault holds back are let go without an answer. Requests
// that come later are answered, but nobody is notified.
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

// Live returns the sessions that the network holds right now: those that are
// REQUESTED or AVAILABLE, oldest first, whether or not any client knows of them.
func (s *Sandbox) Live() []Session { return shown(s.sessions, (*grant).live, (*grant).session) }

// Sessions returns all sessions ever made, oldest first.
func (s *Sandbox) Sessions() []Session { return shown(s.sessions, everyGrant, (*grant).session) }

// LiveAssignments is [Sandbox.Live] for QoS assignments.
func (s *Sandbox) LiveAssignments() []Assignment {
	return shown(s.assignments, (*grant).live, (*grant).assignment)
}

// Assignments returns all QoS assignments ever made, oldest first.
func (s *Sandbox) Assignments() []Assignment {
	return shown(s.assignments, everyGrant, (*grant).assignment)
}

func everyGrant(*grant) bool { return true }

func shown[T any](l *ledger, keep func(*grant) bool, show func(*grant) T) []T {
	found := l.list(keep)
	all := make([]T, len(found))
	for i := range found {
		all[i] = show(&found[i])
	}
	return all
}

// Requests returns every request to the APIs and the OAuth server, in the order
// of arrival.
func (s *Sandbox) Requests() []RecordedRequest { return s.recorder.All() }

// Count returns how many requests of an operation have arrived, whatever their
// answer.
func (s *Sandbox) Count(op Operation) int { return s.recorder.Count(op) }

// Deliveries returns the notifications that were answered with 2xx, in the
// order of their answers.
func (s *Sandbox) Deliveries() []Delivery { return s.courier.list(false) }

// Lost returns the notifications that never will be, each with the reason.
func (s *Sandbox) Lost() []Delivery { return s.courier.list(true) }

// ExpireTokens lets every issued token expire.
func (s *Sandbox) ExpireTokens() { s.tokens.expire() }

// TerminateByNetwork ends a session or an assignment from the network's side:
// UNAVAILABLE with NETWORK_TERMINATED, and gone after 360 seconds. The error is
// [ErrNotLive] if there is nothing to end.
func (s *Sandbox) TerminateByNetwork(id string) error {
	return s.happen(id, func(g *grant, now time.Time) ([]change, error) {
		if !g.live() {
			return nil, fmt.Errorf("%w: %q", ErrNotLive, id)
		}
		return g.terminate(now), nil
	})
}

// MakeAvailable lets the network provide, right now, what is REQUESTED. The
// error is [ErrNotLive] if nothing is.
func (s *Sandbox) MakeAvailable(id string) error {
	return s.happen(id, func(g *grant, now time.Time) ([]change, error) {
		if g.status != StatusRequested {
			return nil, fmt.Errorf("%w: %q", ErrNotLive, id)
		}
		return g.becomeAvailable(now), nil
	})
}

func (s *Sandbox) happen(id string, act func(*grant, time.Time) ([]change, error)) error {
	ledger := s.sessions
	if _, found := s.assignments.find(id); found {
		ledger = s.assignments
	}
	_, err := ledger.change(id, act)
	return err
}

// Flush waits until everything that is due at the clock's present time has
// happened and every notification of it was delivered or given up.
func (s *Sandbox) Flush(ctx context.Context) error {
	return s.scheduler.Wait(ctx, func(due time.Time) bool { return !due.After(s.now()) })
}

func (s *Sandbox) now() time.Time { return s.options.Clock.Now() }

// Handler serves the operator's APIs and OAuth server, from the operator's root.
func (s *Sandbox) Handler() http.Handler {
	routes := s.routes()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// Clients tell the operator's clock by it.
		w.Header().Set("Date", s.now().UTC().Format(http.TimeFormat))
		routes.ServeHTTP(w, r)
	})
}

// URLs are where an operator's APIs begin.
type URLs struct {
	QoD, Profiles, Provisioning string
	Token, Backchannel          string
}

// URLs returns those of an operator whose handler is served at root, such as
// http://127.0.0.1:8080.
func (s *Sandbox) URLs(root string) URLs {
	return URLs{
		QoD: root + s.paths.sessions, Profiles: root + s.paths.profiles, Provisioning: root + s.paths.assignments,
		Token: root + tokenPath, Backchannel: root + backchannelPath,
	}
}

// IssueToken issues an access token as a client would get it: two-legged, or
// bound to the device of a login hint such as tel:+34666666666 if that is not
// empty. It does not check the client or the scopes.
func (s *Sandbox) IssueToken(clientID, loginHint string, scopes ...string) (string, error) {
	p := permit{client: clientID, scopes: scopes}
	if loginHint != "" {
		device, wellFormed := deviceOfHint(loginHint)
		if !wellFormed {
			return "", fmt.Errorf("malformed login hint %q", loginHint)
		}
		p.device = &device
	}
	return s.tokens.issue(p), nil
}
