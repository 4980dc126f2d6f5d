package receiver_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
)

const sessionID = "3fa85f64-5717-4562-b3fc-2c963f66afa6"

func TestParseNotification(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		body string
		want receiver.Notification
	}{
		"a session, 1.1": {
			`{"id":"e-1","source":"https://op/s","specversion":"1.0","type":"org.camaraproject.quality-on-demand.v1.qos-status-changed","time":"2030-01-01T00:00:00Z",
				"datacontenttype":"application/json","data":{"sessionId":"s-1","qosStatus":"UNAVAILABLE","statusInfo":"DURATION_EXPIRED"}}`,
			receiver.Notification{ResourceID: "s-1", Status: "UNAVAILABLE", StatusInfo: "DURATION_EXPIRED", Source: "https://op/s", EventID: "e-1", Type: "org.camaraproject.quality-on-demand.v1.qos-status-changed", Time: "2030-01-01T00:00:00Z"},
		},
		"a session, 0.10, without an id": {
			`{"type":"org.camaraproject.qod.v0.qos-status-changed","data":{"sessionId":"s-1","qosStatus":"AVAILABLE"}}`,
			receiver.Notification{ResourceID: "s-1", Status: "AVAILABLE", Type: "org.camaraproject.qod.v0.qos-status-changed"},
		},
		"a session, 0.9": {
			`{"event":{"eventId":"e-9","eventType":"QOS_STATUS_CHANGED","eventTime":"2023-07-01T00:00:00Z","eventDetail":{"sessionId":"s-9","qosStatus":"AVAILABLE"}},"eventSubscriptionId":"x"}`,
			receiver.Notification{ResourceID: "s-9", Status: "AVAILABLE", EventID: "e-9", Type: "QOS_STATUS_CHANGED", Time: "2023-07-01T00:00:00Z"},
		},
		"an assignment": {
			`{"id":"e","source":"s","type":"org.camaraproject.qos-provisioning.v0.status-changed","data":{"assignmentId":"a-1","status":"AVAILABLE"}}`,
			receiver.Notification{ResourceID: "a-1", Status: "AVAILABLE", Source: "s", EventID: "e", Type: "org.camaraproject.qos-provisioning.v0.status-changed"},
		},
		"an assignment, 0.2": {
			`{"id":"e","source":"s","type":"org.camaraproject.qod-provisioning.v0.status-changed","data":{"provisioningId":"p-1","qosStatus":"AVAILABLE"}}`,
			receiver.Notification{ResourceID: "p-1", Status: "AVAILABLE", Source: "s", EventID: "e", Type: "org.camaraproject.qod-provisioning.v0.status-changed"},
		},
		"an unknown type":              {`{"id":"e","source":"s","type":"x.y","data":[1]}`, receiver.Notification{Source: "s", EventID: "e", Type: "x.y"}},
		"an unknown type of a session": {`{"id":7,"source":"s","type":"x.y","data":{"sessionId":"s-1"}}`, receiver.Notification{ResourceID: "s-1", Source: "s", EventID: "7", Type: "x.y"}},
		"an unknown type without data": {`{"type":"x.y"}`, receiver.Notification{Type: "x.y"}},
		"a byte order mark":            {"\ufeff" + `{"type":"x.y"}`, receiver.Notification{Type: "x.y"}},
		"NUL characters":               {`{"type":"x\u0000.y","data":{"sessionId":"s\u0000"}}`, receiver.Notification{Type: "x.y", ResourceID: "s"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			now := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
			got, err := receiver.ParseNotification([]byte(test.body), now)
			if err != nil {
				t.Fatal(err)
			}
			test.want.ReceivedAt, test.want.Deliveries = now, 1
			if diff := cmp.Diff(test.want, got, cmpopts.IgnoreFields(receiver.Notification{}, "Body")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseNotificationRefuses(t *testing.T) {
	t.Parallel()
	const changed = `{"type":"org.camaraproject.quality-on-demand.v1.qos-status-changed","data":`
	for body, says := range map[string]string{
		"":                                     "not valid JSON",
		"{":                                    "not valid JSON",
		"[]":                                   "must not be a JSON array",
		"\xff":                                 "UTF-8",
		"{}":                                   "type is missing",
		`{"type":"x"} {}`:                      "not valid JSON",
		`{"event":{}}`:                         "type is missing",
		changed + `{"qosStatus":"AVAILABLE"}}`: "sessionId",
		changed + `{"sessionId":"s"}}`:         "qosStatus",
		changed + `[]}`:                        "data must not be a JSON array",
		changed + `{"sessionId":{}}}`:          "an identifier must be",
		`{"type":"QOS_STATUS_CHANGED"}`:        "sessionId",
		`{"type":"` + long(5000) + `"}`:        "longer than 4096",
		changed + `{"sessionId":"` + long(300) + `"}}`: "longer than 256",
	} {
		_, err := receiver.ParseNotification([]byte(body), time.Time{})
		var invalid *receiver.InvalidError
		if !errors.As(err, &invalid) || !strings.Contains(err.Error(), says) {
			t.Errorf("%.80q: %v, want %q", body, err, says)
		}
	}
}

func long(length int) string { return strings.Repeat("x", length) }

// FuzzParseNotification takes anything at all. What it accepts can be stored, and
// says nothing that the body does not say.
func FuzzParseNotification(f *testing.F) {
	f.Add([]byte(`{"id":"e","source":"s","type":"x.qos-status-changed","data":{"sessionId":"s-1","qosStatus":"AVAILABLE"}}`))
	f.Add([]byte(`{"event":{"eventId":"e","eventType":"QOS_STATUS_CHANGED","eventDetail":{"sessionId":"s","qosStatus":"x"}}}`))
	f.Add([]byte(`{"type":"x","data":7,"password":"p"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		n, err := receiver.ParseNotification(body, time.Time{})
		if err != nil {
			if _, invalid := errors.AsType[*receiver.InvalidError](err); !invalid {
				t.Errorf("%T: %v", err, err)
			}
			return
		}
		if n.Type == "" || len(n.ResourceID) > 256 || len(n.Body) > len(body) {
			t.Errorf("%+v", n)
		}
		for _, s := range []string{n.Type, n.ResourceID, n.Source, n.EventID, n.Status, n.StatusInfo, n.Time, n.Body} {
			if strings.ContainsRune(s, 0) {
				t.Errorf("a NUL in %q", s)
			}
		}
	})
}
