package camara

import (
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"github.com/qosform/terraform-provider-qos/internal/sandbox/exchange"
)

const (
	tokenPath       = "/oauth/token" // #nosec G101 -- a path
	backchannelPath = "/oauth/bc-authorize"
)

// call is one request that found its endpoint.
type call struct {
	operation Operation
	dialect   dialect
	request   *http.Request
	body      []byte
	permit    permit
}

// endpoint is the URL that the client called, with the path that it used even
// if the simulator is mounted below another.
func (c *call) endpoint() string {
	scheme := "http"
	if c.request.TLS != nil {
		scheme = "https"
	}
	path := c.request.URL.Path
	if u, err := url.ParseRequestURI(c.request.RequestURI); err == nil {
		path = u.Path
	}
	return scheme + "://" + c.request.Host + path
}

// endpoint is what serves an operation.
type endpoint struct {
	operation Operation
	dialect   dialect
	open      bool // to requests without a token
	work      func(*call) exchange.Answer
}

func (s *Sandbox) routes() http.Handler {
	mux := http.NewServeMux()
	handle := func(pattern string, e endpoint) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { s.serve(w, r, e) })
	}
	d, p := s.dialect, s.paths
	handle("POST "+tokenPath, endpoint{OpToken, dialect{}, true, s.issueToken})
	handle("POST "+backchannelPath, endpoint{OpAuthenticate, dialect{}, true, s.backchannel})
	handle("/", endpoint{OpUnknown, d, true, s.noResource})

	const one = "/sessions/{id}"
	handle("POST "+p.sessions+"/sessions", endpoint{OpCreateSession, d, false, s.createSession})
	handle("GET "+p.sessions+one, endpoint{OpGetSession, d, false, s.getSession})
	handle("DELETE "+p.sessions+one, endpoint{OpDeleteSession, d, false, s.deleteSession})
	handle("POST "+p.sessions+one+"/extend", endpoint{OpExtendSession, d, false, s.extendSession})
	if d.lists {
		handle("POST "+p.sessions+"/retrieve-sessions", endpoint{OpRetrieveSessions, d, false, s.retrieveSessions})
	}

	handle("GET "+p.profiles+"/qos-profiles/{name}", endpoint{OpGetProfile, d, false, s.getProfile})
	if d.profilesByGet {
		handle("GET "+p.profiles+"/qos-profiles", endpoint{OpListProfiles, d, false, s.listProfiles})
	} else {
		handle("POST "+p.profiles+"/retrieve-qos-profiles", endpoint{OpListProfiles, d, false, s.retrieveProfiles})
	}

	const assignment = "/qos-assignments/{id}"
	a := s.assignmentsDialect
	handle("POST "+p.assignments+"/qos-assignments", endpoint{OpCreateAssignment, a, false, s.createAssignment})
	handle("GET "+p.assignments+assignment, endpoint{OpGetAssignment, a, false, s.getAssignment})
	handle("DELETE "+p.assignments+assignment, endpoint{OpDeleteAssignment, a, false, s.deleteAssignment})
	handle("POST "+p.assignments+"/retrieve-qos-assignment", endpoint{OpRetrieveAssignment, a, false, s.retrieveAssignment})
	return mux
}

// serve records a request, gets its answer, and sends that unless a fault
// loses it.
func (s *Sandbox) serve(w http.ResponseWriter, r *http.Request, e endpoint) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, exchange.MaxBody))
	c := &call{operation: e.operation, dialect: e.dialect, request: r, body: body}
	entry := s.recorder.Add(s.now(), e.operation, r, body)
	subject := s.subjectOf(c)
	if s.faults.strikes(FaultLoseRequest, subject) {
		exchange.HangUp(w, s.options.Logger)
		return
	}
	a := c.dialect.refused(problem{http.StatusBadRequest, codeInvalidArgument}, "the body cannot be read or is too large")
	if err == nil {
		a = s.answer(c, e, subject)
	}
	if f, ok := s.faults.take(FaultAnswerAfterwards, subject); ok {
		a = f.answer(c.dialect, s.now())
	}
	f, hangs := s.faults.take(FaultHang, subject)
	if (hangs && !exchange.Pause(r.Context(), s.options.Clock, f.Delay, s.scheduler.Done())) ||
		s.faults.strikes(FaultLoseAnswer, subject) {
		exchange.HangUp(w, s.options.Logger)
		return
	}
	if id := r.Header.Get("x-correlator"); id != "" && c.dialect.correlator != nil && c.dialect.correlator.MatchString(id) {
		w.Header().Set("x-correlator", id)
	}
	s.recorder.Answered(entry, a.Status)
	s.options.Logger.InfoContext(r.Context(), "request",
		"operation", e.operation, "method", r.Method, "path", r.URL.Path, "status", a.Status)
	if err := a.Write(w); err != nil {
		s.options.Logger.WarnContext(r.Context(), "answer not sent", "error", err)
	}
}

// answer applies the faults and checks that come before the work.
func (s *Sandbox) answer(c *call, e endpoint, subject subject) exchange.Answer {
	if f, ok := s.faults.take(FaultAnswer, subject); ok {
		return f.answer(c.dialect, s.now())
	}
	if s.faults.strikes(FaultExpireTokens, subject) {
		s.tokens.expire()
	}
	if !e.open {
		if err := s.admit(c); err != nil {
			return c.dialect.refusing(err)
		}
	}
	return e.work(c)
}

// admit checks x-correlator, the token and its scope, and the content type.
func (s *Sandbox) admit(c *call) error {
	d := c.dialect
	if d.correlator != nil && !d.correlator.MatchString(c.request.Header.Get("x-correlator")) {
		return refuse(problem{http.StatusBadRequest, codeInvalidArgument}, "x-correlator must match %s", d.correlator)
	}
	permit, ok := s.permitOf(c)
	if !ok {
		return refuse(problem{http.StatusUnauthorized, d.codes.unauthenticated},
			"Request not authenticated due to missing, invalid, or expired credentials.")
	}
	c.permit = permit
	openTwoLegged := d.openTwoLegged && permit.device == nil
	if !openTwoLegged && !permit.allows(d.scopes[c.operation]) {
		return refuse(problem{http.StatusForbidden, d.codes.forbidden},
			"Client does not have sufficient permissions to perform this action.")
	}
	media, _, err := mime.ParseMediaType(c.request.Header.Get("Content-Type"))
	if c.request.Method == http.MethodPost && (err != nil || media != "application/json") {
		return refuse(problem{http.StatusBadRequest, codeInvalidArgument}, "Content-Type must be application/json")
	}
	return nil
}

// permitOf returns what the request's token, or API key, allows.
func (s *Sandbox) permitOf(c *call) (permit, bool) {
	if c.dialect.apiKey {
		for name, key := range s.options.APIKeys {
			if equal(c.request.Header.Get(name), key) {
				return permit{client: name, all: true}, true
			}
		}
		return permit{}, false
	}
	token, isBearer := strings.CutPrefix(c.request.Header.Get("Authorization"), "Bearer ")
	if !isBearer {
		return permit{}, false
	}
	return s.tokens.check(token)
}

func (s *Sandbox) noResource(c *call) exchange.Answer {
	return c.dialect.refused(problem{http.StatusNotFound, codeNotFound}, "The specified resource is not found.")
}

// subjectOf says what faults may select a request by. It reads a request
// leniently: a fault can strike before anything is checked.
func (s *Sandbox) subjectOf(c *call) subject {
	found := subject{operation: c.operation}
	switch c.operation {
	case OpCreateSession, OpRetrieveSessions, OpCreateAssignment, OpRetrieveAssignment, OpListProfiles:
		var sent struct {
			Device Device `json:"device"`
		}
		if json.Unmarshal(c.body, &sent) == nil {
			found.devices = sent.Device.names()
		}
	case OpGetSession, OpDeleteSession, OpExtendSession:
		if g, ok := s.sessions.find(c.request.PathValue("id")); ok {
			found.devices = g.device.names()
		}
	case OpGetAssignment, OpDeleteAssignment:
		if g, ok := s.assignments.find(c.request.PathValue("id")); ok {
			found.devices = g.device.names()
		}
	case OpAuthenticate:
		if form, err := url.ParseQuery(string(c.body)); err == nil {
			device, _ := deviceOfHint(form.Get("login_hint"))
			found.devices = device.names()
		}
	case OpToken, OpGetProfile, OpUnknown:
	}
	if p, ok := s.permitOf(c); ok && p.device != nil {
		found.devices = append(found.devices, p.device.names()...)
	}
	return found
}
