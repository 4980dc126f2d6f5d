package camara

import (
	"time"

	"github.com/google/uuid"
)

// listener is where the notifications about one session or assignment go.
type listener struct {
	webhook bool // rather than sink
	url     string
	kind    string // the sink credential's type; "" if there is none
	token   string
	// expires is when the token does; nil if that is not known.
	expires     *time.Time
	expiresText string
}

// echo writes the listener into an answer, its credentials only if asked.
func (l *listener) echo(into map[string]any, credentials bool) {
	if l == nil {
		return
	}
	if l.webhook {
		hook := map[string]any{"notificationUrl": l.url}
		if credentials && l.token != "" {
			hook["notificationAuthToken"] = l.token
		}
		into["webhook"] = hook
		return
	}
	into["sink"] = l.url
	if !credentials || l.kind == "" {
		return
	}
	credential := map[string]any{"credentialType": l.kind}
	if l.kind == "ACCESSTOKEN" {
		credential["accessToken"] = l.token
		credential["accessTokenExpiresUtc"] = l.expiresText
		credential["accessTokenType"] = "bearer"
	}
	into["sinkCredential"] = credential
}

// cloudEvent is the body of a notification, CloudEvents 1.0 in structured mode.
type cloudEvent struct {
	ID              string            `json:"id"`
	Source          string            `json:"source"`
	SpecVersion     string            `json:"specversion"`
	Type            string            `json:"type"`
	Time            string            `json:"time"`
	DataContentType string            `json:"datacontenttype"`
	Data            map[string]string `json:"data"`
}

// event writes a change as the version's notification.
func (d dialect) event(c change, source string) cloudEvent {
	id := "sessionId"
	if c.grant.operation == OpCreateAssignment {
		id = "assignmentId"
	}
	data := map[string]string{id: c.grant.id}
	for _, member := range d.eventStatus {
		data[member] = string(c.status)
	}
	if c.info != "" {
		data["statusInfo"] = string(c.info)
	}
	return cloudEvent{
		ID: uuid.NewString(), Source: source, SpecVersion: "1.0", Type: d.eventType,
		Time: rfc3339(c.at), DataContentType: "application/json", Data: data,
	}
}

// rfc3339 has milliseconds, as operators write it.
func rfc3339(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z07:00") }
