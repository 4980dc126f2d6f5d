package camara_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/jonboulle/clockwork"

	"github.com/qosform/terraform-provider-qos/internal/sandbox/camara"
)

const (
	phone     = "+34666000001"
	phoneHint = "tel:" + phone
	hooked    = "0123456789abcdef0123" // a notification token of the least length
)

// world is an operator on a fake clock with a client and a listener.
type world struct {
	t        *testing.T
	version  camara.Version
	sandbox  *camara.Sandbox
	clock    *clockwork.FakeClock
	api      *httptest.Server
	url      camara.URLs
	listener *listener
	contract *contract

	bearer string
}

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// newWorld starts an operator that makes sessions available after a second, and
// gets a two-legged token with every scope.
func newWorld(t *testing.T, version camara.Version, change ...func(*camara.Options)) *world {
	t.Helper()
	clock := clockwork.NewFakeClockAt(start)
	o := camara.Options{Version: version, Clock: clock, AvailableDelay: time.Second, AccessToken: "all"}
	for _, c := range change {
		c(&o)
	}
	w := &world{t: t, version: version, clock: clock, sandbox: camara.New(o), listener: newListener(t), bearer: "all"}
	w.contract = newContract(t, version, w.sandbox.URLs(""))
	w.api = httptest.NewServer(w.contract.checking(w.sandbox.Handler()))
	w.url = w.sandbox.URLs(w.api.URL)
	t.Cleanup(w.sandbox.Close)
	t.Cleanup(w.api.Close)
	return w
}

// offContract starts a world for what no document describes.
func offContract(t *testing.T, version camara.Version, change ...func(*camara.Options)) *world {
	t.Helper()
	w := newWorld(t, version, change...)
	w.contract.off()
	return w
}

func switched(switches camara.Switches) func(*camara.Options) {
	return func(o *camara.Options) { o.Switches = switches }
}

// versions returns those named or, if none is, all.
func versions(named ...camara.Version) []camara.Version {
	if len(named) == 0 {
		return camara.Versions()
	}
	return named
}

// withTokens are the versions of operators that know clients by their tokens.
func withTokens() []camara.Version {
	return slices.DeleteFunc(camara.Versions(), func(v camara.Version) bool { return v == camara.HybridA })
}

// answer is what the client got; err if it got none.
type answer struct {
	status int
	header http.Header
	body   string
	err    error
}

func (a answer) wants(t *testing.T, status int) answer {
	t.Helper()
	if a.err != nil {
		t.Fatalf("no answer: %v", a.err)
	}
	if a.status != status {
		t.Fatalf("got %d %s, want %d", a.status, a.body, status)
	}
	return a
}

// refused wants an error of the version's form with the status and code.
func (a answer) refused(t *testing.T, status int, code string) {
	t.Helper()
	a.wants(t, status)
	var body struct {
		Status        *int
		Code, Message string
	}
	if err := json.Unmarshal([]byte(a.body), &body); err != nil {
		t.Fatalf("%s: %v", a.body, err)
	}
	if body.Code != code || body.Message == "" || (body.Status != nil && *body.Status != status) {
		t.Fatalf("got %d %s, want code %s", a.status, a.body, code)
	}
}

// object returns the answer's body.
func (a answer) object(t *testing.T) map[string]any {
	t.Helper()
	var members map[string]any
	if err := json.Unmarshal([]byte(a.body), &members); err != nil {
		t.Fatalf("%s: %v", a.body, err)
	}
	return members
}

// text returns a member of the answer's body.
func (a answer) text(t *testing.T, name string) string {
	t.Helper()
	value, isString := a.object(t)[name].(string)
	if !isString || value == "" {
		t.Fatalf("%s has no %s", a.body, name)
	}
	return value
}

type header func(http.Header)

func with(name, value string) header { return func(h http.Header) { h.Set(name, value) } }

func without(name string) header { return func(h http.Header) { h.Del(name) } }

func as(token string) header { return with("Authorization", "Bearer "+token) }

// do sends a request with a valid token and a JSON content type, then changed.
func (w *world) do(method, target, body string, changes ...header) answer {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), method, target, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	if w.version == camara.HybridA {
		req.Header.Set(camara.DefaultAPIKeyHeader, camara.DefaultAPIKey)
	} else {
		req.Header.Set("Authorization", "Bearer "+w.bearer)
	}
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/json")
	}
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

// threeLegged returns a token that is bound to the phone, with all scopes.
func (w *world) threeLegged(hint string) string {
	w.t.Helper()
	return w.token(camara.DefaultClientID, hint)
}

func (w *world) token(client, hint string) string {
	w.t.Helper()
	const qod = "quality-on-demand:sessions:"
	const assignments = "qos-provisioning:qos-assignments:"
	token, err := w.sandbox.IssueToken(client, hint,
		qod+"create", qod+"read", qod+"delete", qod+"update", qod+"retrieve-by-device",
		"qod-sessions-write", "qod-sessions-read", "qod-sessions-delete", "qod-profiles-read", "qod", "qos-profiles:read",
		assignments+"create", assignments+"read", assignments+"delete", assignments+"read-by-device")
	if err != nil {
		w.t.Fatal(err)
	}
	return token
}

func (w *world) create(body string, changes ...header) answer {
	w.t.Helper()
	return w.do(http.MethodPost, w.url.QoD+"/sessions", body, changes...)
}

// created creates a session and returns its id.
func (w *world) created(body string, changes ...header) string {
	w.t.Helper()
	return w.create(body, changes...).wants(w.t, http.StatusCreated).text(w.t, "sessionId")
}

// available creates a session, waits until it is AVAILABLE and returns its id.
func (w *world) available(body string) string {
	w.t.Helper()
	id := w.created(body)
	w.clock.Advance(time.Second)
	return id
}

func (w *world) get(id string, changes ...header) answer {
	w.t.Helper()
	return w.do(http.MethodGet, w.url.QoD+"/sessions/"+id, "", changes...)
}

func (w *world) remove(id string, changes ...header) answer {
	w.t.Helper()
	return w.do(http.MethodDelete, w.url.QoD+"/sessions/"+id, "", changes...)
}

func (w *world) extend(id, additional string, changes ...header) answer {
	w.t.Helper()
	return w.do(http.MethodPost, w.url.QoD+"/sessions/"+id+"/extend",
		`{"requestedAdditionalDuration":`+additional+`}`, changes...)
}

func (w *world) retrieve(body string, changes ...header) answer {
	w.t.Helper()
	return w.do(http.MethodPost, w.url.QoD+"/retrieve-sessions", body, changes...)
}

// advance moves the clock and waits until all that is due by then has happened.
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

func (w *world) wantLive(want ...camara.Status) {
	w.t.Helper()
	got := []camara.Status{}
	for _, s := range w.sandbox.Live() {
		got = append(got, s.Status)
	}
	if want == nil {
		want = []camara.Status{}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		w.t.Fatalf("live sessions (-want +got):\n%s", diff)
	}
}

// session is a valid request of the version for an hour, with members added or,
// if they are null, removed.
func session(changes ...string) string {
	members := map[string]any{
		"device":            map[string]any{"phoneNumber": phone},
		"applicationServer": map[string]any{"ipv4Address": "198.51.100.0/24"},
		"qosProfile":        "QOS_E",
		"duration":          3600,
	}
	for _, change := range changes {
		var changed map[string]any
		if err := json.Unmarshal([]byte(change), &changed); err != nil {
			panic(err)
		}
		for name, value := range changed {
			if members[name] = value; value == nil {
				delete(members, name)
			}
		}
	}
	body, err := json.Marshal(members)
	if err != nil {
		panic(err)
	}
	return string(body)
}

// oneOf reports whether the version is among those.
func oneOf(version camara.Version, named ...camara.Version) bool {
	return slices.Contains(named, version)
}

func (w *world) form(target string, form url.Values, changes ...header) answer {
	w.t.Helper()
	changes = append([]header{
		with("Content-Type", "application/x-www-form-urlencoded"), basic(camara.DefaultClientID, camara.DefaultClientSecret),
	}, changes...)
	return w.do(http.MethodPost, target, form.Encode(), changes...)
}

func basic(id, secret string) header {
	return func(h http.Header) {
		r := http.Request{Header: h}
		r.SetBasicAuth(id, secret)
	}
}

// notification is one that the listener got.
type notification struct {
	header http.Header
	body   string
	ID     string `json:"id"`
	Type   string `json:"type"`
	Source string `json:"source"`
	Time   string `json:"time"`
	Data   struct {
		SessionID, AssignmentID, QoSStatus, Status, StatusInfo string
	} `json:"data"`
}

func (n notification) status() string {
	if n.Data.QoSStatus == "" {
		return strings.TrimSuffix(n.Data.Status+" "+n.Data.StatusInfo, " ")
	}
	return strings.TrimSuffix(n.Data.QoSStatus+" "+n.Data.StatusInfo, " ")
}

// listener is a notification listener that answers as its test says.
type listener struct {
	*httptest.Server

	t *testing.T

	mu     sync.Mutex
	got    []notification
	answer func() int
}

func newListener(t *testing.T) *listener {
	t.Helper()
	l := &listener{t: t, answer: func() int { return http.StatusNoContent }}
	l.Server = httptest.NewServer(l)
	t.Cleanup(l.Close)
	return l
}

func (l *listener) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	n := notification{header: r.Header, body: string(body)}
	if err != nil || json.Unmarshal(body, &n) != nil {
		l.t.Errorf("unreadable notification %q: %v", body, err)
	}
	l.mu.Lock()
	l.got = append(l.got, n)
	reply := l.answer
	l.mu.Unlock()
	w.WriteHeader(reply())
}

func (l *listener) answers(reply func() int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.answer = reply
}

func (l *listener) take() []notification {
	l.mu.Lock()
	defer l.mu.Unlock()
	got := l.got
	l.got = nil
	return got
}

// wants takes what the listener got and compares the statuses.
func (l *listener) wants(t *testing.T, want ...string) []notification {
	t.Helper()
	got := l.take()
	statuses := make([]string, len(got))
	for i, n := range got {
		statuses[i] = n.status()
	}
	if want == nil {
		want = []string{}
	}
	if diff := cmp.Diff(want, statuses); diff != "" {
		t.Fatalf("notifications (-want +got):\n%s", diff)
	}
	return got
}

// unknownID is that of nothing.
func unknownID() string { return uuid.NewString() }
