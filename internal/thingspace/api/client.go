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
	"net/url"
	"strings"
	"sync/atomic"

	"github.com/hashicorp/go-retryablehttp"

	"github.com/qosform/terraform-provider-qos/internal/answer"
	"github.com/qosform/terraform-provider-qos/internal/attempt"
	"github.com/qosform/terraform-provider-qos/internal/transport"
)

const serverName = "ThingSpace"

var errNoAccount = errors.New("the account name is empty")

// Client calls ThingSpace. It is safe for concurrent use; make it with New.
type Client struct {
	config  Config
	sender  *attempt.Sender
	bearer  *credential
	session *credential
	logins  loginGuard
	// qosPath is the form of the enhanceQoS path that is known, or believed, to work.
	qosPath atomic.Pointer[string]
}

// New returns a Client. It sends nothing; its error names everything in config
// that cannot work, without any of the values.
func New(config Config) (*Client, error) {
	config = config.withDefaults()
	if err := config.validate(); err != nil {
		return nil, fmt.Errorf("ThingSpace client: %w", err)
	}
	settings := transport.Settings{
		Base:                 config.Transport,
		MaxRequestsPerSecond: config.MaxRequestsPerSecond,
		AttemptTimeout:       config.AttemptTimeout,
		UserAgent:            config.UserAgent,
		Logger:               config.Logger,
	}
	c := &Client{config: config, sender: &attempt.Sender{
		Server:     serverName,
		HTTP:       settings.Client(),
		MaxRetries: config.MaxRetries,
		Backoff:    attempt.Backoff,
	}}
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

// describe says what errors tell of r.
func (r request) describe() attempt.Request {
	return attempt.Request{Operation: r.operation, Method: r.method, Path: r.path, Repeatable: r.repeatable}
}

// tokens are what authorizes one attempt; session is empty for the login.
type tokens struct{ bearer, session token }

// call makes r and renews the bearer and the session once each where the answer
// says that they are not accepted. Its errors are *attempt.Error.
func (c *Client) call(ctx context.Context, r request) (answer.Answer, error) {
	held, err := c.tokens(ctx, r)
	if err != nil {
		return answer.Answer{}, notSent(r.operation, err)
	}
	var bearerRenewed, sessionRenewed bool
	call := c.start(r, &held)
	for {
		a, err := c.send(ctx, call, r, held)
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
			return answer.Answer{}, err
		}
		if err != nil {
			return answer.Answer{}, call.Failed(fmt.Errorf("%w; %w", refused, err))
		}
	}
}

// start begins r, whose attempts carry what is held at their time.
func (c *Client) start(r request, held *tokens) *attempt.Call {
	return c.sender.Start(r.describe(), func(a answer.Answer) attempt.Verdict {
		return judge(r, c.refusal(r, *held, a))
	})
}

func (c *Client) tokens(ctx context.Context, r request) (held tokens, err error) {
	if held.bearer, err = c.bearer.get(ctx); err != nil || r.login {
		return held, err
	}
	held.session, err = c.session.get(ctx)
	return held, err
}

// send makes r with these tokens, repeating it as the call's policy allows.
func (c *Client) send(ctx context.Context, call *attempt.Call, r request, held tokens) (answer.Answer, error) {
	req, err := c.newRequest(ctx, r, held)
	if err != nil {
		return answer.Answer{}, notSent(r.operation, err)
	}
	return call.Do(req)
}

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
		return nil, attempt.WithoutURL(err)
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
func (c *Client) unreadable(r request, a answer.Answer, why string) error {
	var held tokens
	held.bearer, _ = c.bearer.usable()
	held.session, _ = c.session.usable()
	e := c.refusal(r, held, a)
	e.Message = strings.TrimSuffix(why+": "+e.Message, ": ")
	return &attempt.Error{Outcome: attempt.Unknown, Err: e}
}
