// Package api is a client of Verizon ThingSpace: callback listeners and QoS
// subscriptions, with the OAuth2 token and the VZ-M2M session they need. It
// knows nothing of Terraform.
//
// A Client obtains its token and session at first use, once, shares them among
// all callers, and renews each at most once within a call. It never revokes or
// logs out, because other holders of the same credentials may use the same
// token and session.
package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"

	"github.com/hashicorp/go-retryablehttp"
	"golang.org/x/time/rate"

	"github.com/qosform/terraform-provider-qos/internal/transport"
)

// maxAnswer caps a response body in memory, in bytes. The longest useful answer
// is a list of a few dozen callbacks.
const maxAnswer = 1 << 20

var errNoAccount = errors.New("the account name is empty")

// Client calls ThingSpace. It is safe for concurrent use; make it with New.
type Client struct {
	config  Config
	http    *http.Client
	bearer  *credential
	session *credential
	logins  loginGuard
	// qosPath is the form of the enhanceQoS path that is known, or believed, to work.
	qosPath atomic.Pointer[string]
	// backoff is how long to wait between attempts.
	backoff retryablehttp.Backoff
}

// New returns a Client. It sends nothing; its error names everything in config
// that cannot work, without any of the values.
func New(config Config) (*Client, error) {
	config = config.withDefaults()
	if err := config.validate(); err != nil {
		return nil, fmt.Errorf("ThingSpace client: %w", err)
	}
	c := &Client{config: config, backoff: backoff}
	c.http = &http.Client{Transport: attemptTransport(config), CheckRedirect: noRedirect}
	c.bearer = configuredCredential("access token", config.AccessToken)
	if config.AccessToken == "" {
		c.bearer = fetchedCredential("access token", config.Clock, c.fetchBearer)
	}
	c.session = configuredCredential("session token", config.SessionToken)
	if config.SessionToken == "" {
		c.session = fetchedCredential("session token", config.Clock, c.login)
	}
	c.qosPath.Store(&config.EnhanceQoSPath)
	return c, nil
}

// String names the target and hides everything else.
func (c *Client) String() string { return c.config.String() }

// GoString is String, so that %#v prints no secret either.
func (c *Client) GoString() string { return c.String() }

// attemptTransport makes one attempt: paced, bounded, logged, and with the body
// read. The wait for the rate limit is not part of the bounded time.
func attemptTransport(config Config) http.RoundTripper {
	next := config.Transport
	if next == nil {
		next = transport.New()
	}
	burst := max(1, int(math.Ceil(config.MaxRequestsPerSecond)))
	limiter := rate.NewLimiter(rate.Limit(config.MaxRequestsPerSecond), burst)
	next = transport.Buffer(transport.MarkUnsent(next), maxAnswer)
	next = transport.Timeout(transport.Log(next, config.Logger), config.AttemptTimeout)
	return transport.UserAgent(transport.Limit(next, limiter), config.UserAgent)
}

// noRedirect keeps the credentials where they were meant to go.
func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// request is one call of the API.
type request struct {
	// operation is what it does, in words that complete "unable to".
	operation    string
	method, path string
	query        url.Values
	// body is encoded as JSON; nil sends none.
	body any
	// repeatable means that sending it twice does the same as sending it once.
	repeatable bool
	// login means that it opens the session and so cannot carry one.
	login bool
	// secret is a secret of this request's own, to be kept out of errors.
	secret string
}

// answer is a response whose body has been read.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// tokens are what authorizes one attempt; session is empty for the login.
type tokens struct{ bearer, session token }

// call makes r and renews the bearer and the session once each where the answer
// says that they are not accepted. Its errors are *callError.
func (c *Client) call(ctx context.Context, r request) (answer, error) {
	held, err := c.tokens(ctx, r)
	if err != nil {
		return answer{}, notSent(r.operation, err)
	}
	var bearerRenewed, sessionRenewed bool
	log := &attemptLog{client: c, request: r}
	for {
		a, err := c.send(ctx, r, held, log)
		var refused *Error
		if err == nil || !errors.As(err, &refused) {
			return a, err
		}
		switch {
		case !bearerRenewed && refused.bearerRefused(r):
			bearerRenewed = true
			held.bearer, err = c.bearer.renew(ctx, held.bearer)
		case !sessionRenewed && refused.sessionRefused(r):
			sessionRenewed = true
			held.session, err = c.session.renew(ctx, held.session)
		default:
			return answer{}, err
		}
		if err != nil {
			return answer{}, &callError{outcome: log.outcome(), err: fmt.Errorf("%w; %w", refused, err)}
		}
	}
}

func (c *Client) tokens(ctx context.Context, r request) (held tokens, err error) {
	if held.bearer, err = c.bearer.get(ctx); err != nil || r.login {
		return held, err
	}
	held.session, err = c.session.get(ctx)
	return held, err
}

// send makes r with these tokens, repeating it as the log's policy allows.
func (c *Client) send(ctx context.Context, r request, held tokens, log *attemptLog) (answer, error) {
	log.held = held
	req, err := c.newRequest(ctx, r, held)
	if err != nil {
		return answer{}, notSent(r.operation, err)
	}
	resp, err := c.retrying(log).Do(req)
	if err != nil {
		return answer{}, log.failure(err)
	}
	a, err := readAnswer(resp)
	switch {
	case err != nil:
		return answer{}, log.failure(err)
	case a.status/100 == 2:
		return a, nil
	default:
		return answer{}, &callError{outcome: log.outcome(), err: c.refusal(r, held, a)}
	}
}

// encode marshals without HTML escaping: ThingSpace refuses some characters,
// and a backslash is among them.
func encode(body any) ([]byte, error) {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(body); err != nil {
		return nil, fmt.Errorf("encode the request: %w", err)
	}
	return bytes.TrimSuffix(buffer.Bytes(), []byte("\n")), nil
}

// unreadable is the error for a 2xx that does not say what it should. The
// request has been carried out, as far as anyone can tell.
func (c *Client) unreadable(r request, a answer, why string) error {
	var held tokens
	held.bearer, _ = c.bearer.usable()
	held.session, _ = c.session.usable()
	e := c.refusal(r, held, a)
	e.Message = strings.TrimSuffix(why+": "+e.Message, ": ")
	return &callError{outcome: outcomeUnknown, err: e}
}
