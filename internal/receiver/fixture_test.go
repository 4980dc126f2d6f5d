package receiver_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
	"github.com/qosform/terraform-provider-qos/internal/receiver/store"
)

const (
	readToken    = "token-that-reads"
	journalToken = "token-that-writes"
	account      = "0000123456-00001"
)

// fixture is a receiver on loopback over a store in a temporary file.
type fixture struct {
	store  receiver.Store
	server *receiver.Server
	url    string
	logs   *lockedBuffer
	http   *http.Client
	// stop ends the server's background work.
	stop func()
}

// lockedBuffer is a log that several goroutines write.
type lockedBuffer struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.String()
}

func openStore(tb testing.TB, options store.Options) receiver.Store {
	tb.Helper()
	s, err := store.Open(tb.Context(), filepath.Join(tb.TempDir(), "receiver.db"), options)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Error(err)
		}
	})
	return s
}

func start(tb testing.TB, cfg receiver.ServerConfig) *fixture {
	tb.Helper()
	return startOn(tb, openStore(tb, store.Options{}), cfg)
}

func startOn(tb testing.TB, journal receiver.Store, cfg receiver.ServerConfig) *fixture {
	tb.Helper()
	f := prepare(tb, journal, cfg)
	ctx, stop := context.WithCancel(tb.Context())
	var background sync.WaitGroup
	background.Go(func() { f.server.Run(ctx) })
	f.stop = func() {
		stop()
		background.Wait()
	}
	tb.Cleanup(f.stop)
	return f
}

// prepare makes a server that does no work in the background.
func prepare(tb testing.TB, journal receiver.Store, cfg receiver.ServerConfig) *fixture {
	tb.Helper()
	logs := &lockedBuffer{}
	cfg.Logger = slog.New(slog.NewTextHandler(logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
	if cfg.ReadToken == "" {
		cfg.ReadToken, cfg.JournalToken = readToken, journalToken
	}
	server, err := receiver.NewServer(journal, cfg)
	if err != nil {
		tb.Fatal(err)
	}
	listener := httptest.NewServer(server.Handler())
	tb.Cleanup(listener.Close)
	return &fixture{store: journal, server: server, url: listener.URL, logs: logs, http: listener.Client()}
}

func (f *fixture) client(tb testing.TB, token string) *receiver.Client {
	tb.Helper()
	client, err := receiver.NewClient(receiver.ClientConfig{URL: f.url, Token: token, MaxRetries: -1})
	if err != nil {
		tb.Fatal(err)
	}
	return client
}

type response struct {
	status int
	header http.Header
	body   string
}

func (f *fixture) do(tb testing.TB, method, path, body string, header http.Header) response {
	tb.Helper()
	req, err := http.NewRequestWithContext(tb.Context(), method, f.url+path, strings.NewReader(body))
	if err != nil {
		tb.Fatal(err)
	}
	if header != nil {
		req.Header = header
	}
	resp, err := f.http.Do(req)
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	content, err := io.ReadAll(resp.Body)
	if err != nil {
		tb.Fatal(err)
	}
	return response{resp.StatusCode, resp.Header, string(content)}
}

func (f *fixture) deliver(tb testing.TB, body string) response {
	tb.Helper()
	return f.do(tb, http.MethodPost, receiver.CapturePath, body, http.Header{"Content-Type": {"application/json"}})
}

func (f *fixture) events(tb testing.TB) []receiver.Event {
	tb.Helper()
	events, err := f.client(tb, readToken).Events(tb.Context(), 0, 1000)
	if err != nil {
		tb.Fatal(err)
	}
	return events
}

func (f *fixture) quarantined(tb testing.TB) []receiver.Quarantined {
	tb.Helper()
	held, err := f.client(tb, readToken).Quarantined(tb.Context(), "")
	if err != nil {
		tb.Fatal(err)
	}
	return held
}

// callback is the body of a callback with one event.
func callback(event, requestID, subscriptionID, extra string) string {
	return fmt.Sprintf(`{"requestId":%q,%s"deviceResponse":{"qoS":[{"accountName":%q,"qosSubscriptionId":%q,"reportedTime":"2023-02-17T18:56:52.795","qosEvent":%q,"status":"SUCCESS"}]},"callbackCount":1,"maxCallbackThreshold":4}`,
		requestID, extra, account, subscriptionID, event)
}

func acknowledgement(requestID, subscriptionID, device string) string {
	return callback("QoSChangeReqAck", requestID, subscriptionID, fmt.Sprintf(`"deviceIds":[{"id":%q,"kind":"MDN"}],`, device))
}

func intent(claim, device string) receiver.NewRequest {
	return receiver.NewRequest{
		AccountName: account,
		Claim:       claim,
		Devices: []receiver.Device{{
			ID: device, Kind: "MDN",
			Flows: []receiver.Flow{{FlowServer: "192.0.2.1:5000", FlowDevice: "198.51.100.1", FlowDirection: "UPLINK", FlowProtocol: "UDP", QCIOption: "Premium"}},
		}},
	}
}
