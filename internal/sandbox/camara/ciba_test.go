package camara_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/qosform/terraform-provider-qos/internal/sandbox/camara"
)

func (w *world) authenticate() answer {
	w.t.Helper()
	return w.form(w.url.Backchannel, url.Values{"scope": {deviceScope}, "login_hint": {phoneHint}})
}

func (w *world) poll(id string) answer {
	w.t.Helper()
	return w.form(w.url.Token, url.Values{"grant_type": {cibaGrant}, "auth_req_id": {id}})
}

func TestCIBA(t *testing.T) {
	t.Parallel()
	w := newWorld(t, camara.Version11, func(o *camara.Options) { o.ConsentDelay = 10 * time.Second })
	got := w.authenticate().wants(t, http.StatusOK)
	if body := got.object(t); body["expires_in"] != 120.0 || body["interval"] != 2.0 {
		t.Errorf("got %s", got.body)
	}
	id := got.text(t, "auth_req_id")
	pending := func() { t.Helper(); w.poll(id).oauthError(t, http.StatusBadRequest, "authorization_pending") }
	pending()
	w.clock.Advance(2 * time.Second)
	pending()
	w.clock.Advance(time.Second)
	w.poll(id).oauthError(t, http.StatusBadRequest, "slow_down")
	w.clock.Advance(6 * time.Second)
	w.poll(id).oauthError(t, http.StatusBadRequest, "slow_down") // 7 s is the interval now
	w.clock.Advance(12 * time.Second)
	w.bearer = w.poll(id).wants(t, http.StatusOK).text(t, "access_token")
	w.poll(id).oauthError(t, http.StatusBadRequest, "invalid_grant")
	w.created(session(`{"device":null}`))
}

func TestCIBAConsentedBefore(t *testing.T) {
	t.Parallel()
	w := newWorld(t, camara.Version11)
	w.poll(w.authenticate().wants(t, http.StatusOK).text(t, "auth_req_id")).wants(t, http.StatusOK)
}

func TestCIBAEnds(t *testing.T) {
	t.Parallel()
	w := newWorld(t, camara.Version11)
	w.sandbox.Inject(camara.Fault{Kind: camara.FaultDenyConsent, Device: phone, Times: 1})
	id := w.authenticate().text(t, "auth_req_id")
	w.poll(id).oauthError(t, http.StatusBadRequest, "access_denied")
	w.poll(id).oauthError(t, http.StatusBadRequest, "invalid_grant")

	w.sandbox.Inject(camara.Fault{Kind: camara.FaultNoConsent, Times: 1})
	id = w.authenticate().text(t, "auth_req_id")
	w.clock.Advance(119 * time.Second)
	w.poll(id).oauthError(t, http.StatusBadRequest, "authorization_pending")
	w.clock.Advance(time.Second)
	w.poll(id).oauthError(t, http.StatusBadRequest, "expired_token")
	w.poll(id).oauthError(t, http.StatusBadRequest, "invalid_grant")
}

func TestRefusedAuthentications(t *testing.T) {
	w := newWorld(t, camara.Version11, withKeys, func(o *camara.Options) {
		o.Devices = []camara.Device{{PhoneNumber: phone}, {IPv6Address: "2001:db8::1"}}
	})
	for name, test := range map[string]struct {
		form   url.Values
		change header
		status int
		code   string
	}{
		"unknown device": {url.Values{"scope": {deviceScope}, "login_hint": {"tel:+34666000009"}}, nil, 400, "unknown_user_id"},
		"no hint":        {url.Values{"scope": {deviceScope}}, nil, 400, "invalid_request"},
		"no scope":       {url.Values{"login_hint": {phoneHint}}, nil, 400, "invalid_request"},
		"no purpose":     {url.Values{"scope": {clientScope}, "login_hint": {phoneHint}}, nil, 400, "invalid_scope"},
		"another hint":   {url.Values{"scope": {deviceScope}, "login_hint": {phoneHint}, "id_token_hint": {"x"}}, nil, 400, "invalid_request"},
		"no client":      {url.Values{"scope": {deviceScope}, "login_hint": {phoneHint}}, without("Authorization"), 401, "invalid_client"},
		"JSON":           {url.Values{}, with("Content-Type", "application/json"), 400, "invalid_request"},
	} {
		changes := []header{}
		if test.change != nil {
			changes = append(changes, test.change)
		}
		t.Run(name, func(t *testing.T) {
			w.form(w.url.Backchannel, test.form, changes...).oauthError(t, test.status, test.code)
		})
	}
	t.Run("another client polls", func(t *testing.T) {
		id := w.authenticate().text(t, "auth_req_id")
		assertion := signed(t, jose.ES256, keys().ec, "ec", claims(w.url.Token, nil))
		w.form(w.url.Token, asserting(url.Values{"grant_type": {cibaGrant}, "auth_req_id": {id}}, assertion), without("Authorization")).
			oauthError(t, http.StatusBadRequest, "invalid_grant")
	})
	t.Run("by assertion", func(t *testing.T) {
		form := url.Values{"scope": {deviceScope}, "login_hint": {"ipport:[2001:db8::1]:8080"}}
		bad := signed(t, jose.ES256, keys().ec, "ec", claims(w.url.Token, nil))
		w.form(w.url.Backchannel, asserting(form, bad), without("Authorization")).oauthError(t, 401, "invalid_client")
		good := signed(t, jose.ES256, keys().ec, "ec", claims(w.url.Backchannel, nil))
		w.form(w.url.Backchannel, asserting(form, good), without("Authorization")).wants(t, http.StatusOK)
	})
}
