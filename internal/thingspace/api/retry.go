package api

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/hashicorp/go-retryablehttp"

	"github.com/qosform/terraform-provider-qos/internal/transport"
)

const (
	// Waits between attempts grow linearly, by a random step between these two.
	minBackoff = 400 * time.Millisecond
	maxBackoff = 1600 * time.Millisecond
	// maxRetryAfter caps what a server may make us wait before the next attempt.
	maxRetryAfter = time.Minute
)

// newRequest builds what retryablehttp can send several times.
func (c *Client) newRequest(ctx context.Context, r request, held tokens) (*retryablehttp.Request, error) {
	target := c.config.BaseURL + r.path
	if len(r.query) > 0 {
		target += "?" + r.query.Encode()
	}
	var body any
	if r.body != nil {
		encoded, err := encode(r.body)
		if err != nil {
			return nil, err
		}
		body = encoded
	}
	req, err := retryablehttp.NewRequestWithContext(ctx, r.method, target, body)
	if err != nil {
		return nil, withoutURL(err)
	}
	req.Header.Set("Accept", "application/json")
	// The documents require it with every call, also those without a body.
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+held.bearer.value)
	if held.session.value != "" {
		req.Header.Set("VZ-M2M-Token", held.session.value)
	}
	return req, nil
}

// retrying returns a retrying client for one call, with log's policy. Its last
// answer is passed on whatever it is, so that it can be read for its reason.
func (c *Client) retrying(log *attemptLog) *retryablehttp.Client {
	return &retryablehttp.Client{
		HTTPClient:   c.http,
		RetryMax:     c.config.MaxRetries,
		RetryWaitMin: minBackoff,
		RetryWaitMax: maxBackoff,
		CheckRetry:   log.check,
		Backoff:      c.backoff,
		ErrorHandler: retryablehttp.PassthroughErrorHandler,
	}
}

// backoff honours Retry-After, within bounds, and spreads the attempts of many
// callers otherwise.
func backoff(minimum, maximum time.Duration, attempt int, resp *http.Response) time.Duration {
	wait := retryablehttp.RateLimitLinearJitterBackoff(minimum, maximum, attempt, resp)
	if wait < 0 || wait > maxRetryAfter {
		return maxRetryAfter
	}
	return wait
}

// attemptLog is the policy of one call, and its memory of what the attempts so
// far can have done. It is used by one goroutine.
type attemptLog struct {
	client  *Client
	request request
	// held are the tokens of the newest attempts.
	held tokens
	// last is the outcome of the last attempt, refusal its answer if it had one.
	last    outcome
	refusal *Error
	// mayHaveRun is set once an attempt's outcome is unknown: a later refusal
	// says nothing about that one.
	mayHaveRun bool
}

// check implements retryablehttp.CheckRetry.
func (l *attemptLog) check(ctx context.Context, resp *http.Response, err error) (bool, error) {
	if err == nil && resp.StatusCode/100 == 2 {
		return false, nil
	}
	var a answer
	if err == nil {
		a, err = readAnswer(resp)
	}
	l.note(a, err)
	repeat := err != nil && l.repeatAfterFailure(err) || err == nil && l.repeatAfterAnswer()
	return repeat && ctx.Err() == nil, nil
}

// repeatAfterAnswer decides on an attempt with an answer. What only new tokens
// can cure is not repeated with the old ones.
func (l *attemptLog) repeatAfterAnswer() bool {
	status := l.refusal.StatusCode
	switch {
	case l.refusal.renewable(l.request):
		return false
	case status == http.StatusTooManyRequests:
		return true
	case status == http.StatusNotImplemented:
		return false
	default:
		return l.request.repeatable && (status == http.StatusRequestTimeout || status >= http.StatusInternalServerError)
	}
}

// repeatAfterFailure decides on an attempt without an answer.
func (l *attemptLog) repeatAfterFailure(err error) bool {
	var certificate *tls.CertificateVerificationError
	if errors.Is(err, transport.ErrRateWait) || errors.As(err, &certificate) {
		return false
	}
	return l.request.repeatable || transport.Unsent(err)
}

// note remembers how an attempt ended: with this answer, or with err.
func (l *attemptLog) note(a answer, err error) {
	l.refusal = nil
	if err == nil {
		l.refusal = l.client.refusal(l.request, l.held, a)
	}
	l.last = outcomeOf(l.request, l.refusal, err)
	l.mayHaveRun = l.mayHaveRun || l.last == outcomeUnknown
}

// outcome is that of the whole call, as far as it has got.
func (l *attemptLog) outcome() outcome {
	switch {
	case l.mayHaveRun:
		return outcomeUnknown
	case l.last == 0:
		return outcomeNotSent
	default:
		return l.last
	}
}

// failure words a call that ended without an answer. Where the context ended
// between two attempts, the answer to the last one is the better half of it.
func (l *attemptLog) failure(err error) error {
	err = connectionError(l.request, err)
	if l.refusal != nil {
		err = fmt.Errorf("%w; before that, %w", err, l.refusal)
	}
	return &callError{outcome: l.outcome(), err: err}
}

// readAnswer takes the body out of resp and leaves a copy in it.
func readAnswer(resp *http.Response) (answer, error) {
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return answer{}, fmt.Errorf("read the answer: %w", err)
	}
	if err := resp.Body.Close(); err != nil {
		return answer{}, fmt.Errorf("close the answer: %w", err)
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return answer{status: resp.StatusCode, header: resp.Header, body: body}, nil
}
