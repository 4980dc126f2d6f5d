package probe_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
	"github.com/qosform/terraform-provider-qos/internal/thingspace/probe"
)

func event() probe.Event { return eventWith("hidden-password") }

func eventWith(password string) probe.Event {
	return probe.Event{ID: "callback-test-1", AccountName: "0000123456-00001", Username: "listener", Password: password}
}

// The event is a callback as the receiver reads them, from which nothing follows.
func TestEventIsACallbackWithoutConsequence(t *testing.T) {
	t.Parallel()
	var bodies [][]byte
	listener := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		bodies = append(bodies, body)
	}))
	t.Cleanup(listener.Close)
	got, err := probe.Sender{}.Send(t.Context(), listener.URL, event())
	if err != nil || got.Verdict != probe.Taken || len(bodies) != 1 {
		t.Fatalf("%+v, %v, after %d requests", got, err, len(bodies))
	}
	callback, err := receiver.ParseCallback(bodies[0], time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	if *callback.Username != "listener" || *callback.Password != "hidden-password" || len(callback.Events) != 1 {
		t.Fatalf("the receiver reads %s", bodies[0])
	}
	e := callback.Events[0]
	if e.RequestID != "callback-test-1" || e.AccountName != "0000123456-00001" || e.QoSEvent != probe.EventName || e.MakesRequest() || e.Acknowledges() {
		t.Errorf("the event is %+v", e)
	}
	known := receiver.Heard{RequestID: e.RequestID, Devices: []receiver.Device{{ID: "5551234567"}}}
	before := receiver.Fold(known)
	known.Events = callback.Events
	after := receiver.Fold(known)
	if diff := cmp.Diff(before.Subscriptions, after.Subscriptions); diff != "" {
		t.Errorf("the event says something of a request (-before +after):\n%s", diff)
	}
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		status int
		body   string
		want   probe.Answer
	}{
		"taken":            {201, "", probe.Answer{Status: 201, Verdict: probe.Taken}},
		"redirected":       {308, "", probe.Answer{Status: 308, Verdict: probe.Redirected}},
		"problem details":  {401, `{"title":"Unauthorized","detail":"wrong"}`, probe.Answer{Status: 401, Verdict: probe.Unauthorized, Said: "wrong"}},
		"HTML":             {403, "<html><body><h1>Not\nyou</h1></body></html>", probe.Answer{Status: 403, Verdict: probe.Forbidden, Said: "Not you"}},
		"a quoted request": {500, `you sent "hidden-password"`, probe.Answer{Status: 500, Verdict: probe.Refused, Said: `you sent "(secret removed)"`}},
		"informal":         {418, "[]", probe.Answer{Status: 418, Verdict: probe.Refused, Said: "[]"}},
	} {
		listener := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(test.status)
			_, _ = io.WriteString(w, test.body)
		}))
		got, err := probe.Sender{}.Send(t.Context(), listener.URL, event())
		listener.Close()
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// A listener that repeats the event does so in JSON, which spells a password in
// another way.
func TestRepeatedEventTellsNoPassword(t *testing.T) {
	t.Parallel()
	listener := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusTeapot)
		_, _ = io.Copy(w, r.Body)
	}))
	t.Cleanup(listener.Close)
	for _, password := range []string{"hidden-password", `hidden&password`, `hidden"password`, `"hidden"password"`} {
		got, err := probe.Sender{}.Send(t.Context(), listener.URL, eventWith(password))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(got.Said, "(secret removed)") || strings.Contains(got.Said, "hidden") {
			t.Errorf("of %s, %s", password, got.Said)
		}
	}
}

func TestPasswordIsToldToNobodyElse(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("event", "event", event())
	var errs []string
	for _, url := range []string{"http://127.0.0.1:1/?key=hidden-key", "::hidden-key", "ftp://127.0.0.1/hidden-key"} {
		_, err := probe.Sender{}.Send(t.Context(), url, event())
		if err == nil {
			t.Errorf("%s answers", url)
			continue
		}
		errs = append(errs, err.Error())
	}
	marshalled, err := json.Marshal(event())
	if err != nil {
		t.Fatal(err)
	}
	printed := fmt.Sprintf("%v %+v %#v %s %s %s", event(), event(), event(), marshalled, errs, log.String())
	for _, secret := range []string{"hidden-password", "hidden-key"} {
		if strings.Contains(printed, secret) {
			t.Errorf("%s is told: %s", secret, printed)
		}
	}
}
