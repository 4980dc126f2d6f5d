package receiver

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	// maxEntries bounds the entries and the devices of one callback. ThingSpace
	// sends one entry; without a bound, a small body could unfold into a large
	// number of rows.
	maxEntries = 1000

	// OperatorTerminated is the name of the event that an operator's word
	// leaves. It never comes from outside.
	OperatorTerminated = "OperatorTerminated"

	eventAcknowledged = "QoSChangeReqAck"
	eventOn           = "QoSChangeOn"
	eventFailed       = "QoSChangeFailed"
	eventTerminated   = "QoSChangeTerminated"

	statusSuccess = "SUCCESS"
	statusFailed  = "FAILED"
)

// Callback is one parsed QoS callback. Username and Password are nil where the
// callback carried none; ThingSpace's documents show them only with some events.
type Callback struct {
	Username *string `json:"-"`
	Password *string `json:"-"`
	Events   []Event `json:"events"`
}

// String names the callback without its credentials.
func (c Callback) String() string { return fmt.Sprintf("callback of %d events", len(c.Events)) }

// GoString keeps the credentials out of %#v as well.
func (c Callback) GoString() string { return c.String() }

type envelope struct {
	RequestID      identifier       `json:"requestId"`
	DeviceIDs      []deviceID       `json:"deviceIds"`
	DeviceResponse *json.RawMessage `json:"deviceResponse"`
	Username       *text            `json:"username"`
	Password       *text            `json:"password"`
}

type deviceID struct {
	ID   identifier `json:"id"`
	Kind text       `json:"kind"`
}

type deviceResponse struct {
	QoS []json.RawMessage `json:"qoS"`
}

type entry struct {
	AccountName       identifier `json:"accountName"`
	QoSSubscriptionID identifier `json:"qosSubscriptionId"`
	QoSEvent          identifier `json:"qosEvent"`
	Status            text       `json:"status"`
	Reason            text       `json:"reason"`
	ReportedTime      text       `json:"reportedTime"`
}

// ParseCallback reads the body of a QoS callback as ThingSpace documents it
// (ThingSpace, "Create QoS subscription", callback examples), one event per
// entry of deviceResponse.qoS. Keys are read whatever their case, numbers are
// taken where strings are documented, unknown fields and event names are kept.
//
// As many device ids as entries belong to the entries one by one; otherwise each
// entry gets all of them. Event.Body is the callback without user name and
// password; where a callback has several entries, the first event keeps all of
// it and each further one only its own entry.
//
// A body that can not be used gives an *InvalidError. The events are neither
// authenticated nor numbered.
func ParseCallback(body []byte, receivedAt time.Time) (Callback, error) {
	if !utf8.Valid(body) {
		return Callback{}, invalidf("the body is not valid UTF-8")
	}
	var env envelope
	if err := json.Unmarshal(body, &env); err != nil {
		return Callback{}, describe("", err)
	}
	entries, err := env.entries()
	if err != nil {
		return Callback{}, err
	}
	redacted, err := redact(body)
	if err != nil {
		return Callback{}, err
	}
	callback := Callback{Username: (*string)(env.Username), Password: (*string)(env.Password)}
	for i, raw := range entries {
		event, err := env.event(i, len(entries), raw)
		if err != nil {
			return Callback{}, err
		}
		event.ReceivedAt = receivedAt
		event.Body = redacted
		if i > 0 {
			if event.Body, err = env.alone(raw); err != nil {
				return Callback{}, err
			}
		}
		callback.Events = append(callback.Events, event)
	}
	return callback, nil
}

func (env *envelope) entries() ([]json.RawMessage, error) {
	if env.DeviceResponse == nil {
		return nil, invalidf("deviceResponse is missing")
	}
	var response deviceResponse
	if err := json.Unmarshal(*env.DeviceResponse, &response); err != nil {
		return nil, describe("deviceResponse", err)
	}
	switch {
	case len(response.QoS) == 0:
		return nil, invalidf("deviceResponse.qoS is missing or empty")
	case len(response.QoS) > maxEntries:
		return nil, invalidf("deviceResponse.qoS has more than %d entries", maxEntries)
	case len(env.DeviceIDs) > maxEntries:
		return nil, invalidf("deviceIds has more than %d devices", maxEntries)
	}
	return response.QoS, nil
}

func (env *envelope) event(i, entries int, raw json.RawMessage) (Event, error) {
	var parsed entry
	if err := json.Unmarshal(raw, &parsed); err != nil {
		return Event{}, describe("deviceResponse.qoS", err)
	}
	switch {
	case parsed.QoSEvent == "":
		return Event{}, invalidf("deviceResponse.qoS[%d].qosEvent is missing", i)
	case strings.EqualFold(string(parsed.QoSEvent), OperatorTerminated):
		return Event{}, invalidf("deviceResponse.qoS[%d].qosEvent is reserved", i)
	case env.RequestID == "" && parsed.QoSSubscriptionID == "":
		return Event{}, invalidf("deviceResponse.qoS[%d] has neither a requestId nor a qosSubscriptionId", i)
	}
	return Event{
		RequestID:         string(env.RequestID),
		AccountName:       string(parsed.AccountName),
		QoSSubscriptionID: string(parsed.QoSSubscriptionID),
		DeviceIDs:         env.devices(i, entries),
		QoSEvent:          string(parsed.QoSEvent),
		Status:            string(parsed.Status),
		Reason:            string(parsed.Reason),
		ReportedTime:      string(parsed.ReportedTime),
		Deliveries:        1,
	}, nil
}

func (env *envelope) devices(i, entries int) []Device {
	named := env.DeviceIDs
	if entries > 1 && len(named) == entries {
		named = named[i : i+1]
	}
	var devices []Device
	for _, d := range named {
		if d.ID != "" {
			devices = append(devices, Device{ID: string(d.ID), Kind: string(d.Kind)})
		}
	}
	return devices
}

func (env *envelope) alone(raw json.RawMessage) (string, error) {
	own, err := json.Marshal(map[string]any{
		"requestId":      env.RequestID,
		"deviceResponse": deviceResponse{QoS: []json.RawMessage{raw}},
	})
	if err != nil {
		return "", describe("deviceResponse.qoS", err)
	}
	return redact(own)
}

// redact returns the JSON without any member called username or password. The
// documents put them at the top; elsewhere they would be no less secret.
func redact(body []byte) (string, error) {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return "", describe("", err)
	}
	var out strings.Builder
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(withoutCredentials(value)); err != nil {
		return "", describe("", err)
	}
	return strings.TrimSuffix(out.String(), "\n"), nil
}

func withoutCredentials(value any) any {
	switch v := value.(type) {
	case map[string]any:
		for key, member := range v {
			if strings.EqualFold(key, "username") || strings.EqualFold(key, "password") {
				delete(v, key)
				continue
			}
			v[key] = withoutCredentials(member)
		}
	case []any:
		for i := range v {
			v[i] = withoutCredentials(v[i])
		}
	}
	return value
}

// identifier is a string of one word or a number taken for one.
type identifier string

func (v *identifier) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && (data[0] == '{' || data[0] == '[') {
		return errors.New("an identifier must be a string or a number")
	}
	var t text
	if err := t.UnmarshalJSON(data); err != nil {
		return err
	}
	*v = identifier(strings.TrimSpace(string(t)))
	return nil
}

// text is a string; anything else is taken as the JSON it was sent as, because
// losing a callback over the form of its reason would be worse. NUL characters,
// which not every database takes, are left out.
type text string

func (v *text) UnmarshalJSON(data []byte) error {
	if bytes.Equal(data, []byte("null")) {
		return nil
	}
	if len(data) == 0 || data[0] != '"' {
		*v = text(data)
		return nil
	}
	var s string
	if err := json.Unmarshal(data, &s); err != nil {
		return err
	}
	*v = text(strings.ReplaceAll(s, "\x00", ""))
	return nil
}

// describe says in which member the JSON is wrong without quoting its values:
// they may be credentials.
func describe(member string, err error) error {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return invalidf("the body is not valid JSON (at byte %d)", syntax.Offset)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return invalidf("the body is not valid JSON (it ends early)")
	case errors.As(err, &kind):
		path := strings.Trim(member+"."+kind.Field, ".")
		if path == "" {
			path = "the body"
		}
		return invalidf("%s must not be a JSON %s", path, kind.Value)
	default:
		return invalidf("%v", err)
	}
}

// Key identifies an event however often and in whatever envelope it is
// delivered. The delivery counter is no part of it (callbackCount says how often
// a message was sent, not which one it is).
func (e Event) Key() string {
	devices := make([]string, 0, len(e.DeviceIDs))
	for _, d := range e.DeviceIDs {
		devices = append(devices, strings.ToLower(d.ID))
	}
	slices.Sort(devices)
	hash := sha256.New()
	// Encoding strings can not fail, and a hash takes every write.
	_ = json.NewEncoder(hash).Encode([]any{
		e.RequestID, e.QoSSubscriptionID, strings.ToLower(e.QoSEvent), e.Status, e.ReportedTime, devices,
	})
	return hex.EncodeToString(hash.Sum(nil))
}

// Acknowledges reports whether e is the acknowledgement of a request, the first
// callback after the POST, and not its refusal.
func (e Event) Acknowledges() bool { return e.class() == classAcknowledged }

// MakesRequest reports whether e can only come of a request, so that its request
// id is one even if nothing journalled it. A failure or a termination can as
// well carry the id of a stop.
func (e Event) MakesRequest() bool {
	return e.RequestID != "" && (e.Acknowledges() || e.class() == classOn)
}

type eventClass int

const (
	classOther eventClass = iota
	classAcknowledged
	classOn
	classFailed
	classTerminated
	classResolved
)

// class reads the event's name case-insensitively: the documents spell
// QoSChangeOn in two ways. A status that contradicts the name makes it a failure.
func (e Event) class() eventClass {
	failed := strings.EqualFold(e.Status, statusFailed)
	switch {
	case strings.EqualFold(e.QoSEvent, OperatorTerminated):
		return classResolved
	case strings.EqualFold(e.QoSEvent, eventFailed):
		return classFailed
	case strings.EqualFold(e.QoSEvent, eventAcknowledged):
		if e.Status != "" && !strings.EqualFold(e.Status, statusSuccess) {
			return classFailed
		}
		return classAcknowledged
	case strings.EqualFold(e.QoSEvent, eventOn) && !failed:
		return classOn
	case strings.EqualFold(e.QoSEvent, eventTerminated):
		if failed {
			return classFailed
		}
		return classTerminated
	default:
		return classOther
	}
}
