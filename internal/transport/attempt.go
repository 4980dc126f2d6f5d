package transport

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"golang.org/x/time/rate"
)

// maxDrain is how much of an overlong body is read to keep its connection
// usable; beyond that, closing it is cheaper.
const maxDrain = 256 << 10

// ErrRateWait means that a request was given up before it was sent, because the
// caller's context ends earlier than the rate limit would let it go.
var ErrRateWait = errors.New("gave up waiting for the request rate limit")

// Limit wraps next so that every attempt waits for a token of limiter first.
// Its own errors are an *UnsentError that wraps ErrRateWait.
func Limit(next http.RoundTripper, limiter *rate.Limiter) http.RoundTripper {
	return roundTripperFunc(func(r *http.Request) (*http.Response, error) {
		if err := limiter.Wait(r.Context()); err != nil {
			closeBody(r)
			return nil, &UnsentError{Err: fmt.Errorf("%w: %w", ErrRateWait, err)}
		}
		return next.RoundTrip(r)
	})
}

// attemptLimit is the key of a context's AllowAttempt.
type attemptLimit struct{}

// AllowAttempt returns a context in which each attempt may take up to limit where
// its client would cut it off earlier: for a request that is worth waiting for,
// since it cannot be repeated.
func AllowAttempt(ctx context.Context, limit time.Duration) context.Context {
	return context.WithValue(ctx, attemptLimit{}, limit)
}

// Timeout wraps next so that one attempt takes at most limit, or what AllowAttempt
// has allowed if that is longer. It ends when next returns, so next must have read
// the body by then: see Buffer. The error wraps context.DeadlineExceeded.
func Timeout(next http.RoundTripper, limit time.Duration) http.RoundTripper {
	return roundTripperFunc(func(r *http.Request) (*http.Response, error) {
		allowed, _ := r.Context().Value(attemptLimit{}).(time.Duration)
		longest := max(limit, allowed)
		cause := fmt.Errorf("no answer within %s: %w", longest, context.DeadlineExceeded)
		ctx, cancel := context.WithTimeoutCause(r.Context(), longest, cause)
		defer cancel()
		return next.RoundTrip(r.WithContext(ctx))
	})
}

// Buffer wraps next so that a response comes with its whole body in memory, cut
// at limit bytes, and its connection back in the pool. A body that breaks off
// is an error of the round trip like any other loss of the connection.
func Buffer(next http.RoundTripper, limit int64) http.RoundTripper {
	return roundTripperFunc(func(r *http.Request) (*http.Response, error) {
		resp, err := next.RoundTrip(r)
		if err != nil {
			return nil, err
		}
		body, err := readAndClose(resp.Body, limit)
		if err != nil {
			return nil, fmt.Errorf("read the body of the %d answer: %w", resp.StatusCode, err)
		}
		resp.Body = io.NopCloser(bytes.NewReader(body))
		resp.ContentLength = int64(len(body))
		return resp, nil
	})
}

// readAndClose reads up to limit bytes and drains a bounded part of the rest.
func readAndClose(body io.ReadCloser, limit int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(body, limit))
	if err == nil {
		// What follows the cut is not wanted, so how its reading ends is neither.
		_, _ = io.CopyN(io.Discard, body, maxDrain)
	}
	return data, errors.Join(err, body.Close())
}

// closeBody does what a round tripper owes its request when it does not pass it on.
func closeBody(r *http.Request) {
	if r.Body != nil {
		_ = r.Body.Close()
	}
}

// UserAgent wraps next so that requests without a User-Agent get this one, also
// those that a library makes on the way, such as for a token.
func UserAgent(next http.RoundTripper, userAgent string) http.RoundTripper {
	return roundTripperFunc(func(r *http.Request) (*http.Response, error) {
		if userAgent == "" || r.Header.Get("User-Agent") != "" {
			return next.RoundTrip(r)
		}
		named := r.Clone(r.Context())
		named.Header.Set("User-Agent", userAgent)
		return next.RoundTrip(named)
	})
}
