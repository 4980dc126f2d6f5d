package thingspace_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/qosform/terraform-provider-qos/internal/sandbox/thingspace"
)

func TestTokenIsTheSameWithinItsLifetime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.clock.Advance(59 * time.Minute)
	again := w.requestToken("grant_type=client_credentials", thingspace.DefaultClientSecret)
	again.wants(t, http.StatusOK, `{"access_token":"`+w.bearer+`","scope":"am_application_scope default","token_type":"Bearer","expires_in":60}`)
	w.clock.Advance(time.Minute)
	if w.token() == w.bearer {
		t.Fatal("the token outlived its lifetime")
	}
}

func TestTokenErrors(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tests := map[string]struct {
		answer answer
		status int
		code   string
	}{
		"wrong secret":      {w.requestToken("grant_type=client_credentials", "wrong"), 401, "invalid_client"},
		"wrong grant":       {w.requestToken("grant_type=password", thingspace.DefaultClientSecret), 400, "unsupported_grant_type"},
		"no grant":          {w.requestToken("", thingspace.DefaultClientSecret), 400, "invalid_request"},
		"JSON, not a form":  {w.do(http.MethodPost, tokenPath, `{"grant_type":"client_credentials"}`), 400, "invalid_request"},
		"bearer, not basic": {w.do(http.MethodPost, tokenPath, "grant_type=client_credentials", with("Content-Type", "application/x-www-form-urlencoded")), 401, "invalid_client"},
	}
	for name, test := range tests {
		test.answer.wants(t, test.status, "")
		if got := member(t, test.answer.body, "error"); got != test.code {
			t.Errorf("%s: got error %s, want %s", name, got, test.code)
		}
	}
}

func TestBearerIsChecked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, test := range map[string]struct {
		change header
		code   string
	}{
		"missing": {without("Authorization"), "900902"},
		"basic":   {with("Authorization", "Basic eA=="), "900902"},
		"wrong":   {with("Authorization", "Bearer x"), "900901"},
	} {
		for _, path := range []string{loginPath, listPath, enhancePath} {
			method := http.MethodPost
			a := w.do(method, path, "{}", test.change)
			if a.status != http.StatusUnauthorized || !strings.Contains(a.body, `{"fault":{"code":"`+test.code+`"`) {
				t.Errorf("%s bearer at %s: got %d %s", name, path, a.status, a.body)
			}
		}
	}
	w.sandbox.ExpireTokens()
	if a := w.do(http.MethodGet, listPath, ""); !strings.Contains(a.body, "900901") {
		t.Errorf("expired bearer: got %d %s", a.status, a.body)
	}
	w.bearer = w.token()
	w.do(http.MethodGet, listPath, "").wants(t, http.StatusOK, "")
}

func TestSessionIsChecked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	list := func(changes ...header) answer { return w.do(http.MethodGet, listPath, "", changes...) }

	list(without("VZ-M2M-Token")).refused(t, 400, "REQUEST_FAILED.SessionToken.Format", "")
	list(with("VZ-M2M-Token", "x")).refused(t, 400, "INPUT_INVALID.SessionToken.Invalid", "")

	w.clock.Advance(19 * time.Minute)
	list().wants(t, http.StatusOK, "")
	w.clock.Advance(19 * time.Minute)
	list().wants(t, http.StatusOK, "")
	w.clock.Advance(20 * time.Minute)
	list().refused(t, 400, "REQUEST_FAILED.SessionToken.Expired", "")

	w.session = w.login(thingspace.DefaultPassword, http.StatusOK)
	list().wants(t, http.StatusOK, "")
	w.sandbox.ExpireSessions()
	list().refused(t, 400, "REQUEST_FAILED.SessionToken.Expired", "")
}

func TestSingleSessionEndsTheOthers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.login(thingspace.DefaultPassword, http.StatusOK)
	w.do(http.MethodGet, listPath, "").wants(t, http.StatusOK, "")
	w.sandbox.SetSwitches(thingspace.Switches{SingleSession: true})
	w.login(thingspace.DefaultPassword, http.StatusOK)
	w.do(http.MethodGet, listPath, "").refused(t, 400, "INPUT_INVALID.SessionToken.Invalid", "")
}

func TestFiveFailedLoginsLockTheUser(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for range 4 {
		w.login("wrong", http.StatusBadRequest)
	}
	w.login(thingspace.DefaultPassword, http.StatusOK)
	for range 5 {
		w.login("wrong", http.StatusBadRequest)
	}
	w.do(http.MethodPost, loginPath,
		`{"username":"`+thingspace.DefaultUsername+`","password":"`+thingspace.DefaultPassword+`"}`).
		refused(t, http.StatusBadRequest, "Login.Locked", "locked")
	if got := w.sandbox.Count(thingspace.OpLogin); got != 12 {
		t.Errorf("got %d logins, want 12", got)
	}
}

func TestLoginBodyIsStrict(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for body, code := range map[string]string{
		``:                                  "RequestUndefined",
		`{`:                                 "DeserializationFailed",
		`[]`:                                "DeserializationFailed",
		`{"username":"a"}`:                  "DeserializationFailed",
		`{"username":"a","password":1}`:     "DeserializationFailed",
		`{"username":"a","Password":"b"}`:   "DeserializationFailed",
		`{"username":"a","password":"b"} x`: "DeserializationFailed",
		`{"username":"nobody","password":"sandbox-user-password"}`: "Login.Failed",
	} {
		w.do(http.MethodPost, loginPath, body).refused(t, http.StatusBadRequest, code, "")
	}
	w.do(http.MethodPost, loginPath, `{}`, without("Content-Type")).
		refused(t, http.StatusBadRequest, "INVALID_PARAMETER", "Content-Type")
}
