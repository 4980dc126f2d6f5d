package api

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	testAccount  = "0000123456-00001"
	testSecret   = "client-s3cret"
	testPassword = "pass w0rd\"&<"
)

// recorded is one request as the server saw it.
type recorded struct {
	method, uri, body string
	header            http.Header
}

// fakeThingSpace hands out numbered tokens and sessions and records everything.
// Its fields may be replaced before the first request.
type fakeThingSpace struct {
	*httptest.Server
	token, login, api http.HandlerFunc

	mu       sync.Mutex
	requests []recorded
}

func newFake(t *testing.T, api http.HandlerFunc) *fakeThingSpace {
	t.Helper()
	f := &fakeThingSpace{api: api}
	f.token = func(w http.ResponseWriter, _ *http.Request) {
		reply(w, http.StatusOK, fmt.Sprintf(`{"access_token":"bearer-%d","token_type":"Bearer","expires_in":3600}`, f.count(oauthPath)))
	}
	f.login = func(w http.ResponseWriter, _ *http.Request) {
		reply(w, http.StatusOK, fmt.Sprintf(`{"sessionToken":"session-%d"}`, f.count(loginPath)))
	}
	f.Server = httptest.NewServer(f)
	t.Cleanup(f.Close)
	return f
}

func (f *fakeThingSpace) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		reply(w, http.StatusInternalServerError, err.Error())
		return
	}
	f.mu.Lock()
	f.requests = append(f.requests, recorded{method: r.Method, uri: r.URL.RequestURI(), body: string(body), header: r.Header})
	f.mu.Unlock()
	switch r.URL.Path {
	case oauthPath:
		f.token(w, r)
	case loginPath:
		f.login(w, r)
	default:
		f.api(w, r)
	}
}

// count is how many requests have come so far whose URI begins with prefix.
func (f *fakeThingSpace) count(prefix string) int { return len(f.seen(prefix)) }

func (f *fakeThingSpace) seen(prefix string) []recorded {
	f.mu.Lock()
	defer f.mu.Unlock()
	var found []recorded
	for _, r := range f.requests {
		if strings.HasPrefix(r.uri, prefix) {
			found = append(found, r)
		}
	}
	return found
}

// wantCounts checks how often each path was asked for.
func (f *fakeThingSpace) wantCounts(t *testing.T, want map[string]int) {
	t.Helper()
	for path, n := range want {
		if got := f.count(path); got != n {
			t.Errorf("%d requests for %s, want %d", got, path, n)
		}
	}
}

func (f *fakeThingSpace) config() Config {
	return Config{
		BaseURL: f.URL, ClientID: "client", ClientSecret: testSecret, Username: "user", Password: testPassword,
		MaxRequestsPerSecond: 10000, MaxRetries: DefaultMaxRetries,
	}
}

// client returns a Client of f that does not wait between attempts.
func (f *fakeThingSpace) client(tb testing.TB, change func(*Config)) *Client {
	tb.Helper()
	config := f.config()
	if change != nil {
		change(&config)
	}
	c, err := New(config)
	if err != nil {
		tb.Fatal(err)
	}
	c.sender.Backoff = func(time.Duration, time.Duration, int, *http.Response) time.Duration { return 0 }
	return c
}

func reply(w http.ResponseWriter, status int, body string) {
	if w.Header().Get("Content-Type") == "" {
		w.Header().Set("Content-Type", "application/json")
	}
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

// always answers every request the same.
func always(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { reply(w, status, body) }
}

// inTurn answers the first request with the first handler, and so on; the last
// one answers all others.
func inTurn(handlers ...http.HandlerFunc) http.HandlerFunc {
	var mu sync.Mutex
	return func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		next := handlers[0]
		if len(handlers) > 1 {
			handlers = handlers[1:]
		}
		mu.Unlock()
		next(w, r)
	}
}

// hangUp drops the connection without an answer.
func hangUp(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

func appError(code string) string {
	return fmt.Sprintf(`{"errorCode":%q,"errorMessage":"Something about %s."}`, code, code)
}

func fault(code string) string {
	return fmt.Sprintf(`{"fault":{"code":%q,"message":"Said the gateway","description":"Access failure"}}`, code)
}

const (
	accepted    = `{"requestId":"be36accb-0a9a-4367-93ab-0af6c4ed256a"}`
	requestUUID = "be36accb-0a9a-4367-93ab-0af6c4ed256a"
	gatewayXML  = `<am:fault xmlns:am="http://wso2.org/apimanager"><am:code>404</am:code><am:type>Status report</am:type>` +
		`<am:message>Not Found</am:message><am:description>The requested resource is not available.</am:description></am:fault>`
)

func enhanceRequest() EnhanceQoSRequest {
	return EnhanceQoSRequest{
		AccountName: testAccount,
		DeviceInfo: []DeviceInfo{{
			DeviceID:       DeviceID{ID: "0123456789", Kind: "MDN"},
			DeviceIPv6Addr: "2001:db8::1",
			FlowInfo: []FlowInfo{{
				FlowServer: "[2001:db8::2]:443", FlowDevice: "[2001:db8::1]:5000",
				FlowDirection: "UPLINK", FlowProtocol: "UDP", QCIOption: "Premium",
			}},
		}},
	}
}

const callbackList = `[{"accountName":"0000123456-00001","serviceName":"QoS","url":"https://example.com/thingspace/callbacks","username":"u","password":"p"}]`

func newBenchmarkServer(b *testing.B) *httptest.Server {
	b.Helper()
	server := httptest.NewServer(always(http.StatusOK, callbackList))
	b.Cleanup(server.Close)
	return server
}
