package api

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/qosform/terraform-provider-qos/internal/camara/auth"
)

const (
	testSubject = "tel:+34666666666"
	testID      = "3fa85f64-5717-4562-b3fc-2c963f66afa6"
	testToken   = "notification-t0ken-of-24"
	testKey     = "api-k3y"
)

// recorded is one request as the operator saw it.
type recorded struct {
	method, uri, body string
	header            http.Header
}

// operator answers all requests alike and records them.
type operator struct {
	*httptest.Server

	mu       sync.Mutex
	requests []recorded
}

func newOperator(tb testing.TB, handler http.HandlerFunc) *operator {
	tb.Helper()
	o := &operator{}
	o.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			reply(w, http.StatusInternalServerError, err.Error())
			return
		}
		o.mu.Lock()
		o.requests = append(o.requests, recorded{method: r.Method, uri: r.URL.RequestURI(), body: string(body), header: r.Header})
		o.mu.Unlock()
		handler(w, r)
	}))
	tb.Cleanup(o.Close)
	return o
}

func (o *operator) seen() []recorded {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.requests)
}

func (o *operator) wantCount(t *testing.T, want int) {
	t.Helper()
	if got := len(o.seen()); got != want {
		t.Errorf("%d requests, want %d", got, want)
	}
}

// root is where o would serve a version.
func (o *operator) root(v Version) string {
	switch v {
	case V010:
		return o.URL + "/qod/v0"
	case V011:
		return o.URL + "/quality-on-demand/v0.11"
	default:
		return o.URL + "/quality-on-demand/v1"
	}
}

// client returns a Client of o that does not wait between attempts.
func (o *operator) client(tb testing.TB, v Version, change func(*Config)) *Client {
	tb.Helper()
	config := Config{
		BaseURL: o.root(v), Version: v, Tokens: &counter{},
		MaxRequestsPerSecond: 10000, MaxRetries: DefaultMaxRetries,
	}
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

// counter is a Source of numbered tokens.
type counter struct {
	mu     sync.Mutex
	n      int
	failed error
}

var _ auth.Source = (*counter)(nil)

func (c *counter) Token(_ context.Context, subject string) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return fmt.Sprintf("token-%d-%s", c.n+1, strings.TrimPrefix(subject, "tel:+")), c.failed
}

func (c *counter) Invalidate(_, token string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if strings.HasPrefix(token, fmt.Sprintf("token-%d-", c.n+1)) {
		c.n++
	}
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

// halfAnswer promises more than it sends.
func halfAnswer(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", "100")
	w.WriteHeader(http.StatusCreated)
	_, _ = io.WriteString(w, `{"sessionId":`)
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

func hasCode(err error, code string) bool {
	return is(err, func(e *Error) bool { return e.Code == code })
}

func camaraError(status int, code string) http.HandlerFunc {
	return always(status, fmt.Sprintf(`{"status":%d,"code":%q,"message":"Something about %s."}`, status, code, code))
}

const (
	created = `{"sessionId":"` + testID + `","qosStatus":"REQUESTED","duration":3600}`
	listed  = `[` + created + `]`
)

// fullDevice has every identifier.
func fullDevice() *Device {
	return &Device{
		PhoneNumber:             "+34666666666",
		NetworkAccessIdentifier: "123456789@example.com",
		IPv4Address:             &DeviceIPv4{PublicAddress: "203.0.113.7", PrivateAddress: "10.0.0.7", PublicPort: new(int64(59765))},
		IPv6Address:             "2001:db8:85a3:8d3:1319:8a2e:370:7344",
	}
}

// smallSession has no more than v asks for.
func smallSession(v Version) CreateSession {
	s := CreateSession{
		Device:            &Device{PhoneNumber: "+34666666666"},
		ApplicationServer: &ApplicationServer{IPv4Address: "198.51.100.0/24"},
		QoSProfile:        "QOS_E",
	}
	if v.Features().DurationRequired {
		s.Duration = 3600
	}
	return s
}

// fullSession has everything that v has.
func fullSession(v Version) CreateSession {
	s := CreateSession{
		Device:                 fullDevice(),
		ApplicationServer:      &ApplicationServer{IPv4Address: "198.51.100.0/24", IPv6Address: "2001:db8::/64"},
		DevicePorts:            &Ports{Ranges: []PortRange{{5010, 5020}}, Ports: []int64{5060, 5070}},
		ApplicationServerPorts: &Ports{Ports: []int64{443}},
		QoSProfile:             "QOS_E",
		Duration:               3600,
	}
	if v.Features().Webhook {
		s.Webhook = &Webhook{NotificationURL: "https://app.example.com/n?a=1&b=2", NotificationAuthToken: testToken}
		return s
	}
	s.Sink = "https://app.example.com/n?a=1&b=2"
	s.SinkCredential = &SinkCredential{AccessToken: testToken, AccessTokenExpiresUTC: "2030-01-01T00:00:00Z"}
	return s
}

// newestSession has what only 1.2 has.
func newestSession() CreateSession {
	s := smallSession(V120)
	s.ApplicationServer = &ApplicationServer{IPAddresses: []string{"198.51.100.1", "2001:db8::1"}}
	s.Sink = "https://app.example.com/n"
	s.SinkCredential = &SinkCredential{CredentialType: CredentialPrivateKeyJWT, ClientID: "client", TokenURI: "https://app.example.com/token"}
	return s
}
