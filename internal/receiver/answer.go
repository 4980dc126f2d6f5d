package receiver

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// decode reads an answer into out, or says what else it is.
func (c *Client) decode(answer *httpAnswer, out any) error {
	switch {
	case answer.status >= 300 && answer.status < 400:
		return fmt.Errorf("%w: %s redirects to %q; use that address", ErrNotReceiver, c.base, answer.location)
	case answer.status >= 400:
		return c.failure(answer)
	case answer.contentType != contentTypeJSON:
		return c.foreign(answer)
	}
	if err := json.Unmarshal(answer.body, out); err != nil {
		return fmt.Errorf("%w: %s sent JSON that cannot be read: %w", ErrNotReceiver, c.base, err)
	}
	return nil
}

func (c *Client) failure(answer *httpAnswer) error {
	if answer.contentType != contentTypeProblem {
		return c.foreign(answer)
	}
	var problem conflictProblem
	if err := json.Unmarshal(answer.body, &problem); err != nil {
		return fmt.Errorf("%w: %s sent problem details that cannot be read: %w", ErrNotReceiver, c.base, err)
	}
	problem.Status = answer.status
	switch {
	case answer.status == http.StatusConflict && problem.Existing != nil:
		return &ConflictError{Kind: problem.Conflict, Existing: *problem.Existing}
	case answer.status == http.StatusNotFound && problem.Type == typeUnknown:
		return fmt.Errorf("%w: %w", ErrNotFound, &problem.Problem)
	default:
		return &problem.Problem
	}
}

// foreign says what answered instead of a receiver. A proxy that reports its
// backend as down is as good as a refused connection.
func (c *Client) foreign(answer *httpAnswer) error {
	sentinel := ErrNotReceiver
	if retryable(answer.status) {
		sentinel = ErrUnreachable
	}
	kind := answer.contentType
	if kind == "" {
		kind = "no content type"
	}
	return fmt.Errorf("%w: %s answered HTTP %d (%s)%s", sentinel, c.base, answer.status, kind, quote(answer.body))
}

// quote gives the beginning of a body on one line, or nothing.
func quote(body []byte) string {
	text := strings.Join(strings.Fields(strings.ToValidUTF8(string(body), "")), " ")
	if text == "" {
		return ""
	}
	return ": " + shortened(text, excerpt)
}

// shortened gives the beginning of a text that is longer than most bytes.
func shortened(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}

// query is f as URL parameters, in the names of GET /v1/requests.
func (f Filter) query() url.Values {
	v := url.Values{}
	setString(v, "id", f.ID)
	setString(v, "account_name", f.AccountName)
	setString(v, "request_id", f.RequestID)
	setString(v, "qos_subscription_id", f.QoSSubscriptionID)
	setString(v, "device_id", f.DeviceID)
	setString(v, "state", joined(f.State))
	setString(v, "status", joined(f.Status))
	setBool(v, "live", f.Live)
	setBool(v, "unclaimed", f.Unclaimed)
	setBool(v, "include_unauthenticated", f.IncludeUnauthenticated)
	setString(v, "claim", f.Claim)
	setString(v, "cursor", f.Cursor)
	setInt(v, "limit", f.Limit)
	return v
}

// query is f as URL parameters, in the names of GET /v1/subscriptions.
func (f SubscriptionFilter) query() url.Values {
	v := url.Values{}
	setString(v, "account_name", f.AccountName)
	setString(v, "status", joined(f.Status))
	setString(v, "device_id", f.DeviceID)
	setBool(v, "unclaimed", f.Unclaimed)
	setBool(v, "include_unauthenticated", f.IncludeUnauthenticated)
	setString(v, "cursor", f.Cursor)
	setInt(v, "limit", f.Limit)
	return v
}

// query is f as URL parameters, in the names of GET /v1/quarantine.
func (f QuarantineFilter) query() url.Values {
	v := url.Values{}
	setString(v, "request_id", f.RequestID)
	setString(v, "cursor", f.Cursor)
	setInt(v, "limit", f.Limit)
	return v
}

func setString(v url.Values, name, value string) {
	if value != "" {
		v.Set(name, value)
	}
}

func setBool(v url.Values, name string, value bool) {
	if value {
		v.Set(name, "true")
	}
}

func setInt(v url.Values, name string, value int) {
	if value != 0 {
		v.Set(name, strconv.Itoa(value))
	}
}

func joined[T ~string](values []T) string {
	texts := make([]string, len(values))
	for i, value := range values {
		texts[i] = string(value)
	}
	return strings.Join(texts, ",")
}
