package auth

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/qosform/terraform-provider-qos/internal/answer"
	"github.com/qosform/terraform-provider-qos/internal/attempt"
	"github.com/qosform/terraform-provider-qos/internal/transport"
)

// Codes of the token and backchannel endpoints (RFC 6749, section 5.2; OpenID
// Connect CIBA Core, sections 11 and 13) that a caller may want to explain.
const (
	CodeAccessDenied   = "access_denied"
	CodeExpiredToken   = "expired_token"
	CodeInvalidClient  = "invalid_client"
	CodeInvalidGrant   = "invalid_grant"
	CodeInvalidScope   = "invalid_scope"
	CodeUnknownSubject = "unknown_user_id"

	codeInvalidRequest     = "invalid_request"
	codePending            = "authorization_pending"
	codeSlowDown           = "slow_down"
	codeUnauthorizedClient = "unauthorized_client"
)

// Error is an answer of the authorization server that is not the token asked
// for. It quotes no secret.
type Error struct {
	// Operation is what was attempted, in words: "get an access token".
	Operation string
	// Path is that of the endpoint.
	Path string
	// StatusCode is the HTTP status of the answer.
	StatusCode int
	// Code and Description are "error" and "error_description" of OAuth2, or what
	// comes closest to them.
	Code, Description string
	// RetryAfter is how long the server asked to wait; 0 if it did not.
	RetryAfter time.Duration
	// Body is the beginning of the answer as text, only where neither a code nor
	// a description could be read from it.
	Body string
	// Advice says what to do about it, in the words of the provider's
	// configuration; "" where the server's words are all there is to say.
	Advice string
}

// Error tells in one line what failed, what the server said and what to do.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s answered HTTP %d", e.Operation, serverName, e.StatusCode)
	if text := http.StatusText(e.StatusCode); text != "" {
		b.WriteString(" " + text)
	}
	if e.Code != "" {
		b.WriteString(", code " + e.Code)
	}
	for _, text := range []string{e.Description, e.Body} {
		if text != "" {
			b.WriteString(": " + text)
		}
	}
	fmt.Fprintf(&b, " (%s %s", http.MethodPost, e.Path)
	if e.RetryAfter > 0 {
		fmt.Fprintf(&b, ", asked to wait %s", e.RetryAfter)
	}
	b.WriteString(")")
	if e.Advice != "" {
		b.WriteString(". " + e.Advice)
	}
	return b.String()
}

// temporary reports whether the answer is about the moment, not the request.
func (e *Error) temporary() bool {
	switch e.StatusCode {
	case http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusInternalServerError,
		http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	default:
		return false
	}
}

// newError reads an answer of the endpoint. It never fails: what it cannot read
// becomes the Error's Body. Secrets are those of the request besides the client's.
func (s *server) newError(operation, endpoint string, a answer.Answer, secrets ...string) *Error {
	e := &Error{
		Operation:  operation,
		Path:       pathOf(endpoint),
		StatusCode: a.Status,
		RetryAfter: a.RetryAfter(s.config.Clock.Now()),
	}
	if !e.readJSON(a.Body) {
		e.Body = a.PlainText()
	}
	if a.Status/100 == 3 {
		e.Description, e.Body = "a redirect, which is not followed because the credentials would go along: check the URL", ""
	}
	clean := answer.Scrubber(append(secrets, s.config.secrets()...)...)
	for _, text := range []*string{&e.Code, &e.Description, &e.Body} {
		*text = answer.Readable(clean.Replace(*text))
	}
	e.Advice = advice(e.Code, s.config.DeviceBound())
	return e
}

// advice is what to do about a code, with tokens that are bound to a device or not.
func advice(code string, bound bool) string {
	switch code {
	case CodeAccessDenied:
		if bound {
			return "The subscriber has not consented, or the operator does not let this application ask. Nobody is asked again in this run: get the consent, and then run it again"
		}
		return "The operator does not give this application a token: check what is agreed with it"
	case CodeExpiredToken:
		return "The subscriber has to consent while this waits: run it again when somebody can, with timeouts that are long enough"
	case CodeUnknownSubject:
		return "The operator knows no subscriber by this: check device, whose phone_number is in international format, such as +34666666666, and whose address must be the one that it has now"
	case CodeInvalidScope:
		return "Ask for what is agreed with the operator only: set oauth.scopes, with a purpose such as dpv:RequestedServiceProvision where the flow is three-legged"
	case CodeInvalidClient:
		return "Check oauth.client_id, and oauth.client_secret or oauth.private_key with its oauth.key_id"
	case CodeInvalidGrant, codeUnauthorizedClient:
		return "Check that the operator allows this application this oauth.flow, for this subscriber"
	default:
		return ""
	}
}

// readJSON reads OAuth2's error, and CAMARA's for servers that answer like the
// APIs behind them.
func (e *Error) readJSON(body []byte) bool {
	var b struct {
		Error            answer.Text `json:"error"`
		ErrorDescription answer.Text `json:"error_description"`
		Code             answer.Text `json:"code"`
		Message          answer.Text `json:"message"`
	}
	if json.Unmarshal(body, &b) != nil {
		return false
	}
	e.Code, e.Description = string(b.Error), string(b.ErrorDescription)
	if e.Code == "" {
		e.Code = string(b.Code)
	}
	if e.Description == "" {
		e.Description = string(b.Message)
	}
	return e.Code != "" || e.Description != ""
}

// errUnusable marks a success that no token, or nothing to poll for, can be read from.
var errUnusable = errors.New("unusable answer")

// Final reports whether err, of a Source, stays as it is however often a token is
// asked for: the authorization server has refused it, answers what cannot be used
// or has a certificate that is not trusted, or nobody is there to ask for. Nor is
// a subscriber who has not answered in time to be asked over and over.
func Final(err error) bool {
	_, untrusted := errors.AsType[*tls.CertificateVerificationError](err)
	return untrusted || errors.Is(err, ErrNoSubject) || errors.Is(err, errUnusable) || errors.Is(err, errNotInTime) || refused(err)
}

// errNoAnswer marks a request that got no answer, or may not have been sent.
var errNoAnswer = errors.New("no answer")

// marked is an error that reads like the one in it and is the mark.
type marked struct {
	error
	mark error
}

func (e marked) Unwrap() error { return e.error }

func (e marked) Is(target error) bool { return target == e.mark }

// unanswered words a failure that is not an answer with an error in it: a lost
// connection, or a success that no token can be read from.
func unanswered(operation, endpoint string, err error) error {
	if _, lost := errors.AsType[*url.Error](err); !lost {
		return marked{fmt.Errorf("%s: the answer of %s cannot be used (%s %s): %w", operation, serverName, http.MethodPost, pathOf(endpoint), err), errUnusable}
	}
	r := attempt.Request{Operation: operation, Method: http.MethodPost, Path: pathOf(endpoint)}
	return marked{r.ConnectionError(serverName, err), errNoAnswer}
}

// repeatable reports whether asking again may help, and does no harm where the
// answer got lost.
func repeatable(err error) bool {
	var certificate *tls.CertificateVerificationError
	if errors.Is(err, context.Canceled) || errors.As(err, &certificate) {
		return false
	}
	return errors.Is(err, errNoAnswer) || hasAnswer(err, (*Error).temporary)
}

// certainlyUndone reports whether asking again may help and nothing has been
// done by the first request.
func certainlyUndone(err error) bool {
	return repeatable(err) && (transport.Unsent(err) || hasAnswer(err, func(e *Error) bool {
		return e.StatusCode == http.StatusTooManyRequests || e.StatusCode == http.StatusServiceUnavailable
	}))
}

// refused reports whether err is an answer that says no for good.
func refused(err error) bool {
	return hasAnswer(err, func(e *Error) bool { return !e.temporary() && e.Code != codePending && e.Code != codeSlowDown })
}

// assertionRefused reports whether err can mean that an assertion was not accepted;
// servers differ in how they say so (RFC 7521, section 4).
func assertionRefused(err error) bool {
	return hasCode(err, CodeInvalidClient) || hasCode(err, CodeInvalidGrant) || hasCode(err, codeInvalidRequest) ||
		hasAnswer(err, func(e *Error) bool { return e.StatusCode == http.StatusUnauthorized })
}

// tooMany reports whether err is about a rate limit.
func tooMany(err error) bool {
	return hasAnswer(err, func(e *Error) bool { return e.StatusCode == http.StatusTooManyRequests })
}

// hasAnswer reports whether err is an answer that is so.
func hasAnswer(err error, is func(*Error) bool) bool {
	var e *Error
	return errors.As(err, &e) && is(e)
}

// hasCode reports whether err is an answer with that code.
func hasCode(err error, code string) bool {
	return hasAnswer(err, func(e *Error) bool { return e.Code == code })
}

// pathOf leaves out what a URL may hold besides.
func pathOf(endpoint string) string {
	u, err := url.Parse(endpoint)
	if err != nil {
		return "an unreadable URL"
	}
	return u.Path
}
