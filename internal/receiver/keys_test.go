package receiver_test

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jonboulle/clockwork"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
	"github.com/qosform/terraform-provider-qos/internal/receiver/store"
)

func TestWrongTokensAreLimitedAndRightOnesAreNot(t *testing.T) {
	t.Parallel()
	clock := clockwork.NewFakeClock()
	f := prepare(t, openStore(t, store.Options{}), receiver.ServerConfig{Clock: clock})
	ask := func(token string) response { return f.do(t, http.MethodGet, "/v1/info", "", bearer(token)) }
	refused := 0
	for ask(wrong).status == http.StatusUnauthorized {
		refused++
		if refused > 1000 {
			t.Fatal("wrong tokens are never limited")
		}
	}
	got := ask(wrong)
	pause, err := strconv.Atoi(got.header.Get("Retry-After"))
	if got.status != http.StatusTooManyRequests || err != nil || pause < 1 {
		t.Errorf("answer %d, Retry-After %q", got.status, got.header.Get("Retry-After"))
	}
	if got := ask(readToken); got.status != http.StatusOK {
		t.Errorf("the right token is answered %d", got.status)
	}
	if got := f.do(t, http.MethodGet, "/v1/info", "", nil); got.status != http.StatusUnauthorized {
		t.Errorf("no token, which is no guess, is answered %d", got.status)
	}
	clock.Advance(time.Duration(pause) * time.Second)
	if got := ask(wrong); got.status != http.StatusUnauthorized {
		t.Errorf("after the pause, a wrong token is answered %d", got.status)
	}
	if logged := strings.Count(f.logs.String(), "a token was refused"); logged != refused+1 {
		t.Errorf("%d lines of log for %d refusals", logged, refused+1)
	}
}

// A source whose X-Forwarded-For is garbage is limited as the proxy that it is.
func TestSourcesCannotBeMadeUp(t *testing.T) {
	t.Parallel()
	f := prepare(t, openStore(t, store.Options{}), receiver.ServerConfig{Clock: clockwork.NewFakeClock()})
	for i := range 100 {
		header := bearer(wrong)
		header.Set("X-Forwarded-For", "203.0.113."+strconv.Itoa(i))
		if f.do(t, http.MethodGet, "/v1/info", "", header).status == http.StatusTooManyRequests {
			return
		}
	}
	t.Error("a made-up address for each guess evades the limit")
}

// forgetfulStore holds no quarantined callbacks; it counts them.
type forgetfulStore struct {
	receiver.Store
	held atomic.Int64
}

func (s *forgetfulStore) Quarantine(context.Context, receiver.Quarantined) error {
	s.held.Add(1)
	return nil
}

func TestWrongCallbacksDoNotFloodTheQuarantine(t *testing.T) {
	t.Parallel()
	cfg := guarded()
	cfg.Clock = clockwork.NewFakeClock()
	forgetful := &forgetfulStore{Store: openStore(t, store.Options{})}
	f := prepare(t, forgetful, cfg)
	limited := 0
	for i := range 520 {
		got := f.deliver(t, callback("QoSChangeOn", "r-"+strconv.Itoa(i), "s-1", withCredentials(username, wrong)))
		if got.status == http.StatusTooManyRequests {
			limited++
		}
	}
	if held := forgetful.held.Load(); limited != 20 || held != 500 {
		t.Errorf("of 520 callbacks with wrong credentials, %d are kept and %d refused unkept", held, limited)
	}
	if got := f.deliver(t, callback("QoSChangeOn", "r", "s", withCredentials(username, password))); got.status != http.StatusOK {
		t.Errorf("the right credentials are answered %d", got.status)
	}
}

func TestRotate(t *testing.T) {
	t.Parallel()
	f := prepare(t, openStore(t, store.Options{}), guarded())
	next := receiver.Secrets{
		ReadToken: "next-reading-token", JournalToken: "next-writing-token",
		CallbackUsernames: []string{username}, CallbackPasswords: []string{"next-callback-secret"},
	}
	if err := f.server.Rotate(next); err != nil {
		t.Fatal(err)
	}
	// Half a pair is refused, and changes nothing.
	if err := f.server.Rotate(receiver.Secrets{ReadToken: readToken, CallbackUsernames: []string{username}}); err == nil {
		t.Error("a username without a password is accepted")
	}
	for token, status := range map[string]int{readToken: 401, journalToken: 401, "next-reading-token": 200, "next-writing-token": 200} {
		if got := f.do(t, http.MethodGet, "/v1/info", "", bearer(token)); got.status != status {
			t.Errorf("%s is answered %d, want %d", token, got.status, status)
		}
	}
	for secret, status := range map[string]int{password: 401, "next-callback-secret": 200} {
		if got := f.deliver(t, callback("QoSChangeOn", "r-1", "s-"+secret, withCredentials(username, secret))); got.status != status {
			t.Errorf("password %s is answered %d, want %d", secret, got.status, status)
		}
	}
}

func TestRotateKeepsCredentialsRequired(t *testing.T) {
	t.Parallel()
	cfg := guarded()
	cfg.RequireCredentials = true
	f := prepare(t, openStore(t, store.Options{}), cfg)
	if err := f.server.Rotate(receiver.Secrets{ReadToken: readToken}); err == nil {
		t.Error("credentials are required, and none are left")
	}
}

// TestScopes asks every operation with every token: which may do what is not up
// to the handler.
func TestScopes(t *testing.T) {
	t.Parallel()
	f := prepare(t, openStore(t, store.Options{}), receiver.ServerConfig{})
	operations := map[string]bool{
		"GET /v1/info": false, "GET /v1/requests": false, "POST /v1/requests/wait": false, "GET /v1/subscriptions": false,
		"GET /v1/events": false, "GET /v1/quarantine": false,
		"POST /v1/requests": true, "PATCH /v1/requests/x": true, "POST /v1/resolve": true, "POST /v1/quarantine/x/release": true,
		"GET /v1/deliveries": false, "POST /v1/deliveries/retry": true, "POST /v1/deliveries/drop": true,
		"GET /v1/camara/notifications": false,
	}
	const captures = 2
	document, err := receiver.OpenAPI()
	if err != nil {
		t.Fatal(err)
	}
	if described := strings.Count(string(document), "operationId:") - captures; described != len(operations) {
		t.Errorf("the API has %d operations beside the captures, and %d are tried", described, len(operations))
	}
	for operation, writes := range operations {
		method, path, _ := strings.Cut(operation, " ")
		for token, allowed := range map[string]bool{"": false, wrong: false, readToken: !writes, journalToken: true} {
			got := f.do(t, method, path, "{}", bearer(token))
			refused := slices.Contains([]int{http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests}, got.status)
			if refused == allowed {
				t.Errorf("%s with token %q is answered %d", operation, token, got.status)
			}
		}
	}
}
