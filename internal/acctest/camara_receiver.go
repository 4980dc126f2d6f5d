package acctest

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
	"github.com/qosform/terraform-provider-qos/internal/receiver/store"
	sandbox "github.com/qosform/terraform-provider-qos/internal/sandbox/camara"
)

// NotificationToken is what an operator brings with its notifications.
const NotificationToken = "acc-operators-own-token-71e0b4" // #nosec G101 -- opens a test's receiver only

// NotifiedReceiver is a receiver that CAMARA operators notify.
type NotifiedReceiver struct {
	// Gate stands in front of it.
	Gate *Gate

	// url is where Terraform asks it, and sink where operators notify it: from 1.1
	// on, they want TLS.
	url, sink string
	operators *http.Client
	folder    string
}

// NewNotifiedReceiver starts a receiver that ends with the test.
func NewNotifiedReceiver(t *testing.T) *NotifiedReceiver {
	t.Helper()
	r := &NotifiedReceiver{Gate: &Gate{}, folder: t.TempDir()}
	// The store outlives the test's context: it is closed after it.
	background := context.WithoutCancel(t.Context())
	opened, err := store.Open(background, filepath.Join(r.folder, "receiver.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	server, err := receiver.NewServer(opened, receiver.ServerConfig{
		Version: "test", ReadToken: ReadToken, JournalToken: ReceiverToken, CAMARATokens: []string{NotificationToken},
	})
	if err != nil {
		t.Fatal(err)
	}
	r.Gate.Open(server.Handler())
	plain, secured := httptest.NewServer(r.Gate), httptest.NewTLSServer(r.Gate)
	r.url, r.sink, r.operators = plain.URL, secured.URL+receiver.NotificationPath, secured.Client()
	ctx, cancel := context.WithCancel(background)
	done := make(chan struct{})
	go func() {
		defer close(done)
		server.Run(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		<-done
		for _, s := range []*httptest.Server{plain, secured} {
			s.CloseClientConnections()
			s.Close()
		}
		if err := opened.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// Trusted lets an operator trust the receiver's certificate.
func (r *NotifiedReceiver) Trusted(o *sandbox.Options) {
	o.NotificationTransport = r.operators.Transport
}

// ProviderLines go into a provider block, so that it asks the receiver.
func (r *NotifiedReceiver) ProviderLines() string {
	return fmt.Sprintf("receiver_url = %q\n  receiver_token = %q", r.url, ReadToken)
}

// Sink lets the operator notify the receiver, with a token, in the words of 0.11
// and later.
func (r *NotifiedReceiver) Sink(token string) string {
	return fmt.Sprintf("sink = %q\n  sink_credential = {\n    access_token             = %q\n    access_token_expires_utc = \"2040-01-31T12:00:00Z\"\n  }", r.sink, token)
}

// Webhook is Sink in the words of 0.10.
func (r *NotifiedReceiver) Webhook(token string) string {
	return fmt.Sprintf("webhook = {\n    notification_url        = %q\n    notification_auth_token = %q\n  }", r.sink, token)
}

// Files are the contents of the store's files, by name.
func (r *NotifiedReceiver) Files(t *testing.T) map[string]string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(r.folder, "*"))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, name := range names {
		content, err := os.ReadFile(name) //nolint:gosec // The test's own folder.
		if err != nil {
			t.Fatal(err)
		}
		files[filepath.Base(name)] = string(content)
	}
	return files
}

// Tell brings a notification of 1.1, as the operator would.
func (r *NotifiedReceiver) Tell(t *testing.T, session, status string) {
	t.Helper()
	body := fmt.Sprintf(`{"id":%q,"source":"acc","specversion":"1.0","type":"org.camaraproject.quality-on-demand.v1.qos-status-changed","data":{"sessionId":%q,"qosStatus":%q}}`,
		session+status, session, status)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.sink, strings.NewReader(body))
	if err != nil {
		t.Error(err)
		return
	}
	req.Header.Set("Content-Type", "application/cloudevents+json")
	req.Header.Set("Authorization", "Bearer "+NotificationToken)
	resp, err := r.operators.Do(req)
	if err != nil {
		t.Error(err)
		return
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusNoContent {
		t.Errorf("a notification is answered %s", resp.Status)
	}
}
