package api

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"

	"github.com/qosform/terraform-provider-qos/internal/answer"
)

const callbacksPath = "/api/m2m/v1/callbacks/"

// Callback is a callback listener as ThingSpace lists it. It prints without its
// password, which ThingSpace returns in clear, and never marshals it.
type Callback struct {
	// AccountName is the billing account, with its leading zeroes.
	AccountName string
	// Name is the callback service: "QoS".
	Name string
	// URL is where ThingSpace posts the service's callbacks.
	URL string
	// Username and Password are sent along in callbacks; empty if unset.
	Username string
	Password string `json:"-"`
}

// String shows everything but the password.
func (c Callback) String() string {
	return fmt.Sprintf("callback %s of account %s at %s (username %q)", c.Name, c.AccountName, c.URL, c.Username)
}

// GoString is String, so that %#v prints no password either.
func (c Callback) GoString() string { return c.String() }

// LogValue implements slog.LogValuer like String.
func (c Callback) LogValue() slog.Value { return slog.StringValue(c.String()) }

// CallbackRegistration is a callback listener to register. It prints without
// its password.
type CallbackRegistration struct {
	// Name is the callback service: "QoS".
	Name string
	// URL must be reachable from Verizon's data centers.
	URL string
	// Username and Password are optional and must not be the session's.
	Username string
	Password string `json:"-"`
}

// String shows everything but the password.
func (r CallbackRegistration) String() string {
	return fmt.Sprintf("callback %s at %s (username %q)", r.Name, r.URL, r.Username)
}

// GoString is String, so that %#v prints no password either.
func (r CallbackRegistration) GoString() string { return r.String() }

// LogValue implements slog.LogValuer like String.
func (r CallbackRegistration) LogValue() slog.Value { return slog.StringValue(r.String()) }

// Callbacks lists the account's callback listeners that were registered through
// REST; none is no error. ThingSpace, "List Callback Listeners".
func (c *Client) Callbacks(ctx context.Context, accountName string) ([]Callback, error) {
	r := request{operation: "list the callbacks", method: http.MethodGet, repeatable: true}
	if accountName == "" {
		return nil, notSent(r.operation, errNoAccount)
	}
	r.path = callbacksPath + url.PathEscape(accountName)
	a, err := c.call(ctx, r)
	if err != nil {
		return nil, err
	}
	callbacks, err := decodeCallbacks(a.Body)
	if err != nil {
		// Without the body: it may hold the listeners' passwords.
		return nil, c.unreadable(r, answer.Answer{Status: a.Status, Header: a.Header}, err.Error())
	}
	return callbacks, nil
}

// RegisterCallback registers a listener. ThingSpace keeps one per account and
// service. ThingSpace, "Register a Callback for the ThingSpace Quality of
// Service API".
func (c *Client) RegisterCallback(ctx context.Context, accountName string, registration CallbackRegistration) error {
	r := request{
		operation: "register the callback",
		method:    http.MethodPost,
		body:      registrationBody(registration),
		// The same registration twice is the same registration.
		repeatable: true,
		secret:     registration.Password,
	}
	if accountName == "" {
		return notSent(r.operation, errNoAccount)
	}
	r.path = callbacksPath + url.PathEscape(accountName)
	_, err := c.call(ctx, r)
	return err
}

// DeregisterCallback removes the listener of the service called name.
// ThingSpace, "Deregister a Callback Listener".
func (c *Client) DeregisterCallback(ctx context.Context, accountName, name string) error {
	r := request{operation: "deregister the callback", method: http.MethodDelete, repeatable: true}
	if accountName == "" {
		return notSent(r.operation, errNoAccount)
	}
	if name == "" {
		return notSent(r.operation, errors.New("the callback's name is empty"))
	}
	r.path = callbacksPath + url.PathEscape(accountName) + "/name/" + url.PathEscape(name)
	_, err := c.call(ctx, r)
	return err
}

type registrationBody struct {
	Name     string `json:"name"`
	URL      string `json:"url"`
	Username string `json:"username,omitempty"`
	Password string `json:"password,omitempty"`
}

// callbackBody is one listed callback. The service is sent as name and comes
// back as serviceName; some answers have been seen to keep name.
type callbackBody struct {
	AccountName answer.Text `json:"accountName"`
	ServiceName answer.Text `json:"serviceName"`
	Name        answer.Text `json:"name"`
	URL         answer.Text `json:"url"`
	Username    answer.Text `json:"username"`
	Password    answer.Text `json:"password"`
}

// decodeCallbacks reads the list; nothing at all, which is how ThingSpace
// answers for an account without listeners, is an empty one.
func decodeCallbacks(body []byte) ([]Callback, error) {
	if len(bytes.TrimSpace(body)) == 0 {
		return nil, nil
	}
	var listed []callbackBody
	if err := json.Unmarshal(body, &listed); err != nil {
		return nil, fmt.Errorf("the answer is not a list of callbacks: %w", err)
	}
	callbacks := make([]Callback, 0, len(listed))
	for _, l := range listed {
		callbacks = append(callbacks, Callback{
			AccountName: string(l.AccountName),
			Name:        string(cmp.Or(l.ServiceName, l.Name)),
			URL:         string(l.URL),
			Username:    string(l.Username),
			Password:    string(l.Password),
		})
	}
	return callbacks, nil
}
