package page_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jonboulle/clockwork"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
	"github.com/qosform/terraform-provider-qos/internal/receiver/page"
	"github.com/qosform/terraform-provider-qos/internal/receiver/store"
)

const (
	readToken    = "the-token-that-reads"
	journalToken = "the-token-that-writes"
	account      = "0000123456-00001"
	camaraToken  = "the-token-of-operators"
)

// site is a receiver with its page, on loopback.
type site struct {
	t      *testing.T
	store  receiver.Store
	server *receiver.Server
	clock  *clockwork.FakeClock
	url    string
	// reader is a browser without scripts: it keeps cookies and does not follow
	// redirects.
	reader *http.Client
}

func open(t *testing.T) *site {
	t.Helper()
	clock := clockwork.NewFakeClockAt(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
	journal, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "receiver.db"), store.Options{Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := journal.Close(); err != nil {
			t.Error(err)
		}
	})
	return serve(t, journal, clock, receiver.ServerConfig{ReadToken: readToken, JournalToken: journalToken, CAMARATokens: []string{camaraToken}})
}

// serve puts a page before a journal.
func serve(t *testing.T, journal receiver.Store, clock *clockwork.FakeClock, cfg receiver.ServerConfig) *site {
	t.Helper()
	cfg.Page, cfg.Clock, cfg.Logger = page.Mount, clock, slog.New(slog.DiscardHandler)
	server, err := receiver.NewServer(journal, cfg)
	if err != nil {
		t.Fatal(err)
	}
	listener := httptest.NewServer(server.Handler())
	t.Cleanup(listener.Close)
	return &site{t: t, store: journal, server: server, clock: clock, url: listener.URL, reader: newReader(t)}
}

func newReader(t *testing.T) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Client{
		Jar:           jar,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

type answer struct {
	status int
	header http.Header
	body   string
}

func (s *site) do(method, path string, form url.Values, header http.Header) answer {
	s.t.Helper()
	sent := http.Header{}
	if form != nil {
		sent.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	maps.Copy(sent, header)
	return s.send(method, path, form.Encode(), sent)
}

func (s *site) send(method, path, content string, header http.Header) answer {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, strings.NewReader(content))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header = header
	resp, err := s.reader.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header, string(body)}
}

// get reads a page with the read token and expects it to be there.
func (s *site) get(path string) string {
	s.t.Helper()
	got := s.do(http.MethodGet, path, nil, bearer(readToken))
	if got.status != http.StatusOK {
		s.t.Fatalf("GET %s: %d\n%s", path, got.status, got.body)
	}
	return got.body
}

func bearer(token string) http.Header { return http.Header{"Authorization": {"Bearer " + token}} }

// deliver sends a callback as ThingSpace does.
func (s *site) deliver(body string) {
	s.t.Helper()
	got := s.send(http.MethodPost, receiver.CapturePath, body, http.Header{"Content-Type": {"application/json"}})
	if got.status != http.StatusOK {
		s.t.Fatalf("callback answered %d: %s", got.status, got.body)
	}
}

// notify sends a CAMARA notification as an operator does.
func (s *site) notify(session, status, info string) {
	s.t.Helper()
	data := map[string]string{"sessionId": session, "qosStatus": status}
	if info != "" {
		data["statusInfo"] = info
	}
	body, err := json.Marshal(map[string]any{
		"id": session + status, "source": "https://operator.example.com", "specversion": "1.0",
		"type": "org.camaraproject.quality-on-demand.v1.qos-status-changed", "time": s.clock.Now().Format(time.RFC3339), "data": data,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	header := bearer(camaraToken)
	header.Set("Content-Type", "application/cloudevents+json")
	if got := s.send(http.MethodPost, receiver.NotificationPath, string(body), header); got.status != http.StatusNoContent {
		s.t.Fatalf("notification answered %d: %s", got.status, got.body)
	}
}

// happening is one QoS event of a callback.
type happening struct {
	request, subscription, event, status, reason, device string
}

func callback(h happening) string {
	entry := map[string]any{"accountName": account, "reportedTime": "2026-03-01T05:00:00.795", "qosEvent": h.event}
	for name, value := range map[string]string{"qosSubscriptionId": h.subscription, "status": h.status, "reason": h.reason} {
		if value != "" {
			entry[name] = value
		}
	}
	body := map[string]any{
		"requestId": h.request, "callbackCount": 1, "maxCallbackThreshold": 4,
		"deviceResponse": map[string]any{"qoS": []any{entry}},
	}
	if h.device != "" {
		body["deviceIds"] = []any{map[string]string{"id": h.device, "kind": "MDN"}}
	}
	text, err := json.Marshal(body)
	if err != nil {
		return fmt.Sprintf("%q", err)
	}
	return string(text)
}

func acknowledged(request, subscription, device string) string {
	return callback(happening{request: request, subscription: subscription, event: "QoSChangeReqAck", status: "SUCCESS", device: device})
}

func on(request, subscription string) string {
	return callback(happening{request: request, subscription: subscription, event: "QoSChangeOn", status: "SUCCESS"})
}

func failed(request, subscription, reason string) string {
	return callback(happening{request: request, subscription: subscription, event: "QoSChangeFailed", status: "FAILED", reason: reason})
}

func device(id string) receiver.Device {
	return receiver.Device{ID: id, Kind: "MDN", Flows: []receiver.Flow{{
		FlowServer: "192.0.2.1:5000", FlowDevice: "198.51.100.7", FlowDirection: "UPLINK", FlowProtocol: "UDP", QCIOption: "Premium",
	}}}
}

// accepted journals a request as the provider does, up to ThingSpace's answer.
func (s *site) accepted(requestID string, devices ...receiver.Device) *receiver.Request {
	s.t.Helper()
	sent := s.sent("claim-of-"+requestID, devices...)
	return s.change(sent.ID, receiver.Change{Kind: receiver.ChangeAccepted, RequestID: requestID})
}

func (s *site) sent(claim string, devices ...receiver.Device) *receiver.Request {
	s.t.Helper()
	created, err := s.store.Create(s.t.Context(), receiver.NewRequest{AccountName: account, Claim: claim, Devices: devices})
	if err != nil {
		s.t.Fatal(err)
	}
	return s.change(created.ID, receiver.Change{Kind: receiver.ChangeSent})
}

// held is a request that a Terraform state has.
func (s *site) held(requestID string, devices ...receiver.Device) *receiver.Request {
	s.t.Helper()
	return s.change(s.accepted(requestID, devices...).ID, receiver.Change{Kind: receiver.ChangeReturned})
}

// lost is a request whose answer was lost.
func (s *site) lost(claim string, devices ...receiver.Device) *receiver.Request {
	s.t.Helper()
	return s.change(s.sent(claim, devices...).ID, receiver.Change{Kind: receiver.ChangeUnknown, Reason: "connection reset"})
}

func (s *site) change(id string, c receiver.Change) *receiver.Request {
	s.t.Helper()
	changed, err := s.store.Change(s.t.Context(), id, c)
	if err != nil {
		s.t.Fatal(err)
	}
	return changed
}

// abandon lets every lease lapse.
func (s *site) abandon() {
	s.t.Helper()
	s.clock.Advance(time.Minute)
	if err := s.store.Sweep(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
}

// brokenStore cannot read.
type brokenStore struct{ receiver.Store }

func (brokenStore) Statistics(context.Context) (*receiver.Statistics, error) {
	return nil, io.ErrUnexpectedEOF
}

// quarantined is a callback whose password was wrong.
func quarantined(at time.Time, reason string) receiver.Quarantined {
	return receiver.Quarantined{
		ReceivedAt: at, Source: "203.0.113.9", Reason: "wrong username or password",
		Events: []receiver.Event{{
			RequestID: "r-" + reason, QoSEvent: "QoSChangeOn", AccountName: account, Reason: reason,
			Body: `{"note":"` + reason + `"}`,
		}},
	}
}
