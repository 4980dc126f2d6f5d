package api

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/qosform/terraform-provider-qos/internal/answer"
	"github.com/qosform/terraform-provider-qos/internal/attempt"
)

// Codes that a caller may want to explain. There are more, and operators have
// their own: an unknown code is no reason to fail otherwise than by its status.
const (
	CodeConflict              = "CONFLICT"
	CodeDurationOutOfRange    = "QUALITY_ON_DEMAND.DURATION_OUT_OF_RANGE"
	CodeExtensionNotAllowed   = "QUALITY_ON_DEMAND.SESSION_EXTENSION_NOT_ALLOWED"
	CodeIdentifierNotFound    = "IDENTIFIER_NOT_FOUND"
	CodeInvalidArgument       = "INVALID_ARGUMENT"
	CodeMissingIdentifier     = "MISSING_IDENTIFIER"
	CodeNotFound              = "NOT_FOUND"
	CodeOutOfRange            = "OUT_OF_RANGE"
	CodePermissionDenied      = "PERMISSION_DENIED"
	CodeProfileNotApplicable  = "QUALITY_ON_DEMAND.QOS_PROFILE_NOT_APPLICABLE"
	CodeQuotaExceeded         = "QUOTA_EXCEEDED"
	CodeServiceNotApplicable  = "SERVICE_NOT_APPLICABLE"
	CodeTooManyRequests       = "TOO_MANY_REQUESTS"
	CodeUnnecessaryIdentifier = "UNNECESSARY_IDENTIFIER"
	CodeUnsupportedIdentifier = "UNSUPPORTED_IDENTIFIER"
)

// ErrNotInAPI means that the API does not have the operation, in this version or
// at this operator, or that nothing tells where it is. Nothing has come of it.
var ErrNotInAPI = errors.New("the operator's API does not have this")

// Error is an answer of an operator that is not the one asked for.
type Error struct {
	// Operation is what was attempted, in words: "create the QoD session".
	Operation string
	// Method and Path are those of the request; the path is without query.
	Method, Path string
	// StatusCode is the HTTP status of the answer.
	StatusCode int
	// Code is CAMARA's code, such as CONFLICT, or what an operator has instead.
	Code string
	// Message is the server's own words.
	Message string
	// Correlator is the id that the operator's support can search for: the
	// request's x-correlator as the server repeats it, or as it was sent.
	Correlator string
	// RetryAfter is how long the server asked to wait; 0 if it did not.
	RetryAfter time.Duration
	// Body is the beginning of the answer as text, only where neither a code nor
	// a message could be read from it.
	Body string
}

// Error tells in one line what failed, what the server said, and which id to
// quote to its support.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s answered HTTP %d", e.Operation, serverName, e.StatusCode)
	if text := http.StatusText(e.StatusCode); text != "" {
		b.WriteString(" " + text)
	}
	if e.Code != "" {
		b.WriteString(", code " + e.Code)
	}
	for _, text := range []string{e.Message, e.Body} {
		if text != "" {
			b.WriteString(": " + text)
		}
	}
	fmt.Fprintf(&b, " (%s %s", e.Method, e.Path)
	if e.Correlator != "" {
		b.WriteString(", x-correlator " + e.Correlator)
	}
	if e.RetryAfter > 0 {
		fmt.Fprintf(&b, ", asked to wait %s", e.RetryAfter)
	}
	b.WriteString(")")
	return b.String()
}

// NotFound reports whether err is a 404: it does not exist, or is not ours.
func NotFound(err error) bool { return hasStatus(err, http.StatusNotFound) }

// Forbidden reports whether err is a 403: it may well exist.
func Forbidden(err error) bool { return hasStatus(err, http.StatusForbidden) }

// Conflict reports whether err is a 409. Of a create, it means that there is
// another session for flows of the same device; of an extend, that the session
// is not AVAILABLE.
func Conflict(err error) bool { return hasStatus(err, http.StatusConflict) }

// HasCode reports whether err is an answer with that code.
func HasCode(err error, code string) bool {
	var e *Error
	return errors.As(err, &e) && e.Code == code
}

// Temporary reports whether the same request may work a little later: there was
// no answer, or one about the moment.
func Temporary(err error) bool {
	if e, answered := errors.AsType[*Error](err); answered {
		return e.refusedForNow() || e.temporary() || e.StatusCode == http.StatusInternalServerError
	}
	return err != nil && !errors.Is(err, ErrNotInAPI) && !invalid(err)
}

// Declined reports whether err is a no that asking again does not change: the API
// does not have it, the request is not valid, or this client may not ask.
func Declined(err error) bool {
	return err != nil && !hasStatus(err, http.StatusUnauthorized) && !Temporary(err)
}

func invalid(err error) bool {
	var problem *FieldError
	return errors.As(err, &problem)
}

// NotSent reports whether err means that no byte of the request left: it is not
// valid, there was no connection or no token, or the context had already ended.
func NotSent(err error) bool { return attempt.IsNotSent(err) }

// OutcomeUnknown reports whether the request that failed with err may still have
// taken effect: its bytes may have left, and what came back is not a certain
// refusal. That is so for a timeout, a connection lost after it was made, HTTP
// 408, 500, 502 and 504, a 503 that is not in CAMARA's form, and a 2xx without
// an id. An error that this package did not make is unknown too; nil is not.
func OutcomeUnknown(err error) bool { return attempt.IsUnknown(err) }

func hasStatus(err error, status int) bool {
	var e *Error
	return errors.As(err, &e) && e.StatusCode == status
}

// judge says what an answer means for its request, and whether to send it again.
func judge(r request, e *Error) attempt.Verdict {
	return attempt.Verdict{Err: e, Outcome: e.outcome(), Repeat: e.refusedForNow() || r.repeatable && e.temporary()}
}

// outcome is what the request can have done.
func (e *Error) outcome() attempt.Outcome {
	switch {
	case e.StatusCode == http.StatusNotImplemented, e.refusedForNow():
		return attempt.Refused
	case e.StatusCode == http.StatusRequestTimeout, e.StatusCode >= http.StatusInternalServerError:
		return attempt.Unknown
	default:
		return attempt.Refused
	}
}

// refusedForNow reports whether the request certainly was not carried out, and
// may be later. A quota stays used up. A 503 is the API's own only where it has
// a code: a proxy sends one too when it loses the API's answer.
func (e *Error) refusedForNow() bool {
	switch e.StatusCode {
	case http.StatusTooManyRequests:
		return e.Code != CodeQuotaExceeded
	case http.StatusServiceUnavailable:
		return e.Code != ""
	default:
		return false
	}
}

// temporary reports whether the answer is about the moment, not the request.
func (e *Error) temporary() bool {
	switch e.StatusCode {
	case http.StatusRequestTimeout, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	default:
		return false
	}
}

// errorBody is CAMARA's error, and what operators and their gateways put in its
// place.
type errorBody struct {
	Code    answer.Text `json:"code"`
	Message answer.Text `json:"message"`
	// Error and ErrorDescription are OAuth2's.
	Error            answer.Text `json:"error"`
	ErrorDescription answer.Text `json:"error_description"`
	// Title and Detail are those of RFC 9457, and of some frameworks.
	Title  answer.Text `json:"title"`
	Detail answer.Text `json:"detail"`
}

// newError reads an answer into an Error. It never fails: what it cannot read
// becomes the Error's Body. Servers have been known to repeat in an error what
// they were sent, so clean takes the secrets out before any text is cut short.
func newError(r request, a answer.Answer, now time.Time, clean *strings.Replacer) *Error {
	e := &Error{
		Operation:  r.operation,
		Method:     r.method,
		Path:       r.fullPath(),
		StatusCode: a.Status,
		Correlator: cmp.Or(a.Header.Get(headerCorrelator), r.correlator, a.CorrelationID()),
		RetryAfter: a.RetryAfter(now),
	}
	if !e.readJSON(a.Body) {
		e.Body = a.PlainText()
	}
	if e.StatusCode/100 == 3 && e.Message == "" {
		e.Message, e.Body = "a redirect, which is not followed because the credentials would go along: check the URL", ""
	}
	for _, s := range []*string{&e.Code, &e.Message, &e.Correlator, &e.Body} {
		*s = answer.Readable(clean.Replace(*s))
	}
	return e
}

func (e *Error) readJSON(body []byte) bool {
	var b errorBody
	if json.Unmarshal(body, &b) != nil {
		return false
	}
	e.Code = string(b.Code)
	e.Message = cmp.Or(string(b.Message), string(b.Detail), string(b.ErrorDescription), string(b.Title), string(b.Error))
	return e.Code != "" || e.Message != ""
}

// nothingListed reports whether a 404 to a list means that it is empty, rather
// than that there is no list. CAMARA's codes say so where the version has the
// list; Nokia's Network as Code has no code, but a detail that names what is missing.
func (e *Error) nothingListed(inVersion bool) bool {
	switch {
	case e.StatusCode != http.StatusNotFound:
		return false
	case e.Code == CodeNotFound:
		return inVersion
	case e.Code != "":
		return strings.HasSuffix(e.Code, "_"+CodeNotFound)
	}
	message := strings.ToLower(e.Message)
	return strings.HasSuffix(message, " not found") &&
		(strings.Contains(message, "session") || strings.Contains(message, "subscription") || strings.Contains(message, "device"))
}

// notServed reports whether the server shows that it has no such operation.
func (e *Error) notServed() bool {
	switch e.StatusCode {
	case http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusNotImplemented:
		return true
	default:
		return false
	}
}
