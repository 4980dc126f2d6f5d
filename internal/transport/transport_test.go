package transport_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/time/rate"

	"github.com/qosform/terraform-provider-qos/internal/transport"
)

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// send makes one POST through rt and returns the answer's body.
func send(ctx context.Context, t *testing.T, rt http.RoundTripper, target string) (string, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target, strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := rt.RoundTrip(req)
	if err != nil {
		return "", err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body), nil
}

func newTransport(t *testing.T) *http.Transport {
	t.Helper()
	pool := transport.New()
	pool.Proxy = nil
	t.Cleanup(pool.CloseIdleConnections)
	return pool
}

func hangUp(http.ResponseWriter, *http.Request) {
	// Panicking with ErrAbortHandler is net/http's way to drop a connection.
	panic(http.ErrAbortHandler)
}

func closedPort(t *testing.T) string {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	return address
}

func TestMarkUnsent(t *testing.T) {
	t.Parallel()
	dropping := httptest.NewServer(http.HandlerFunc(hangUp))
	t.Cleanup(dropping.Close)
	untrusted := httptest.NewUnstartedServer(http.HandlerFunc(hangUp))
	untrusted.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	untrusted.StartTLS()
	t.Cleanup(untrusted.Close)
	ended, cancel := context.WithCancel(t.Context())
	cancel()

	tests := map[string]struct {
		ctx    context.Context
		next   http.RoundTripper
		target string
		unsent bool
	}{
		"nothing listens":         {target: "http://" + closedPort(t), unsent: true},
		"certificate not trusted": {target: untrusted.URL, unsent: true},
		"context already ended":   {ctx: ended, target: dropping.URL, unsent: true},
		"connection dropped":      {target: dropping.URL},
		"round tripper without hooks": {
			next:   roundTripper(func(*http.Request) (*http.Response, error) { return nil, errors.New("lost") }),
			target: dropping.URL,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, next := test.ctx, test.next
			if ctx == nil {
				ctx = t.Context()
			}
			if next == nil {
				next = newTransport(t)
			}
			_, err := send(ctx, t, transport.MarkUnsent(next), test.target)
			if err == nil {
				t.Fatal("no error")
			}
			if got := transport.Unsent(err); got != test.unsent {
				t.Errorf("Unsent(%v) = %v, want %v", err, got, test.unsent)
			}
		})
	}
}

func TestMarkUnsentHTTP2(t *testing.T) {
	t.Parallel()
	var drop atomic.Bool
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if drop.Load() {
			hangUp(w, r)
		}
		_, _ = io.WriteString(w, r.Proto)
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	pool := newTransport(t)
	pool.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: x509.NewCertPool()}
	pool.TLSClientConfig.RootCAs.AddCert(server.Certificate())
	rt := transport.Buffer(transport.MarkUnsent(pool), 1<<10)

	for range 2 {
		if body, err := send(t.Context(), t, rt, server.URL); err != nil || body != "HTTP/2.0" {
			t.Fatalf("got %q, %v", body, err)
		}
	}
	drop.Store(true)
	if _, err := send(t.Context(), t, rt, server.URL); err == nil || transport.Unsent(err) {
		t.Errorf("a stream that was reset on a known connection: unsent = %v, err = %v", transport.Unsent(err), err)
	}
}

func TestTimeoutEndsOneAttemptOnly(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	}))
	t.Cleanup(server.Close)
	rt := transport.Timeout(transport.Buffer(transport.MarkUnsent(newTransport(t)), 1<<10), 30*time.Millisecond)
	_, err := send(t.Context(), t, rt, server.URL)
	if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "30ms") {
		t.Errorf("err = %v, want one that names the limit and is DeadlineExceeded", err)
	}
	if transport.Unsent(err) {
		t.Error("the request was sent")
	}
	if t.Context().Err() != nil {
		t.Error("the caller's context has ended too")
	}
}

func TestBuffer(t *testing.T) {
	t.Parallel()
	var connections atomic.Int32
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/broken":
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, "half")
			if err := http.NewResponseController(w).Flush(); err != nil {
				t.Error(err)
			}
			hangUp(w, r)
		case "/long":
			_, _ = io.WriteString(w, strings.Repeat("x", 1000))
		default:
			_, _ = io.WriteString(w, "ok")
		}
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	rt := transport.Buffer(newTransport(t), 10)

	for _, test := range []struct{ path, want string }{{"/", "ok"}, {"/long", strings.Repeat("x", 10)}, {"/", "ok"}} {
		if got, err := send(t.Context(), t, rt, server.URL+test.path); err != nil || got != test.want {
			t.Errorf("%s: got %q, %v, want %q", test.path, got, err, test.want)
		}
	}
	if got := connections.Load(); got != 1 {
		t.Errorf("%d connections for three requests in a row, want 1", got)
	}
	if _, err := send(t.Context(), t, rt, server.URL+"/broken"); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a body that breaks off: err = %v", err)
	}
}

func TestNewKeepsTheConnectionsOfABurst(t *testing.T) {
	t.Parallel()
	const parallel = 40
	var connections atomic.Int32
	arrived := make(chan struct{}, parallel)
	release := make(chan struct{})
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		arrived <- struct{}{}
		<-release
		_, _ = io.WriteString(w, "ok")
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	rt := transport.Buffer(newTransport(t), 1<<10)

	for range 2 {
		var group sync.WaitGroup
		for range parallel {
			group.Go(func() {
				if _, err := send(t.Context(), t, rt, server.URL); err != nil {
					t.Error(err)
				}
			})
		}
		for range parallel {
			<-arrived
		}
		for range parallel {
			release <- struct{}{}
		}
		group.Wait()
	}
	if got := connections.Load(); got != parallel {
		t.Errorf("two bursts of %d made %d connections", parallel, got)
	}
}

func TestLimitGivesUpBeforeSending(t *testing.T) {
	t.Parallel()
	var sent atomic.Int32
	rt := transport.Limit(roundTripper(func(*http.Request) (*http.Response, error) {
		sent.Add(1)
		return &http.Response{Body: http.NoBody}, nil
	}), rate.NewLimiter(rate.Every(time.Hour), 1))
	if _, err := send(t.Context(), t, rt, "http://example.com"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	_, err := send(ctx, t, rt, "http://example.com")
	if !errors.Is(err, transport.ErrRateWait) || !transport.Unsent(err) {
		t.Errorf("err = %v", err)
	}
	if sent.Load() != 1 {
		t.Errorf("%d requests sent, want 1", sent.Load())
	}
}

func TestUserAgent(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ own, want string }{
		"none of its own": {want: "qos/1"},
		"its own":         {own: "mine", want: "mine"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got string
			rt := transport.UserAgent(roundTripper(func(r *http.Request) (*http.Response, error) {
				got = r.Header.Get("User-Agent")
				return &http.Response{Body: http.NoBody}, nil
			}), "qos/1")
			req := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://example.com", nil)
			req.Header.Set("User-Agent", test.own)
			resp, err := rt.RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = resp.Body.Close() }()
			if got != test.want {
				t.Errorf("sent %q, want %q", got, test.want)
			}
			if req.Header.Get("User-Agent") != test.own {
				t.Error("the caller's request was changed")
			}
		})
	}
}

func TestLogShowsNoSecret(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	logger := slog.New(slog.NewJSONHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))
	answer := func(*http.Request) (*http.Response, error) {
		header := http.Header{"Set-Cookie": {"s3cret"}, "X-Request-Id": {"id-1"}, "Retry-After": {"7"}}
		return &http.Response{StatusCode: http.StatusTeapot, Header: header, Body: io.NopCloser(strings.NewReader("s3cret"))}, nil
	}
	fail := func(*http.Request) (*http.Response, error) {
		return nil, &transport.UnsentError{Err: errors.New("nobody there")}
	}
	for _, next := range []roundTripper{answer, fail} {
		req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "http://u:s3cret@example.com/a?access_token=s3cret&accountName=0-1", strings.NewReader("s3cret"))
		for _, name := range []string{"Authorization", "VZ-M2M-Token", "X-API-Key", "Cookie", "X-Whatever"} {
			req.Header.Set(name, "s3cret")
		}
		if resp, err := transport.Log(next, logger).RoundTrip(req); err == nil {
			_ = resp.Body.Close()
		}
	}
	got := out.String()
	for _, want := range []string{`"method":"POST"`, "accountName=0-1", "access_token=REDACTED", `"status":418`, "id-1", "nobody there", `"unsent":true`, `"duration"`} {
		if !strings.Contains(got, want) {
			t.Errorf("the log lacks %s:\n%s", want, got)
		}
	}
	if strings.Contains(got, "s3cret") {
		t.Errorf("the log shows the secret:\n%s", got)
	}
}

func TestSafeURL(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"https://example.com/a":                         "https://example.com/a",
		"https://u:p@example.com/a#token=1":             "https://example.com/a",
		"https://example.com/a?X-Amz-Signature=1&b=2":   "https://example.com/a?X-Amz-Signature=REDACTED&b=2",
		"https://example.com/a?client_secret=1&apikey=": "https://example.com/a?apikey=REDACTED&client_secret=REDACTED",
	} {
		u, err := url.Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		if got := transport.SafeURL(u); got != want {
			t.Errorf("SafeURL(%s) = %s, want %s", raw, got, want)
		}
	}
}

func TestClientFollowsNoRedirect(t *testing.T) {
	t.Parallel()
	var agent string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		agent = r.UserAgent()
		http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
	}))
	t.Cleanup(server.Close)
	settings := transport.Settings{
		Base: newTransport(t), MaxRequestsPerSecond: 10, AttemptTimeout: time.Minute, UserAgent: "qos/1", Logger: slog.New(slog.DiscardHandler),
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := settings.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusTemporaryRedirect || agent != "qos/1" {
		t.Errorf("status %d, user agent %q", resp.StatusCode, agent)
	}
}

func TestCheckURL(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"https://example.com/qod/v0": "",
		"http://localhost:8080":      "",
		"":                           "absolute",
		"example.com":                "absolute",
		"ftp://example.com":          "absolute",
		"https://":                   "absolute",
		"https://u:s3cret@a.com":     "user name",
		"https://a.com?key=s3cret":   "query",
		"https://a.com#s3cret":       "fragment",
		"https://a.com/%zz":          "parsed",
	} {
		err := transport.CheckURL(raw)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: err = %v, want %q", raw, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "s3cret") {
			t.Errorf("the error shows the secret: %v", err)
		}
	}
}
