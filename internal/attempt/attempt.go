// Package attempt makes requests of an API whose requests are not all safe to
// repeat. It repeats what may be repeated, and remembers over all attempts of a
// call whether one of them can have taken effect.
package attempt

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"time"

	"github.com/hashicorp/go-retryablehttp"

	"github.com/qosform/terraform-provider-qos/internal/answer"
	"github.com/qosform/terraform-provider-qos/internal/transport"
)

const (
	// MinBackoff is the least by which the waits between attempts grow.
	MinBackoff = 400 * time.Millisecond
	// MaxBackoff is the most.
	MaxBackoff = 1600 * time.Millisecond
	// maxRetryAfter caps what a server may make us wait before the next attempt.
	maxRetryAfter = time.Minute
)

// Sender is what all calls of one client share.
type Sender struct {
	// Server says in words who is called: "ThingSpace", "the operator".
	Server string
	// HTTP makes one attempt.
	HTTP *http.Client
	// MaxRetries is how often one request is repeated at most, not counting what
	// was only put off: see Verdict.
	MaxRetries int
	// Backoff is how long to wait between attempts. The waits of a request that
	// was put off are known already; they come as both minimum and maximum.
	Backoff retryablehttp.Backoff
}

// Request is what a Call needs to know of its request.
type Request struct {
	// Operation is what it does, in words that complete "unable to".
	Operation    string
	Method, Path string
	// Note goes behind method and path in errors: an id to quote, or nothing.
	Note string
	// Repeatable means that sending it twice does the same as sending it once.
	Repeatable bool
}

// Verdict is an API's judgement of an answer that is not a success.
type Verdict struct {
	// Err is the answer as an error.
	Err error
	// Outcome is Refused or Unknown.
	Outcome Outcome
	// Repeat is whether the same request may, and should, be sent again, up to
	// MaxRetries times.
	Repeat bool
	// PutOff is whether the same request may be sent again because the server only
	// wants it later. That is repeated for as long as there is time: see Patience.
	PutOff bool
	// Wait is the wait that a server asks for when it puts a request off.
	Wait time.Duration
}

// Call is one request in all its attempts. It is used by one goroutine.
type Call struct {
	sender  *Sender
	request Request
	judge   func(answer.Answer) Verdict

	// last is the outcome of the newest attempt, refusal its answer if it had one.
	last    Outcome
	refusal error
	// mayHaveRun is set once an attempt's outcome is unknown: a later refusal
	// says nothing about that one.
	mayHaveRun bool

	// repeats counts those that MaxRetries limits; patience is for the others.
	repeats  int
	patience Patience
	// pause is how long to wait for a server that has put the newest attempt off.
	pause time.Duration
}

// Start begins a call. It sends nothing; judge reads every answer but a 2xx.
func (s *Sender) Start(r Request, judge func(answer.Answer) Verdict) *Call {
	return &Call{sender: s, request: r, judge: judge}
}

// Do sends req, and again where that is safe and the answer gives reason to. It
// returns an answer with a 2xx, or an *Error. It may be called more than once:
// after a refused token, say, with a new one.
func (c *Call) Do(req *retryablehttp.Request) (answer.Answer, error) {
	resp, err := c.Client().Do(req)
	if err != nil {
		return answer.Answer{}, c.failure(err)
	}
	defer func() { _ = resp.Body.Close() }()
	a, err := answer.Read(resp)
	switch {
	case err != nil:
		return answer.Answer{}, c.failure(err)
	case a.OK():
		return a, nil
	default:
		return answer.Answer{}, c.Failed(c.refusal)
	}
}

// Client returns the client that Do uses, for libraries that bring their own
// request. The last answer is passed on whatever it is, to be read for its reason.
func (c *Call) Client() *retryablehttp.Client {
	return &retryablehttp.Client{
		HTTPClient:   c.sender.HTTP,
		RetryMax:     math.MaxInt, // check counts
		RetryWaitMin: MinBackoff,
		RetryWaitMax: MaxBackoff,
		CheckRetry:   c.check,
		Backoff:      c.backoff,
		ErrorHandler: retryablehttp.PassthroughErrorHandler,
	}
}

// Failed marks err with what the call can have done so far.
func (c *Call) Failed(err error) error { return &Error{Outcome: c.outcome(), Err: err} }

func (c *Call) outcome() Outcome {
	switch {
	case c.mayHaveRun:
		return Unknown
	case c.last == 0:
		return NotSent
	default:
		return c.last
	}
}

// check implements retryablehttp.CheckRetry.
func (c *Call) check(ctx context.Context, resp *http.Response, err error) (bool, error) {
	if err == nil && resp.StatusCode/100 == 2 {
		return false, nil
	}
	var a answer.Answer
	if err == nil {
		a, err = answer.Read(resp)
	}
	verdict := c.note(a, err)
	return ctx.Err() == nil && c.goesOn(ctx, verdict), nil
}

// note remembers how an attempt ended: with this answer, or with err.
func (c *Call) note(a answer.Answer, err error) Verdict {
	verdict := Verdict{Outcome: Unknown}
	switch {
	case err == nil:
		verdict = c.judge(a)
	case transport.Unsent(err):
		verdict = Verdict{Outcome: NotSent, Repeat: c.repeatAfter(err)}
	default:
		verdict.Repeat = c.repeatAfter(err)
	}
	c.refusal, c.last = verdict.Err, verdict.Outcome
	c.mayHaveRun = c.mayHaveRun || c.last == Unknown
	return verdict
}

// goesOn reports whether there is to be another attempt, and settles the wait
// before it.
func (c *Call) goesOn(ctx context.Context, v Verdict) bool {
	c.pause = 0
	switch {
	case v.PutOff:
	case !v.Repeat || c.repeats == c.sender.MaxRetries:
		return false
	default:
		c.repeats++
		return true
	}
	pause, err := c.patience.Next(ctx, v.Wait)
	if err != nil {
		c.refusal = fmt.Errorf("%w. %w", v.Err, err)
		return false
	}
	c.pause = pause
	return true
}

// backoff implements retryablehttp.Backoff.
func (c *Call) backoff(least, most time.Duration, _ int, resp *http.Response) time.Duration {
	if c.pause > 0 {
		return c.sender.Backoff(c.pause, c.pause, 0, nil)
	}
	return c.sender.Backoff(least, most, c.repeats-1, resp)
}

// repeatAfter decides on an attempt without an answer.
func (c *Call) repeatAfter(err error) bool {
	var certificate *tls.CertificateVerificationError
	if errors.Is(err, transport.ErrRateWait) || errors.As(err, &certificate) {
		return false
	}
	return c.request.Repeatable || transport.Unsent(err)
}

// failure words a call that ended without an answer. Where the context ended
// between two attempts, the answer to the last one is the better half of it.
func (c *Call) failure(err error) error {
	err = c.request.ConnectionError(c.sender.Server, err)
	if c.refusal != nil {
		err = fmt.Errorf("%w; before that, %w", err, c.refusal)
	}
	return c.Failed(err)
}

// ConnectionError words a failure of r without an answer from server.
func (r Request) ConnectionError(server string, err error) error {
	err = WithoutURL(err)
	what := "no complete answer from " + server
	switch {
	case errors.Is(err, context.Canceled):
		what = "cancelled"
	case transport.Unsent(err):
		what = server + " was not reached"
	}
	return fmt.Errorf("%s: %s (%s %s%s): %w", r.Operation, what, r.Method, r.Path, r.Note, err)
}

// WithoutURL drops the *url.Error around err, whose text repeats the whole URL.
func WithoutURL(err error) error {
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		return wrapped.Err
	}
	return err
}

// Backoff honours Retry-After, up to a minute or maximum, and spreads the attempts of many
// callers otherwise. It is a retryablehttp.Backoff.
func Backoff(minimum, maximum time.Duration, attempt int, resp *http.Response) time.Duration {
	wait := retryablehttp.RateLimitLinearJitterBackoff(minimum, maximum, attempt, resp)
	longest := max(maximum, maxRetryAfter)
	if wait < 0 || wait > longest {
		return longest
	}
	return wait
}
