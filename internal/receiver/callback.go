package receiver

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// What one callback may hold. ThingSpace sends one entry with short texts;
// without bounds, a small body could unfold into a large number of rows.
const (
	maxEntries = 100
	// maxNamed bounds the devices, counted for each event that names them.
	maxNamed = 1000
	// maxIdentifier and maxText are in bytes.
	maxIdentifier = 256
	maxText       = 4 << 10
)

// Callback is one parsed QoS callback. Username and Password are nil where the
// callback carried none; ThingSpace's documents show them only with some events.
type Callback struct {
	Username *string `json:"-"`
	Password *string `json:"-"`
	// Events have no Body; see WithBodies.
	Events []Event `json:"events"`

	body    []byte
	entries []json.RawMessage
}

// String names the callback without its credentials.
func (c Callback) String() string { return fmt.Sprintf("callback of %d events", len(c.Events)) }

// GoString keeps the credentials out of %#v as well.
func (c Callback) GoString() string { return c.String() }

type envelope struct {
	RequestID      identifier      `json:"requestId"`
	DeviceIDs      json.RawMessage `json:"deviceIds"`
	DeviceResponse json.RawMessage `json:"deviceResponse"`
	Username       *text           `json:"username"`
	Password       *text           `json:"password"`
}

type deviceResponse struct {
	QoS json.RawMessage `json:"qoS"`
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
// entry of deviceResponse.qoS. Keys are read whatever their case; numbers are
// taken where strings are documented, one value where a list is, a string for a
// device id; unknown fields and event names are kept.
//
// As many device ids as entries belong to the entries one by one; otherwise each
// entry gets all of them, but a failure without a subscription id none: it would
// end what others of the entries have begun.
//
// A body that can not be used gives an *InvalidError: it holds at most 100
// entries, 1000 devices (counted for each entry that gets them), identifiers of
// 256 bytes and texts of 4 KiB. The events are neither authenticated nor
// numbered, and have no bodies yet.
func ParseCallback(body []byte, receivedAt time.Time) (Callback, error) {
	body = bytes.TrimPrefix(body, []byte("\ufeff"))
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
	named, err := list[deviceID]("deviceIds", "devices", env.DeviceIDs, maxNamed)
	if err != nil {
		return Callback{}, err
	}
	callback := Callback{Username: (*string)(env.Username), Password: (*string)(env.Password), body: body, entries: entries}
	for i, raw := range entries {
		event, err := env.event(i, raw)
		if err != nil {
			return Callback{}, err
		}
		event.ReceivedAt = receivedAt
		callback.Events = append(callback.Events, event)
	}
	if err := shareOut(named, callback.Events); err != nil {
		return Callback{}, err
	}
	return callback, nil
}

func (env *envelope) entries() ([]json.RawMessage, error) {
	if len(env.DeviceResponse) == 0 {
		return nil, invalidf("deviceResponse is missing")
	}
	var response deviceResponse
	if err := json.Unmarshal(env.DeviceResponse, &response); err != nil {
		return nil, describe("deviceResponse", err)
	}
	entries, err := list[json.RawMessage]("deviceResponse.qoS", "entries", response.QoS, maxEntries)
	if err == nil && len(entries) == 0 {
		err = invalidf("deviceResponse.qoS is missing or empty")
	}
	return entries, err
}

func (env *envelope) event(i int, raw json.RawMessage) (Event, error) {
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
		QoSEvent:          string(parsed.QoSEvent),
		Status:            string(parsed.Status),
		Reason:            string(parsed.Reason),
		ReportedTime:      string(parsed.ReportedTime),
		Deliveries:        1,
	}, nil
}

// shareOut gives the events of one callback their devices.
func shareOut(named []deviceID, events []Event) error {
	paired := len(events) > 1 && len(named) == len(events)
	if !paired && len(named)*len(events) > maxNamed {
		return invalidf("deviceIds has more than %d devices for each of %d entries", maxNamed/len(events), len(events))
	}
	all := devicesOf(named)
	for i := range events {
		switch {
		case paired:
			events[i].DeviceIDs = devicesOf(named[i : i+1])
		case len(events) > 1 && events[i].failsUnnamed():
		default:
			events[i].DeviceIDs = all
		}
	}
	if len(events) > 1 {
		markAmbiguous(events)
	}
	return nil
}

// markAmbiguous marks the failures that must not end anything, because other
// entries of the same callback tell of successes and nothing says that the
// failure is about another device than they are.
func markAmbiguous(events []Event) {
	succeeded := false
	acknowledged := map[string]struct{}{}
	for _, e := range events {
		if !e.Acknowledges() && e.class() != classOn {
			continue
		}
		succeeded = true
		for _, d := range e.DeviceIDs {
			acknowledged[DeviceKey(d.ID)] = struct{}{}
		}
	}
	if !succeeded {
		return
	}
	for i := range events {
		e := &events[i]
		e.Ambiguous = e.failsUnnamed() && (len(e.DeviceIDs) == 0 || slices.ContainsFunc(e.DeviceIDs, func(d Device) bool {
			_, found := acknowledged[DeviceKey(d.ID)]
			return found
		}))
	}
}

// WithBodies are the events, the first one with the callback as its body, but
// without credentials, and each further one with its own entry.
func (c Callback) WithBodies() ([]Event, error) {
	events := slices.Clone(c.Events)
	for i := range events {
		body := c.body
		if i > 0 {
			requestID, err := json.Marshal(events[i].RequestID)
			if err != nil {
				return nil, fmt.Errorf("encode a request id: %w", err)
			}
			body = fmt.Appendf(nil, `{"requestId":%s,"deviceResponse":{"qoS":[%s]}}`, requestID, c.entries[i])
		}
		kept, err := redact(body)
		if err != nil {
			return nil, err
		}
		events[i].Body = kept
	}
	return events, nil
}

// list decodes a JSON array of at most the given number of values, or one value
// in its place.
func list[T any](member, what string, raw json.RawMessage, most int) ([]T, error) {
	if len(raw) == 0 || bytes.Equal(raw, []byte("null")) {
		return nil, nil
	}
	if raw[0] != '[' {
		raw = slices.Concat([]byte("["), raw, []byte("]"))
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	if _, err := decoder.Token(); err != nil {
		return nil, describe(member, err)
	}
	var values []T
	for decoder.More() {
		if len(values) == most {
			return nil, invalidf("%s has more than %d %s", member, most, what)
		}
		var value T
		if err := decoder.Decode(&value); err != nil {
			return nil, describe(member, err)
		}
		values = append(values, value)
	}
	return values, nil
}

type deviceID struct {
	ID   identifier `json:"id"`
	Kind identifier `json:"kind"`
}

// UnmarshalJSON reads a device, or a bare id.
func (d *deviceID) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] != '{' {
		return d.ID.UnmarshalJSON(data)
	}
	type object deviceID
	return json.Unmarshal(data, (*object)(d))
}

func devicesOf(named []deviceID) []Device {
	var devices []Device
	for _, d := range named {
		if d.ID != "" {
			devices = append(devices, Device{ID: string(d.ID), Kind: string(d.Kind)})
		}
	}
	return devices
}

// identifier is a string of one word or a number taken for one.
type identifier string

// UnmarshalJSON refuses what can not be an identifier.
func (v *identifier) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && (data[0] == '{' || data[0] == '[') {
		return errors.New("an identifier must be a string or a number")
	}
	var t text
	if err := t.UnmarshalJSON(data); err != nil {
		return err
	}
	word := strings.TrimSpace(string(t))
	if len(word) > maxIdentifier {
		return fmt.Errorf("an identifier is longer than %d bytes", maxIdentifier)
	}
	*v = identifier(word)
	return nil
}

// text is a string; anything else is taken as the JSON it was sent as, because
// losing a callback over the form of its reason would be worse. NUL characters,
// which not every database takes, are left out.
type text string

// UnmarshalJSON takes any value that is not too long.
func (v *text) UnmarshalJSON(data []byte) error {
	if bytes.Equal(data, []byte("null")) {
		return nil
	}
	s := string(data)
	if len(data) > 0 && data[0] == '"' {
		if err := json.Unmarshal(data, &s); err != nil {
			return err
		}
	}
	s = strings.ReplaceAll(s, "\x00", "")
	if len(s) > maxText {
		return fmt.Errorf("a text is longer than %d bytes", maxText)
	}
	*v = text(s)
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
