package camara

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/qosform/terraform-provider-qos/internal/sandbox/exchange"
	"github.com/qosform/terraform-provider-qos/internal/sandbox/fault"
)

// Operation names an endpoint.
type Operation string

// The operations of the simulator.
const (
	OpToken              Operation = "token"
	OpAuthenticate       Operation = "authenticate"
	OpCreateSession      Operation = "create_session"
	OpGetSession         Operation = "get_session"
	OpDeleteSession      Operation = "delete_session"
	OpExtendSession      Operation = "extend_session"
	OpRetrieveSessions   Operation = "retrieve_sessions"
	OpListProfiles       Operation = "list_profiles"
	OpGetProfile         Operation = "get_profile"
	OpCreateAssignment   Operation = "create_assignment"
	OpGetAssignment      Operation = "get_assignment"
	OpDeleteAssignment   Operation = "delete_assignment"
	OpRetrieveAssignment Operation = "retrieve_assignment"
	// OpUnknown is a request that matches no resource of the APIs.
	OpUnknown Operation = "unknown"
)

// FaultKind says what goes wrong.
type FaultKind string

const (
	// FaultAnswer answers with Status and Shape, without doing the work: rate
	// limits, gateway errors, refusals. RetryAfter, Code and Message go with it.
	FaultAnswer FaultKind = "answer"
	// FaultAnswerAfterwards does the work and answers like FaultAnswer
	// nevertheless: a gateway that has lost the API's answer.
	FaultAnswerAfterwards FaultKind = "answer_afterwards"
	// FaultLoseRequest closes the connection before the work is done.
	FaultLoseRequest FaultKind = "lose_request"
	// FaultLoseAnswer does the work and closes the connection without an answer.
	FaultLoseAnswer FaultKind = "lose_answer"
	// FaultHang does the work and answers after Delay; without one never, until
	// the client leaves or the simulator closes.
	FaultHang FaultKind = "hang"
	// FaultExpireTokens lets all tokens expire as the request arrives.
	FaultExpireTokens FaultKind = "expire_tokens"
	// FaultStaleRead answers a read, or a list, as if what was created in the
	// last Delay (default one minute) did not exist yet.
	FaultStaleRead FaultKind = "stale_read"

	// FaultStayRequested leaves a new session or assignment REQUESTED.
	FaultStayRequested FaultKind = "stay_requested"
	// FaultAvailableAtOnce answers a create with AVAILABLE.
	FaultAvailableAtOnce FaultKind = "available_at_once"
	// FaultUnavailableAtOnce answers a create with UNAVAILABLE and
	// NETWORK_TERMINATED.
	FaultUnavailableAtOnce FaultKind = "unavailable_at_once"
	// FaultUnavailableLater lets what was REQUESTED become UNAVAILABLE with
	// NETWORK_TERMINATED at the time when it would become AVAILABLE.
	FaultUnavailableLater FaultKind = "unavailable_later"
	// FaultTerminateLater lets the network terminate what has been AVAILABLE for
	// Delay.
	FaultTerminateLater FaultKind = "terminate_later"

	// FaultDenyConsent lets the user refuse a CIBA authentication request.
	FaultDenyConsent FaultKind = "deny_consent"
	// FaultNoConsent lets a CIBA authentication request pend until it expires.
	FaultNoConsent FaultKind = "no_consent"

	// FaultLateNotification posts a notification Delay later.
	FaultLateNotification FaultKind = "late_notification"
	// FaultDuplicateNotification posts a notification twice.
	FaultDuplicateNotification FaultKind = "duplicate_notification"
	// FaultDropNotification does not post a notification at all.
	FaultDropNotification FaultKind = "drop_notification"
)

// Shape is the form of an error body.
type Shape string

const (
	// ShapeCAMARA is what the version says (the default).
	ShapeCAMARA Shape = "camara"
	// ShapeBare is {"code","message"}, without a status.
	ShapeBare Shape = "bare"
	// ShapeLoose is ShapeCAMARA with a string for its status and a number for
	// its code.
	ShapeLoose Shape = "loose"
	// ShapeOAuth is {"error","error_description"}.
	ShapeOAuth Shape = "oauth"
	// ShapeMessage is {"message"} alone, as gateways have it.
	ShapeMessage Shape = "message"
	// ShapeHTML is a proxy's HTML page.
	ShapeHTML Shape = "html"
	// ShapeEmpty is no body at all.
	ShapeEmpty Shape = "empty"
)

// Fault is one thing that goes wrong. The zero value of a selecting field
// (Operation, Device, Event) selects everything the kind applies to.
type Fault struct {
	Kind FaultKind
	// Operation selects the requests of one endpoint. It does not select
	// notifications.
	Operation Operation
	// Device selects the requests and notifications of one device, by any of its
	// identifiers as a request names it.
	Device string
	// Event selects the notifications of one status, AVAILABLE or UNAVAILABLE.
	Event Status
	// Skip lets so many fitting requests or notifications pass first.
	Skip int
	// Times is how often the fault strikes before it is spent; 0 means until
	// ClearFaults.
	Times int

	// Delay goes with FaultHang, FaultStaleRead, FaultTerminateLater and
	// FaultLateNotification.
	Delay time.Duration
	// Status is the HTTP status of FaultAnswer and FaultAnswerAfterwards (default
	// 500).
	Status int
	// Shape is that of their body.
	Shape Shape
	// Code and Message fill their body, where the shape has them.
	Code, Message string
	// RetryAfter adds the header of that name, in whole seconds rounded up.
	RetryAfter time.Duration
	// RetryAfterDate writes RetryAfter as an HTTP date.
	RetryAfterDate bool
}

// Validate reports a kind, operation, event or shape that does not exist, and
// negative numbers.
func (f Fault) Validate() error {
	switch {
	case !slices.Contains(faultKinds(), f.Kind):
		return fmt.Errorf("unknown fault kind %q", f.Kind)
	case f.Operation != "" && !slices.Contains(operations(), f.Operation):
		return fmt.Errorf("unknown operation %q", f.Operation)
	case f.Event != "" && f.Event != StatusAvailable && f.Event != StatusUnavailable:
		return fmt.Errorf("unknown event %q", f.Event)
	case f.Shape != "" && !slices.Contains(shapes(), f.Shape):
		return fmt.Errorf("unknown shape %q", f.Shape)
	case f.Status != 0 && (f.Status < 200 || f.Status > 599):
		return fmt.Errorf("status %d is not between 200 and 599", f.Status)
	case f.Skip < 0 || f.Times < 0 || f.Delay < 0 || f.RetryAfter < 0:
		return fmt.Errorf("skip, times, delay and retry_after must not be negative")
	}
	return nil
}

func faultKinds() []FaultKind {
	return []FaultKind{
		FaultAnswer, FaultAnswerAfterwards, FaultLoseRequest, FaultLoseAnswer, FaultHang, FaultExpireTokens, FaultStaleRead,
		FaultStayRequested, FaultAvailableAtOnce, FaultUnavailableAtOnce, FaultUnavailableLater,
		FaultTerminateLater, FaultDenyConsent, FaultNoConsent,
		FaultLateNotification, FaultDuplicateNotification, FaultDropNotification,
	}
}

func operations() []Operation {
	return []Operation{
		OpToken, OpAuthenticate, OpCreateSession, OpGetSession, OpDeleteSession, OpExtendSession,
		OpRetrieveSessions, OpListProfiles, OpGetProfile, OpCreateAssignment, OpGetAssignment,
		OpDeleteAssignment, OpRetrieveAssignment, OpUnknown,
	}
}

func shapes() []Shape {
	return []Shape{ShapeCAMARA, ShapeBare, ShapeLoose, ShapeOAuth, ShapeMessage, ShapeHTML, ShapeEmpty}
}

// subject is what a fault is matched against.
type subject struct {
	operation Operation
	devices   []string
	event     Status
}

func (f Fault) fits(kind FaultKind, s subject) bool {
	return f.Kind == kind &&
		(f.Operation == "" || s.operation == "" || f.Operation == s.operation) &&
		(f.Device == "" || slices.Contains(s.devices, f.Device)) &&
		(f.Event == "" || f.Event == s.event)
}

// faultBook holds the faults that are not spent.
type faultBook struct {
	fault.Book[Fault]
}

func (b *faultBook) add(faults ...Fault) {
	for _, f := range faults {
		b.Add(f, f.Skip, f.Times)
	}
}

func (b *faultBook) take(kind FaultKind, s subject) (Fault, bool) {
	return b.Take(func(f Fault) bool { return f.fits(kind, s) })
}

// strikes is take for kinds whose occurrence is all that matters.
func (b *faultBook) strikes(kind FaultKind, s subject) bool {
	_, ok := b.take(kind, s)
	return ok
}

// answer is FaultAnswer's, and FaultAnswerAfterwards'.
func (f Fault) answer(d dialect, now time.Time) exchange.Answer {
	status := f.Status
	if status == 0 {
		status = http.StatusInternalServerError
	}
	a := f.shaped(d, status)
	if f.RetryAfter > 0 {
		a.Header = exchange.RetryAfter(f.RetryAfter, now, f.RetryAfterDate)
	}
	return a
}

func (f Fault) shaped(d dialect, status int) exchange.Answer {
	code, message := f.Code, f.Message
	if code == "" {
		code = usualCode(status)
	}
	if message == "" {
		message = http.StatusText(status)
	}
	switch f.Shape {
	case ShapeBare:
		return exchange.JSON(status, map[string]string{"code": code, "message": message})
	case ShapeLoose:
		return exchange.JSON(status, map[string]any{"status": fmt.Sprint(status), "code": status, "message": message})
	case ShapeOAuth:
		return exchange.OAuthError(status, code, message)
	case ShapeMessage:
		return exchange.JSON(status, map[string]string{"message": message})
	case ShapeHTML:
		return exchange.HTML(status, message)
	case ShapeEmpty:
		return exchange.Answer{Status: status}
	case ShapeCAMARA:
	}
	return d.refused(problem{status, code}, message)
}

// usualCode is the one that CAMARA's design guide lists first for a status.
func usualCode(status int) string {
	switch status {
	case http.StatusBadRequest:
		return codeInvalidArgument
	case http.StatusUnauthorized:
		return codeUnauthenticated
	case http.StatusForbidden:
		return codeForbidden
	case http.StatusNotFound:
		return codeNotFound
	case http.StatusConflict:
		return codeConflict
	case http.StatusGone:
		return "GONE"
	case http.StatusUnprocessableEntity:
		return "SERVICE_NOT_APPLICABLE"
	case http.StatusTooManyRequests:
		return "TOO_MANY_REQUESTS"
	case http.StatusNotImplemented:
		return "NOT_IMPLEMENTED"
	case http.StatusBadGateway:
		return "BAD_GATEWAY"
	case http.StatusServiceUnavailable:
		return "UNAVAILABLE"
	case http.StatusGatewayTimeout:
		return "TIMEOUT"
	}
	return "INTERNAL"
}
