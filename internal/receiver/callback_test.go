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
		"a byte order mark":          {"\ufeff" + entry(""), receiver.Event{}},
		"one entry for a list":       {`{"requestId":"r","deviceIds":[{"id":"d"}],"deviceResponse":{"qoS":{"qosEvent":"QoSChangeOn"}}}`, receiver.Event{}},
		"a bare device id":           {strings.Replace(entry(""), `[{"id":"d"}]`, `["d"]`, 1), receiver.Event{}},
		"one bare device id":         {strings.Replace(entry(""), `[{"id":"d"}]`, `"d"`, 1), receiver.Event{}},
		"null for devices":           {strings.Replace(entry(""), `{"id":"d"}`, `{"id":"d"},null`, 1), receiver.Event{}},
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
		"nothing":                    {``, "not valid JSON"},
		"no JSON":                    {`<html>`, "not valid JSON"},
		"cut off":                    {callbackOn[:40], "not valid JSON"},
		"more behind it":             {callbackStopped + `{}`, "not valid JSON"},
		"invalid UTF-8":              {"{\"requestId\":\"\xff\"}", "UTF-8"},
		"a list":                     {`[]`, "the body must not be a JSON array"},
		"a string":                   {`"secret"`, "the body must not be a JSON string"},
		"no response":                {`{"requestId":"r"}`, "deviceResponse is missing"},
		"a response of a string":     {`{"requestId":"r","deviceResponse":"x"}`, "deviceResponse must not be a JSON string"},
		"no entries":                 {`{"requestId":"r","deviceResponse":{}}`, "deviceResponse.qoS is missing or empty"},
		"empty entries":              {`{"requestId":"r","deviceResponse":{"qoS":[]}}`, "deviceResponse.qoS is missing or empty"},
		"an object without an event": {`{"requestId":"r","deviceResponse":{"qoS":{}}}`, "deviceResponse.qoS[0].qosEvent is missing"},
		"a number for entries":       {`{"requestId":"r","deviceResponse":{"qoS":7}}`, "deviceResponse.qoS must not be a JSON number"},
		"a number for an entry":      {`{"requestId":"r","deviceResponse":{"qoS":[7]}}`, "deviceResponse.qoS must not be a JSON number"},
		"no event":                   {`{"requestId":"r","deviceResponse":{"qoS":[{"status":"SUCCESS"}]}}`, "deviceResponse.qoS[0].qosEvent is missing"},
		"null for an entry":          {`{"requestId":"r","deviceResponse":{"qoS":[null]}}`, "deviceResponse.qoS[0].qosEvent is missing"},
		"no id":                      {`{"deviceResponse":{"qoS":[{"qosEvent":"QoSChangeOn"}]}}`, "neither a requestId nor a qosSubscriptionId"},
		"an object for an id":        {`{"requestId":{"a":1},"deviceResponse":{"qoS":[{"qosEvent":"QoSChangeOn"}]}}`, "an identifier must be"},
		"an operator's word":         {`{"requestId":"r","deviceResponse":{"qoS":[{"qosEvent":"operatorterminated"}]}}`, "reserved"},
		"too many entries":           {`{"requestId":"r","deviceResponse":{"qoS":[` + strings.Repeat(`{},`, 100) + `{}]}}`, "more than 100 entries"},
		"too many devices":           {`{"requestId":"r","deviceIds":[` + strings.Repeat(`{},`, 1000) + `{}],"deviceResponse":{"qoS":[{}]}}`, "more than 1000 devices"},
		"too many together":          {`{"requestId":"r","deviceIds":[` + strings.Repeat(`"d",`, 500) + `"d"],"deviceResponse":{"qoS":[{"qosEvent":"x"},{"qosEvent":"y"}]}}`, "more than 500 devices for each of 2 entries"},
		"a long request id":          {`{"requestId":"` + strings.Repeat("r", 257) + `"}`, "longer than 256 bytes"},
		"a long device id":           {`{"requestId":"r","deviceIds":["` + strings.Repeat("d", 257) + `"],"deviceResponse":{"qoS":{"qosEvent":"x"}}}`, "longer than 256 bytes"},
		"a long event name":          {`{"requestId":"r","deviceResponse":{"qoS":{"qosEvent":"` + strings.Repeat("x", 257) + `"}}}`, "longer than 256 bytes"},
		"a long reason":              {`{"requestId":"r","deviceResponse":{"qoS":{"qosEvent":"x","reason":"` + strings.Repeat("y", 4097) + `"}}}`, "longer than 4096 bytes"},
		"a long status":              {`{"requestId":"r","deviceResponse":{"qoS":{"qosEvent":"x","status":[` + strings.Repeat("1,", 4096) + `1]}}}`, "longer than 4096 bytes"},
		"nesting without an end":     {strings.Repeat(`[`, 100_000), "not valid JSON"},
		"nesting in an odd member":   {`{"x":` + strings.Repeat(`[`, 20_000) + strings.Repeat(`]`, 20_000) + `}`, "not valid JSON"},
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

// What a failure is about must be certain before it ends anything.
func TestParseCallbackAttributesFailures(t *testing.T) {
	t.Parallel()
	const (
		succeeded = `{"qosEvent":"QoSChangeReqAck","status":"SUCCESS","qosSubscriptionId":"s"}`
		running   = `{"qosEvent":"QosChangeOn","qosSubscriptionId":"s"}`
		refused   = `{"qosEvent":"QoSChangeFailed","status":"FAILED"}`
		unacked   = `{"qosEvent":"QoSChangeReqAck","status":"FAILED"}`
		ended     = `{"qosEvent":"QoSChangeFailed","status":"FAILED","qosSubscriptionId":"t"}`
	)
	tests := map[string]struct {
		devices string
		entries []string
		want    string
	}{
		"alone":                                 {`"a"`, []string{refused}, "a"},
		"alone, two devices":                    {`"a","b"`, []string{refused}, "a b"},
		"in pairs":                              {`"a","b"`, []string{succeeded, refused}, "a|b"},
		"in pairs, the same device":             {`"a","A"`, []string{succeeded, refused}, "a|A?"},
		"in pairs, refused acknowledgement":     {`"a","b"`, []string{unacked, succeeded}, "a|b"},
		"in pairs, without an id":               {`"a",{}`, []string{succeeded, refused}, "a|?"},
		"one device":                            {`"a"`, []string{succeeded, refused}, "a|?"},
		"one device, running":                   {`"a"`, []string{running, refused}, "a|?"},
		"too many devices":                      {`"a","b","c"`, []string{refused, succeeded}, "?|a b c"},
		"failures alone":                        {`"a"`, []string{refused, refused}, "|"},
		"a failure that names its subscription": {`"a"`, []string{succeeded, ended}, "a|a"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body := fmt.Sprintf(`{"requestId":"r","deviceIds":[%s],"deviceResponse":{"qoS":[%s]}}`, test.devices, strings.Join(test.entries, ","))
			callback, err := receiver.ParseCallback([]byte(body), time.Time{})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, e := range callback.Events {
				var ids []string
				for _, d := range e.DeviceIDs {
					ids = append(ids, d.ID)
				}
				text := strings.Join(ids, " ")
				if e.Ambiguous {
					text += "?"
				}
				got = append(got, text)
			}
			if diff := cmp.Diff(test.want, strings.Join(got, "|")); diff != "" {
				t.Errorf("devices per event, ? if ambiguous (-want +got):\n%s", diff)
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
	for _, e := range bodies(t, callback) {
		texts = append(texts, e.Body)
	}
	for _, text := range texts {
		for _, secret := range []string{"alice", "one", "two", "three", "four", "five"} {
			if strings.Contains(text, `"`+secret+`"`) || strings.Contains(text, "alice") {
				t.Errorf("%q is in %s", secret, text)
			}
		}
	}
	if body := bodies(t, callback)[0].Body; !strings.Contains(body, `"kept":1`) {
		t.Errorf("an unknown member is missing in %s", body)
	}
}

func bodies(tb testing.TB, callback receiver.Callback) []receiver.Event {
	tb.Helper()
	events, err := callback.WithBodies()
	if err != nil {
		tb.Fatal(err)
	}
	return events
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
		for i, e := range bodies(t, callback) {
			again, err := receiver.ParseCallback([]byte(e.Body), time.Unix(0, 0))
			if err != nil {
				t.Fatalf("the stored body %s reads differently: %v", e.Body, err)
			}
			if again.Username != nil || again.Password != nil {
				t.Fatalf("credentials in the stored body %s", e.Body)
			}
			if i == 0 && len(again.Events) != len(callback.Events) {
				t.Fatalf("the stored body %s has other events", e.Body)
			}
		}
	})
}
