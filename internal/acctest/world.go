// Package acctest gives acceptance tests a world to run in: a simulated
// ThingSpace and a receiver, each on a loopback port of its own and each with a
// place where a test can come between.
package acctest

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
	"github.com/qosform/terraform-provider-qos/internal/receiver/store"
	sandbox "github.com/qosform/terraform-provider-qos/internal/sandbox/thingspace"
	"github.com/qosform/terraform-provider-qos/internal/thingspace"
)

// What every world uses. The secrets are long and odd enough to be searched for.
const (
	Account          = sandbox.DefaultAccount
	ClientID         = "acc-client-id"
	ClientSecret     = "acc-client-secret-5f1d0c" // #nosec G101 -- opens a simulator only
	Username         = "acc-user"
	Password         = "acc-login-password-77ab3e" // #nosec G101 -- opens a simulator only
	ReceiverToken    = "acc-journal-token-c2ee91"  // #nosec G101 -- opens a test's receiver only
	ReadToken        = "acc-read-token-9ab7d0"     // #nosec G101 -- opens a test's receiver only
	CallbackUsername = "acc-listener"
	CallbackPassword = "acc-listener-password-04cd" // #nosec G101 -- sent to a test's receiver only
)

// Lease is how long a dead process holds a request in a world: short, but longer
// than a provider takes to renew it.
const Lease = 4 * time.Second

// World is a simulated network and the receiver that listens to it.
type World struct {
	ThingSpace *sandbox.Sandbox
	Store      *store.Store
	// Database is the file of the receiver's store.
	Database string
	// ThingSpaceGate and ReceiverGate stand in front of the two.
	ThingSpaceGate, ReceiverGate *Gate

	thingSpaceURL, receiverURL string
	stopReceiver               func()
}

// Option changes the sandbox before it starts.
type Option func(*sandbox.Options)

// New starts a world that ends with the test.
func New(t *testing.T, options ...Option) *World {
	t.Helper()
	o := sandbox.Options{
		ClientID: ClientID, ClientSecret: ClientSecret, Username: Username, Password: Password,
		Switches: sandbox.Switches{AnyPort: true},
	}
	for _, option := range options {
		option(&o)
	}
	w := &World{Database: filepath.Join(t.TempDir(), "receiver.db"), ThingSpaceGate: &Gate{}, ReceiverGate: &Gate{}}

	w.ThingSpace = sandbox.New(o)
	w.ThingSpaceGate.Open(w.ThingSpace.Handler())
	thingSpace := httptest.NewServer(w.ThingSpaceGate)
	receiverServer := httptest.NewServer(w.ReceiverGate)
	w.thingSpaceURL, w.receiverURL = thingSpace.URL, receiverServer.URL
	w.StartReceiver(t)
	t.Cleanup(func() {
		w.ThingSpace.Close()
		w.StopReceiver()
		receiverServer.CloseClientConnections()
		receiverServer.Close()
		thingSpace.CloseClientConnections()
		thingSpace.Close()
	})
	return w
}

// StartReceiver opens the store and serves the receiver again after StopReceiver.
func (w *World) StartReceiver(t *testing.T) {
	t.Helper()
	// The store outlives the test's context: it is closed after it.
	background := context.WithoutCancel(t.Context())
	opened, err := store.Open(background, w.Database, store.Options{Lease: Lease})
	if err != nil {
		t.Fatal(err)
	}
	server, err := receiver.NewServer(opened, receiver.ServerConfig{
		Version:           "test",
		PublicURL:         w.receiverURL,
		ReadToken:         ReadToken,
		JournalToken:      ReceiverToken,
		Lease:             Lease,
		CallbackUsernames: []string{CallbackUsername},
		CallbackPasswords: []string{CallbackPassword},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(background)
	done := make(chan struct{})
	go func() {
		defer close(done)
		server.Run(ctx)
	}()
	w.Store = opened
	w.ReceiverGate.Open(server.Handler())
	w.stopReceiver = func() {
		w.ReceiverGate.Close()
		cancel()
		<-done
		_ = opened.Close()
	}
}

// StopReceiver takes the receiver away; connections to it are cut.
func (w *World) StopReceiver() {
	if w.stopReceiver != nil {
		w.stopReceiver()
		w.stopReceiver = nil
	}
}

// ProviderConfig is a provider block for the world; extra lines go into it.
func (w *World) ProviderConfig(extra ...string) string {
	return fmt.Sprintf(`
provider "thingspace" {
  base_url                = %q
  client_id               = %q
  client_secret           = %q
  username                = %q
  password                = %q
  receiver_url            = %q
  receiver_token          = %q
  max_requests_per_second = 1000
  %s
}
`, w.thingSpaceURL, ClientID, ClientSecret, Username, Password, w.receiverURL, ReceiverToken, strings.Join(extra, "\n  "))
}

// CallbackConfig is the callback resource "qos", registered to the receiver.
func (w *World) CallbackConfig() string {
	return fmt.Sprintf(`
resource "thingspace_callback" "qos" {
  account_name = %q
  url          = %q
  username     = %q
  password     = %q
}
`, Account, w.CallbackURL(), CallbackUsername, CallbackPassword)
}

// CallbackURL is where the receiver takes callbacks.
func (w *World) CallbackURL() string { return w.receiverURL + "/thingspace/callbacks" }

// ReceiverURL is the receiver's root.
func (w *World) ReceiverURL() string { return w.receiverURL }

// ThingSpaceURL is the simulator's root.
func (w *World) ThingSpaceURL() string { return w.thingSpaceURL }

// Register registers the receiver at the simulator as the callback resource
// would.
func (w *World) Register() {
	w.ThingSpace.SetCallback(sandbox.Callback{AccountName: Account, ServiceName: "QoS", URL: w.CallbackURL(), Username: CallbackUsername, Password: CallbackPassword})
}

// Journal is a client of the receiver that may write.
func (w *World) Journal(t *testing.T) *receiver.Client {
	t.Helper()
	client, err := receiver.NewClient(receiver.ClientConfig{URL: w.receiverURL, Token: ReceiverToken})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// Factories serves the provider in the test's own process. It reads no
// environment.
func Factories() map[string]func() (tfprotov6.ProviderServer, error) {
	factory := providerserver.NewProtocol6WithError(thingspace.New("test", thingspace.WithEnvironment(func(string) string { return "" })))
	return map[string]func() (tfprotov6.ProviderServer, error){"thingspace": factory}
}

// Gate is a handler that can be closed, as if the host were away, and in which
// a test can come between requests and their answers.
type Gate struct {
	next atomic.Pointer[http.Handler]
	wrap atomic.Pointer[func(http.Handler) http.Handler]
}

// Open lets requests through to next.
func (g *Gate) Open(next http.Handler) { g.next.Store(&next) }

// Close cuts the connection of every request from now on.
func (g *Gate) Close() { g.next.Store(nil) }

// Interpose puts middleware in front of the handler; nil takes it away.
func (g *Gate) Interpose(wrap func(http.Handler) http.Handler) {
	if wrap == nil {
		g.wrap.Store(nil)
		return
	}
	g.wrap.Store(&wrap)
}

func (g *Gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	next := g.next.Load()
	if next == nil {
		panic(http.ErrAbortHandler) //nolint:forbidigo // net/http's way to cut a connection
	}
	handler := *next
	if wrap := g.wrap.Load(); wrap != nil {
		handler = (*wrap)(handler)
	}
	handler.ServeHTTP(w, r)
}
