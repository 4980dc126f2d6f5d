package api

import (
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/qosform/terraform-provider-qos/internal/answer"
)

// number is a whole number, however it is written; 0 where it cannot be read.
type number int64

// UnmarshalJSON implements json.Unmarshaler; it accepts every JSON value.
func (n *number) UnmarshalJSON(data []byte) error {
	var text answer.Text
	if err := text.UnmarshalJSON(data); err != nil {
		return err
	}
	*n = number(parseNumber(string(text)))
	return nil
}

func parseNumber(s string) int64 {
	s = strings.TrimSpace(s)
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return n
	}
	// Beyond 2^53 a fraction says nothing any more, nor does a size like 1e300.
	const exact = 1 << 53
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsNaN(f) || math.Abs(f) > exact {
		return 0
	}
	return int64(f)
}

// moment is a time as seconds since 1970, as their thousandths, or in RFC 3339;
// zero where it cannot be read, or is no time after 1970.
type moment struct{ time.Time }

// UnmarshalJSON implements json.Unmarshaler; it accepts every JSON value.
func (m *moment) UnmarshalJSON(data []byte) error {
	var text answer.Text
	if err := text.UnmarshalJSON(data); err != nil {
		return err
	}
	m.Time = parseMoment(strings.TrimSpace(string(text)))
	return nil
}

// pointer returns nil for no time.
func (m moment) pointer() *time.Time {
	if m.IsZero() {
		return nil
	}
	return &m.Time
}

const (
	// firstMillisecond is where a number must count thousandths: as seconds it
	// would be in the year 5138.
	firstMillisecond = 1e11
	// maxMillisecond is in the year 9999, beyond which RFC 3339 does not go.
	maxMillisecond = 253402300799999
)

func parseMoment(s string) time.Time {
	// The last two are for servers that forget the zone; all of CAMARA is in UTC.
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02 15:04:05"} {
		if t, err := time.Parse(layout, s); err == nil && t.Unix() > 0 {
			return t.UTC()
		}
	}
	n := parseNumber(s)
	switch {
	case n <= 0 || n > maxMillisecond:
		return time.Time{}
	case n >= firstMillisecond:
		return time.UnixMilli(n).UTC()
	default:
		return time.Unix(n, 0).UTC()
	}
}

// lenient is a part of an answer that can be done without; nil where it is not
// there, or not of the form that it should be. Half of it could be worse than none.
type lenient[T any] struct{ value *T }

// UnmarshalJSON implements json.Unmarshaler; it accepts every JSON value.
func (l *lenient[T]) UnmarshalJSON(data []byte) error {
	var value T
	l.value = nil
	if json.Unmarshal(data, &value) == nil && !reflect.ValueOf(value).IsZero() {
		l.value = &value
	}
	return nil
}

// get returns what could be read, or the zero value.
func (l lenient[T]) get() T {
	if l.value == nil {
		var zero T
		return zero
	}
	return *l.value
}

// sessionBody is a session in the words of every version.
type sessionBody struct {
	SessionID              answer.Text                `json:"sessionId"`
	ID                     answer.Text                `json:"id"`
	QoSStatus              answer.Text                `json:"qosStatus"`
	StatusInfo             answer.Text                `json:"statusInfo"`
	QoSProfile             answer.Text                `json:"qosProfile"`
	Device                 lenient[Device]            `json:"device"`
	ApplicationServer      lenient[ApplicationServer] `json:"applicationServer"`
	DevicePorts            lenient[Ports]             `json:"devicePorts"`
	ApplicationServerPorts lenient[Ports]             `json:"applicationServerPorts"`
	Duration               number                     `json:"duration"`
	StartedAt              moment                     `json:"startedAt"`
	ExpiresAt              moment                     `json:"expiresAt"`
	Messages               lenient[[]Message]         `json:"messages"`
	Sink                   answer.Text                `json:"sink"`
	Webhook                lenient[struct {
		NotificationURL string `json:"notificationUrl"`
	}] `json:"webhook"`
}

func (b sessionBody) session() Session {
	id := withoutPadding(b.SessionID)
	if id == "" {
		id = withoutPadding(b.ID)
	}
	return Session{
		ID:                     id,
		Status:                 constant(b.QoSStatus),
		StatusInfo:             constant(b.StatusInfo),
		Device:                 b.Device.value,
		ApplicationServer:      b.ApplicationServer.value,
		DevicePorts:            b.DevicePorts.value,
		ApplicationServerPorts: b.ApplicationServerPorts.value,
		QoSProfile:             withoutPadding(b.QoSProfile),
		NotificationURL:        b.Webhook.get().NotificationURL,
		Sink:                   withoutPadding(b.Sink),
		Duration:               int64(b.Duration),
		StartedAt:              b.StartedAt.pointer(),
		ExpiresAt:              b.ExpiresAt.pointer(),
		Messages:               b.Messages.get(),
	}
}

var errNoID = errors.New("the answer has no session id")

// decodeSession reads the answer to a request for the session of that id, or
// for a new one where id is empty.
func decodeSession(body []byte, id string) (Session, error) {
	var b sessionBody
	if err := decode(body, &b); err != nil {
		return Session{}, err
	}
	s := b.session()
	if s.ID == "" {
		s.ID = id
	}
	if s.ID == "" {
		return Session{}, errNoID
	}
	return s, nil
}

// decodeSessions reads a list. An entry without an id cannot be spoken of, so it
// makes the list unreadable rather than shorter.
func decodeSessions(body []byte) ([]Session, error) {
	var list []sessionBody
	if err := decode(body, &list); err != nil {
		return nil, err
	}
	sessions := make([]Session, 0, len(list))
	for _, b := range list {
		s := b.session()
		if s.ID == "" {
			return nil, errNoID
		}
		sessions = append(sessions, s)
	}
	return sessions, nil
}

// decode reads JSON, and says of anything else only that it is not what was
// expected: the text of a syntax error helps nobody.
func decode(body []byte, into any) error {
	if json.Unmarshal(body, into) != nil {
		return errors.New("the answer is not the JSON that it should be")
	}
	return nil
}
