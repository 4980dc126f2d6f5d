package receiver

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"time"
)

// notificationRoute is what metrics and the API document call the endpoint.
const notificationRoute = http.MethodPost + " " + NotificationPath

const (
	outcomeOff   outcome = "refused_off"
	outcomeToken outcome = "refused_token"
)

// takenNotification is a CAMARA notification with what became of it; problem is
// nil when it is stored, and notification when it was not read.
type takenNotification struct {
	outcome      outcome
	notification *Notification
	problem      *Problem
}

// captureNotification takes one notification of a CAMARA operator. It answers 204
// (CAMARA Quality on Demand, "Session notifications callback") only once it is on
// disk: no document promises that it is sent again.
func (s *Server) captureNotification(w http.ResponseWriter, r *http.Request) {
	t := s.takeNotification(w, r)
	s.metrics.notification(t)
	s.logNotification(r, t)
	if t.problem != nil {
		t.problem.write(w)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (s *Server) takeNotification(w http.ResponseWriter, r *http.Request) takenNotification {
	if !s.keys.Load().operators.configured() {
		return takenNotification{outcome: outcomeOff, problem: newProblem(http.StatusNotFound, "this receiver was started without --camara-token, so it takes no CAMARA notifications")}
	}
	if problem := s.admitOperator(r); problem != nil {
		return takenNotification{outcome: outcomeToken, problem: problem}
	}
	if !isJSON(r.Header.Get("Content-Type")) {
		return takenNotification{outcome: outcomeContentType, problem: newProblem(http.StatusUnsupportedMediaType, "the content type must be application/cloudevents+json")}
	}
	held := s.bodies.open(s.sourceOf(r))
	defer held.release()
	r.Body = held.body(r)
	body, problem := readBody(w, r, s.cfg.MaxCallbackBody)
	if problem != nil {
		return takenNotification{outcome: outcomeOfBody(problem), problem: problem}
	}
	if !s.captures.take(r.Context(), s.cfg.Clock) {
		return takenNotification{outcome: outcomeBusy, problem: busy()}
	}
	defer s.captures.leave()
	return s.keepNotification(r.Context(), body)
}

func (s *Server) keepNotification(ctx context.Context, body []byte) takenNotification {
	n, err := ParseNotification(body, s.cfg.Clock.Now().UTC().Truncate(time.Microsecond))
	if err != nil {
		return takenNotification{outcome: outcomeMalformed, problem: newProblem(http.StatusBadRequest, err.Error())}
	}
	ctx, cancel := lasting(ctx)
	defer cancel()
	if err := s.store.RecordNotifications(ctx, []Notification{n}); err != nil {
		s.log.ErrorContext(ctx, "the store failed", "doing", "record a notification", "error", err)
		return takenNotification{outcome: outcomeStoreFailed, notification: &n, problem: unavailable()}
	}
	return takenNotification{outcome: outcomeStored, notification: &n}
}

// operators are the bearer tokens that CAMARA operators may bring. During a
// rotation there are several: a session keeps the one it was created with.
type operators []secret

func newOperators(tokens []string) operators {
	var o operators
	for _, token := range tokens {
		o = append(o, newSecret(token))
	}
	return o
}

func (o operators) configured() bool { return len(o) > 0 }

func (o operators) check(authorization string) *Problem {
	token, ok := bearer(authorization)
	switch {
	case !ok:
		return unauthorized("a bearer token is required")
	case !anyEqual(o, newSecret(token)):
		return unauthorized("the bearer token is not one of this receiver's (--camara-token)")
	default:
		return nil
	}
}

// admitOperator lets a CAMARA operator in, or says why not, as admit does.
func (s *Server) admitOperator(r *http.Request) *Problem {
	authorization := r.Header.Get("Authorization")
	problem := s.keys.Load().operators.check(authorization)
	if problem == nil {
		return nil
	}
	return s.turnAway(r, realmCAMARA, authorization, problem)
}

func (s *Server) logNotification(r *http.Request, t takenNotification) {
	level := slog.LevelInfo
	if t.problem != nil {
		level = slog.LevelWarn
	}
	args := []any{"outcome", string(t.outcome), "source", s.sourceOf(r)}
	if n := t.notification; n != nil {
		args = append(args,
			"type", shortened(n.Type, loggedText),
			"resource_id", shortened(n.ResourceID, loggedText),
			"status", shortened(n.Status, loggedText),
			"status_info", shortened(n.StatusInfo, loggedText))
	}
	s.log.Log(r.Context(), level, "CAMARA notification", args...)
}

// sourceOf is where a request came from, or its peer where a proxy's word on that
// can not be read.
func (s *Server) sourceOf(r *http.Request) netip.Addr {
	source, err := s.sources.client(r)
	if err != nil {
		source, _ = parseAddr(r.RemoteAddr)
	}
	return source
}
