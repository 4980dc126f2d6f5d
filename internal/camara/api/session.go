package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/qosform/terraform-provider-qos/internal/answer"
)

// Values of Session.Status and Assignment.Status.
const (
	// StatusRequested: the network has not answered yet.
	StatusRequested = "REQUESTED"
	// StatusAvailable: the network provides the quality.
	StatusAvailable = "AVAILABLE"
	// StatusUnavailable: it does not, or no longer.
	StatusUnavailable = "UNAVAILABLE"
)

// Values of Session.StatusInfo and Assignment.StatusInfo.
const (
	InfoDurationExpired   = "DURATION_EXPIRED"
	InfoNetworkTerminated = "NETWORK_TERMINATED"
	InfoDeleteRequested   = "DELETE_REQUESTED"
)

// Session is a QoD session as the operator tells it. What the operator leaves
// out is empty; from 0.11 on that may well be the device.
type Session struct {
	ID string
	// Status is StatusRequested, StatusAvailable or StatusUnavailable.
	Status string
	// StatusInfo is why a session is UNAVAILABLE.
	StatusInfo string

	Device                 *Device
	ApplicationServer      *ApplicationServer
	DevicePorts            *Ports
	ApplicationServerPorts *Ports
	QoSProfile             string
	// NotificationURL is the webhook's (0.10), Sink what took its place (0.11).
	NotificationURL string
	Sink            string

	// Duration is in seconds and the operator's own: what it grants while
	// REQUESTED, the whole length while AVAILABLE, the length that it really had
	// once UNAVAILABLE.
	Duration int64
	// StartedAt and ExpiresAt are in UTC, and nil where the operator tells none.
	StartedAt, ExpiresAt *time.Time
	// Messages are an operator's remarks (0.10).
	Messages []Message
}

// Message is a remark on a session.
type Message struct {
	// Severity is INFO or WARNING.
	Severity    string `json:"severity"`
	Description string `json:"description"`
}

// CreateSession asks for a session. CAMARA has no idempotency key, so the
// request is repeated only while it certainly has not been carried out; ask
// NotSent and OutcomeUnknown what an error means. What the version does not
// allow is refused with a *FieldError for each field, and nothing is sent.
// The answer may say that the session is UNAVAILABLE already.
func (c *Client) CreateSession(ctx context.Context, subject string, s CreateSession) (*Session, error) {
	r := c.sessionRequest("create the QoD session", subject, http.MethodPost, "/sessions", toCreate)
	body, err := s.encode(c.config.Version, c.config.DeviceBound)
	if err != nil {
		return nil, notSent(r, err)
	}
	r.body = body
	if s.Webhook != nil {
		r.secrets = append(r.secrets, s.Webhook.NotificationAuthToken)
	}
	if s.SinkCredential != nil {
		r.secrets = append(r.secrets, s.SinkCredential.AccessToken)
	}
	return c.callForSession(ctx, r, "")
}

// Session reads a session. Its error is Gone where it has ended, or never was,
// and Forbidden where it is another client's or subscriber's.
func (c *Client) Session(ctx context.Context, subject, id string) (*Session, error) {
	r := c.sessionRequest("read the QoD session", subject, http.MethodGet, "", toRead)
	r.repeatable = true
	r, err := r.withSession(id, "")
	if err != nil {
		return nil, err
	}
	return c.callForSession(ctx, r, id)
}

// DeleteSession ends a session. Gone of its error means that there was none any
// more; the caller decides what to make of that. A network that is busy with the
// session (HTTP 409) is asked again, like one that limits requests.
func (c *Client) DeleteSession(ctx context.Context, subject, id string) error {
	r := c.sessionRequest("delete the QoD session", subject, http.MethodDelete, "", toDelete)
	r.repeatable = true
	r, err := r.withSession(id, "")
	if err != nil {
		return err
	}
	_, err = c.call(ctx, r)
	return err
}

// ExtendSession asks for that many more seconds and returns the session as it
// then is. The operator grants fewer where its limit would be passed
// (Features.ExtendCap), so compare Duration and ExpiresAt. Like a create, an
// extension is repeated only while it certainly has not been carried out.
func (c *Client) ExtendSession(ctx context.Context, subject, id string, additionalSeconds int64) (*Session, error) {
	r := c.sessionRequest("extend the QoD session", subject, http.MethodPost, "", toExtend)
	r, err := r.withSession(id, "/extend")
	if err != nil {
		return nil, err
	}
	check := newChecker(c.config.Version)
	check.note(additionalSeconds < 1 || additionalSeconds > c.features.ExtensionMax, "requestedAdditionalDuration",
		"must be between 1 and "+strconv.FormatInt(c.features.ExtensionMax, 10)+" seconds")
	if err := join(check.problems); err != nil {
		return nil, notSent(r, err)
	}
	r.body = extendBody{RequestedAdditionalDuration: additionalSeconds}
	return c.callForSession(ctx, r, id)
}

type extendBody struct {
	RequestedAdditionalDuration int64 `json:"requestedAdditionalDuration"`
}

// deviceBody is a filter by device; without one, the token's device is meant.
type deviceBody struct {
	Device *Device `json:"device,omitempty"`
}

// RetrieveSessions lists the sessions of a device that this client, and no
// other, has created. None is no error. On 0.10, which has no list, it is tried
// nevertheless, because some operators serve one; where that shows that there is
// none, the error is ErrNotInAPI.
func (c *Client) RetrieveSessions(ctx context.Context, subject string, device *Device) ([]Session, error) {
	r := c.sessionRequest("list the device's QoD sessions", subject, http.MethodPost, "/retrieve-sessions", toList)
	r.repeatable = true
	if err := c.checkFilter(device); err != nil {
		return nil, notSent(r, err)
	}
	r.body = deviceBody{Device: sentDevice(c.config.Version, c.config.DeviceBound, device)}
	a, err := c.call(ctx, r)
	if err != nil {
		return nil, c.listError(err)
	}
	sessions, err := decodeSessions(a.Body)
	if err != nil {
		return nil, c.unreadable(r, a, err)
	}
	return sessions, nil
}

// listError returns nil for a refusal that means an empty list.
func (c *Client) listError(err error) error {
	var e *Error
	switch {
	case !errors.As(err, &e):
		return err
	case e.nothingListed(c.features.RetrieveSessions):
		return nil
	case !c.features.RetrieveSessions && e.notServed():
		return fmt.Errorf("%w: %w", ErrNotInAPI, err)
	default:
		return err
	}
}

// checkFilter checks a device to look for. There need be none where the token
// names it; whether it does, the operator knows best.
func (c *Client) checkFilter(device *Device) error {
	check := newChecker(c.config.Version)
	if device != nil || c.config.TwoLegged {
		check.checkDevice(device)
	}
	return join(check.problems)
}

func (c *Client) sessionRequest(operation, subject, method, path string, right right) request {
	return request{
		operation:  operation,
		subject:    subject,
		method:     method,
		root:       c.config.BaseURL,
		path:       path,
		correlator: newCorrelator(c.features.Correlator),
		scope:      sessionScope(c.config.Version, right),
		setting:    "base_url",
	}
}

// withSession completes the path of a request about one session.
func (r request) withSession(id, suffix string) (request, error) {
	escaped, err := segment("session id", id)
	if err != nil {
		return r, notSent(r, err)
	}
	r.path = "/sessions/" + escaped + suffix
	return r, nil
}

// callForSession makes r and reads the session in its answer.
func (c *Client) callForSession(ctx context.Context, r request, id string) (*Session, error) {
	a, err := c.call(ctx, r)
	if err != nil {
		return nil, err
	}
	return readSession(c, r, a, id)
}

func readSession(c *Client, r request, a answer.Answer, id string) (*Session, error) {
	s, err := decodeSession(a.Body, id)
	if err != nil {
		return nil, c.unreadable(r, a, err)
	}
	return &s, nil
}
