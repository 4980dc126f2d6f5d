package camara

import (
	"errors"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/qosform/terraform-provider-qos/internal/sandbox/exchange"
)

// AdminHandler serves the simulator's own side, for people and scripts, in JSON:
//
//	GET    /sandbox/sessions        all ever made; ?live=true for those live now
//	GET    /sandbox/assignments     all ever made; ?live=true for those live now
//	GET    /sandbox/requests        requests to the APIs, in the order of arrival
//	GET    /sandbox/deliveries      notifications that were delivered
//	GET    /sandbox/lost            notifications that never will be, with the reason
//	GET    /sandbox/switches        see Switches
//	PUT    /sandbox/switches
//	POST   /sandbox/faults          see Fault; durations are strings such as "1.5s"
//	DELETE /sandbox/faults          removes all faults
//	POST   /sandbox/terminate       {"id"}: the network ends a session or assignment
//	POST   /sandbox/available       {"id"}: the network provides what is REQUESTED
//	POST   /sandbox/expire          all issued tokens expire
//
// Secrets are masked. There is no authentication: it is for loopback only, and
// refuses requests that a browser makes for another site.
func (s *Sandbox) AdminHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /sandbox/sessions", adminList(s, s.Sessions, s.Live))
	mux.HandleFunc("GET /sandbox/assignments", adminList(s, s.Assignments, s.LiveAssignments))
	mux.HandleFunc("GET /sandbox/requests", s.adminRequests)
	mux.HandleFunc("GET /sandbox/deliveries", s.adminDeliveries(s.Deliveries))
	mux.HandleFunc("GET /sandbox/lost", s.adminDeliveries(s.Lost))
	mux.HandleFunc("GET /sandbox/switches", s.adminSwitches)
	mux.HandleFunc("PUT /sandbox/switches", s.adminSetSwitches)
	mux.HandleFunc("POST /sandbox/faults", s.adminInject)
	mux.HandleFunc("DELETE /sandbox/faults", s.adminClearFaults)
	mux.HandleFunc("POST /sandbox/terminate", s.adminHappen(s.TerminateByNetwork))
	mux.HandleFunc("POST /sandbox/available", s.adminHappen(s.MakeAvailable))
	mux.HandleFunc("POST /sandbox/expire", s.adminExpire)
	return http.NewCrossOriginProtection().Handler(mux)
}

func adminList[T any](s *Sandbox, all, live func() []T) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("live") == "true" {
			s.desk().Reply(w, http.StatusOK, live())
			return
		}
		s.desk().Reply(w, http.StatusOK, all())
	}
}

// secretMembers are the members of any JSON body that must not be shown.
func secretMembers() []string {
	return []string{"notificationAuthToken", "accessToken", "access_token"}
}

func (s *Sandbox) adminRequests(w http.ResponseWriter, _ *http.Request) {
	secretHeaders := append(slices.Collect(maps.Keys(s.options.APIKeys)), "Authorization")
	requests := s.Requests()
	shown := make([]exchange.ShownRequest[Operation], len(requests))
	for i, r := range requests {
		shown[i] = r.Show(secretHeaders, secretMembers())
	}
	s.desk().Reply(w, http.StatusOK, shown)
}

// adminDelivery is a Delivery without the listener's credentials.
type adminDelivery struct {
	ID         string     `json:"id"`
	Status     Status     `json:"status"`
	StatusInfo StatusInfo `json:"statusInfo,omitempty"`
	Authorized bool       `json:"authorized"`
	Body       any        `json:"body,omitempty"`
	Reason     string     `json:"reason,omitempty"`
}

func (s *Sandbox) adminDeliveries(list func() []Delivery) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		deliveries := list()
		masked := make([]adminDelivery, len(deliveries))
		for i, d := range deliveries {
			masked[i] = adminDelivery{
				ID: d.ID, Status: d.Status, StatusInfo: d.StatusInfo, Authorized: d.Authorization != "",
				Body: exchange.MaskBody(d.Body), Reason: d.Reason,
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
	Device         string            `json:"device"`
	Event          Status            `json:"event"`
	Skip           int               `json:"skip"`
	Times          int               `json:"times"`
	Delay          exchange.Duration `json:"delay"`
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
		Kind: a.Kind, Operation: a.Operation, Device: a.Device, Event: a.Event,
		Skip: a.Skip, Times: a.Times, Delay: time.Duration(a.Delay),
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

func (s *Sandbox) adminHappen(act func(id string) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var body struct {
			ID string `json:"id"`
		}
		if !s.desk().Read(w, r, &body) {
			return
		}
		err := act(body.ID)
		switch {
		case err == nil:
			w.WriteHeader(http.StatusNoContent)
		case errors.Is(err, ErrNotLive):
			s.desk().Fail(w, http.StatusNotFound, err)
		default:
			s.desk().Fail(w, http.StatusInternalServerError, err)
		}
	}
}

func (s *Sandbox) adminExpire(w http.ResponseWriter, _ *http.Request) {
	s.ExpireTokens()
	w.WriteHeader(http.StatusNoContent)
}

func (s *Sandbox) desk() exchange.Desk { return exchange.Desk{Logger: s.options.Logger} }
