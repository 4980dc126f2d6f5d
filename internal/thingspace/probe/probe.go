// Package probe sends a callback listener what ThingSpace would send it, marked as
// a test. It knows nothing of Terraform.
package probe

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/qosform/terraform-provider-qos/internal/answer"
	"github.com/qosform/terraform-provider-qos/internal/attempt"
	"github.com/qosform/terraform-provider-qos/internal/transport"
)

// EventName marks an event as a test. ThingSpace has none by that name, so a
// receiver keeps it and concludes nothing from it.
const EventName = "CallbackTest"

// answerTimeout bounds the wait for a listener's answer.
const answerTimeout = 15 * time.Second

// Event is a test event. It prints without its credentials.
type Event struct {
	// ID is sent as the request id, by which a receiver keeps events.
	ID          string
	AccountName string
	// Username and Password are sent in the body, as ThingSpace does; left out
	// where they are empty.
	Username string `json:"-"`
	Password string `json:"-"`
}

// String tells which event it is.
func (e Event) String() string {
	return fmt.Sprintf("test event %s of account %s", e.ID, e.AccountName)
}

// GoString is String, so that %#v prints no password either.
func (e Event) GoString() string { return e.String() }

// LogValue implements slog.LogValuer like String.
func (e Event) LogValue() slog.Value { return slog.StringValue(e.String()) }

// body has the form of a QoS callback (ThingSpace, "Create the ThingSpace Quality
// of Service API Subscription").
type body struct {
	Username       string         `json:"username,omitempty"`
	Password       string         `json:"password,omitempty"`
	RequestID      string         `json:"requestId"`
	DeviceResponse deviceResponse `json:"deviceResponse"`
}

type deviceResponse struct {
	QoS []entry `json:"qoS"`
}

type entry struct {
	AccountName string `json:"accountName"`
	QoSEvent    string `json:"qosEvent"`
	Reason      string `json:"reason"`
}

func (e Event) body() ([]byte, error) {
	return json.Marshal(body{
		Username: e.Username, Password: e.Password, RequestID: e.ID,
		DeviceResponse: deviceResponse{QoS: []entry{{AccountName: e.AccountName, QoSEvent: EventName, Reason: "A test of the way here. It is about no subscription."}}},
	})
}

// Verdict is what a listener's answer means.
type Verdict int

const (
	// Taken: a 2xx.
	Taken Verdict = iota
	// Redirected: a 3xx, which was not followed.
	Redirected
	// Unauthorized: a 401; the listener, or what is in front of it, wants other
	// credentials.
	Unauthorized
	// Forbidden: a 403.
	Forbidden
	// Refused: anything else.
	Refused
)

// Answer is what a listener said to an event.
type Answer struct {
	// Status is the HTTP status.
	Status  int
	Verdict Verdict
	// Said are its words in one line, without the event's password; the detail
	// alone where it sent problem details (RFC 9457).
	Said string
}

func answerOf(got answer.Answer, password string) Answer {
	return Answer{
		Status:  got.Status,
		Verdict: verdictOf(got.Status),
		Said:    answer.Readable(answer.Scrubber(password, inJSON(password)).Replace(wordsOf(got))),
	}
}

// inJSON is the text as the body of an event has it, which a listener may repeat.
func inJSON(text string) string {
	encoded, _ := json.Marshal(text) // no string fails
	return strings.TrimSuffix(strings.TrimPrefix(string(encoded), `"`), `"`)
}

func verdictOf(status int) Verdict {
	switch {
	case status/100 == 2:
		return Taken
	case status/100 == 3:
		return Redirected
	case status == http.StatusUnauthorized:
		return Unauthorized
	case status == http.StatusForbidden:
		return Forbidden
	default:
		return Refused
	}
}

func wordsOf(got answer.Answer) string {
	var problem struct {
		Detail string `json:"detail"`
	}
	if err := json.Unmarshal(got.Body, &problem); err == nil && problem.Detail != "" {
		return problem.Detail
	}
	return got.PlainText()
}

// Sender posts test events.
type Sender struct {
	// UserAgent is sent with each.
	UserAgent string
}

// Send posts the event to a listener's URL, once, and follows no redirect. Its
// error means that no answer came, and repeats neither URL nor credentials.
func (s Sender) Send(ctx context.Context, listener string, e Event) (Answer, error) {
	content, err := e.body()
	if err != nil {
		return Answer{}, fmt.Errorf("encode the event: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, listener, bytes.NewReader(content))
	if err != nil {
		return Answer{}, attempt.WithoutURL(err)
	}
	req.Header.Set("Content-Type", "application/json")
	base := transport.New()
	defer base.CloseIdleConnections()
	resp, err := s.client(base).Do(req)
	if err != nil {
		return Answer{}, attempt.WithoutURL(err)
	}
	defer func() { _ = resp.Body.Close() }()
	got, err := answer.Read(resp)
	if err != nil {
		return Answer{}, err
	}
	return answerOf(got, e.Password), nil
}

// client logs nothing: all of a listener's URL may be a secret.
func (s Sender) client(base http.RoundTripper) *http.Client {
	settings := transport.Settings{Base: base, AttemptTimeout: answerTimeout, UserAgent: s.UserAgent, Logger: slog.New(slog.DiscardHandler)}
	return settings.Client()
}
