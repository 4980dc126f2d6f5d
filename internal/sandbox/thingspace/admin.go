package thingspace

import (
	"errors"
	"net/http"
	"time"

	"github.com/qosform/terraform-provider-qos/internal/sandbox/exchange"
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
		s.desk().Reply(w, http.StatusOK, s.Live())
		return
	}
	s.desk().Reply(w, http.StatusOK, s.Subscriptions())
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
	s.desk().Reply(w, http.StatusOK, callbacks)
}

func (s *Sandbox) adminRequests(w http.ResponseWriter, _ *http.Request) {
	requests := s.Requests()
	shown := make([]exchange.ShownRequest[Operation], len(requests))
	for i, r := range requests {
		shown[i] = r.Show([]string{"Authorization", "VZ-M2M-Token"}, credentials())
	}
	s.desk().Reply(w, http.StatusOK, shown)
}

// credentials are the members of any JSON body that must not be shown.
func credentials() []string { return []string{"username", "password"} }

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
				Body: exchange.MaskBody(d.Body, credentials()...),
			}
		}
		s.desk().Reply(w, http.StatusOK, masked)
	}
}

func (s *Sandbox) adminSwitches(w http.ResponseWriter, _ *http.Request) {
	s.desk().Reply(w, http.StatusOK, s.Switches())
}

func (s *Sandbox) adminSetSwitches(w http.ResponseWriter, r *http.Request) {
	switches := s.Switches()
	if !s.desk().Read(w, r, &switches) {
		return
	}
	s.SetSwitches(switches)
	s.desk().Reply(w, http.StatusOK, switches)
}

// adminFault is a Fault with durations that people can write.
type adminFault struct {
	Kind           FaultKind         `json:"kind"`
	Operation      Operation         `json:"operation"`
	DeviceID       string            `json:"deviceId"`
	Event          string            `json:"event"`
	Skip           int               `json:"skip"`
	Times          int               `json:"times"`
	Delay          exchange.Duration `json:"delay"`
	Reason         string            `json:"reason"`
	Status         int               `json:"status"`
	Shape          Shape             `json:"shape"`
	Code           string            `json:"code"`
	Message        string            `json:"message"`
	RetryAfter     exchange.Duration `json:"retryAfter"`
	RetryAfterDate bool              `json:"retryAfterDate"`
}

func (s *Sandbox) adminInject(w http.ResponseWriter, r *http.Request) {
	var a adminFault
	if !s.desk().Read(w, r, &a) {
		return
	}
	f := Fault{
		Kind: a.Kind, Operation: a.Operation, DeviceID: a.DeviceID, Event: a.Event,
		Skip: a.Skip, Times: a.Times, Delay: time.Duration(a.Delay), Reason: a.Reason,
		Status: a.Status, Shape: a.Shape, Code: a.Code, Message: a.Message,
		RetryAfter: time.Duration(a.RetryAfter), RetryAfterDate: a.RetryAfterDate,
	}
	if err := f.Validate(); err != nil {
		s.desk().Fail(w, http.StatusBadRequest, err)
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
	if s.desk().Read(w, r, &body) {
		s.done(w, s.Terminate(body.SubscriptionID))
	}
}

func (s *Sandbox) adminFail(w http.ResponseWriter, r *http.Request) {
	var body struct {
		SubscriptionID string `json:"qosSubscriptionId"`
		Reason         string `json:"reason"`
	}
	if s.desk().Read(w, r, &body) {
		s.done(w, s.Fail(body.SubscriptionID, body.Reason))
	}
}

func (s *Sandbox) adminExpire(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Tokens   bool `json:"tokens"`
		Sessions bool `json:"sessions"`
	}
	if !s.desk().Read(w, r, &body) {
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
		s.desk().Fail(w, http.StatusNotFound, err)
	default:
		s.desk().Fail(w, http.StatusInternalServerError, err)
	}
}

func (s *Sandbox) desk() exchange.Desk { return exchange.Desk{Logger: s.options.Logger} }

func maskedUnlessEmpty(secret string) string {
	if secret == "" {
		return ""
	}
	return exchange.Masked
}
