package thingspace

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

// AdminHandler serves the simulator's own side, for people and scripts, in JSON:
//
//	GET    /sandbox/subscriptions   all ever made; ?live=true for those live now
//	GET    /sandbox/callbacks       registered listeners; ?account=… (default: all)
//	GET    /sandbox/requests        requests to the API, in the order of arrival
//	GET    /sandbox/deliveries      callbacks that were delivered
//	GET    /sandbox/lost            callbacks that never will be, with the reason
//	GET    /sandbox/switches        see Switches
//	PUT    /sandbox/switches
//	POST   /sandbox/faults          see Fault; durations are strings such as "1.5s"
//	DELETE /sandbox/faults          removes all faults
//	POST   /sandbox/terminate       {"qosSubscriptionId"}
//	POST   /sandbox/fail            {"qosSubscriptionId","reason"}
//	POST   /sandbox/expire          {"tokens":true,"sessions":true}
//
// Secrets are masked. There is no authentication: it is for loopback only, and
// refuses requests that a browser makes for another site.
func (s *Sandbox) AdminHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /sandbox/subscriptions", s.adminSubscriptions)
	mux.HandleFunc("GET /sandbox/callbacks", s.adminCallbacks)
	mux.HandleFunc("GET /sandbox/requests", s.adminRequests)
	mux.HandleFunc("GET /sandbox/deliveries", s.adminDeliveries(s.Deliveries))
	mux.HandleFunc("GET /sandbox/lost", s.adminDeliveries(s.Lost))
	mux.HandleFunc("GET /sandbox/switches", s.adminSwitches)
	mux.HandleFunc("PUT /sandbox/switches", s.adminSetSwitches)
	mux.HandleFunc("POST /sandbox/faults", s.adminInject)
	mux.HandleFunc("DELETE /sandbox/faults", s.adminClearFaults)
	mux.HandleFunc("POST /sandbox/terminate", s.adminTerminate)
	mux.HandleFunc("POST /sandbox/fail", s.adminFail)
	mux.HandleFunc("POST /sandbox/expire", s.adminExpire)
	return http.NewCrossOriginProtection().Handler(mux)
}

func (s *Sandbox) adminSubscriptions(w http.ResponseWriter, r *http.Request) {
	if r.URL.Query().Get("live") == "true" {
		s.reply(w, http.StatusOK, s.Live())
		return
	}
	s.reply(w, http.StatusOK, s.Subscriptions())
}

func (s *Sandbox) adminCallbacks(w http.ResponseWriter, r *http.Request) {
	accounts := s.options.Accounts
	if account := r.URL.Query().Get("account"); account != "" {
		accounts = []string{account}
	}
	callbacks := []Callback{}
	for _, account := range accounts {
		for _, c := range s.Callbacks(account) {
			c.Password = maskedUnlessEmpty(c.Password)
			callbacks = append(callbacks, c)
		}
	}
	s.reply(w, http.StatusOK, callbacks)
}

// adminRequest is a RecordedRequest without its secrets.
type adminRequest struct {
	Time      time.Time   `json:"time"`
	Operation Operation   `json:"operation"`
	Method    string      `json:"method"`
	Path      string      `json:"path"`
	Query     url.Values  `json:"query,omitempty"`
	Header    http.Header `json:"header"`
	Body      any         `json:"body,omitempty"`
	Status    int         `json:"status"`
}

func (s *Sandbox) adminRequests(w http.ResponseWriter, _ *http.Request) {
	requests := s.Requests()
	masked := make([]adminRequest, len(requests))
	for i, r := range requests {
		masked[i] = adminRequest{
			Time: r.Time, Operation: r.Operation, Method: r.Method, Path: r.Path, Query: r.Query,
			Header: maskHeader(r.Header), Body: maskBody(r.Body), Status: r.Status,
		}
	}
	s.reply(w, http.StatusOK, masked)
}

// adminDelivery is a Delivery without the listener's credentials.
type adminDelivery struct {
	AccountName    string `json:"accountName"`
	RequestID      string `json:"requestId"`
	SubscriptionID string `json:"qosSubscriptionId,omitempty"`
	DeviceID       string `json:"deviceId,omitempty"`
	Event          string `json:"qosEvent"`
	Attempts       int    `json:"attempts"`
	Reason         string `json:"reason,omitempty"`
	Body           any    `json:"body,omitempty"`
}

func (s *Sandbox) adminDeliveries(list func() []Delivery) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		deliveries := list()
		masked := make([]adminDelivery, len(deliveries))
		for i, d := range deliveries {
			masked[i] = adminDelivery{
				AccountName: d.AccountName, RequestID: d.RequestID, SubscriptionID: d.SubscriptionID,
				DeviceID: d.DeviceID, Event: d.Event, Attempts: d.Attempts, Reason: d.Reason,
				Body: maskBody(d.Body),
			}
		}
		s.reply(w, http.StatusOK, masked)
	}
}

func (s *Sandbox) adminSwitches(w http.ResponseWriter, _ *http.Request) {
	s.reply(w, http.StatusOK, s.Switches())
}

func (s *Sandbox) adminSetSwitches(w http.ResponseWriter, r *http.Request) {
	switches := s.Switches()
	if !s.read(w, r, &switches) {
		return
	}
	s.SetSwitches(switches)
	s.reply(w, http.StatusOK, switches)
}

// adminFault is a Fault with durations that people can write.
type adminFault struct {
	Kind           FaultKind `json:"kind"`
	Operation      Operation `json:"operation"`
	DeviceID       string    `json:"deviceId"`
	Event          string    `json:"event"`
	Skip           int       `json:"skip"`
	Times          int       `json:"times"`
	Delay          duration  `json:"delay"`
	Reason         string    `json:"reason"`
	Status         int       `json:"status"`
	Shape          Shape     `json:"shape"`
	Code           string    `json:"code"`
	Message        string    `json:"message"`
	RetryAfter     duration  `json:"retryAfter"`
	RetryAfterDate bool      `json:"retryAfterDate"`
}

type duration time.Duration

func (d *duration) UnmarshalText(text []byte) error {
	parsed, err := time.ParseDuration(string(text))
	*d = duration(parsed)
	return err
}

func (s *Sandbox) adminInject(w http.ResponseWriter, r *http.Request) {
	var a adminFault
	if !s.read(w, r, &a) {
		return
	}
	f := Fault{
		Kind: a.Kind, Operation: a.Operation, DeviceID: a.DeviceID, Event: a.Event,
		Skip: a.Skip, Times: a.Times, Delay: time.Duration(a.Delay), Reason: a.Reason,
		Status: a.Status, Shape: a.Shape, Code: a.Code, Message: a.Message,
		RetryAfter: time.Duration(a.RetryAfter), RetryAfterDate: a.RetryAfterDate,
	}
	if err := f.Validate(); err != nil {
		s.fault(w, http.StatusBadRequest, err)
		return
	}
	s.Inject(f)
	w.WriteHeader(http.StatusNoContent)
}

func (s *Sandbox) adminClearFaults(w http.ResponseWriter, _ *http.Request) {
	s.ClearFaults()
	w.WriteHeader(http.StatusNoContent)
}

func (s *Sandbox) adminTerminate(w http.ResponseWriter, r *http.Request) {
	var body struct {
		SubscriptionID string `json:"qosSubscriptionId"`
	}
	if s.read(w, r, &body) {
		s.done(w, s.Terminate(body.SubscriptionID))
	}
}

func (s *Sandbox) adminFail(w http.ResponseWriter, r *http.Request) {
	var body struct {
		SubscriptionID string `json:"qosSubscriptionId"`
		Reason         string `json:"reason"`
	}
	if s.read(w, r, &body) {
		s.done(w, s.Fail(body.SubscriptionID, body.Reason))
	}
}

func (s *Sandbox) adminExpire(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Tokens   bool `json:"tokens"`
		Sessions bool `json:"sessions"`
	}
	if !s.read(w, r, &body) {
		return
	}
	if body.Tokens {
		s.ExpireTokens()
	}
	if body.Sessions {
		s.ExpireSessions()
	}
	w.WriteHeader(http.StatusNoContent)
}

func (s *Sandbox) done(w http.ResponseWriter, err error) {
	switch {
	case err == nil:
		w.WriteHeader(http.StatusNoContent)
	case errors.Is(err, ErrNotLive):
		s.fault(w, http.StatusNotFound, err)
	default:
		s.fault(w, http.StatusInternalServerError, err)
	}
}

// read decodes the body strictly; if it cannot, it answers.
func (s *Sandbox) read(w http.ResponseWriter, r *http.Request, into any) bool {
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		s.fault(w, http.StatusBadRequest, fmt.Errorf("reading the body: %w", err))
		return false
	}
	return true
}

func (s *Sandbox) fault(w http.ResponseWriter, status int, err error) {
	s.reply(w, status, map[string]string{"error": err.Error()})
}

func (s *Sandbox) reply(w http.ResponseWriter, status int, value any) {
	if err := answerJSON(status, value).write(w); err != nil {
		s.options.Logger.Warn("answer not sent", "error", err)
	}
}

const masked = "(hidden)"

func maskedUnlessEmpty(secret string) string {
	if secret == "" {
		return ""
	}
	return masked
}

func maskHeader(header http.Header) http.Header {
	header = header.Clone()
	for _, name := range []string{"Authorization", "VZ-M2M-Token"} {
		if header.Get(name) != "" {
			header.Set(name, masked)
		}
	}
	return header
}

// maskBody returns a body for showing: JSON with its secrets masked. Of
// anything else, which may hide secrets anywhere, it returns only the length.
func maskBody(body []byte) any {
	if len(body) == 0 {
		return nil
	}
	var value any
	if err := json.Unmarshal(body, &value); err != nil {
		return fmt.Sprintf("(%d bytes, not JSON)", len(body))
	}
	hide(value)
	return value
}

// hide masks the credentials in a decoded JSON value, however deep.
func hide(value any) {
	switch v := value.(type) {
	case []any:
		for _, element := range v {
			hide(element)
		}
	case map[string]any:
		for name, member := range v {
			if name == "username" || name == "password" {
				v[name] = masked
			} else {
				hide(member)
			}
		}
	}
}
