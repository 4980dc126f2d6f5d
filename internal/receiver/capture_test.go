package receiver_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jonboulle/clockwork"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
	"github.com/qosform/terraform-provider-qos/internal/receiver/store"
)

const (
	username    = "callback-user"
	password    = "callback-secret"
	oldPassword = "callback-secret-before"
	wrong       = "not-the-secret"
)

func withCredentials(user, secret string) string {
	return `"username":"` + user + `","password":"` + secret + `",`
}

func guarded() receiver.ServerConfig {
	return receiver.ServerConfig{
		CallbackUsernames: []string{username},
		CallbackPasswords: []string{password, oldPassword},
		Accounts:          []string{account},
	}
}

func TestCaptureRefuses(t *testing.T) {
	t.Parallel()
	good := callback("QoSChangeOn", "r-1", "s-1", "")
	jsonType := http.Header{"Content-Type": {"application/json"}}
	strict := guarded()
	strict.RequireCredentials = true
	elsewhere := receiver.ServerConfig{AllowSources: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}}
	for name, test := range map[string]struct {
		cfg         receiver.ServerConfig
		body        string
		header      http.Header
		status      int
		says        string
		quarantined int
	}{
		"over the cap":            {guarded(), good + strings.Repeat(" ", 1<<20), jsonType, 413, "1048576 bytes", 0},
		"wrong content type":      {guarded(), good, http.Header{"Content-Type": {"text/plain"}}, 415, "application/json", 0},
		"broken content type":     {guarded(), good, http.Header{"Content-Type": {"/;"}}, 415, "application/json", 0},
		"form":                    {guarded(), good, http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, 415, "application/json", 0},
		"empty":                   {guarded(), "", jsonType, 400, "", 0},
		"not JSON":                {guarded(), "requestId=1", jsonType, 400, "JSON", 0},
		"no events":               {guarded(), `{"requestId":"r-1","deviceResponse":{}}`, jsonType, 400, "qoS", 0},
		"wrong password":          {guarded(), callback("QoSChangeOn", "r-1", "s-1", withCredentials(username, wrong)), jsonType, 401, "wrong", 1},
		"wrong username":          {guarded(), callback("QoSChangeOn", "r-1", "s-1", withCredentials(wrong, password)), jsonType, 401, "wrong", 1},
		"credentials required":    {strict, good, jsonType, 401, "requires", 1},
		"unknown account":         {guarded(), strings.ReplaceAll(good, account, "0000999999-00001"), jsonType, 403, "account", 0},
		"unknown account, wrong":  {guarded(), strings.ReplaceAll(callback("QoSChangeOn", "r-1", "s-1", withCredentials(username, wrong)), account, "x"), jsonType, 403, "account", 0},
		"source":                  {elsewhere, good, jsonType, 403, "address", 0},
		"source that claims more": {elsewhere, good, http.Header{"Content-Type": {"application/json"}, "X-Forwarded-For": {"192.0.2.7"}}, 403, "address", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := start(t, test.cfg)
			got := f.do(t, http.MethodPost, receiver.CapturePath, test.body, test.header)
			if got.status != test.status || !strings.Contains(got.body, test.says) {
				t.Errorf("answer %d %s; want %d with %q", got.status, got.body, test.status, test.says)
			}
			if contentType := got.header.Get("Content-Type"); contentType != "application/problem+json" {
				t.Errorf("content type %q", contentType)
			}
			if events := f.events(t); len(events) != 0 {
				t.Errorf("stored %v", events)
			}
			if held := f.quarantined(t); len(held) != test.quarantined {
				t.Errorf("quarantined %v; want %d", held, test.quarantined)
			}
		})
	}
}

func TestCaptureAccepts(t *testing.T) {
	t.Parallel()
	jsonType := http.Header{"Content-Type": {"application/json; charset=utf-8"}}
	good := callback("QoSChangeOn", "r-1", "s-1", "")
	loopback := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	proxied := receiver.ServerConfig{TrustedProxies: loopback, AllowSources: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}}
	for name, test := range map[string]struct {
		cfg           receiver.ServerConfig
		body          string
		header        http.Header
		authenticated bool
	}{
		"nothing configured":    {receiver.ServerConfig{}, good, jsonType, true},
		"no content type":       {receiver.ServerConfig{}, good, http.Header{}, true},
		"other JSON type":       {receiver.ServerConfig{}, good, http.Header{"Content-Type": {"application/vnd.x+json"}}, true},
		"at the cap":            {receiver.ServerConfig{}, good + strings.Repeat(" ", 1<<20-len(good)), jsonType, true},
		"unknown event":         {receiver.ServerConfig{}, callback("QoSChangeDegraded", "r-1", "s-1", `"new":[1],`), jsonType, true},
		"right credentials":     {guarded(), callback("QoSChangeOn", "r-1", "s-1", withCredentials(username, password)), jsonType, true},
		"password before":       {guarded(), callback("QoSChangeOn", "r-1", "s-1", withCredentials(username, oldPassword)), jsonType, true},
		"credentials absent":    {guarded(), good, jsonType, false},
		"credentials empty":     {guarded(), callback("QoSChangeOn", "r-1", "s-1", withCredentials("", "")), jsonType, false},
		"allowed source":        {receiver.ServerConfig{AllowSources: loopback}, good, jsonType, true},
		"through a proxy":       {proxied, good, http.Header{"Content-Type": {"application/json"}, "X-Forwarded-For": {"203.0.113.9, 192.0.2.7"}}, true},
		"event without account": {receiver.ServerConfig{Accounts: []string{account}}, strings.ReplaceAll(good, `"accountName":"`+account+`",`, ""), jsonType, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := start(t, test.cfg)
			if got := f.do(t, http.MethodPost, receiver.CapturePath, test.body, test.header); got.status != http.StatusOK {
				t.Fatalf("answer %d %s", got.status, got.body)
			}
			events := f.events(t)
			if len(events) != 1 {
				t.Fatalf("events %v", events)
			}
			if e := events[0]; e.Authenticated != test.authenticated || e.RequestID != "r-1" || e.Deliveries != 1 {
				t.Errorf("event %+v; want authenticated %t", e, test.authenticated)
			}
		})
	}
}

func TestCaptureStoresDuplicatesOnce(t *testing.T) {
	t.Parallel()
	f := start(t, receiver.ServerConfig{})
	body := callback("QoSChangeOn", "r-1", "s-1", "")
	for range 3 {
		if got := f.deliver(t, body); got.status != http.StatusOK {
			t.Fatalf("answer %d %s", got.status, got.body)
		}
		body = strings.Replace(body, `"callbackCount":1`, `"callbackCount":2`, 1)
	}
	if events := f.events(t); len(events) != 1 || events[0].Deliveries != 3 {
		t.Errorf("events %+v", events)
	}
}

func TestCaptureKeepsNoCredentials(t *testing.T) {
	t.Parallel()
	f := start(t, guarded())
	f.deliver(t, callback("QoSChangeOn", "r-1", "s-1", withCredentials(username, password)))
	f.deliver(t, callback("QoSChangeOn", "r-2", "s-2", withCredentials(username, wrong)))
	kept := f.do(t, http.MethodGet, "/v1/events", "", bearer(readToken)).body +
		f.do(t, http.MethodGet, "/v1/quarantine", "", bearer(readToken)).body + f.logs.String()
	if !strings.Contains(kept, "r-1") || !strings.Contains(kept, "r-2") {
		t.Fatalf("not kept: %s", kept)
	}
	for _, secret := range []string{password, wrong, readToken} {
		if strings.Contains(kept, secret) {
			t.Errorf("%q is in %s", secret, kept)
		}
	}
}

func TestQuarantineIsReleased(t *testing.T) {
	t.Parallel()
	f := start(t, guarded())
	f.deliver(t, callback("QoSChangeOn", "r-1", "s-1", withCredentials(username, wrong)))
	held := f.quarantined(t)
	if len(held) != 1 {
		t.Fatalf("quarantined %v", held)
	}
	path := "/v1/quarantine/" + held[0].ID + "/release"
	if got := f.do(t, http.MethodPost, path, "", bearer(readToken)); got.status != http.StatusForbidden {
		t.Errorf("a reader's release is answered %d", got.status)
	}
	if got := f.do(t, http.MethodPost, path, "", bearer(journalToken)); got.status != http.StatusNoContent {
		t.Errorf("release is answered %d %s", got.status, got.body)
	}
	if got := f.do(t, http.MethodPost, path, "", bearer(journalToken)); got.status != http.StatusNotFound {
		t.Errorf("a second release is answered %d %s", got.status, got.body)
	}
	if events := f.events(t); len(events) != 1 || !events[0].Authenticated {
		t.Errorf("events %+v", events)
	}
}

// pingedStore counts how often it is asked whether it can write.
type pingedStore struct {
	receiver.Store
	pings atomic.Int64
}

func (s *pingedStore) Ping(context.Context) error {
	s.pings.Add(1)
	return nil
}

func TestReadinessIsAskedForNowAndThen(t *testing.T) {
	t.Parallel()
	clock := clockwork.NewFakeClock()
	pinged := &pingedStore{Store: openStore(t, store.Options{})}
	f := prepare(t, pinged, receiver.ServerConfig{Clock: clock})
	for range 3 {
		for range 10 {
			if got := f.do(t, http.MethodGet, "/readyz", "", nil); got.status != http.StatusOK {
				t.Fatalf("answer %d %s", got.status, got.body)
			}
		}
		clock.Advance(2 * time.Second)
	}
	if pings := pinged.pings.Load(); pings != 3 {
		t.Errorf("the store was asked %d times, want once in 2 s", pings)
	}
}

func TestQuarantineIsListedByRequest(t *testing.T) {
	t.Parallel()
	f := start(t, guarded())
	for i := range 5 {
		f.deliver(t, callback("QoSChangeOn", fmt.Sprintf("r-%d", i%2), fmt.Sprintf("s-%d", i), withCredentials(username, wrong)))
	}
	client := f.client(t, readToken)
	for requestID, want := range map[string]int{"": 5, "r-0": 3, "r-1": 2, "r-2": 0} {
		held, err := client.Quarantined(t.Context(), requestID)
		if err != nil || len(held) != want {
			t.Errorf("%q: %d callbacks, %v; want %d", requestID, len(held), err, want)
		}
	}
}

// brokenStore fails where callbacks are kept.
type brokenStore struct{ receiver.Store }

func (brokenStore) Record(context.Context, []receiver.Event) error {
	return errors.New("disk full")
}

func (brokenStore) Quarantine(context.Context, receiver.Quarantined) error {
	return errors.New("disk full")
}

func (brokenStore) Ping(context.Context) error { return errors.New("disk full") }

func TestCaptureWithoutStore(t *testing.T) {
	t.Parallel()
	f := startOn(t, brokenStore{openStore(t, store.Options{})}, guarded())
	for name, body := range map[string]string{
		"to be stored":      callback("QoSChangeOn", "r-1", "s-1", withCredentials(username, password)),
		"to be quarantined": callback("QoSChangeOn", "r-1", "s-1", withCredentials(username, wrong)),
	} {
		got := f.deliver(t, body)
		if got.status != http.StatusServiceUnavailable || got.header.Get("Retry-After") == "" || strings.Contains(got.body, "disk") {
			t.Errorf("%s: answer %d %v %s", name, got.status, got.header, got.body)
		}
	}
	if got := f.do(t, http.MethodGet, "/readyz", "", nil); got.status != http.StatusServiceUnavailable {
		t.Errorf("/readyz answers %d", got.status)
	}
	if got := f.do(t, http.MethodGet, "/healthz", "", nil); got.status != http.StatusOK {
		t.Errorf("/healthz answers %d", got.status)
	}
}

func TestNewServerRefuses(t *testing.T) {
	t.Parallel()
	for name, cfg := range map[string]receiver.ServerConfig{
		"username alone":                {CallbackUsernames: []string{username}},
		"password alone":                {CallbackPasswords: []string{password}},
		"required but never configured": {RequireCredentials: true},
	} {
		if _, err := receiver.NewServer(brokenStore{}, cfg); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

// FuzzCapture sends anything at all. Whatever it is, the answer is a 200, when
// something was stored, or a refusal of the caller with a reason.
func FuzzCapture(f *testing.F) {
	f.Add("application/json", acknowledgement("r-1", "s-1", "5551230000"))
	f.Add("", callback("QoSChangeOn", "r-1", "s-1", withCredentials(username, password)))
	f.Add("application/json", callback("QoSChangeOn", "r-1", "s-1", withCredentials(username, wrong)))
	f.Add("text/plain", "{}")
	f.Add("application/json", `{"requestId":1,"deviceResponse":{"qoS":[[]]}}`)
	server, err := receiver.NewServer(openStore(f, store.Options{}), guarded())
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, contentType, body string) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, receiver.CapturePath, strings.NewReader(body))
		r.Header["Content-Type"] = []string{contentType}
		w := httptest.NewRecorder()
		server.Handler().ServeHTTP(w, r)
		if w.Code != http.StatusOK && (w.Code < 400 || w.Code > 499 || !strings.Contains(w.Body.String(), `"detail"`)) {
			t.Errorf("answer %d %s", w.Code, w.Body)
		}
	})
}

// Who forgets to name a proxy hears of it, once.
func TestAProxyThatIsNotTrustedIsToldOnce(t *testing.T) {
	t.Parallel()
	header := http.Header{"Content-Type": {"application/json"}, "X-Forwarded-For": {"192.0.2.7"}}
	for name, test := range map[string]struct {
		cfg    receiver.ServerConfig
		header http.Header
		want   int
	}{
		"trusted":     {receiver.ServerConfig{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}, header, 0},
		"not trusted": {receiver.ServerConfig{}, header, 1},
		"no proxy":    {receiver.ServerConfig{}, http.Header{"Content-Type": {"application/json"}}, 0},
	} {
		f := prepare(t, openStore(t, store.Options{}), test.cfg)
		for range 2 {
			f.do(t, http.MethodPost, receiver.CapturePath, callback("QoSChangeOn", "r-1", "s-1", ""), test.header)
		}
		if got := strings.Count(f.logs.String(), "--trusted-proxy"); got != test.want {
			t.Errorf("%s: told %d times, want %d", name, got, test.want)
		}
	}
}
