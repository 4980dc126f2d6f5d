package api

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/qosform/terraform-provider-qos/internal/attempt"
)

// Error is an answer of ThingSpace that is not the one asked for. It reads the
// four shapes its parts answer with: the application's errorCode, the gateway's
// fault in JSON and in XML, and the OAuth2 endpoint's error.
type Error struct {
	// Operation is what was attempted, in words: "stop the QoS subscription".
	Operation string
	// Method and Path are those of the request; the path is without query.
	Method, Path string
	// StatusCode is the HTTP status of the answer.
	StatusCode int
	// Code is the application's or gateway's code, whether it came as a string
	// or a number: "UnifiedWebService.REQUEST_FAILED.DeviceNotFound", "900901".
	// ThingSpace promises that codes stay, and that messages may not.
	Code string
	// Message and Description are the server's own words.
	Message, Description string
	// CorrelationID is the id that ThingSpace's support can search for, if the
	// answer had one.
	CorrelationID string
	// RetryAfter is how long the server asked to wait; 0 if it did not.
	RetryAfter time.Duration
	// Body is the beginning of the answer as text, only where neither a code
	// nor a message could be read from it.
	Body string

	shape shape
}

// Error tells in one line what failed, what the server said, and which id to
// quote to its support.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: ThingSpace answered HTTP %d", e.Operation, e.StatusCode)
	if text := http.StatusText(e.StatusCode); text != "" {
		b.WriteString(" " + text)
	}
	if e.Code != "" {
		b.WriteString(", code " + e.Code)
	}
	for _, text := range []string{e.Message, e.Description, e.Body} {
		if text != "" {
			b.WriteString(": " + text)
		}
	}
	fmt.Fprintf(&b, " (%s %s", e.Method, e.Path)
	if e.CorrelationID != "" {
		b.WriteString(", correlation id " + e.CorrelationID)
	}
	if e.RetryAfter > 0 {
		fmt.Fprintf(&b, ", asked to wait %s", e.RetryAfter)
	}
	b.WriteString(")")
	return b.String()
}

// NotSent reports whether err means that no byte of the request left: there was
// no connection, no token, no session, or the context had already ended.
func NotSent(err error) bool { return attempt.IsNotSent(err) }

// OutcomeUnknown reports whether the request that failed with err may still
// have taken effect: its bytes may have left, and what came back is not a
// certain refusal. That is so for a timeout, a connection lost after it was
// made, HTTP 408 and 5xx, and a 2xx whose request id cannot be read. An error
// that this package did not make is unknown too; nil is not.
func OutcomeUnknown(err error) bool { return attempt.IsUnknown(err) }

// Rejected reports whether ThingSpace understood the request and would not have
// it: HTTP 400 or 409. A missing right, a missing resource or a limit is none,
// nor is input that is invalid in itself.
func Rejected(err error) bool {
	var answer *Error
	if !errors.As(err, &answer) || strings.Contains(answer.Code, "INPUT_INVALID") || strings.Contains(answer.Code, "INVALID_PARAMETER") {
		return false
	}
	return answer.StatusCode == http.StatusBadRequest || answer.StatusCode == http.StatusConflict
}

// Passing reports whether the call that failed with err may succeed later as it
// is: no answer came, or one of HTTP 408, 429 or 5xx. It is false once no other
// login is attempted.
func Passing(err error) bool {
	if errors.Is(err, errLoginsSpent) {
		return false
	}
	var answer *Error
	if !errors.As(err, &answer) {
		return err != nil
	}
	switch answer.StatusCode {
	case http.StatusRequestTimeout, http.StatusTooManyRequests:
		return true
	default:
		return answer.StatusCode >= http.StatusInternalServerError
	}
}

// judge says what an answer to r means, and whether to send the same again.
func judge(r request, e *Error) attempt.Verdict {
	return attempt.Verdict{Err: e, Outcome: e.outcome(r), Repeat: e.worthRepeating(r), PutOff: e.putsOff(r), Wait: e.RetryAfter}
}

// outcome is what r can have done.
func (e *Error) outcome(r request) attempt.Outcome {
	switch {
	case e.renewable(r):
		// Whatever the status: without accepted tokens nothing is carried out.
		return attempt.Refused
	case e.StatusCode == http.StatusRequestTimeout, e.StatusCode >= http.StatusInternalServerError:
		return attempt.Unknown
	default:
		return attempt.Refused
	}
}

// worthRepeating reports whether r may succeed if it is sent again as it is.
// What only new tokens can cure is not repeated with the old ones.
func (e *Error) worthRepeating(r request) bool {
	switch {
	case e.renewable(r):
		return false
	case e.StatusCode == http.StatusNotImplemented:
		return false
	default:
		return r.repeatable && (e.StatusCode == http.StatusRequestTimeout || e.StatusCode >= http.StatusInternalServerError)
	}
}

// putsOff reports whether ThingSpace only wants r later: a limit ends by time.
func (e *Error) putsOff(r request) bool {
	return e.StatusCode == http.StatusTooManyRequests && !e.renewable(r)
}

// notSent marks err as the failure of a request that never left.
func notSent(operation string, err error) error {
	return &attempt.Error{Outcome: attempt.NotSent, Err: fmt.Errorf("%s: %w", operation, err)}
}
