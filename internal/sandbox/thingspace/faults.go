package thingspace

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/qosform/terraform-provider-qos/internal/sandbox/fault"
)

// Operation names an endpoint.
type Operation string

// The operations of the simulator.
const (
	OpToken              Operation = "token"
	OpLogin              Operation = "login"
	OpListCallbacks      Operation = "list_callbacks"
	OpRegisterCallback   Operation = "register_callback"
	OpDeregisterCallback Operation = "deregister_callback"
	OpCreate             Operation = "create"
	OpStop               Operation = "stop"
	// OpUnknown is a request that matches no resource of the API.
	OpUnknown Operation = "unknown"
)

// FaultKind says what goes wrong.
type FaultKind string

const (
	// FaultAnswer answers with Status and Shape, without doing the work: rate
	// limits, gateway errors, refusals. RetryAfter, Code and Message go with it.
	FaultAnswer FaultKind = "answer"
	// FaultLoseRequest closes the connection before the work is done.
	FaultLoseRequest FaultKind = "lose_request"
	// FaultLoseAnswer does the work and closes the connection without an answer.
	FaultLoseAnswer FaultKind = "lose_answer"
	// FaultHang does the work and answers after Delay; without one never, until
	// the client leaves or the simulator closes.
	FaultHang FaultKind = "hang"
	// FaultExpireTokens lets all bearer tokens expire as the request arrives.
	FaultExpireTokens FaultKind = "expire_tokens"
	// FaultExpireSessions lets all sessions expire as the request arrives.
	FaultExpireSessions FaultKind = "expire_sessions"
	// FaultEmptyLogin answers a right login with 200 and no session token.
	FaultEmptyLogin FaultKind = "empty_login"

	// FaultDeviceFailure fails a device of a create, with Reason.
	FaultDeviceFailure FaultKind = "device_failure"
	// FaultStopFailure fails an accepted stop, with Reason; the subscription
	// stays live.
	FaultStopFailure FaultKind = "stop_failure"
	// FaultReorder reports a new subscription's events in the wrong order:
	// QosChangeOn, then QoSChangeReqAck.
	FaultReorder FaultKind = "reorder"
	// FaultCallbackFirst delivers a create's first callbacks, and waits until
	// the listener answered them, before it answers the create.
	FaultCallbackFirst FaultKind = "callback_first"

	// FaultLateCallback delivers a callback Delay later; the network itself is
	// not late.
	FaultLateCallback FaultKind = "late_callback"
	// FaultDuplicateCallback delivers a callback twice.
	FaultDuplicateCallback FaultKind = "duplicate_callback"
	// FaultDropCallback does not deliver a callback at all.
	FaultDropCallback FaultKind = "drop_callback"
	// FaultOldCredentials sends the credentials of the registration before the
	// present one.
	FaultOldCredentials FaultKind = "old_credentials"
)

// Shape is the form of an error body.
type Shape string

const (
	// ShapeApplication is {"errorCode","errorMessage"} (the default).
	ShapeApplication Shape = "application"
	// ShapeNumeric is ShapeApplication with a number for its code.
	ShapeNumeric Shape = "numeric"
	// ShapeGateway is {"fault":{"code","message","description"}}.
	ShapeGateway Shape = "gateway"
	// ShapeOAuth is {"error","error_description"}.
	ShapeOAuth Shape = "oauth"
	// ShapeXML is the gateway's XML fault.
	ShapeXML Shape = "xml"
	// ShapeHTML is a proxy's HTML page.
	ShapeHTML Shape = "html"
	// ShapeEmpty is no body at all.
	ShapeEmpty Shape = "empty"
)

// Fault is one thing that goes wrong. The zero value of a selecting field
// (Operation, Event, DeviceID) selects everything the kind applies to.
type Fault struct {
	Kind FaultKind
	// Operation selects the requests of one endpoint. It does not select
	// callbacks.
	Operation Operation
	// DeviceID selects the requests and callbacks of one device.
	DeviceID string
	// Event selects the callbacks of one event, whatever its case, for example
	// QoSChangeReqAck.
	Event string
	// Skip lets so many fitting requests or callbacks pass first.
	Skip int
	// Times is how often the fault strikes before it is spent; 0 means until
	// ClearFaults.
	Times int

	// Delay is how long FaultHang and FaultLateCallback hold back.
	Delay time.Duration
	// Reason goes with FaultDeviceFailure and FaultStopFailure (default
	// "Device not found" and "device not found", as documented).
	Reason string
	// Status is FaultAnswer's HTTP status (default 500).
	Status int
	// Shape is FaultAnswer's body.
	Shape Shape
	// Code and Message fill FaultAnswer's body, where the shape has them.
	Code, Message string
	// RetryAfter adds the header of that name, in whole seconds rounded up.
	RetryAfter time.Duration
	// RetryAfterDate writes RetryAfter as an HTTP date.
	RetryAfterDate bool
}

// Validate reports a kind, operation or shape that does not exist, and negative
// numbers.
func (f Fault) Validate() error {
	switch {
	case !slices.Contains(faultKinds(), f.Kind):
		return fmt.Errorf("unknown fault kind %q", f.Kind)
	case f.Operation != "" && !slices.Contains(operations(), f.Operation):
		return fmt.Errorf("unknown operation %q", f.Operation)
	case f.Shape != "" && !slices.Contains(shapes(), f.Shape):
		return fmt.Errorf("unknown shape %q", f.Shape)
	case f.Status != 0 && (f.Status < 200 || f.Status > 599):
		return fmt.Errorf("status %d is not between 200 and 599", f.Status)
	case f.Shape == ShapeNumeric && !isNumber(f.Code):
		return fmt.Errorf("code %q of shape %s is not a number", f.Code, f.Shape)
	case f.Skip < 0 || f.Times < 0 || f.Delay < 0 || f.RetryAfter < 0:
		return fmt.Errorf("skip, times, delay and retry_after must not be negative")
	}
	return nil
}

func isNumber(code string) bool {
	_, err := strconv.ParseUint(code, 10, 32)
	return code == "" || err == nil
}

func faultKinds() []FaultKind {
	return []FaultKind{
		FaultAnswer, FaultLoseRequest, FaultLoseAnswer, FaultHang,
		FaultExpireTokens, FaultExpireSessions, FaultEmptyLogin,
		FaultDeviceFailure, FaultStopFailure, FaultReorder, FaultCallbackFirst,
		FaultLateCallback, FaultDuplicateCallback, FaultDropCallback, FaultOldCredentials,
	}
}

func operations() []Operation {
	return []Operation{
		OpToken, OpLogin, OpListCallbacks, OpRegisterCallback,
		OpDeregisterCallback, OpCreate, OpStop, OpUnknown,
	}
}

func shapes() []Shape {
	return []Shape{
		ShapeApplication, ShapeNumeric, ShapeGateway, ShapeOAuth, ShapeXML, ShapeHTML, ShapeEmpty,
	}
}

// subject is what a fault is matched against.
type subject struct {
	operation Operation
	devices   []string
	event     string
}

func (f Fault) fits(kind FaultKind, s subject) bool {
	return f.Kind == kind &&
		(f.Operation == "" || s.operation == "" || f.Operation == s.operation) &&
		(f.DeviceID == "" || slices.Contains(s.devices, f.DeviceID)) &&
		(f.Event == "" || strings.EqualFold(f.Event, s.event))
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
