package thingspace

import (
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/qosform/terraform-provider-qos/internal/sandbox/exchange"
)

// issueToken is POST /api/ts/v1/oauth2/token.
func (s *Sandbox) issueToken(c *call) exchange.Answer {
	media, _, err := mime.ParseMediaType(c.request.Header.Get("Content-Type"))
	if err != nil || media != "application/x-www-form-urlencoded" {
		return exchange.OAuthError(http.StatusBadRequest, "invalid_request", "Content-Type must be application/x-www-form-urlencoded")
	}
	form, err := url.ParseQuery(string(c.body))
	if err != nil || !form.Has("grant_type") {
		return exchange.OAuthError(http.StatusBadRequest, "invalid_request", "Missing grant_type parameter value")
	}
	if form.Get("grant_type") != "client_credentials" {
		return exchange.OAuthError(http.StatusBadRequest, "unsupported_grant_type", "Unsupported grant_type value")
	}
	id, secret, basic := c.request.BasicAuth()
	if !basic || !s.identity.knowsClient(id, secret) {
		return exchange.OAuthError(http.StatusUnauthorized, "invalid_client", "Client Authentication failed.")
	}
	token, left := s.identity.issue()
	return exchange.JSON(http.StatusOK, struct {
		AccessToken string `json:"access_token"`
		Scope       string `json:"scope"`
		TokenType   string `json:"token_type"`
		ExpiresIn   int    `json:"expires_in"`
	}{token, "am_application_scope default", "Bearer", int(left / time.Second)})
}

// login is POST /api/m2m/v1/session/login.
func (s *Sandbox) login(c *call) exchange.Answer {
	username, password, err := parseLogin(c.body)
	if err != nil {
		return invalid(err)
	}
	session, result := s.identity.login(username, password, s.Switches().SingleSession)
	switch result {
	case loginRefused:
		return refused(http.StatusBadRequest, codeLoginFailed, "The username or password is incorrect.")
	case loginLocked:
		return refused(http.StatusBadRequest, codeLoginLocked, "The username is locked. Contact Verizon support to unlock it.")
	case loginGranted:
	}
	if s.faults.strikes(FaultEmptyLogin, subject{operation: OpLogin}) {
		return exchange.JSON(http.StatusOK, struct{}{})
	}
	return exchange.JSON(http.StatusOK, map[string]string{"sessionToken": session})
}

func parseLogin(body []byte) (username, password string, err error) {
	raw, err := document(body)
	if err != nil {
		return "", "", err
	}
	members, err := object(raw, "", []string{"username", "password"}, nil)
	if err != nil {
		return "", "", err
	}
	if username, err = text(members["username"], "username"); err != nil {
		return "", "", err
	}
	password, err = text(members["password"], "password")
	return username, password, err
}

// listCallbacks is GET /api/m2m/v1/callbacks/{account}.
func (s *Sandbox) listCallbacks(c *call) exchange.Answer {
	account := c.request.PathValue("account")
	if err := s.checkAccount(account); err != nil {
		return invalid(err)
	}
	callbacks := s.registry.list(account)
	if len(callbacks) == 0 {
		// "Response body will be empty": zero bytes, not an empty array.
		return exchange.Answer{Status: http.StatusOK}
	}
	return exchange.JSON(http.StatusOK, callbacks)
}

// registerCallback is POST /api/m2m/v1/callbacks/{account}.
func (s *Sandbox) registerCallback(c *call) exchange.Answer {
	account := c.request.PathValue("account")
	if err := s.checkAccount(account); err != nil {
		return invalid(err)
	}
	callback, err := s.parseCallback(account, c.body)
	if err != nil {
		return invalid(err)
	}
	if s.Switches().RefuseOverwrite {
		if !s.registry.setNew(callback) {
			return refused(http.StatusBadRequest, codeUnexpected,
				"Callback service "+callback.ServiceName+" is already registered; deregister it first.")
		}
	} else {
		s.registry.set(callback)
	}
	return callbackAnswer(account, callback.ServiceName)
}

func (s *Sandbox) parseCallback(account string, body []byte) (Callback, error) {
	raw, err := document(body)
	if err != nil {
		return Callback{}, err
	}
	members, err := object(raw, "", []string{"name", "url"}, []string{"username", "password"})
	if err != nil {
		return Callback{}, err
	}
	c := Callback{AccountName: account}
	if c.ServiceName, err = choice(members["name"], "name", callbackServices()...); err != nil {
		return Callback{}, err
	}
	if c.URL, err = filled(members["url"], "url"); err != nil {
		return Callback{}, err
	}
	if err := checkCallbackURL(c.URL, s.Switches().AnyPort); err != nil {
		return Callback{}, err
	}
	if c.Username, err = listenerCredential(members, "username", s.options.Username); err != nil {
		return Callback{}, err
	}
	c.Password, err = listenerCredential(members, "password", s.options.Password)
	return c, err
}

func listenerCredential(members map[string]json.RawMessage, field, login string) (string, error) {
	value, err := optionalText(members, field)
	if err != nil {
		return "", err
	}
	return value, checkListenerCredential(field, value, login)
}

// deregisterCallback is DELETE /api/m2m/v1/callbacks/{account}/name/{service}.
func (s *Sandbox) deregisterCallback(c *call) exchange.Answer {
	account, service := c.request.PathValue("account"), c.request.PathValue("service")
	if err := s.checkAccount(account); err != nil {
		return invalid(err)
	}
	if !s.registry.remove(account, service) {
		return refused(http.StatusBadRequest, codeNoCallback, "Callback service "+service+" is not registered.")
	}
	return callbackAnswer(account, service)
}

func callbackAnswer(account, service string) exchange.Answer {
	return exchange.JSON(http.StatusOK, struct {
		AccountName string `json:"accountName"`
		ServiceName string `json:"serviceName"`
	}{account, service})
}

// create is POST enhanceQoS.
func (s *Sandbox) create(c *call) exchange.Answer {
	if c.request.URL.RawQuery != "" {
		return invalid(fmt.Errorf("the resource takes no query parameters"))
	}
	request, err := parseCreate(c.body)
	if err != nil {
		return invalid(err)
	}
	if err := s.checkAccount(request.accountName); err != nil {
		return invalid(err)
	}
	if _, registered := s.registry.get(request.accountName, QoSService); !registered {
		return refused(http.StatusForbidden, codeNoCallback, "Register a callback for "+QoSService+" first.")
	}
	requestID := uuid.NewString()
	first := s.faults.strikes(FaultCallbackFirst, s.subjectOf(c))
	for _, steps := range s.begin(requestID, request) {
		if first {
			s.scheduler.Now(steps[0].act)
			steps = steps[1:]
		}
		s.follow(steps)
	}
	return exchange.JSON(http.StatusCreated, requestAnswer{requestID})
}

type requestAnswer struct {
	RequestID string `json:"requestId"`
}

// stop is DELETE enhanceQoS. Whether there is anything to stop is only told in
// the callback.
func (s *Sandbox) stop(c *call) exchange.Answer {
	if len(c.body) > 0 {
		return invalid(fmt.Errorf("the request must have no body: accountName and qosSubscriptionId are query parameters"))
	}
	account, subscriptionID, err := parseStop(c.request.URL)
	if err != nil {
		return invalid(err)
	}
	if err := s.checkAccount(account); err != nil {
		return invalid(err)
	}
	requestID := uuid.NewString()
	s.scheduler.After(s.options.TerminateDelay, s.stopping(account, subscriptionID, requestID))
	return exchange.JSON(http.StatusCreated, requestAnswer{requestID})
}

func parseStop(u *url.URL) (account, subscriptionID string, err error) {
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return "", "", fmt.Errorf("the query is malformed")
	}
	for name, values := range query {
		if name != "accountName" && name != "qosSubscriptionId" {
			return "", "", fmt.Errorf("query parameter %s is not documented", name)
		}
		if len(values) > 1 {
			return "", "", fmt.Errorf("query parameter %s is given twice", name)
		}
	}
	account, subscriptionID = query.Get("accountName"), query.Get("qosSubscriptionId")
	if err := checkAccountName(account); err != nil {
		return "", "", err
	}
	if subscriptionID == "" {
		return "", "", fmt.Errorf("query parameter qosSubscriptionId is required")
	}
	return account, subscriptionID, nil
}

func (s *Sandbox) checkAccount(account string) error {
	if slices.Contains(s.options.Accounts, account) {
		return nil
	}
	return refuse(codeAccountNotFound, "Account %q does not exist.", account)
}
