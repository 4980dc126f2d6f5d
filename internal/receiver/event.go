package receiver

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
)

const (
	// OperatorTerminated is the name of the event that an operator's word
	// leaves. It never comes from outside.
	OperatorTerminated = "OperatorTerminated"

	eventAcknowledged = "QoSChangeReqAck"
	eventOn           = "QoSChangeOn"
	eventFailed       = "QoSChangeFailed"
	eventTerminated   = "QoSChangeTerminated"

	statusSuccess = "SUCCESS"
	statusFailed  = "FAILED"
)

// Key identifies an event however often and in whatever envelope it is
// delivered. The delivery counter is no part of it (callbackCount says how often
// a message was sent, not which one it is).
func (e Event) Key() string {
	devices := make([]string, 0, len(e.DeviceIDs))
	for _, d := range e.DeviceIDs {
		devices = append(devices, strings.ToLower(d.ID))
	}
	slices.Sort(devices)
	hash := sha256.New()
	// Encoding strings can not fail, and a hash takes every write.
	_ = json.NewEncoder(hash).Encode([]any{
		e.RequestID, e.QoSSubscriptionID, strings.ToLower(e.QoSEvent), e.Status, e.ReportedTime, devices, e.Ambiguous,
	})
	return hex.EncodeToString(hash.Sum(nil))
}

// Acknowledges reports whether e is the acknowledgement of a request, the first
// callback after the POST, and not its refusal.
func (e Event) Acknowledges() bool { return e.class() == classAcknowledged }

// MakesRequest reports whether e can only come of a request, so that its request
// id is one even if nothing journalled it. A failure or a termination can as
// well carry the id of a stop.
func (e Event) MakesRequest() bool {
	return e.RequestID != "" && (e.Acknowledges() || e.class() == classOn)
}

// failsUnnamed reports whether e is a failure that leaves the subscription open
// which it is about (ThingSpace documents failures without subscription ids).
func (e Event) failsUnnamed() bool { return e.QoSSubscriptionID == "" && e.class() == classFailed }

type eventClass int

const (
	classOther eventClass = iota
	classAcknowledged
	classOn
	classFailed
	classTerminated
	classResolved
)

// class reads the event's name case-insensitively: the documents spell
// QoSChangeOn in two ways. A status that contradicts the name makes it a failure.
func (e Event) class() eventClass {
	failed := strings.EqualFold(e.Status, statusFailed)
	switch {
	case strings.EqualFold(e.QoSEvent, OperatorTerminated):
		return classResolved
	case strings.EqualFold(e.QoSEvent, eventFailed):
		return classFailed
	case strings.EqualFold(e.QoSEvent, eventAcknowledged):
		if e.Status != "" && !strings.EqualFold(e.Status, statusSuccess) {
			return classFailed
		}
		return classAcknowledged
	case strings.EqualFold(e.QoSEvent, eventOn) && !failed:
		return classOn
	case strings.EqualFold(e.QoSEvent, eventTerminated):
		if failed {
			return classFailed
		}
		return classTerminated
	default:
		return classOther
	}
}
