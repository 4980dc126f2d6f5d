package receiver_test

import (
	"errors"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
	"github.com/qosform/terraform-provider-qos/internal/receiver/store"
)

const listener = "listener.example/1a2b3c4d"

// forwarder passes everything on to one listener.
type forwarder struct {
	broken bool
	woken  atomic.Int64
}

func (f *forwarder) Prepare(header http.Header, body []byte, _ bool) (*receiver.Forward, error) {
	if f.broken {
		return nil, errors.New("broken")
	}
	return &receiver.Forward{ID: string(body), Targets: []string{listener}, Passed: header.Values("X-Passed"), Body: string(body)}, nil
}

func (f *forwarder) Wake() { f.woken.Add(1) }

func deliveries(t *testing.T, s receiver.Store) []receiver.ClaimedDelivery {
	t.Helper()
	claimed, err := s.ClaimDeliveries(t.Context(), listener, 10, 0)
	if err != nil {
		t.Fatal(err)
	}
	return claimed
}

// What is accepted is passed on, and nothing else.
func TestWhatIsPassedOn(t *testing.T) {
	t.Parallel()
	known := withCredentials(username, password)
	for name, test := range map[string]struct {
		body   string
		alter  func(*receiver.ServerConfig)
		status int
		passed bool
	}{
		"accepted":           {callback("QoSChangeOn", "r", "s", known), nil, 200, true},
		"odd":                {" " + callback("Surprise", "r", "s", known) + "\n", nil, 200, true},
		"without credential": {callback("QoSChangeOn", "r", "s", ""), nil, 200, true},
		"credentials wanted": {callback("QoSChangeOn", "r", "s", ""), func(c *receiver.ServerConfig) { c.RequireCredentials = true }, 401, false},
		"wrong credentials":  {callback("QoSChangeOn", "r", "s", withCredentials(username, wrong)), nil, 401, false},
		"malformed":          {`{"requestId":"r"}`, nil, 400, false},
		"another account":    {callback("QoSChangeOn", "r", "s", known), func(c *receiver.ServerConfig) { c.Accounts = []string{"1"} }, 403, false},
		"another source": {callback("QoSChangeOn", "r", "s", known), func(c *receiver.ServerConfig) {
			c.AllowSources = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}
		}, 403, false},
		"one that cannot be prepared": {callback("QoSChangeOn", "r", "s", known), func(c *receiver.ServerConfig) { c.Forwarder = &forwarder{broken: true} }, 400, false},
		"nobody to pass on to":        {callback("QoSChangeOn", "r", "s", known), func(c *receiver.ServerConfig) { c.Forwarder = nil }, 200, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			passing := &forwarder{}
			cfg := guarded()
			cfg.Forwarder = passing
			if test.alter != nil {
				test.alter(&cfg)
			}
			f := prepare(t, openStore(t, store.Options{}), cfg)
			got := f.do(t, http.MethodPost, receiver.CapturePath, test.body, http.Header{"X-Passed": {"before"}})
			if got.status != test.status {
				t.Errorf("answer %d %s", got.status, got.body)
			}
			held := deliveries(t, f.store)
			if (len(held) > 0) != test.passed || (passing.woken.Load() > 0) != test.passed {
				t.Fatalf("%d are passed on, woken %d times", len(held), passing.woken.Load())
			}
			if test.passed && (held[0].Body != test.body || len(held[0].Passed) != 1) {
				t.Errorf("passed on: %+v", held[0])
			}
		})
	}
}

func TestReleasedCallbacksArePassedOn(t *testing.T) {
	t.Parallel()
	cfg := guarded()
	cfg.Forwarder = &forwarder{}
	f := prepare(t, openStore(t, store.Options{}), cfg)
	body := callback("QoSChangeOn", "r", "s", withCredentials(username, wrong))
	f.deliver(t, body)
	bearer := http.Header{"Authorization": {"Bearer " + journalToken}}
	if got := f.do(t, http.MethodGet, "/v1/quarantine", "", bearer); strings.Contains(got.body, "forward") {
		t.Errorf("the quarantine shows %s", got.body)
	}
	held := f.quarantined(t)
	if len(held) != 1 || len(deliveries(t, f.store)) != 0 {
		t.Fatalf("held %+v", held)
	}
	f.do(t, http.MethodPost, "/v1/quarantine/"+held[0].ID+"/release", "", bearer)
	if got := deliveries(t, f.store); len(got) != 1 || got[0].Body != body {
		t.Errorf("passed on: %+v", got)
	}
}

func TestDeadLetters(t *testing.T) {
	t.Parallel()
	passing := &forwarder{}
	f := prepare(t, openStore(t, store.Options{}), receiver.ServerConfig{Forwarder: passing})
	for _, id := range []string{"r-1", "r-2"} {
		f.deliver(t, callback("QoSChangeOn", id, "s-"+id, ""))
	}
	for _, d := range deliveries(t, f.store) {
		settled := []receiver.Settlement{{ID: d.ID, Claim: d.Claim, Result: receiver.DeliveryRefused, Reason: "answered HTTP 422"}}
		if err := f.store.SettleDeliveries(t.Context(), settled); err != nil {
			t.Fatal(err)
		}
	}
	woken := passing.woken.Load()
	for _, step := range []struct {
		token, method, path, body string
		status                    int
		says                      string
	}{
		{"", http.MethodGet, "/v1/deliveries", "", 401, ""},
		{readToken, http.MethodGet, "/v1/deliveries?state=lost", "", 422, "state"},
		{readToken, http.MethodGet, "/v1/deliveries?cursor=x", "", 400, "cursor"},
		{readToken, http.MethodGet, "/v1/deliveries?state=waiting", "", 200, `{"deliveries":[]}`},
		{readToken, http.MethodGet, "/v1/deliveries?state=dead&limit=1", "", 200, `"request_id":"r-1","qos_event":"QoSChangeOn"`},
		{readToken, http.MethodGet, "/v1/deliveries?target=" + listener, "", 200, `"reason":"answered HTTP 422"`},
		{readToken, http.MethodPost, "/v1/deliveries/retry", `{"target":"` + listener + `"}`, 403, ""},
		{readToken, http.MethodPost, "/v1/deliveries/drop", `{"target":"` + listener + `"}`, 403, ""},
		{journalToken, http.MethodPost, "/v1/deliveries/retry", `{}`, 400, "exactly one of"},
		{journalToken, http.MethodPost, "/v1/deliveries/retry", `{"ids":["nobody's"]}`, 200, `{"deliveries":0}`},
		{journalToken, http.MethodPost, "/v1/deliveries/retry", `{"target":"` + listener + `"}`, 200, `{"deliveries":2}`},
		{journalToken, http.MethodPost, "/v1/deliveries/drop", `{"target":"` + listener + `"}`, 200, `{"deliveries":0}`},
		{journalToken, http.MethodPost, "/v1/deliveries/drop", `{"target":"` + listener + `","state":"waiting"}`, 200, `{"deliveries":2}`},
		{readToken, http.MethodGet, "/v1/deliveries", "", 200, `{"deliveries":[]}`},
	} {
		header := http.Header{"Content-Type": {"application/json"}}
		if step.token != "" {
			header.Set("Authorization", "Bearer "+step.token)
		}
		got := f.do(t, step.method, step.path, step.body, header)
		if got.status != step.status || !strings.Contains(got.body, step.says) || strings.Contains(got.body, "deviceResponse") {
			t.Errorf("%s %s %s: %d %s", step.method, step.path, step.body, got.status, got.body)
		}
	}
	if passing.woken.Load() == woken {
		t.Error("nobody is told of what is retried")
	}
}
