package camara

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/qosform/terraform-provider-qos/internal/sandbox/exchange"
)

// The rules of this file are those of CAMARA's "Security and Interoperability
// Profile", and of the RFCs it profiles.

const (
	grantClientCredentials = "client_credentials"
	grantJWTBearer         = "urn:ietf:params:oauth:grant-type:jwt-bearer" // #nosec G101 -- a grant type
	grantCIBA              = "urn:openid:params:grant-type:ciba"           // #nosec G101 -- a grant type

	assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
)

// oauthRefusal is an error of an OAuth endpoint.
type oauthRefusal struct {
	status            int
	code, description string
}

func (r *oauthRefusal) Error() string { return r.code + ": " + r.description }

func badRequest(code, format string, args ...any) error {
	return &oauthRefusal{http.StatusBadRequest, code, fmt.Sprintf(format, args...)}
}

func invalidClient(format string, args ...any) error {
	return &oauthRefusal{http.StatusUnauthorized, "invalid_client", fmt.Sprintf(format, args...)}
}

func oauthRefusing(err error) exchange.Answer {
	if r, ok := errors.AsType[*oauthRefusal](err); ok {
		return exchange.OAuthError(r.status, r.code, r.description)
	}
	return exchange.OAuthError(http.StatusInternalServerError, "server_error", err.Error())
}

// issueToken is POST /oauth/token.
func (s *Sandbox) issueToken(c *call) exchange.Answer {
	form, err := c.form()
	if err != nil {
		return oauthRefusing(err)
	}
	var p permit
	switch form.Get("grant_type") {
	case grantClientCredentials:
		p, err = s.clientCredentials(c, form)
	case grantJWTBearer:
		p, err = s.jwtBearer(c, form)
	case grantCIBA:
		p, err = s.poll(c, form)
	case "":
		err = badRequest("invalid_request", "grant_type is missing")
	default:
		err = badRequest("unsupported_grant_type", "unsupported grant_type %q", form.Get("grant_type"))
	}
	if err != nil {
		return oauthRefusing(err)
	}
	return exchange.JSON(http.StatusOK, struct {
		AccessToken string `json:"access_token"`
		TokenType   string `json:"token_type"`
		ExpiresIn   int    `json:"expires_in"`
		Scope       string `json:"scope,omitempty"`
	}{s.tokens.issue(p), "Bearer", int(s.options.TokenLifetime / time.Second), strings.Join(p.scopes, " ")})
}

func (s *Sandbox) clientCredentials(c *call, form url.Values) (permit, error) {
	client, err := s.authenticate(c, form)
	if err != nil {
		return permit{}, err
	}
	if form.Get("scope") == "" && !s.dialect.openTwoLegged {
		return permit{}, badRequest("invalid_scope", "scope is missing")
	}
	scopes, err := s.parseScope(client, form.Get("scope"), false)
	return permit{client: client.ID, scopes: scopes}, err
}

// jwtBearer takes an assertion that says all: who asks, for whom, and for what.
func (s *Sandbox) jwtBearer(c *call, form url.Values) (permit, error) {
	if form.Has("scope") {
		return permit{}, badRequest("invalid_request", "scope belongs in the assertion")
	}
	if form.Get("assertion") == "" {
		return permit{}, badRequest("invalid_request", "assertion is missing")
	}
	a, err := s.verify(c, form.Get("assertion"))
	if err != nil {
		return permit{}, badRequest("invalid_grant", "%s", err)
	}
	device, err := s.subscriber(a.subject)
	if err != nil {
		return permit{}, badRequest("invalid_grant", "sub: %s", err)
	}
	scopes, err := s.parseScope(a.client, a.scope, true)
	return permit{client: a.client.ID, device: &device, scopes: scopes}, err
}

// backchannel is POST /oauth/bc-authorize.
func (s *Sandbox) backchannel(c *call) exchange.Answer {
	form, err := c.form()
	if err != nil {
		return oauthRefusing(err)
	}
	client, err := s.authenticate(c, form)
	if err != nil {
		return oauthRefusing(err)
	}
	if slices.ContainsFunc([]string{"login_hint_token", "id_token_hint"}, form.Has) {
		return oauthRefusing(badRequest("invalid_request", "login_hint is the only hint that may be sent"))
	}
	if form.Get("login_hint") == "" || form.Get("scope") == "" {
		return oauthRefusing(badRequest("invalid_request", "scope and login_hint are required"))
	}
	scopes, err := s.parseScope(client, form.Get("scope"), true)
	if err != nil {
		return oauthRefusing(err)
	}
	device, err := s.subscriber(form.Get("login_hint"))
	if err != nil {
		return oauthRefusing(badRequest("unknown_user_id", "login_hint: %s", err))
	}
	id := uuid.NewString()
	s.pending.add(id, s.authentication(permit{client: client.ID, device: &device, scopes: scopes}))
	return exchange.JSON(http.StatusOK, struct {
		ID        string `json:"auth_req_id"`
		ExpiresIn int    `json:"expires_in"`
		Interval  int    `json:"interval"`
	}{id, int(s.options.RequestExpiry / time.Second), int(s.options.PollInterval / time.Second)})
}

// authentication decides, as it begins, how an authentication request will end.
func (s *Sandbox) authentication(p permit) *authentication {
	now := s.now()
	a := &authentication{
		permit: p, interval: s.options.PollInterval,
		consents: now.Add(s.options.ConsentDelay), expires: now.Add(s.options.RequestExpiry),
	}
	subject := subject{operation: OpAuthenticate, devices: p.device.names()}
	a.denied = s.faults.strikes(FaultDenyConsent, subject)
	if s.faults.strikes(FaultNoConsent, subject) {
		a.consents = a.expires
	}
	return a
}

func (s *Sandbox) poll(c *call, form url.Values) (permit, error) {
	client, err := s.authenticate(c, form)
	if err != nil {
		return permit{}, err
	}
	return s.pending.poll(form.Get("auth_req_id"), client.ID, s.now())
}

// authenticate checks the client's secret or assertion.
func (s *Sandbox) authenticate(c *call, form url.Values) (Client, error) {
	id, secret, basic := c.request.BasicAuth()
	if form.Has("client_assertion") || form.Has("client_assertion_type") {
		if basic {
			return Client{}, badRequest("invalid_request", "the client must authenticate in one way only")
		}
		return s.authenticateByAssertion(c, form)
	}
	if !basic {
		return Client{}, invalidClient("the client is not authenticated")
	}
	client, known := s.client(unescaped(id))
	if !known || client.Secret == "" || !equal(unescaped(secret), client.Secret) {
		return Client{}, invalidClient("client authentication failed")
	}
	return client, nil
}

func (s *Sandbox) authenticateByAssertion(c *call, form url.Values) (Client, error) {
	if form.Get("client_assertion_type") != assertionType {
		return Client{}, badRequest("invalid_request", "client_assertion_type must be %s", assertionType)
	}
	a, err := s.verify(c, form.Get("client_assertion"))
	switch {
	case err != nil:
		return Client{}, invalidClient("client_assertion: %s", err)
	case a.subject != a.client.ID:
		return Client{}, invalidClient("client_assertion: sub must be the client's id")
	case form.Has("client_id") && form.Get("client_id") != a.client.ID:
		return Client{}, invalidClient("client_assertion: iss is not client_id")
	}
	return a.client, nil
}

// client finds a client by its id.
func (s *Sandbox) client(id string) (Client, bool) {
	i := slices.IndexFunc(s.options.Clients, func(c Client) bool { return c.ID == id })
	if i < 0 {
		return Client{}, false
	}
	return s.options.Clients[i], true
}

// subscriber finds whom a login hint names.
func (s *Sandbox) subscriber(hint string) (Device, error) {
	device, wellFormed := deviceOfHint(hint)
	if !wellFormed {
		return Device{}, errors.New("neither tel:+… nor ipport:…")
	}
	known := s.options.Devices
	if len(known) > 0 && !slices.ContainsFunc(known, device.same) {
		return Device{}, errors.New("no such subscriber")
	}
	return device, nil
}

func (c *call) form() (url.Values, error) {
	media, _, err := mime.ParseMediaType(c.request.Header.Get("Content-Type"))
	if err != nil || media != "application/x-www-form-urlencoded" {
		return nil, badRequest("invalid_request", "Content-Type must be application/x-www-form-urlencoded")
	}
	form, err := url.ParseQuery(string(c.body))
	if err != nil {
		return nil, badRequest("invalid_request", "the form is malformed")
	}
	for name, values := range form {
		if len(values) > 1 {
			return nil, badRequest("invalid_request", "%s is given twice", name)
		}
	}
	return form, nil
}

// unescaped undoes the form encoding of HTTP Basic credentials (RFC 6749,
// 2.3.1), which plain values survive.
func unescaped(value string) string {
	if plain, err := url.QueryUnescape(value); err == nil {
		return plain
	}
	return value
}

func equal(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
