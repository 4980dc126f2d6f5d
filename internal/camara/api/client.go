// Package api is a client of CAMARA's Quality-on-Demand API and its siblings for
// QoS profiles and QoS provisioning, at any operator and in every public
// version. It knows nothing of Terraform.
//
// What differs between versions is data: see Features. What is sent is exactly
// what the version has; what comes back may be of any version, because operators
// mix them.
package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/hashicorp/go-retryablehttp"

	"github.com/qosform/terraform-provider-qos/internal/answer"
	"github.com/qosform/terraform-provider-qos/internal/attempt"
	"github.com/qosform/terraform-provider-qos/internal/camara/auth"
	"github.com/qosform/terraform-provider-qos/internal/transport"
)

const (
	serverName       = "the operator"
	headerCorrelator = "X-Correlator"
)

// Client calls one operator. It is safe for concurrent use; make it with New.
type Client struct {
	config   Config
	features Features
	tokens   auth.Source
	sender   *attempt.Sender
	// clock is the operator's, as far as its answers tell.
	clock *transport.ServerClock
}

// New returns a Client. It sends nothing; its error names everything in config
// that cannot work, without any of the values.
func New(config Config) (*Client, error) {
	config = config.withDefaults()
	if err := config.validate(); err != nil {
		return nil, fmt.Errorf("CAMARA client: %w", err)
	}
	clock := transport.NewServerClock(config.Clock)
	settings := transport.Settings{
		Base:                 config.Transport,
		MaxRequestsPerSecond: config.MaxRequestsPerSecond,
		AttemptTimeout:       config.AttemptTimeout,
		UserAgent:            config.UserAgent,
		Logger:               config.Logger,
		ServerClock:          clock,
	}
	return &Client{
		config:   config,
		features: config.Version.Features(),
		tokens:   config.Tokens,
		clock:    clock,
		sender: &attempt.Sender{
			Server:     serverName,
			HTTP:       settings.Client(),
			MaxRetries: config.MaxRetries,
			Backoff:    attempt.Backoff,
		},
	}, nil
}

// String names the target and hides everything else.
func (c *Client) String() string { return c.config.String() }

// GoString is String, so that %#v prints no secret either.
func (c *Client) GoString() string { return c.String() }

// Version is that of the sessions' API.
func (c *Client) Version() Version { return c.config.Version }

// BaseURL is the root of the sessions' API, without a slash at its end.
func (c *Client) BaseURL() string { return c.config.BaseURL }

// ServesAssignments reports whether it is known where the QoS provisioning API is.
func (c *Client) ServesAssignments() bool { return c.config.ProvisioningURL != "" }

// DeviceBound reports whether each token is for one device, so that a subject is
// needed with every call.
func (c *Client) DeviceBound() bool { return c.config.DeviceBound }

// Skew is how far the operator's clock is ahead of Config.Clock, by the Date of
// its newest answer; negative, behind. It is 0 while the two agree within what
// can be told, and before the first answer. Times in answers are by that clock.
func (c *Client) Skew() time.Duration { return c.clock.Offset() }

// Authorize gets the access token that requests for the subject need, if there
// is none yet, so that what follows need not wait for it: a subscriber may take
// minutes to consent. Its error is NotSent.
func (c *Client) Authorize(ctx context.Context, subject string) error {
	if _, err := c.tokens.Token(ctx, subject); err != nil {
		return notSent(request{operation: "authorize the request"}, err)
	}
	return nil
}

// AccessToken returns the access token that requests for the subject carry, ""
// where they carry none, and when it ends; zero is not known. Its error is
// NotSent.
func (c *Client) AccessToken(ctx context.Context, subject string) (token string, expires time.Time, err error) {
	token, err = c.tokens.Token(ctx, subject)
	if err != nil {
		return "", time.Time{}, notSent(request{operation: "get an access token"}, err)
	}
	return token, auth.Expiry(c.tokens, subject, token), nil
}

// request is one call of an API.
type request struct {
	// operation is what it does, in words that complete "unable to".
	operation string
	// subject is whose token it needs, where tokens are bound to devices.
	subject    string
	method     string
	root, path string
	query      url.Values
	// body is encoded as JSON; nil sends none.
	body any
	// repeatable means that sending it twice does the same as sending it once.
	repeatable bool
	// correlator is the id to quote to the operator, if the API has one.
	correlator string
	// scope is what CAMARA asks of the token, setting what holds root: for advice.
	scope, setting string
	// secrets are of this request's own, to be kept out of errors.
	secrets []string
}

// describe says what errors tell of r.
func (r request) describe() attempt.Request {
	d := attempt.Request{Operation: r.operation, Method: r.method, Path: r.fullPath(), Repeatable: r.repeatable}
	if r.correlator != "" {
		d.Note = ", x-correlator " + r.correlator
	}
	return d
}

// fullPath is the path of the URL, without query.
func (r request) fullPath() string {
	u, err := url.Parse(r.root + r.path)
	if err != nil {
		return r.path
	}
	return u.Path
}

// call makes r, once more with a new token where the one held is refused. Its
// errors are an *attempt.Error around what went wrong.
func (c *Client) call(ctx context.Context, r request) (answer.Answer, error) {
	token, err := c.tokens.Token(ctx, r.subject)
	if err != nil {
		return answer.Answer{}, notSent(r, err)
	}
	call := c.sender.Start(r.describe(), func(a answer.Answer) attempt.Verdict { return judge(r, c.refusal(r, token, a)) })
	a, err := c.send(ctx, call, r, token)
	if !unauthorized(err) {
		return a, err
	}
	if auth.Fixed(c.tokens) {
		return a, refusedForGood(token, err)
	}
	c.tokens.Invalidate(r.subject, token)
	renewed, failed := c.tokens.Token(ctx, r.subject)
	switch {
	case failed != nil:
		return answer.Answer{}, call.Failed(fmt.Errorf("%w; %w", err, failed))
	case renewed == token:
		return answer.Answer{}, err
	}
	token = renewed
	return c.send(ctx, call, r, token)
}

// refusedForGood says what to do about a refusal where there is no other token to
// try.
func refusedForGood(token string, err error) error {
	if token == "" {
		return fmt.Errorf("%w. Requests carry no access token, so it is their headers that do not authorize them: check the keys in headers", err)
	}
	return fmt.Errorf("%w. The operator has refused the configured access_token, which is not renewed: it has expired, or is not for this API. "+
		"Set access_token to a new one, or set oauth in its place, which gets and renews tokens by itself", err)
}

// send makes r with this token, repeating it as the call's policy allows.
func (c *Client) send(ctx context.Context, call *attempt.Call, r request, token string) (answer.Answer, error) {
	req, err := c.newRequest(ctx, r, token)
	if err != nil {
		return answer.Answer{}, call.Failed(fmt.Errorf("%s: %w", r.operation, err))
	}
	return call.Do(req)
}

// newRequest builds what retryablehttp can send several times.
func (c *Client) newRequest(ctx context.Context, r request, token string) (*retryablehttp.Request, error) {
	target := r.root + r.path
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
	if !r.repeatable {
		ctx = transport.AllowAttempt(ctx, unrepeatableAttempts*c.config.AttemptTimeout)
	}
	req, err := retryablehttp.NewRequestWithContext(ctx, r.method, target, body)
	if err != nil {
		return nil, attempt.WithoutURL(err)
	}
	for name, value := range c.config.Headers {
		req.Header.Set(name, value)
	}
	req.Header.Set("Accept", "application/json")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	if r.correlator != "" {
		req.Header.Set(headerCorrelator, r.correlator)
	}
	return req, nil
}

// encode marshals without HTML escaping, so that a URL reads as it was written.
func encode(body any) ([]byte, error) {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(body); err != nil {
		return nil, fmt.Errorf("encode the request: %w", err)
	}
	return bytes.TrimSuffix(buffer.Bytes(), []byte("\n")), nil
}

// newCorrelator returns an id that every version's pattern allows.
func newCorrelator(has bool) string {
	if !has {
		return ""
	}
	return uuid.NewString()
}

// segment escapes an id for a path. What would lead to another resource than
// the one below the collection is refused.
func segment(name, id string) (string, error) {
	if id == "" || id == "." || id == ".." {
		return "", fmt.Errorf("the %s is empty, or no name of anything", name)
	}
	return url.PathEscape(id), nil
}

// refusal reads an answer to r, sent with this token, as the error it is.
func (c *Client) refusal(r request, token string, a answer.Answer) *Error {
	secrets := append([]string{token}, r.secrets...)
	for _, value := range c.config.Headers {
		secrets = append(secrets, value)
	}
	return newError(r, a, c.clock.Now(), answer.Scrubber(secrets...))
}

// unreadable is the error for a 2xx that does not say what it should. The
// request has been carried out, as far as anyone can tell.
func (c *Client) unreadable(r request, a answer.Answer, why error) error {
	// Without the body: it may hold what could not be read.
	e := c.refusal(r, "", answer.Answer{Status: a.Status, Header: a.Header})
	e.Message = why.Error()
	return &attempt.Error{Outcome: attempt.Unknown, Err: e}
}

// notSent marks err as the failure of a request that never left.
func notSent(r request, err error) error {
	return &attempt.Error{Outcome: attempt.NotSent, Err: fmt.Errorf("%s: %w", r.operation, err)}
}

func unauthorized(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.StatusCode == http.StatusUnauthorized
}

// withoutPadding cuts blanks that no id has.
func withoutPadding(t answer.Text) string { return strings.TrimSpace(string(t)) }

// constant reads one of a few names, which some servers write in small letters.
func constant(t answer.Text) string { return strings.ToUpper(withoutPadding(t)) }
