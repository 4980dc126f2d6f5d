package thingspace_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/qosform/terraform-provider-qos/internal/acctest"
	"github.com/qosform/terraform-provider-qos/internal/acctest/protocol"
	sandbox "github.com/qosform/terraform-provider-qos/internal/sandbox/thingspace"
	"github.com/qosform/terraform-provider-qos/internal/transport"
)

// lent are the tokens that a session has lent, which must be good.
func (d *dialogue) lent(t *testing.T, e *protocol.Ephemeral) (access, session string) {
	t.Helper()
	wantNothingSaid(t, e.Diagnostics)
	access, session = fmt.Sprint(e.Result["access_token"]), fmt.Sprint(e.Result["session_token"])
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, d.ThingSpaceURL()+callbacksPath+acctest.Account, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+access)
	req.Header.Set("VZ-M2M-Token", session)
	req.Header.Set("Content-Type", "application/json")
	resp, err := transport.Settings{Logger: slog.New(slog.DiscardHandler), AttemptTimeout: time.Minute}.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("ThingSpace answers HTTP %d to the tokens", resp.StatusCode)
	}
	return access, session
}

// wantOneLogin fails unless there was one, and so many listings.
func (d *dialogue) wantOneLogin(t *testing.T, listings int) {
	t.Helper()
	if l, c := d.ThingSpace.Count(sandbox.OpLogin), d.ThingSpace.Count(sandbox.OpListCallbacks); l != 1 || c != listings {
		t.Errorf("%d logins and %d listings, want 1 and %d", l, c, listings)
	}
}

// The session is the provider's own: one login serves all, and nothing ends it.
func TestSessionIsShared(t *testing.T) {
	t.Parallel()
	d := speak(t)
	before := time.Now()
	first := d.provider.Open(sessionType, protocol.Object{})
	access, session := d.lent(t, first)
	expires, err := time.Parse(time.RFC3339, fmt.Sprint(first.Result["access_token_expires_at"]))
	if err != nil || expires.Before(before.Add(59*time.Minute)) || expires.After(time.Now().Add(61*time.Minute)) {
		t.Errorf("the access token expires at %v (%v), want in an hour", first.Result["access_token_expires_at"], err)
	}
	if !first.RenewAt.IsZero() {
		t.Errorf("without an account, it is to be renewed at %s", first.RenewAt)
	}
	wantNothingSaid(t, first.Close())
	if again, secondSession := d.lent(t, d.provider.Open(sessionType, protocol.Object{})); again != access || secondSession != session {
		t.Error("another one is opened for each")
	}
	d.wantOneLogin(t, 2)
	if listed := d.ask(callbackType, nil); len(listed) != 0 {
		t.Error(listed)
	}
	d.wantOneLogin(t, 3)
}

func TestSessionIsKeptInUse(t *testing.T) {
	t.Parallel()
	d := speak(t)
	before := time.Now()
	e := d.provider.Open(sessionType, protocol.Object{"account_name": acctest.Account})
	d.wantOneLogin(t, 1)
	soon := func() {
		t.Helper()
		if e.RenewAt.Before(before.Add(9*time.Minute)) || e.RenewAt.After(time.Now().Add(11*time.Minute)) {
			t.Errorf("it is to be renewed at %s, want in ten minutes", e.RenewAt)
		}
	}
	soon()
	_, session := d.lent(t, e)
	wantNothingSaid(t, e.Renew())
	soon()
	d.wantOneLogin(t, 3)

	d.ThingSpace.ExpireSessions()
	said := e.Renew()
	wantWords(t, said.Warnings().String(), "ThingSpace session was replaced", acctest.Account)
	if len(said.Errors()) > 0 || strings.Contains(said.String(), session) || !e.RenewAt.IsZero() {
		t.Errorf("renewal at %s, and said is %s", e.RenewAt, said)
	}
	wantNothingSaid(t, e.Close())
}

func TestSessionTellsOfAnotherAccessToken(t *testing.T) {
	t.Parallel()
	d := speak(t)
	e := d.provider.Open(sessionType, protocol.Object{"account_name": acctest.Account})
	access, _ := d.lent(t, e)
	d.ThingSpace.ExpireTokens()
	said := e.Renew()
	wantWords(t, said.Warnings().String(), "ThingSpace access token was replaced", acctest.Account)
	if len(said.Errors()) > 0 || strings.Contains(said.String(), access) || e.RenewAt.IsZero() {
		t.Errorf("renewal at %s, and said is %s", e.RenewAt, said)
	}
	wantNothingSaid(t, e.Renew()) // once is enough
}

// An outage does not end the renewals; what only another login could mend, does.
func TestSessionRenewalsOutliveAnOutage(t *testing.T) {
	t.Parallel()
	d := speak(t)
	block := blockOf(d.World)
	block["max_retries"] = 0
	e := spoken(t).Configure(block).Open(sessionType, protocol.Object{"account_name": acctest.Account})
	d.lent(t, e)
	before := time.Now()
	d.ThingSpace.Inject(sandbox.Fault{Kind: sandbox.FaultAnswer, Operation: sandbox.OpListCallbacks, Status: http.StatusServiceUnavailable, Times: 1})
	said := e.Renew()
	wantWords(t, said.Warnings().String(), "Unable to keep ThingSpace session in use", "503", "tried again in a minute")
	if len(said.Errors()) > 0 || e.RenewAt.Before(before.Add(30*time.Second)) || e.RenewAt.After(time.Now().Add(2*time.Minute)) {
		t.Errorf("renewal at %s, and said is %s", e.RenewAt, said)
	}
	wantNothingSaid(t, e.Renew())

	d.ThingSpace.ExpireSessions()
	d.ThingSpace.Inject(sandbox.Fault{Kind: sandbox.FaultAnswer, Operation: sandbox.OpLogin, Status: http.StatusUnauthorized, Shape: sandbox.ShapeApplication, Code: "LOGIN_FAILED", Times: 1})
	wantWords(t, e.Renew().Errors().String(), "Unable to keep ThingSpace session in use", "LOGIN_FAILED")
	if !e.RenewAt.IsZero() {
		t.Errorf("it is to be renewed at %s after a refused login", e.RenewAt)
	}
}

// A session that has ended unused is not lent.
func TestSessionIsGoodWhenOpened(t *testing.T) {
	t.Parallel()
	d := speak(t)
	account := protocol.Object{"account_name": acctest.Account}
	_, ended := d.lent(t, d.provider.Open(sessionType, account))
	d.ThingSpace.ExpireSessions()
	if _, session := d.lent(t, d.provider.Open(sessionType, account)); session == ended {
		t.Error("the session that had ended is lent again")
	}
}

func TestSessionOfGivenTokens(t *testing.T) {
	t.Parallel()
	d := speak(t)
	access, session := d.lent(t, d.provider.Open(sessionType, protocol.Object{}))
	given := spoken(t).Configure(protocol.Object{"base_url": d.ThingSpaceURL(), "access_token": access, "session_token": session})
	e := given.Open(sessionType, protocol.Object{})
	if a, s := d.lent(t, e); a != access || s != session || e.Result["access_token_expires_at"] != nil {
		t.Errorf("the tokens given are not those lent, or they expire at %v", e.Result["access_token_expires_at"])
	}
}

// Two refused logins are all, whoever asks.
func TestSessionHeedsTheLoginLimit(t *testing.T) {
	t.Parallel()
	d := speak(t)
	block := blockOf(d.World)
	block["password"] = "not-the-password-81c0"
	wrong := spoken(t).Configure(block)
	for range 4 {
		e := wrong.Open(sessionType, protocol.Object{})
		text := e.Diagnostics.Errors().String()
		wantWords(t, text, "Unable to open ThingSpace session")
		if e.Result != nil || strings.Contains(text, "not-the-password-81c0") {
			t.Error(text)
		}
	}
	if logins := d.ThingSpace.Count(sandbox.OpLogin); logins != 2 {
		t.Errorf("%d logins, want 2", logins)
	}
	wantWords(t, d.provider.Open(sessionType, protocol.Object{"account_name": "acme"}).Diagnostics.Errors().String(), "must be digits")
}
