package auth

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/qosform/terraform-provider-qos/internal/answer"
	"github.com/qosform/terraform-provider-qos/internal/attempt"
	"github.com/qosform/terraform-provider-qos/internal/transport"
)

const (
	serverName = "the authorization server"
	// operationToken is the end of every flow, in words.
	operationToken = "get an access token"

	grantJWTBearer = "urn:ietf:params:oauth:grant-type:jwt-bearer" //nolint:gosec // the name of a kind of grant
	grantCIBA      = "urn:openid:params:grant-type:ciba"
	assertionType  = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
)

// server is the authorization server as one client sees it.
type server struct {
	config Config
	// key is nil where the client proves itself by its secret.
	key  crypto.Signer
	http *http.Client
	// clock is the server's, as far as it has told: it judges our assertions by that.
	clock *transport.ServerClock
}

// grant gets a token for subject by the configured flow.
func (s *server) grant(ctx context.Context, subject string) (grant, error) {
	switch s.config.Flow {
	case CIBA:
		return s.ciba(ctx, subject)
	case JWTBearer:
		return repeated(ctx, s, repeatable, func() (grant, error) { return s.jwtBearer(ctx, subject) })
	default:
		return repeated(ctx, s, repeatable, func() (grant, error) { return s.clientCredentials(ctx) })
	}
}

// inTime makes try, and once more where the server's answer has shown that the
// assertion in it was dated by a clock that is wrong.
func inTime[T any](s *server, try func() (T, error)) (T, error) {
	before := s.clock.Offset()
	got, err := try()
	if s.key == nil || !assertionRefused(err) || (s.clock.Offset()-before).Abs() < telling {
		return got, err
	}
	return try()
}

// telling is a difference between two clocks that can make a server refuse an
// assertion, or can be why it has.
const telling = assertionLifetime / 4

func (s *server) clientCredentials(ctx context.Context) (grant, error) {
	return s.token(ctx, clientcredentials.Config{Scopes: s.config.Scopes})
}

// jwtBearer needs no other proof of the client than the assertion, and its scope
// is a claim there (CAMARA, "Security and Interoperability Profile", JWT bearer flow).
func (s *server) jwtBearer(ctx context.Context, subject string) (grant, error) {
	signed, err := s.assertion(subject, s.config.TokenURL, strings.Join(s.config.Scopes, " "))
	if err != nil {
		return grant{}, fmt.Errorf("%s: %w", operationToken, err)
	}
	return s.send(ctx, clientcredentials.Config{
		AuthStyle:      oauth2.AuthStyleInParams,
		EndpointParams: url.Values{"grant_type": {grantJWTBearer}, "assertion": {signed}},
	})
}

// token asks the token endpoint as the client, by its secret or a new assertion.
func (s *server) token(ctx context.Context, c clientcredentials.Config) (grant, error) {
	c.ClientID = s.config.ClientID
	if s.key == nil {
		c.ClientSecret, c.AuthStyle = s.config.ClientSecret, oauth2.AuthStyleInHeader
		return s.send(ctx, c)
	}
	signed, err := s.assertion(s.config.ClientID, s.config.TokenURL, "")
	if err != nil {
		return grant{}, fmt.Errorf("%s: %w", operationToken, err)
	}
	if c.EndpointParams == nil {
		c.EndpointParams = make(url.Values)
	}
	c.AuthStyle = oauth2.AuthStyleInParams
	c.EndpointParams.Set("client_assertion_type", assertionType)
	c.EndpointParams.Set("client_assertion", signed)
	return s.send(ctx, c)
}

// send makes one request of the token endpoint. The library calls all of its
// grants client credentials; the parameters may name another.
func (s *server) send(ctx context.Context, c clientcredentials.Config) (grant, error) {
	c.TokenURL = s.config.TokenURL
	fetched, err := c.Token(context.WithValue(ctx, oauth2.HTTPClient, s.http))
	if err != nil {
		return grant{}, s.tokenError(c, err)
	}
	if !transport.ValidToken(fetched.AccessToken) {
		return grant{}, marked{fmt.Errorf("%s: %s answered with a token that no header can carry", operationToken, serverName), errUnusable}
	}
	g := grant{token: fetched.AccessToken}
	if !fetched.Expiry.IsZero() {
		g.expires = s.config.Clock.Now().Add(time.Until(fetched.Expiry))
	}
	return g, nil
}

// tokenError reads the token endpoint's answer out of err.
func (s *server) tokenError(c clientcredentials.Config, err error) error {
	var refused *oauth2.RetrieveError
	if !errors.As(err, &refused) || refused.Response == nil {
		return unanswered(operationToken, s.config.TokenURL, err)
	}
	a := answer.Answer{Status: refused.Response.StatusCode, Header: refused.Response.Header, Body: refused.Body}
	p := c.EndpointParams
	return s.newError(operationToken, s.config.TokenURL, a, p.Get("assertion"), p.Get("client_assertion"), p.Get("auth_req_id"))
}

// repeated makes try until it succeeds, fails for good, or has been repeated
// often enough; a rate limit is waited out. Each time builds its own request,
// because an assertion is good for one only.
func repeated[T any](ctx context.Context, s *server, again func(error) bool, try func() (T, error)) (T, error) {
	var patience attempt.Patience
	for repeats := 0; ; {
		got, err := inTime(s, try)
		if err == nil || !again(err) {
			return got, err
		}
		pause, putOff, late := patienceFor(ctx, &patience, err)
		switch {
		case late != nil:
			return got, fmt.Errorf("%w. %w", err, late)
		case putOff:
		case repeats == s.config.MaxRetries:
			return got, err
		default:
			pause = attempt.Backoff(attempt.MinBackoff, attempt.MaxBackoff, repeats, nil)
			repeats++
		}
		if ended := s.wait(ctx, pause); ended != nil {
			return got, fmt.Errorf("%w; before that, %w", ended, err)
		}
	}
}

// patienceFor returns how long to wait where the server has put the request off.
func patienceFor(ctx context.Context, p *attempt.Patience, err error) (pause time.Duration, putOff bool, late error) {
	e, answered := errors.AsType[*Error](err)
	if !answered || e.StatusCode != http.StatusTooManyRequests && e.RetryAfter == 0 {
		return 0, false, nil
	}
	pause, late = p.Next(ctx, e.RetryAfter)
	return pause, true, late
}

func (s *server) wait(ctx context.Context, d time.Duration) error {
	timer := s.config.Clock.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.Chan():
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%s: %w", operationToken, context.Cause(ctx))
	}
}
