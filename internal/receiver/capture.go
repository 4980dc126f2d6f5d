package receiver

import (
	"context"
	"log/slog"
	"mime"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

// StoreTimeout bounds one write, with its wait for others. It is long, because
// what is stored late is still stored, while ThingSpace may not send again what
// was refused.
const StoreTimeout = 30 * time.Second

const (
	// loggedEvents and loggedText are how much of a callback the log shows: events,
	// and bytes of each of their texts.
	loggedEvents = 10
	loggedText   = 64
)

// outcome is what became of a callback, as metrics and logs name it.
type outcome string

const (
	outcomeStored          outcome = "stored"
	outcomeUnauthenticated outcome = "stored_unauthenticated"
	outcomeQuarantined     outcome = "quarantined"
	outcomeSource          outcome = "refused_source"
	outcomeContentType     outcome = "refused_content_type"
	outcomeBusy            outcome = "refused_busy"
	outcomeBody            outcome = "refused_body"
	outcomeMalformed       outcome = "malformed"
	outcomeAccount         outcome = "refused_account"
	outcomeLimited         outcome = "refused_limited"
	outcomeUnknown         outcome = "refused_unknown"
	outcomeStoreFailed     outcome = "store_failed"
)

// taken is a callback with what became of it; problem is nil when it is stored.
type taken struct {
	outcome outcome
	source  netip.Addr
	events  []Event
	problem *Problem
}

// captured is the answer to a callback that is on disk.
type captured struct {
	Events int `json:"events"`
}

// capture takes one ThingSpace callback. It answers 2xx only once the events are
// on disk, because ThingSpace may never send them again.
func (s *Server) capture(w http.ResponseWriter, r *http.Request) {
	s.warnOfProxy(r)
	started := s.cfg.Clock.Now()
	t := s.take(w, r)
	s.metrics.callback(t, s.cfg.Clock.Since(started))
	s.logCallback(r.Context(), t)
	if t.problem != nil {
		t.problem.write(w)
		return
	}
	writeJSON(w, http.StatusOK, contentTypeJSON, captured{Events: len(t.events)})
}

// warnOfProxy tells once that what a proxy forwards counts as its own, with one limit
// for everybody behind it.
func (s *Server) warnOfProxy(r *http.Request) {
	peer, is := s.sources.unheeded(r)
	if !is || s.unheeded.Swap(true) {
		return
	}
	s.log.WarnContext(r.Context(), "a callback came with X-Forwarded-For from an address that is no trusted proxy, so all that it sends counts as one source: "+
		"if it is a proxy of yours, name it with --trusted-proxy", "source", peer)
}

func (s *Server) take(w http.ResponseWriter, r *http.Request) taken {
	source, err := s.sources.client(r)
	if err != nil || !s.sources.allows(source) {
		return taken{outcome: outcomeSource, source: source, problem: newProblem(http.StatusForbidden, "callbacks are not accepted from this address")}
	}
	if !isJSON(r.Header.Get("Content-Type")) {
		return taken{outcome: outcomeContentType, source: source, problem: newProblem(http.StatusUnsupportedMediaType, "the content type must be application/json")}
	}
	held := s.bodies.open(source)
	defer held.release()
	r.Body = held.body(r)
	body, problem := readBody(w, r, s.cfg.MaxCallbackBody)
	if problem != nil {
		return taken{outcome: outcomeOfBody(problem), source: source, problem: problem}
	}
	// Only what is there takes a place: slow senders must not keep out others.
	if !s.captures.take(r.Context(), s.cfg.Clock) {
		return taken{outcome: outcomeBusy, source: source, problem: busy()}
	}
	defer s.captures.leave()
	return s.takeBody(r.Context(), source, r.Header, body)
}

// outcomeOfBody is that of a body which was not read.
func outcomeOfBody(problem *Problem) outcome {
	if problem.Status == http.StatusServiceUnavailable {
		return outcomeBusy
	}
	return outcomeBody
}

// takeBody judges and keeps what a callback says.
func (s *Server) takeBody(ctx context.Context, source netip.Addr, header http.Header, body []byte) taken {
	callback, err := ParseCallback(body, s.cfg.Clock.Now())
	if err != nil {
		return taken{outcome: outcomeMalformed, source: source, problem: newProblem(http.StatusBadRequest, err.Error())}
	}
	t := taken{source: source, events: callback.Events}
	if !s.accountsAllowed(callback.Events) {
		t.outcome, t.problem = outcomeAccount, newProblem(http.StatusForbidden, "callbacks of this account are not accepted")
		return t
	}
	verdict := s.keys.Load().credentials.judge(callback)
	if t.events, err = callback.WithBodies(); err == nil {
		err = s.prepareForward(header, body, verdict != credentialsAbsent, t.events)
	}
	if err != nil {
		t.outcome, t.problem = outcomeMalformed, newProblem(http.StatusBadRequest, err.Error())
		return t
	}
	ctx, cancel := lasting(ctx)
	defer cancel()
	s.keep(ctx, verdict, &t)
	return t
}

// lasting is the context of a write: a client that hangs up does not undo what
// it has delivered.
func lasting(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), StoreTimeout)
}

// isJSON accepts a missing content type, which some proxies drop.
func isJSON(contentType string) bool {
	if contentType == "" {
		return true
	}
	mediaType, _, err := mime.ParseMediaType(contentType)
	return err == nil && (mediaType == contentTypeJSON || strings.HasSuffix(mediaType, "+json"))
}

// accountsAllowed lets an event without an account pass: it counts only for a
// request that the journal knows.
func (s *Server) accountsAllowed(events []Event) bool {
	return len(s.cfg.Accounts) == 0 || !slices.ContainsFunc(events, func(e Event) bool {
		return e.AccountName != "" && !slices.Contains(s.cfg.Accounts, e.AccountName)
	})
}

// keep stores the events as their credentials allow.
func (s *Server) keep(ctx context.Context, verdict verdict, t *taken) {
	switch verdict {
	case credentialsWrong:
		s.quarantine(ctx, t, "the callback's username or password is wrong")
	case credentialsAbsent:
		if s.cfg.RequireCredentials {
			s.quarantine(ctx, t, "the callback carries no username and password, and this receiver requires them")
			return
		}
		if t.problem = s.limitStranger(ctx, t.source, t.events); t.problem != nil {
			t.outcome = outcomeUnknown
			return
		}
		s.record(ctx, t, false)
	case credentialsRight:
		s.record(ctx, t, true)
	}
}

func (s *Server) record(ctx context.Context, t *taken, authenticated bool) {
	for i := range t.events {
		t.events[i].Authenticated = authenticated
	}
	if err := s.store.Record(ctx, t.events); err != nil {
		s.storeFailed(ctx, t, "record a callback", err)
		return
	}
	if s.cfg.Forwarder != nil {
		s.cfg.Forwarder.Wake()
	}
	t.outcome = outcomeStored
	if !authenticated {
		t.outcome = outcomeUnauthenticated
	}
}

// quarantine keeps the events with one body: the first event's has it all.
func (s *Server) quarantine(ctx context.Context, t *taken, reason string) {
	if limited := s.authenticationFailed(realmCallback, t.source); limited != nil {
		t.outcome, t.problem = outcomeLimited, limited
		return
	}
	for i := range t.events[1:] {
		t.events[1+i].Body = ""
	}
	err := s.store.Quarantine(ctx, Quarantined{
		ID:         uuid.NewString(),
		ReceivedAt: s.cfg.Clock.Now(),
		Source:     t.source.String(),
		Reason:     reason,
		Events:     t.events,
	})
	if err != nil {
		s.storeFailed(ctx, t, "quarantine a callback", err)
		return
	}
	t.outcome, t.problem = outcomeQuarantined, newProblem(http.StatusUnauthorized, reason)
}

func (s *Server) storeFailed(ctx context.Context, t *taken, doing string, err error) {
	s.log.ErrorContext(ctx, "the store failed", "doing", doing, "error", err)
	t.outcome, t.problem = outcomeStoreFailed, unavailable()
}

func (s *Server) logCallback(ctx context.Context, t taken) {
	level := slog.LevelInfo
	if t.problem != nil {
		level = slog.LevelWarn
	}
	args := []any{"outcome", string(t.outcome), "source", t.source, "events", len(t.events)}
	for _, e := range t.events[:min(len(t.events), loggedEvents)] {
		args = append(args, slog.Group("event",
			"name", shortened(e.QoSEvent, loggedText),
			"status", shortened(e.Status, loggedText),
			"request_id", shortened(e.RequestID, loggedText),
			"qos_subscription_id", shortened(e.QoSSubscriptionID, loggedText)))
	}
	s.log.Log(ctx, level, "callback", args...)
}
