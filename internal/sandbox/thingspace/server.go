package thingspace

import (
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/qosform/terraform-provider-qos/internal/sandbox/exchange"
)

const (
	enhancePath       = "/api/m2m/v1/device/actions/enhanceQoS"
	enhancePathPlural = "/api/m2m/v1/devices/actions/enhanceQoS"
)

// call is one request that found its endpoint.
type call struct {
	operation Operation
	request   *http.Request
	body      []byte
}

// demand is what a request must have before its endpoint works.
type demand uint8

const (
	demandBearer demand = 1 << iota
	demandSession
	demandJSON

	demandTokens = demandBearer | demandSession
	demandAll    = demandTokens | demandJSON
)

// endpoint is what an operation demands of a request, and does.
type endpoint struct {
	operation Operation
	demands   demand
	work      func(*call) exchange.Answer
}

func (s *Sandbox) routes() http.Handler {
	const callbacks = "/api/m2m/v1/callbacks/{account}"
	create := endpoint{OpCreate, demandAll, s.create}
	stop := endpoint{OpStop, demandAll, s.stop}
	mux := http.NewServeMux()
	for pattern, e := range map[string]endpoint{
		"POST /api/ts/v1/oauth2/token":            {OpToken, 0, s.issueToken},
		"POST /api/m2m/v1/session/login":          {OpLogin, demandBearer | demandJSON, s.login},
		"GET " + callbacks:                        {OpListCallbacks, demandTokens, s.listCallbacks},
		"POST " + callbacks:                       {OpRegisterCallback, demandAll, s.registerCallback},
		"DELETE " + callbacks + "/name/{service}": {OpDeregisterCallback, demandTokens, s.deregisterCallback},
		"POST " + enhancePath:                     create,
		"DELETE " + enhancePath:                   stop,
		"POST " + enhancePathPlural:               create,
		"DELETE " + enhancePathPlural:             stop,
		"/":                                       {OpUnknown, 0, s.noResource},
	} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { s.serve(w, r, s.present(e, r)) })
	}
	return mux
}

// present replaces an endpoint that the switches hide at this path.
func (s *Sandbox) present(e endpoint, r *http.Request) endpoint {
	wanted := enhancePath
	if s.Switches().PluralPathOnly {
		wanted = enhancePathPlural
	}
	if (e.operation == OpCreate || e.operation == OpStop) && r.URL.Path != wanted {
		return endpoint{operation: OpUnknown, work: s.noResource}
	}
	return e
}

// serve records a request, gets its answer, and sends that unless a fault
// loses it.
func (s *Sandbox) serve(w http.ResponseWriter, r *http.Request, e endpoint) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, exchange.MaxBody))
	c := &call{operation: e.operation, request: r, body: body}
	entry := s.recorder.Add(s.now(), e.operation, r, body)
	subject := s.subjectOf(c)
	if s.faults.strikes(FaultLoseRequest, subject) {
		exchange.HangUp(w, s.options.Logger)
		return
	}
	a := invalid(refuse(codeDeserialization, "the body cannot be read or exceeds %d bytes", exchange.MaxBody))
	if err == nil {
		a = s.answer(c, e, subject)
	}
	f, hangs := s.faults.take(FaultHang, subject)
	if (hangs && !exchange.Pause(r.Context(), s.options.Clock, f.Delay, s.scheduler.Done())) || s.faults.strikes(FaultLoseAnswer, subject) {
		exchange.HangUp(w, s.options.Logger)
		return
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
		return f.answer(s.now())
	}
	if s.faults.strikes(FaultExpireTokens, subject) {
		s.identity.expireTokens()
	}
	if s.faults.strikes(FaultExpireSessions, subject) {
		s.identity.expireSessions()
	}
	if a, ok := s.admit(c, e); !ok {
		return a
	}
	return e.work(c)
}

// admit checks tokens and content type; if it does not admit, it answers.
func (s *Sandbox) admit(c *call, e endpoint) (exchange.Answer, bool) {
	if e.demands&demandBearer != 0 {
		if a, ok := s.checkBearer(c.request); !ok {
			return a, false
		}
	}
	if e.demands&demandSession != 0 {
		if a, ok := s.checkSession(c.request); !ok {
			return a, false
		}
	}
	media, _, err := mime.ParseMediaType(c.request.Header.Get("Content-Type"))
	if e.demands&demandJSON != 0 && (err != nil || media != "application/json") {
		return refused(http.StatusBadRequest, codeInvalidParameter, "Content-Type must be application/json"), false
	}
	return exchange.Answer{}, true
}

func (s *Sandbox) checkBearer(r *http.Request) (exchange.Answer, bool) {
	const access = "Access failure for API: /m2m/v1, version: v1. "
	token, isBearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !isBearer {
		return gatewayFault(http.StatusUnauthorized, faultNoCredentials, "Missing Credentials",
			access+"Make sure your API invocation call has a header: Authorization: Bearer ACCESS_TOKEN"), false
	}
	if !s.identity.validToken(token) {
		return gatewayFault(http.StatusUnauthorized, faultBadCredentials, "Invalid Credentials",
			access+"Make sure you have given the correct access token"), false
	}
	return exchange.Answer{}, true
}

func (s *Sandbox) checkSession(r *http.Request) (exchange.Answer, bool) {
	session := r.Header.Get("VZ-M2M-Token")
	if session == "" {
		return refused(http.StatusBadRequest, codeSessionMissing, "The VZ-M2M-Token header is missing."), false
	}
	switch s.identity.use(session) {
	case sessionUnknown:
		return refused(http.StatusBadRequest, codeSessionInvalid, "The session token is not valid."), false
	case sessionExpired:
		return refused(http.StatusBadRequest, codeSessionExpired, "The session token has expired."), false
	case sessionValid:
	}
	return exchange.Answer{}, true
}

func (s *Sandbox) noResource(c *call) exchange.Answer {
	path := c.request.URL.Path
	if s.Switches().XMLNotFound {
		return xmlFault(http.StatusNotFound, "Not Found", "The requested resource ("+path+") is not available.")
	}
	return gatewayFault(http.StatusNotFound, faultNoResource,
		"No matching resource found in the API for the given request",
		"Access failure for API: "+path+". Check the API documentation and add a proper REST resource path to the invocation URL")
}

// subjectOf says what faults may select a request by. It reads a create
// leniently: a fault can strike before the body is checked.
func (s *Sandbox) subjectOf(c *call) subject {
	found := subject{operation: c.operation}
	switch c.operation {
	case OpCreate:
		var body struct {
			DeviceInfo []struct {
				DeviceID DeviceID `json:"deviceId"`
			} `json:"deviceInfo"`
		}
		if json.Unmarshal(c.body, &body) == nil {
			for _, d := range body.DeviceInfo {
				found.devices = append(found.devices, d.DeviceID.ID)
			}
		}
	case OpStop:
		if sub, ok := s.network.find(c.request.URL.Query().Get("qosSubscriptionId")); ok {
			found.devices = []string{sub.Device.ID}
		}
	case OpToken, OpLogin, OpListCallbacks, OpRegisterCallback, OpDeregisterCallback, OpUnknown:
	}
	return found
}
