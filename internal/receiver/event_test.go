package receiver_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
)

const (
	requestID = "be36accb-0a9a-4367-93ab-0af6c4ed256a"

	callbackAcknowledged = `{"requestId":"be36accb-0a9a-4367-93ab-0af6c4ed256a",
		"deviceIds":[{"id":"5555550100","kind":"MDN"}],
		"deviceResponse":{"qoS":[{"accountName":"0000123456-00001","qosSubscriptionId":"sub-1",
		"reportedTime":"2023-02-17T18:56:52.795","qosEvent":"QoSChangeReqAck","status":"SUCCESS"}]},
		"callbackCount":1,"maxCallbackThreshold":4}`
	callbackRefused = `{"requestId":"be36accb-0a9a-4367-93ab-0af6c4ed256a",
		"deviceIds":[{"id":"5555550100","kind":"MDN"}],
		"deviceResponse":{"qoS":[{"accountName":"0000123456-00001","reportedTime":"2023-02-17T18:56:52.795",
		"qosEvent":"QoSChangeFailed","status":"FAILED","reason":"Device not found"}]},
		"callbackCount":1,"maxCallbackThreshold":4}`
	callbackOn = `{"username":"alice","password":"correct horse",
		"requestId":"be36accb-0a9a-4367-93ab-0af6c4ed256a",
		"deviceResponse":{"qoS":[{"accountName":"0000123456-00001","qosSubscriptionId":"sub-1",
		"reportedTime":"2023-02-17 18:57:48.627","qosEvent":"QosChangeOn"}]},
		"callbackCount":1,"maxCallbackThreshold":4}`
	callbackStopped = `{"requestId":"be36accb-0a9a-4367-93ab-0af6c4ed256a",
		"deviceResponse":{"qoS":[{"accountName":"0000123456-00001","qosSubscriptionId":"sub-1",
		"reportedTime":"2023-02-17T19:02:54.127","qosEvent":"QoSChangeTerminated","status":"SUCCESS"}]},
		"callbackCount":1,"maxCallbackThreshold":4}`
	callbackStopFailed = `{"requestId":"be36accb-0a9a-4367-93ab-0af6c4ed256a",
		"deviceResponse":{"qoS":[{"accountName":"0000123456-00001","reportedTime":"2023-02-17T19:02:54.127",
		"qosEvent":"QoSChangeFailed","status":"FAILED","reason":"device not found"}]},
		"callbackCount":1,"maxCallbackThreshold":4}`
)

func TestParseCallbackReadsDocumentedBodies(t *testing.T) {
	t.Parallel()
	received := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	device := []receiver.Device{{ID: "5555550100", Kind: "MDN"}}
	event := func(name, subscription, status, reason, reported string, devices []receiver.Device) receiver.Event {
		return receiver.Event{
			ReceivedAt: received, RequestID: requestID, AccountName: "0000123456-00001",
			QoSSubscriptionID: subscription, DeviceIDs: devices, QoSEvent: name, Status: status,
			Reason: reason, ReportedTime: reported, Deliveries: 1,
		}
	}
	tests := map[string]struct {
		body string
		want receiver.Event
	}{
		"acknowledged": {callbackAcknowledged, event("QoSChangeReqAck", "sub-1", "SUCCESS", "", "2023-02-17T18:56:52.795", device)},
		"refused":      {callbackRefused, event("QoSChangeFailed", "", "FAILED", "Device not found", "2023-02-17T18:56:52.795", device)},
		"on":           {callbackOn, event("QosChangeOn", "sub-1", "", "", "2023-02-17 18:57:48.627", nil)},
		"stopped":      {callbackStopped, event("QoSChangeTerminated", "sub-1", "SUCCESS", "", "2023-02-17T19:02:54.127", nil)},
		"stop failed":  {callbackStopFailed, event("QoSChangeFailed", "", "FAILED", "device not found", "2023-02-17T19:02:54.127", nil)},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			callback, err := receiver.ParseCallback([]byte(test.body), received)
			if err != nil {
				t.Fatal(err)
			}
			diff := cmp.Diff([]receiver.Event{test.want}, callback.Events, cmpopts.IgnoreFields(receiver.Event{}, "Body"))
			if diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseCallbackTolerates(t *testing.T) {
	t.Parallel()
	entry := func(fields string) string {
		return `{"requestId":"r","deviceIds":[{"id":"d"}],"deviceResponse":{"qoS":[{"qosEvent":"QoSChangeOn"` + fields + `}]}}`
	}
	tests := map[string]struct {
		body string
		want receiver.Event
	}{
		"keys of another case": {
			`{"REQUESTID":"r","deviceids":[{"ID":"d"}],"DeviceResponse":{"QOS":[{"qoSEvent":"QoSChangeOn"}]}}`,
			receiver.Event{},
		},
		"an unknown event":           {strings.Replace(entry(""), "QoSChangeOn", "QoSChangePaused", 1), receiver.Event{QoSEvent: "QoSChangePaused"}},
		"a number as an id":          {entry(`,"qosSubscriptionId":353456789012345678`), receiver.Event{QoSSubscriptionID: "353456789012345678"}},
		"null fields":                {entry(`,"qosSubscriptionId":null,"reason":null`), receiver.Event{}},
		"an object as a reason":      {entry(`,"reason":{"code":7}`), receiver.Event{Reason: `{"code":7}`}},
		"white space around an id":   {entry(`,"qosSubscriptionId":" s "`), receiver.Event{QoSSubscriptionID: "s"}},
		"NUL in an id":               {entry(`,"qosSubscriptionId":"s\u0000"`), receiver.Event{QoSSubscriptionID: "s"}},
		"a device without an id":     {strings.Replace(entry(""), `{"id":"d"}`, `{"id":"d"},{"kind":"MDN"}`, 1), receiver.Event{}},
		"unknown members everywhere": {strings.Replace(entry(`,"x":1`), `"requestId"`, `"y":[{}],"requestId"`, 1), receiver.Event{}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			callback, err := receiver.ParseCallback([]byte(test.body), time.Time{})
			if err != nil {
				t.Fatal(err)
			}
			want := test.want
			want.RequestID, want.Deliveries = "r", 1
			want.DeviceIDs = []receiver.Device{{ID: "d"}}
			if want.QoSEvent == "" {
				want.QoSEvent = "QoSChangeOn"
			}
			if diff := cmp.Diff([]receiver.Event{want}, callback.Events, cmpopts.IgnoreFields(receiver.Event{}, "Body")); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseCallbackRefuses(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ body, reason string }{
		"nothing":                  {``, "not valid JSON"},
		"no JSON":                  {`<html>`, "not valid JSON"},
		"cut off":                  {callbackOn[:40], "not valid JSON"},
		"more behind it":           {callbackStopped + `{}`, "not valid JSON"},
		"invalid UTF-8":            {"{\"requestId\":\"\xff\"}", "UTF-8"},
		"a list":                   {`[]`, "the body must not be a JSON array"},
		"a string":                 {`"secret"`, "the body must not be a JSON string"},
		"no response":              {`{"requestId":"r"}`, "deviceResponse is missing"},
		"a response of a string":   {`{"requestId":"r","deviceResponse":"x"}`, "deviceResponse must not be a JSON string"},
		"no entries":               {`{"requestId":"r","deviceResponse":{}}`, "deviceResponse.qoS is missing or empty"},
		"empty entries":            {`{"requestId":"r","deviceResponse":{"qoS":[]}}`, "deviceResponse.qoS is missing or empty"},
		"an object for entries":    {`{"requestId":"r","deviceResponse":{"qoS":{}}}`, "deviceResponse.qoS must not be a JSON object"},
		"a number for an entry":    {`{"requestId":"r","deviceResponse":{"qoS":[7]}}`, "deviceResponse.qoS must not be a JSON number"},
		"no event":                 {`{"requestId":"r","deviceResponse":{"qoS":[{"status":"SUCCESS"}]}}`, "deviceResponse.qoS[0].qosEvent is missing"},
		"null for an entry":        {`{"requestId":"r","deviceResponse":{"qoS":[null]}}`, "deviceResponse.qoS[0].qosEvent is missing"},
		"no id":                    {`{"deviceResponse":{"qoS":[{"qosEvent":"QoSChangeOn"}]}}`, "neither a requestId nor a qosSubscriptionId"},
		"an object for an id":      {`{"requestId":{"a":1},"deviceResponse":{"qoS":[{"qosEvent":"QoSChangeOn"}]}}`, "an identifier must be"},
		"an operator's word":       {`{"requestId":"r","deviceResponse":{"qoS":[{"qosEvent":"operatorterminated"}]}}`, "reserved"},
		"too many entries":         {`{"requestId":"r","deviceResponse":{"qoS":[` + strings.Repeat(`{},`, 1000) + `{}]}}`, "more than 1000 entries"},
		"too many devices":         {`{"requestId":"r","deviceIds":[` + strings.Repeat(`{},`, 1000) + `{}],"deviceResponse":{"qoS":[{}]}}`, "more than 1000 devices"},
		"nesting without an end":   {strings.Repeat(`[`, 100_000), "not valid JSON"},
		"nesting in an odd member": {`{"x":` + strings.Repeat(`[`, 20_000) + strings.Repeat(`]`, 20_000) + `}`, "not valid JSON"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := receiver.ParseCallback([]byte(test.body), time.Time{})
			var invalid *receiver.InvalidError
			if !errors.As(err, &invalid) {
				t.Fatalf("error = %v, want an InvalidError", err)
			}
			if !strings.Contains(invalid.Reason, test.reason) {
				t.Errorf("reason = %q, want one with %q", invalid.Reason, test.reason)
			}
		})
	}
}

func TestParseCallbackSharesOutDevices(t *testing.T) {
	t.Parallel()
	body := func(devices, entries int) string {
		var ids, qos []string
		for i := range devices {
			ids = append(ids, fmt.Sprintf(`{"id":"d%d"}`, i))
		}
		for i := range entries {
			qos = append(qos, fmt.Sprintf(`{"qosEvent":"QoSChangeReqAck","qosSubscriptionId":"s%d"}`, i))
		}
		return fmt.Sprintf(`{"requestId":"r","deviceIds":[%s],"deviceResponse":{"qoS":[%s]}}`,
			strings.Join(ids, ","), strings.Join(qos, ","))
	}
	tests := map[string]struct {
		devices, entries int
		want             []string
	}{
		"one each":          {1, 1, []string{"d0"}},
		"pairs":             {2, 2, []string{"d0", "d1"}},
		"one for all":       {1, 2, []string{"d0", "d0"}},
		"more devices":      {3, 2, []string{"d0 d1 d2", "d0 d1 d2"}},
		"several in one":    {2, 1, []string{"d0 d1"}},
		"none for anything": {0, 2, []string{"", ""}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			callback, err := receiver.ParseCallback([]byte(body(test.devices, test.entries)), time.Time{})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, e := range callback.Events {
				var ids []string
				for _, d := range e.DeviceIDs {
					ids = append(ids, d.ID)
				}
				got = append(got, strings.Join(ids, " "))
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("devices per event (-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseCallbackKeepsCredentialsApart(t *testing.T) {
	t.Parallel()
	body := `{"Username":"alice","paſſword":"one","pass\u0077ord":"two","requestId":"r","unknown":{"PASSWORD":"three","kept":1},
		"deviceResponse":{"qoS":[{"qosEvent":"QoSChangeOn","password":"four"},{"qosEvent":"QoSChangeOn","qosSubscriptionId":"s","password":"five"}]}}`
	callback, err := receiver.ParseCallback([]byte(body), time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	if callback.Username == nil || *callback.Username != "alice" || callback.Password == nil || *callback.Password != "two" {
		t.Errorf("the credentials were not read")
	}
	printed, err := json.Marshal(callback)
	if err != nil {
		t.Fatal(err)
	}
	texts := []string{fmt.Sprintf("%v %+v %#v %s", callback, callback, callback, callback), string(printed)}
	for _, e := range callback.Events {
		texts = append(texts, e.Body)
	}
	for _, text := range texts {
		for _, secret := range []string{"alice", "one", "two", "three", "four", "five"} {
			if strings.Contains(text, `"`+secret+`"`) || strings.Contains(text, "alice") {
				t.Errorf("%q is in %s", secret, text)
			}
		}
	}
	if !strings.Contains(callback.Events[0].Body, `"kept":1`) {
		t.Errorf("an unknown member is missing in %s", callback.Events[0].Body)
	}
}

func TestParseCallbackWithoutCredentials(t *testing.T) {
	t.Parallel()
	callback, err := receiver.ParseCallback([]byte(callbackAcknowledged), time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	if callback.Username != nil || callback.Password != nil {
		t.Errorf("credentials were found where there are none")
	}
}

func TestEventKey(t *testing.T) {
	t.Parallel()
	base := receiver.Event{
		RequestID: "r", QoSSubscriptionID: "s", QoSEvent: "QoSChangeOn", Status: "SUCCESS", ReportedTime: "t",
		DeviceIDs: []receiver.Device{{ID: "a"}, {ID: "b", Kind: "MDN"}},
	}
	tests := map[string]struct {
		change func(*receiver.Event)
		same   bool
	}{
		"delivery":       {func(e *receiver.Event) { e.Deliveries, e.Seq, e.Body = 3, 9, "x" }, true},
		"case of name":   {func(e *receiver.Event) { e.QoSEvent = "QosChangeOn" }, true},
		"device order":   {func(e *receiver.Event) { e.DeviceIDs = []receiver.Device{{ID: "B"}, {ID: "a"}} }, true},
		"request":        {func(e *receiver.Event) { e.RequestID = "q" }, false},
		"subscription":   {func(e *receiver.Event) { e.QoSSubscriptionID = "q" }, false},
		"status":         {func(e *receiver.Event) { e.Status = "FAILED" }, false},
		"reported time":  {func(e *receiver.Event) { e.ReportedTime = "u" }, false},
		"devices":        {func(e *receiver.Event) { e.DeviceIDs = nil }, false},
		"shifted fields": {func(e *receiver.Event) { e.RequestID, e.QoSSubscriptionID = "rs", "" }, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			changed := base
			test.change(&changed)
			if same := changed.Key() == base.Key(); same != test.same {
				t.Errorf("same key = %t, want %t", same, test.same)
			}
		})
	}
}

func FuzzParseCallback(f *testing.F) {
	for _, body := range []string{
		callbackAcknowledged, callbackRefused, callbackOn, callbackStopped, callbackStopFailed,
		`{"requestId":7,"deviceIds":[{"id":1},{"id":"2"}],"deviceResponse":{"QOS":[{"qosEvent":"a"},{"qosEvent":"b","reason":[]}]}}`,
		`{"deviceResponse":{"qoS":[{"qosEvent":"\ud800","qosSubscriptionId":"s","password":{"username":1}}]}}`,
		`{"requestId":"r","requestid":"q","deviceResponse":{"qoS":[{"qosEvent":"a","QOSEVENT":""}]}}`,
		`[]`, `null`, `{}`, `"`, `{"deviceResponse":{"qoS":[null]}}`,
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		callback, err := receiver.ParseCallback(body, time.Unix(0, 0))
		if err != nil {
			if !utf8.ValidString(err.Error()) {
				t.Fatalf("the reason is not readable: %q", err)
			}
			return
		}
		if len(callback.Events) == 0 {
			t.Fatal("a callback without an event")
		}
		for _, e := range callback.Events {
			if e.QoSEvent == "" || (e.RequestID == "" && e.QoSSubscriptionID == "") {
				t.Fatalf("an event that is about nothing: %+v", e)
			}
		}
		again, err := receiver.ParseCallback([]byte(callback.Events[0].Body), time.Unix(0, 0))
		if err != nil {
			t.Skip("a member given twice leaves a body that reads differently")
		}
		if again.Username != nil || again.Password != nil {
			t.Fatalf("credentials in the stored body %s", callback.Events[0].Body)
		}
	})
}
