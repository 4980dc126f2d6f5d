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
)

// Codes that this package acts on, or explains. There are more, and operators
// have their own: an unknown code is no reason to fail otherwise than by its status.
const (
	CodeDeviceNotFound        = "DEVICE_NOT_FOUND" // 0.11
	CodeGone                  = "GONE"
	CodeIdentifierNotFound    = "IDENTIFIER_NOT_FOUND"
	CodeInvalidTokenContext   = "INVALID_TOKEN_CONTEXT" //nolint:gosec // the name of an error
	CodeMissingIdentifier     = "MISSING_IDENTIFIER"
	CodeNotFound              = "NOT_FOUND"
	CodeQuotaExceeded         = "QUOTA_EXCEEDED"
	CodeServiceNotApplicable  = "SERVICE_NOT_APPLICABLE"
	CodeUnidentifiableDevice  = "UNIDENTIFIABLE_DEVICE" // 0.11
	CodeUnnecessaryIdentifier = "UNNECESSARY_IDENTIFIER"
	CodeUnsupportedIdentifier = "UNSUPPORTED_IDENTIFIER"

	// codeProfileNotApplicable ends the code that each API has of its own.
	codeProfileNotApplicable = "QOS_PROFILE_NOT_APPLICABLE"
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
	// Advice says what to do about it, in the words of the provider's
	// configuration; "" where the server's words are all there is to say.
	Advice string
}

// Error tells in one line what failed, what the server said, which id to quote
// to its support, and what to do.
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
	if e.Advice != "" {
		b.WriteString(". " + e.Advice)
	}
	return b.String()
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
	e.Advice = e.advice(r)
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
