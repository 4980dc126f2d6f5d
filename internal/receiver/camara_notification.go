package receiver

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
)

// NotificationPath is where CAMARA operators post their notifications: it is what
// a session's sink, or webhook.notification_url, names. With a public URL, they
// are also taken at this path below its own.
const NotificationPath = "/camara/notifications"

// statusChanged ends the types of the events that tell a status, whatever the API
// and its version: the documents disagree on what comes before.
const statusChanged = "status-changed"

// Notification is one event that a CAMARA operator told of a QoD session or a QoS
// assignment, stored once however often it came.
type Notification struct {
	Seq        int64     `json:"seq" doc:"The receiver's own sequence."`
	ReceivedAt time.Time `json:"received_at"`
	ResourceID string    `json:"resource_id,omitempty" doc:"Id of the session or assignment that it is about; absent in an event of an unknown type that names none."`
	Status     string    `json:"status,omitempty" doc:"AVAILABLE or UNAVAILABLE, as sent."`
	StatusInfo string    `json:"status_info,omitempty" doc:"Why it is UNAVAILABLE, as sent."`
	Type       string    `json:"type" doc:"The event's type, as sent."`
	Source     string    `json:"source,omitempty" doc:"The CloudEvent's source."`
	EventID    string    `json:"event_id,omitempty" doc:"The CloudEvent's id."`
	Time       string    `json:"time,omitempty" doc:"When it happened, as sent."`
	Deliveries int       `json:"deliveries" doc:"How often it was delivered."`
	Body       string    `json:"body,omitempty" doc:"The notification as it came; dropped by retention."`
}

// Key identifies a notification however often it is delivered: by source and id
// (CloudEvents 1.0, "id"), and by what it says, so that an operator whose ids are
// not unique loses nothing. One without an id is told apart by its time as well.
func (n Notification) Key() string {
	told := []string{n.Source, n.EventID, n.Type, n.ResourceID, n.Status, n.StatusInfo}
	if n.EventID == "" {
		told = append(told, n.Time)
	}
	hash := sha256.New()
	// Encoding strings can not fail, and a hash takes every write.
	_ = json.NewEncoder(hash).Encode(told)
	return hex.EncodeToString(hash.Sum(nil))
}

// NotificationTopic is what a store's Watch calls a change when notifications come
// that are about a session or assignment; about any of them, if the id is "". It
// is as long as a journal id, whatever the operator's ids are.
func NotificationTopic(resourceID string) string {
	return uuid.NewSHA1(uuid.NameSpaceURL, []byte("urn:qos-receiver:camara:"+resourceID)).String()
}

// NotificationFilter selects notifications; zero fields do not filter.
type NotificationFilter struct {
	ResourceID string `query:"resource_id" maxLength:"256" doc:"Only about this session or assignment."`
	After      int64  `query:"after" minimum:"0" doc:"Only notifications with a greater seq."`
	Limit      int    `query:"limit" minimum:"0" maximum:"1000" doc:"At most this many (default 100); fewer where they would be too large together."`
}

// NotificationList is what the store holds of what a filter selects.
type NotificationList struct {
	Notifications []Notification `json:"notifications" doc:"Oldest first. Ask again with after set to the last one's seq, until there are none."`
	Latest        int64          `json:"latest" doc:"What comes from now on has a greater seq."`
}

// NotificationStore is the part of a Store that is for CAMARA's notifications.
type NotificationStore interface {
	// RecordNotifications stores notifications, each once.
	RecordNotifications(ctx context.Context, notifications []Notification) error
	// Notifications returns what the filter selects, oldest first; fewer than its
	// limit where they would be too large together, but at least one if there is any.
	Notifications(ctx context.Context, f NotificationFilter) (*NotificationList, error)
}

// cloudEvent is a structured CloudEvent, as CAMARA's APIs send it from 0.10 on.
// Event is the form of 0.9, which some operators have kept.
type cloudEvent struct {
	ID     text            `json:"id"`
	Source text            `json:"source"`
	Type   text            `json:"type"`
	Time   text            `json:"time"`
	Data   json.RawMessage `json:"data"`
	Event  *legacyEvent    `json:"event"`
}

type legacyEvent struct {
	ID     text            `json:"eventId"`
	Type   text            `json:"eventType"`
	Time   text            `json:"eventTime"`
	Detail json.RawMessage `json:"eventDetail"`
}

// eventData is that of all APIs and versions: 0.2 of QoS provisioning names the
// assignment in its own way, and 0.3 the status in two.
type eventData struct {
	SessionID      identifier `json:"sessionId"`
	AssignmentID   identifier `json:"assignmentId"`
	ProvisioningID identifier `json:"provisioningId"`
	QoSStatus      identifier `json:"qosStatus"`
	Status         identifier `json:"status"`
	StatusInfo     text       `json:"statusInfo"`
}

// ParseNotification reads the body of a notification (CAMARA Quality on Demand,
// "Session notifications callback"; QoS Provisioning, "Assignment notifications
// callback"). Unknown types and members are kept. A body that can not be used
// gives an *InvalidError: it must be one JSON object with a type, and one that
// tells a status must say whose. Identifiers have at most 256 bytes, texts 4 KiB.
func ParseNotification(body []byte, receivedAt time.Time) (Notification, error) {
	body = bytes.TrimPrefix(body, []byte("\ufeff"))
	if !utf8.Valid(body) {
		return Notification{}, invalidf("the body is not valid UTF-8")
	}
	var event cloudEvent
	if err := json.Unmarshal(body, &event); err != nil {
		return Notification{}, describe("", err)
	}
	event.unfold()
	data, err := event.data()
	if err != nil {
		return Notification{}, err
	}
	kept, err := redact(body)
	if err != nil {
		return Notification{}, err
	}
	n := Notification{
		ReceivedAt: receivedAt,
		ResourceID: string(cmp.Or(data.SessionID, data.AssignmentID, data.ProvisioningID)),
		Status:     string(cmp.Or(data.QoSStatus, data.Status)),
		StatusInfo: string(data.StatusInfo),
		Type:       string(event.Type),
		Source:     string(event.Source),
		EventID:    string(event.ID),
		Time:       string(event.Time),
		Deliveries: 1,
		Body:       kept,
	}
	return n, n.validate()
}

// unfold brings the form of 0.9 into that of a CloudEvent.
func (e *cloudEvent) unfold() {
	if old := e.Event; old != nil && e.Type == "" {
		e.ID, e.Type, e.Time, e.Data = old.ID, old.Type, old.Time, old.Detail
	}
}

// data reads what the event says. That of an unknown type may be anything.
func (e *cloudEvent) data() (eventData, error) {
	var data eventData
	if len(e.Data) == 0 {
		return data, nil
	}
	if err := json.Unmarshal(e.Data, &data); err != nil {
		if tellsStatus(string(e.Type)) {
			return eventData{}, describe("data", err)
		}
		return eventData{}, nil
	}
	return data, nil
}

func (n Notification) validate() error {
	switch {
	case n.Type == "":
		return invalidf("type is missing")
	case tellsStatus(n.Type) && n.ResourceID == "":
		return invalidf("data has no sessionId or assignmentId")
	case tellsStatus(n.Type) && n.Status == "":
		return invalidf("data has no qosStatus or status")
	}
	return nil
}

// tellsStatus knows the types of 0.9 (QOS_STATUS_CHANGED) and those since
// (org.camaraproject.….qos-status-changed).
func tellsStatus(eventType string) bool {
	return strings.HasSuffix(strings.ToLower(strings.ReplaceAll(eventType, "_", "-")), statusChanged)
}
