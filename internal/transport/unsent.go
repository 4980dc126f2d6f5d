package transport

import (
	"errors"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
)

// UnsentError marks a failure of which it is certain that the server has seen
// nothing of the request: no connection was obtained for it.
type UnsentError struct{ Err error }

// Error is the text of the cause.
func (e *UnsentError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *UnsentError) Unwrap() error { return e.Err }

// Unsent reports whether err says that no byte of the request has left, so that
// repeating even a POST is safe. It is false when that is not certain.
func Unsent(err error) bool {
	var unsent *UnsentError
	return errors.As(err, &unsent)
}

// MarkUnsent wraps next so that its errors before a connection was obtained
// (name resolution, dial, proxy, TLS handshake, a context that ended earlier)
// are an *UnsentError. The proof comes from net/http/httptrace: errors of a
// round tripper that does not call its hooks stay as they are.
func MarkUnsent(next http.RoundTripper) http.RoundTripper {
	return roundTripperFunc(func(r *http.Request) (*http.Response, error) {
		if err := r.Context().Err(); err != nil {
			closeBody(r)
			return nil, &UnsentError{Err: err}
		}
		var dialing atomic.Bool
		trace := &httptrace.ClientTrace{
			// GetConn comes again when net/http silently moves to another
			// connection. It does so only with reads, and with what it knows to
			// be unprocessed.
			GetConn: func(string) { dialing.Store(true) },
			// From here on the write may happen at any moment, in another
			// goroutine, so the later hooks would prove less than they seem to.
			GotConn: func(httptrace.GotConnInfo) { dialing.Store(false) },
		}
		resp, err := next.RoundTrip(r.WithContext(httptrace.WithClientTrace(r.Context(), trace)))
		if err != nil && dialing.Load() {
			return nil, &UnsentError{Err: err}
		}
		return resp, err
	})
}
