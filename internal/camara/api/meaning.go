package api

import (
	"crypto/tls"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/qosform/terraform-provider-qos/internal/attempt"
	"github.com/qosform/terraform-provider-qos/internal/camara/auth"
)

// Gone reports whether err, of a request about one session or assignment, is the
// API's own word that there is none of that id: a 404 or 410 with a code that
// says so, or a message that names what is missing. Any other 404 comes from
// whatever stands before the API, where the path is wrong, the subscription to
// the API has ended or a deployment is broken; it says nothing about the session,
// which may well be live. A device that is not known says nothing about it either.
func Gone(err error) bool { return is(err, (*Error).gone) }

// NotFound reports whether err is a 404, of whatever kind.
func NotFound(err error) bool { return hasStatus(err, http.StatusNotFound) }

// NoneListed reports whether err, of a look-up by device, means that the device
// has none, in CAMARA's words or an operator's.
func NoneListed(err error) bool {
	return is(err, func(e *Error) bool { return e.nothingListed(true) })
}

// Forbidden reports whether err is a 403: it may well exist.
func Forbidden(err error) bool { return hasStatus(err, http.StatusForbidden) }

// Conflict reports whether err is a 409. Of a create, it means that there is
// another session for flows of the same device; of an extend, that the session
// is not AVAILABLE.
func Conflict(err error) bool { return hasStatus(err, http.StatusConflict) }

// Broken reports whether err is a 500, which repeating did not cure. It is the
// operator's fault in this one operation; what can do without it may go on.
func Broken(err error) bool { return hasStatus(err, http.StatusInternalServerError) }

// Temporary reports whether the same request may work a little later: there was
// no answer, or one about the moment. It is false where there is no way to
// authorize the request, and where the server's certificate is not trusted.
func Temporary(err error) bool {
	if e, answered := errors.AsType[*Error](err); answered {
		return e.refusedForNow() || e.temporary()
	}
	_, untrusted := errors.AsType[*tls.CertificateVerificationError](err)
	return err != nil && !untrusted && !errors.Is(err, ErrNotInAPI) && !invalid(err) && !auth.Final(err)
}

// Declined reports whether err is a no to this one operation that asking again
// does not change: the API does not have it, the request is not valid, or this
// client may not ask. Where the client is not let in at all, by the operator or
// by the authorization server, every other operation fails the same way, so that
// is none.
func Declined(err error) bool {
	_, untrusted := errors.AsType[*tls.CertificateVerificationError](err)
	return err != nil && !Temporary(err) && !untrusted && !auth.Final(err) && !hasStatus(err, http.StatusUnauthorized)
}

func invalid(err error) bool {
	_, is := errors.AsType[*FieldError](err)
	return is
}

// NotSent reports whether err means that no byte of the request left: it is not
// valid, there was no connection or no token, or the context had already ended.
func NotSent(err error) bool { return attempt.IsNotSent(err) }

// OutcomeUnknown reports whether the request that failed with err may still have
// taken effect: its bytes may have left, and what came back is not a certain
// refusal. That is so for a timeout, a connection lost after it was made, HTTP
// 408, 500, 502 and 504, a 503 that does not say for sure that the request was
// turned away, and a 2xx without an id. An error that this package did not make
// is unknown too; nil is not.
func OutcomeUnknown(err error) bool { return attempt.IsUnknown(err) }

func hasStatus(err error, status int) bool {
	return is(err, func(e *Error) bool { return e.StatusCode == status })
}

// is reports whether err is an answer that is so.
func is(err error, so func(*Error) bool) bool {
	e, answered := errors.AsType[*Error](err)
	return answered && so(e)
}

// judge says what an answer means for its request, and whether to send it again.
func judge(r request, e *Error) attempt.Verdict {
	return attempt.Verdict{
		Err:     e,
		Outcome: e.outcome(),
		Repeat:  r.repeatable && e.temporary(),
		PutOff:  e.refusedForNow() || e.notYetDeletable(),
		Wait:    e.RetryAfter,
	}
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
// may be later. A quota stays used up. A 503 is certain only where the API itself
// says when to come back: proxies send one when they lose the API's answer, some
// of them with a Retry-After (Varnish), some in the API's own form.
func (e *Error) refusedForNow() bool {
	switch e.StatusCode {
	case http.StatusTooManyRequests:
		return e.Code != CodeQuotaExceeded
	case http.StatusServiceUnavailable:
		return e.Code != "" && e.RetryAfter > 0
	default:
		return false
	}
}

// notYetDeletable reports whether a DELETE came while the network was busy with
// the same session or assignment: it is being set up, or deleted already. Asked
// again, the operator deletes it, or says that it is gone.
func (e *Error) notYetDeletable() bool {
	return e.Method == http.MethodDelete && e.StatusCode == http.StatusConflict
}

// temporary reports whether the answer is about the moment, not the request.
func (e *Error) temporary() bool {
	switch e.StatusCode {
	case http.StatusRequestTimeout, http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	default:
		return false
	}
}

// gone is Gone of an answer.
func (e *Error) gone() bool {
	if e.StatusCode != http.StatusNotFound && e.StatusCode != http.StatusGone {
		return false
	}
	return e.Code == CodeNotFound || e.Code == CodeGone || e.ownCode("SESSION", "ASSIGNMENT") || e.says("session", "assignment")
}

// ownCode reports whether an operator's code says that one of those is not found.
func (e *Error) ownCode(things ...string) bool {
	return strings.HasSuffix(e.Code, "_"+CodeNotFound) && slices.ContainsFunc(things, func(thing string) bool { return strings.Contains(e.Code, thing) })
}

// nothingListed reports whether a 404 to a list means that it is empty, rather
// than that there is no list. CAMARA's codes say so where the version has the
// list.
func (e *Error) nothingListed(inVersion bool) bool {
	switch {
	case e.StatusCode != http.StatusNotFound:
		return false
	case e.Code == CodeNotFound:
		return inVersion
	case e.Code != "":
		return strings.HasSuffix(e.Code, "_"+CodeNotFound)
	default:
		return e.says("session", "assignment", "device")
	}
}

// says reports whether the message says that one of those is not there. Nokia's
// Network as Code has no code, but "QoS subscription not found". A message that
// quotes a path ("Route GET:/sessions/1 not found") is a router's and about that.
func (e *Error) says(things ...string) bool {
	message := strings.ToLower(e.Message)
	within := func(part string) bool { return strings.Contains(message, part) }
	return !within("/") &&
		slices.ContainsFunc(append(things, "qos subscription", "qod subscription"), within) &&
		slices.ContainsFunc([]string{"not found", "not exist", "no such"}, within)
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
