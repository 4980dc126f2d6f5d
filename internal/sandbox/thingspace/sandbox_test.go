package thingspace_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jonboulle/clockwork"

	"github.com/qosform/terraform-provider-qos/internal/sandbox/thingspace"
)

const (
	account     = thingspace.DefaultAccount
	device      = "5551230001"
	enhancePath = "/api/m2m/v1/device/actions/enhanceQoS"
	pluralPath  = "/api/m2m/v1/devices/actions/enhanceQoS"
	loginPath   = "/api/m2m/v1/session/login"
	tokenPath   = "/api/ts/v1/oauth2/token"
	listPath    = "/api/m2m/v1/callbacks/" + account
)

// world is a simulator on a fake clock with a client and a listener.
type world struct {
	t        *testing.T
	sandbox  *thingspace.Sandbox
	clock    *clockwork.FakeClock
	api      *httptest.Server
	listener *listener

	bearer, session string
}

// newWorld starts a simulator whose three delays are one second each, and logs in.
func newWorld(t *testing.T, change ...func(*thingspace.Options)) *world {
	t.Helper()
	clock := clockwork.NewFakeClockAt(time.Date(2023, 2, 17, 18, 56, 51, 795_000_000, time.UTC))
	o := thingspace.Options{
		Clock: clock, AckDelay: time.Second, OnDelay: time.Second, TerminateDelay: time.Second,
		Switches: thingspace.Switches{AnyPort: true},
	}
	for _, c := range change {
		c(&o)
	}
	w := &world{t: t, clock: clock, sandbox: thingspace.New(o), listener: newListener(t)}
	w.api = httptest.NewServer(w.sandbox.Handler())
	t.Cleanup(w.sandbox.Close)
	t.Cleanup(w.api.Close)
	w.bearer = w.token()
	w.session = w.login(thingspace.DefaultPassword, http.StatusOK)
	return w
}

// registered is a world with the listener registered for QoS.
func registered(t *testing.T, change ...func(*thingspace.Options)) *world {
	t.Helper()
	w := newWorld(t, change...)
	w.do(http.MethodPost, listPath, `{"name":"QoS","url":"`+w.listener.URL+`","username":"bob","password":"secret"}`).
		wants(t, http.StatusOK, `{"accountName":"`+account+`","serviceName":"QoS"}`)
	return w
}

// answer is what the client got; err if it got none.
type answer struct {
	status int
	header http.Header
	body   string
	err    error
}

func (a answer) wants(t *testing.T, status int, body string) {
	t.Helper()
	if a.err != nil {
		t.Fatalf("no answer: %v", a.err)
	}
	if a.status != status || (body != "" && a.body != body) {
		t.Fatalf("got %d %s, want %d %s", a.status, a.body, status, body)
	}
}

// refused wants an error of the documented form.
func (a answer) refused(t *testing.T, status int, code, message string) {
	t.Helper()
	a.wants(t, status, "")
	var body struct{ ErrorCode, ErrorMessage string }
	if err := json.Unmarshal([]byte(a.body), &body); err != nil {
		t.Fatalf("%s: %v", a.body, err)
	}
	if !strings.HasSuffix(body.ErrorCode, code) || !strings.Contains(body.ErrorMessage, message) {
		t.Fatalf("got %s, want code %s and message %q", a.body, code, message)
	}
}

type header func(http.Header)

func without(name string) header { return func(h http.Header) { h.Del(name) } }

func with(name, value string) header { return func(h http.Header) { h.Set(name, value) } }

// do sends a request with valid tokens and a JSON content type, then changed.
func (w *world) do(method, path, body string, changes ...header) answer {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), method, w.api.URL+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+w.bearer)
	req.Header.Set("VZ-M2M-Token", w.session)
	req.Header.Set("Content-Type", "application/json")
	for _, change := range changes {
		change(req.Header)
	}
	resp, err := w.api.Client().Do(req)
	if err != nil {
		return answer{err: err}
	}
	defer func() { _ = resp.Body.Close() }()
	content, err := io.ReadAll(resp.Body)
	return answer{status: resp.StatusCode, header: resp.Header, body: string(content), err: err}
}

func (w *world) token() string {
	w.t.Helper()
	a := w.requestToken("grant_type=client_credentials", thingspace.DefaultClientSecret)
	a.wants(w.t, http.StatusOK, "")
	return member(w.t, a.body, "access_token")
}

func (w *world) requestToken(form, secret string) answer {
	w.t.Helper()
	return w.do(http.MethodPost, tokenPath, form, with("Content-Type", "application/x-www-form-urlencoded"),
		func(h http.Header) {
			r := http.Request{Header: h}
			r.SetBasicAuth(thingspace.DefaultClientID, secret)
		})
}

func (w *world) login(password string, status int) string {
	w.t.Helper()
	a := w.do(http.MethodPost, loginPath, `{"username":"`+thingspace.DefaultUsername+`","password":"`+password+`"}`)
	a.wants(w.t, status, "")
	if status != http.StatusOK {
		return ""
	}
	return member(w.t, a.body, "sessionToken")
}

// create elevates one flow of each device and returns the request id.
func (w *world) create(devices ...string) string {
	w.t.Helper()
	a := w.do(http.MethodPost, enhancePath, createBody(devices...))
	a.wants(w.t, http.StatusCreated, "")
	return member(w.t, a.body, "requestId")
}

func (w *world) stop(subscriptionID string) string {
	w.t.Helper()
	a := w.do(http.MethodDelete, stopPath(account, subscriptionID), "")
	a.wants(w.t, http.StatusCreated, "")
	return member(w.t, a.body, "requestId")
}

func stopPath(account, subscriptionID string) string {
	return enhancePath + "?" + url.Values{"accountName": {account}, "qosSubscriptionId": {subscriptionID}}.Encode()
}

// advance moves the clock and waits until what is due by then was delivered.
func (w *world) advance(d time.Duration) {
	w.t.Helper()
	w.clock.Advance(d)
	w.flush()
}

func (w *world) flush() {
	w.t.Helper()
	if err := w.sandbox.Flush(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

// on creates and waits until the network reported the elevation as functioning.
func (w *world) on(devices ...string) []thingspace.Subscription {
	w.t.Helper()
	before := len(w.sandbox.Subscriptions())
	w.create(devices...)
	w.advance(time.Second)
	w.advance(time.Second)
	w.listener.take()
	return w.sandbox.Subscriptions()[before:]
}

// live returns the status of every live subscription by device.
func (w *world) live() map[string]thingspace.Status {
	statuses := map[string]thingspace.Status{}
	for _, s := range w.sandbox.Live() {
		statuses[s.Device.ID] = s.Status
	}
	return statuses
}

func (w *world) wantLive(want map[string]thingspace.Status) {
	w.t.Helper()
	if diff := cmp.Diff(want, w.live()); diff != "" {
		w.t.Fatalf("live subscriptions (-want +got):\n%s", diff)
	}
}

// wantEvents takes what the listener got and compares the events.
func (w *world) wantEvents(want ...string) []callback {
	w.t.Helper()
	got := w.listener.take()
	events := make([]string, len(got))
	for i, c := range got {
		events[i] = c.event()
	}
	if want == nil {
		want = []string{}
	}
	if diff := cmp.Diff(want, events); diff != "" {
		w.t.Fatalf("events (-want +got):\n%s", diff)
	}
	return got
}

func createBody(devices ...string) string {
	infos := make([]string, len(devices))
	for i, d := range devices {
		infos[i] = `{"deviceId":{"id":"` + d + `","kind":"MDN"},"flowInfo":[` + flow + `]}`
	}
	return `{"accountName":"` + account + `","deviceInfo":[` + strings.Join(infos, ",") + `]}`
}

const flow = `{"flowServer":"198.51.100.7:443","flowDevice":"203.0.113.9",` +
	`"flowDirection":"UPLINK","flowProtocol":"UDP","qciOption":"Premium"}`

func member(t *testing.T, body, name string) string {
	t.Helper()
	var members map[string]any
	if err := json.Unmarshal([]byte(body), &members); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	value, isString := members[name].(string)
	if !isString || value == "" {
		t.Fatalf("%s has no %s", body, name)
	}
	return value
}

// callback is one that the listener got.
type callback struct {
	raw    string
	header http.Header
	parsed struct {
		Username, Password, RequestID string
		DeviceIDs                     []thingspace.DeviceID
		DeviceResponse                struct {
			QoS []struct{ QoSSubscriptionID, QoSEvent, Status, Reason, ReportedTime string }
		}
		CallbackCount int
	}
}

func (c callback) event() string { return c.parsed.DeviceResponse.QoS[0].QoSEvent }

// listener is a callback listener that answers as its test says.
type listener struct {
	*httptest.Server
	t *testing.T

	mu       sync.Mutex
	got      []callback
	received chan struct{}
	answer   func(*http.Request) int
}

func newListener(t *testing.T) *listener {
	t.Helper()
	l := &listener{t: t, received: make(chan struct{}, 100), answer: func(*http.Request) int { return http.StatusOK }}
	l.Server = httptest.NewServer(l)
	t.Cleanup(l.Close)
	return l
}

func (l *listener) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	c := callback{raw: string(body), header: r.Header}
	if err != nil || json.NewDecoder(bytes.NewReader(body)).Decode(&c.parsed) != nil {
		l.t.Errorf("unreadable callback %q: %v", body, err)
	}
	l.mu.Lock()
	l.got = append(l.got, c)
	reply := l.answer
	l.mu.Unlock()
	l.received <- struct{}{}
	w.WriteHeader(reply(r))
}

func (l *listener) answers(reply func(*http.Request) int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.answer = reply
}

func (l *listener) take() []callback {
	l.mu.Lock()
	defer l.mu.Unlock()
	got := l.got
	l.got = nil
	return got
}

// wait returns once a callback has arrived, whether answered or not.
func (l *listener) wait() {
	l.t.Helper()
	select {
	case <-l.received:
	case <-l.t.Context().Done():
		l.t.Fatal("no callback")
	}
}
