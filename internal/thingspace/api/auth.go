package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/qosform/terraform-provider-qos/internal/answer"
	"github.com/qosform/terraform-provider-qos/internal/transport"
)

const (
	oauthPath = "/api/ts/v1/oauth2/token"
	loginPath = "/api/m2m/v1/session/login"

	// Codes of the API gateway; they come with 400, 401 or 403.
	codeInvalidCredentials = "900901"
	codeMissingCredentials = "900902"
	codeTokenExpired       = "900903"
	codeTokenInactive      = "900904"
	codeNoResource         = "900906"

	// maxRefusedLogins leaves a margin to the five consecutive failed logins
	// after which ThingSpace locks the user until Verizon's support unlocks it.
	maxRefusedLogins = 2
	// maxUnansweredLogins are as many in a row: each may have been refused.
	// Together the two limits never allow a fifth.
	maxUnansweredLogins = 3
)

// errLoginsSpent is the answer to every call that would need another login.
var errLoginsSpent = errors.New("no other login to ThingSpace is attempted, because five in a row that fail lock the user until " +
	"Verizon's support unlocks it. Check username and password, then start again")

// fetchBearer asks for an access token with the client credentials.
func (c *Client) fetchBearer(ctx context.Context) (string, time.Time, error) {
	r := request{operation: "get an access token", method: http.MethodPost, path: oauthPath, repeatable: true}
	config := clientcredentials.Config{
		ClientID:     c.config.ClientID,
		ClientSecret: c.config.ClientSecret,
		TokenURL:     c.config.BaseURL + oauthPath,
		AuthStyle:    oauth2.AuthStyleInHeader,
	}
	httpClient := c.start(r, &tokens{}).Client().StandardClient()
	httpClient.CheckRedirect = transport.NoRedirect
	fetched, err := config.Token(context.WithValue(ctx, oauth2.HTTPClient, httpClient))
	if err != nil {
		return "", time.Time{}, c.tokenError(r, err)
	}
	if !transport.ValidToken(fetched.AccessToken) {
		return "", time.Time{}, fmt.Errorf("%s: ThingSpace answered with a token that no header can carry", r.operation)
	}
	if fetched.Expiry.IsZero() {
		return fetched.AccessToken, time.Time{}, nil
	}
	return fetched.AccessToken, c.config.Clock.Now().Add(time.Until(fetched.Expiry)), nil
}

// tokenError reads the token endpoint's answer out of err.
func (c *Client) tokenError(r request, err error) error {
	var refused *oauth2.RetrieveError
	if errors.As(err, &refused) && refused.Response != nil {
		return c.refusal(r, tokens{}, answer.Answer{Status: refused.Response.StatusCode, Header: refused.Response.Header, Body: refused.Body})
	}
	return r.describe().ConnectionError(serverName, err)
}

// loginGuard counts failed logins over the life of the Client.
type loginGuard struct {
	mu                  sync.Mutex
	refused, unanswered int
	last                error
}

func (g *loginGuard) check() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.refused < maxRefusedLogins && g.unanswered < maxUnansweredLogins {
		return nil
	}
	return fmt.Errorf("%w. The last one ended so: %w", errLoginsSpent, g.last)
}

// note counts a login that ended with err, nil if it opened a session.
func (g *loginGuard) note(err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.last = err
	switch {
	case err == nil:
		g.unanswered = 0
	case loginRefused(err):
		g.refused++
	case OutcomeUnknown(err):
		g.unanswered++
	}
}

// login opens a VZ-M2M session. ThingSpace tells no lifetime: a session ends
// after 20 minutes without use, and a call that is refused then renews it.
func (c *Client) login(ctx context.Context) (string, time.Time, error) {
	if err := c.logins.check(); err != nil {
		return "", time.Time{}, err
	}
	r := request{
		operation: "log in to ThingSpace",
		method:    http.MethodPost,
		path:      loginPath,
		body:      loginBody{Username: c.config.Username, Password: c.config.Password},
		login:     true,
	}
	session, err := c.openSession(ctx, r)
	c.logins.note(err)
	return session, time.Time{}, err
}

func (c *Client) openSession(ctx context.Context, r request) (string, error) {
	a, err := c.call(ctx, r)
	if err != nil {
		return "", err
	}
	session, err := decodeSession(a.Body)
	if err != nil {
		// Without the body: it may hold what could not be read.
		return "", c.unreadable(r, answer.Answer{Status: a.Status, Header: a.Header}, err.Error())
	}
	return session, nil
}

type loginBody struct {
	Username string `json:"username"`
	Password string `json:"password"`
}

// decodeSession reads the session token, which ThingSpace's specification makes
// optional.
func decodeSession(body []byte) (string, error) {
	var session struct {
		SessionToken answer.Text `json:"sessionToken"`
	}
	if err := json.Unmarshal(body, &session); err != nil {
		return "", errors.New("the answer is not JSON")
	}
	value := strings.TrimSpace(string(session.SessionToken))
	switch {
	case value == "":
		return "", errors.New("the answer has no session token")
	case !transport.ValidToken(value):
		return "", errors.New("the answer has a session token that no header can carry")
	}
	return value, nil
}

// loginRefused reports whether err is the login service's own no, which counts
// towards the lock. A gateway's fault, an overload or a lost answer is not; a
// 2xx without a token is.
func loginRefused(err error) bool {
	var e *Error
	if NotSent(err) || !errors.As(err, &e) || e.shape == shapeGateway {
		return false
	}
	switch e.StatusCode {
	case http.StatusRequestTimeout, http.StatusTooManyRequests:
		return false
	default:
		return e.StatusCode < http.StatusInternalServerError
	}
}

// renewable reports whether a new access token or session may turn e into a success.
func (e *Error) renewable(r request) bool {
	return e.bearerRefused(r) || e.sessionRefused(r)
}

// bearerRefused reports whether a new access token may help. The gateway's codes
// say so whatever the status, and so does a 401 that gives no reason; but not
// for a login, where it is more likely about the password, and each repetition
// is a step towards the lock.
func (e *Error) bearerRefused(r request) bool {
	if e.shape == shapeApplication {
		return false
	}
	switch e.Code {
	case codeInvalidCredentials, codeMissingCredentials, codeTokenExpired, codeTokenInactive, "invalid_token":
		return true
	case "":
		return e.StatusCode == http.StatusUnauthorized && !r.login
	default:
		return false
	}
}

// sessionRefused reports whether a new session may help. The status is no guide:
// the same codes come with 400, 401 and 403. What precedes them is the name of
// the service, which ThingSpace says to ignore.
func (e *Error) sessionRefused(r request) bool {
	if r.login {
		return false
	}
	for _, code := range []string{"SessionToken.Expired", "SessionToken.Format", "SessionToken.Invalid"} {
		if e.Code == code || strings.HasSuffix(e.Code, "."+code) {
			return true
		}
	}
	return false
}
