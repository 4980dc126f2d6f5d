package camara_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/google/uuid"

	"github.com/qosform/terraform-provider-qos/internal/sandbox/camara"
)

const (
	keyClient    = "key-app"
	clientScope  = "quality-on-demand:sessions:create quality-on-demand:sessions:read"
	purpose      = "dpv:RequestedServiceProvision"
	deviceScope  = "openid " + purpose + " " + clientScope
	jwtBearer    = "urn:ietf:params:oauth:grant-type:jwt-bearer"
	cibaGrant    = "urn:openid:params:grant-type:ciba"
	assertionURN = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
)

var keys = sync.OnceValue(func() struct {
	ec    *ecdsa.PrivateKey
	rsa   *rsa.PrivateKey
	other *ecdsa.PrivateKey
} {
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return struct {
		ec    *ecdsa.PrivateKey
		rsa   *rsa.PrivateKey
		other *ecdsa.PrivateKey
	}{ec, rsaKey, other}
})

// withKeys adds a client that registered an EC and an RSA key.
func withKeys(o *camara.Options) {
	o.AccessToken = ""
	o.Clients = []camara.Client{
		{ID: camara.DefaultClientID, Secret: camara.DefaultClientSecret},
		{ID: keyClient, Keys: []camara.Key{{ID: "ec", Public: keys().ec.Public()}, {Public: keys().rsa.Public()}}},
	}
}

func signed(t *testing.T, algorithm jose.SignatureAlgorithm, key crypto.Signer, kid string, claims map[string]any) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: jose.JSONWebKey{Key: key, KeyID: kid}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	token, err := jwt.Signed(signer).Claims(claims).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// claims are those of a good client assertion, changed; nil removes.
func claims(audience string, changes map[string]any) map[string]any {
	all := map[string]any{
		"iss": keyClient, "sub": keyClient, "aud": audience, "jti": uuid.NewString(),
		"iat": start.Unix(), "exp": start.Add(5 * time.Minute).Unix(),
	}
	maps.Copy(all, changes)
	for name, value := range all {
		if value == nil {
			delete(all, name)
		}
	}
	return all
}

func asserting(grant url.Values, assertion string) url.Values {
	form := maps.Clone(grant)
	form.Set("client_assertion_type", assertionURN)
	form.Set("client_assertion", assertion)
	return form
}

func (a answer) oauthError(t *testing.T, status int, code string) {
	t.Helper()
	a.wants(t, status)
	if got := a.text(t, "error"); got != code {
		t.Fatalf("got %s, want %s", a.body, code)
	}
}

func TestClientCredentials(t *testing.T) {
	w := newWorld(t, camara.Version11, func(o *camara.Options) { o.AccessToken = "" })
	grant := url.Values{"grant_type": {"client_credentials"}, "scope": {clientScope}}
	got := w.form(w.url.Token, grant).wants(t, http.StatusOK)
	if body := got.object(t); body["token_type"] != "Bearer" || body["expires_in"] != 3600.0 || body["scope"] != clientScope {
		t.Errorf("got %s", got.body)
	}
	w.bearer = got.text(t, "access_token")
	id := w.created(session())
	w.get(id).wants(t, http.StatusOK)
	w.remove(id).refused(t, http.StatusForbidden, "PERMISSION_DENIED") // the scope is not among those asked for

	w.clock.Advance(time.Hour)
	w.get(id).refused(t, http.StatusUnauthorized, "UNAUTHENTICATED")

	for name, test := range map[string]struct {
		form   url.Values
		change header
		status int
		code   string
	}{
		"wrong secret":     {grant, basic(camara.DefaultClientID, "x"), 401, "invalid_client"},
		"unknown client":   {grant, basic("x", camara.DefaultClientSecret), 401, "invalid_client"},
		"no client":        {grant, without("Authorization"), 401, "invalid_client"},
		"JSON":             {grant, with("Content-Type", "application/json"), 400, "invalid_request"},
		"no grant type":    {url.Values{"scope": {clientScope}}, nil, 400, "invalid_request"},
		"other grant type": {url.Values{"grant_type": {"password"}}, nil, 400, "unsupported_grant_type"},
		"no scope":         {url.Values{"grant_type": {"client_credentials"}}, nil, 400, "invalid_scope"},
		"unknown scope":    {url.Values{"grant_type": {"client_credentials"}, "scope": {"sessions:all"}}, nil, 400, "invalid_scope"},
		"two purposes":     {url.Values{"grant_type": {"client_credentials"}, "scope": {purpose + " dpv:FraudPrevention"}}, nil, 400, "invalid_scope"},
		"twice":            {url.Values{"grant_type": {"client_credentials", "client_credentials"}}, nil, 400, "invalid_request"},
	} {
		changes := []header{}
		if test.change != nil {
			changes = append(changes, test.change)
		}
		t.Run(name, func(t *testing.T) { w.form(w.url.Token, test.form, changes...).oauthError(t, test.status, test.code) })
	}
}

func TestClientScopes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, camara.Version11, func(o *camara.Options) {
		o.Clients = []camara.Client{{ID: camara.DefaultClientID, Secret: camara.DefaultClientSecret, Scopes: []string{"quality-on-demand:sessions:read"}}}
	})
	w.form(w.url.Token, url.Values{"grant_type": {"client_credentials"}, "scope": {clientScope}}).
		oauthError(t, http.StatusBadRequest, "invalid_scope")
}

// 0.10 knows no scopes for client credentials, and old names for the others.
func TestScopesOf010(t *testing.T) {
	t.Parallel()
	w := newWorld(t, camara.Version010, func(o *camara.Options) { o.AccessToken = "" })
	w.bearer = w.form(w.url.Token, url.Values{"grant_type": {"client_credentials"}}).wants(t, http.StatusOK).text(t, "access_token")
	w.remove(w.created(session())).wants(t, http.StatusNoContent)
	for scope, status := range map[string]int{
		"qod-sessions-write": 201, "dpv:RequestedServiceProvision#qod": 201, "qod-sessions-read": 403,
	} {
		token, err := w.sandbox.IssueToken(camara.DefaultClientID, phoneHint, scope)
		if err != nil {
			t.Fatal(err)
		}
		if a := w.create(session(), as(token)).wants(t, status); status == http.StatusCreated {
			w.remove(a.text(t, "sessionId"))
		}
	}
}

func TestPrivateKeyJWT(t *testing.T) {
	w := newWorld(t, camara.Version11, withKeys)
	grant := url.Values{"grant_type": {"client_credentials"}, "scope": {clientScope}}
	ask := func(assertion string) answer {
		return w.form(w.url.Token, asserting(grant, assertion), without("Authorization"))
	}
	good := signed(t, jose.ES256, keys().ec, "ec", claims(w.url.Token, nil))
	w.bearer = ask(good).wants(t, http.StatusOK).text(t, "access_token")
	w.created(session())
	ask(good).oauthError(t, http.StatusUnauthorized, "invalid_client") // its jti is used up
	for _, algorithm := range []jose.SignatureAlgorithm{jose.RS256, jose.PS256} {
		ask(signed(t, algorithm, keys().rsa, "", claims(w.url.Token, nil))).wants(t, http.StatusOK)
	}

	for name, test := range map[string]struct {
		change map[string]any
		says   string
	}{
		"other issuer":      {map[string]any{"iss": "x"}, "iss"},
		"other subject":     {map[string]any{"sub": phoneHint}, "sub"},
		"no audience":       {map[string]any{"aud": nil}, "aud"},
		"other endpoint":    {map[string]any{"aud": w.url.Backchannel}, "aud"},
		"server's root":     {map[string]any{"aud": w.api.URL}, "aud"},
		"two audiences":     {map[string]any{"aud": []string{w.url.Token, "x"}}, "aud"},
		"no jti":            {map[string]any{"jti": nil}, "jti"},
		"no exp":            {map[string]any{"exp": nil}, "exp"},
		"expired":           {map[string]any{"exp": start.Unix()}, "expired"},
		"lives for long":    {map[string]any{"exp": start.Add(301 * time.Second).Unix()}, "exp"},
		"lived for long":    {map[string]any{"iat": start.Add(-time.Second).Unix()}, "iat"},
		"from the future":   {map[string]any{"iat": start.Add(time.Second).Unix()}, "iat"},
		"not yet":           {map[string]any{"nbf": start.Add(time.Second).Unix()}, "not valid yet"},
		"not even a number": {map[string]any{"exp": "soon"}, "claims"},
	} {
		t.Run(name, func(t *testing.T) {
			a := ask(signed(t, jose.ES256, keys().ec, "ec", claims(w.url.Token, test.change)))
			a.oauthError(t, http.StatusUnauthorized, "invalid_client")
			if !strings.Contains(a.body, test.says) {
				t.Errorf("got %s, want it to say %q", a.body, test.says)
			}
		})
	}
	t.Run("other key", func(t *testing.T) {
		ask(signed(t, jose.ES256, keys().other, "ec", claims(w.url.Token, nil))).oauthError(t, 401, "invalid_client")
	})
	t.Run("other key id", func(t *testing.T) {
		ask(signed(t, jose.ES256, keys().ec, "old", claims(w.url.Token, nil))).oauthError(t, 401, "invalid_client")
	})
	t.Run("no JWT", func(t *testing.T) { ask("x").oauthError(t, 401, "invalid_client") })
	t.Run("secret, too", func(t *testing.T) {
		w.form(w.url.Token, asserting(grant, signed(t, jose.ES256, keys().ec, "ec", claims(w.url.Token, nil)))).
			oauthError(t, 400, "invalid_request")
	})
	t.Run("other client_id", func(t *testing.T) {
		form := asserting(grant, signed(t, jose.ES256, keys().ec, "ec", claims(w.url.Token, nil)))
		form.Set("client_id", camara.DefaultClientID)
		w.form(w.url.Token, form, without("Authorization")).oauthError(t, 401, "invalid_client")
	})
	t.Run("other type", func(t *testing.T) {
		form := asserting(grant, good)
		form.Set("client_assertion_type", "x")
		w.form(w.url.Token, form, without("Authorization")).oauthError(t, 400, "invalid_request")
	})
	t.Run("a secret for a client without", func(t *testing.T) {
		w.form(w.url.Token, grant, basic(keyClient, "")).oauthError(t, 401, "invalid_client")
	})
}

func TestJWTBearer(t *testing.T) {
	t.Parallel()
	w := newWorld(t, camara.Version11, withKeys, func(o *camara.Options) {
		o.Devices = []camara.Device{{PhoneNumber: phone}}
	})
	ask := func(change map[string]any) answer {
		all := claims(w.url.Token, map[string]any{"sub": phoneHint, "scope": deviceScope})
		maps.Copy(all, change)
		return w.form(w.url.Token, url.Values{
			"grant_type": {jwtBearer}, "assertion": {signed(t, jose.ES256, keys().ec, "ec", all)},
		}, without("Authorization"))
	}
	w.bearer = ask(nil).wants(t, http.StatusOK).text(t, "access_token")
	w.create(session()).refused(t, http.StatusUnprocessableEntity, "UNNECESSARY_IDENTIFIER")
	id := w.created(session(`{"device":null}`))
	w.get(id).wants(t, http.StatusOK)
	w.remove(id).refused(t, http.StatusForbidden, "PERMISSION_DENIED")

	ask(map[string]any{"aud": "x"}).oauthError(t, http.StatusBadRequest, "invalid_grant")
	ask(map[string]any{"sub": "tel:+34666000009"}).oauthError(t, http.StatusBadRequest, "invalid_grant")
	ask(map[string]any{"sub": keyClient}).oauthError(t, http.StatusBadRequest, "invalid_grant")
	ask(map[string]any{"scope": clientScope}).oauthError(t, http.StatusBadRequest, "invalid_scope")
	w.form(w.url.Token, url.Values{"grant_type": {jwtBearer}}).oauthError(t, http.StatusBadRequest, "invalid_request")
	w.form(w.url.Token, url.Values{"grant_type": {jwtBearer}, "assertion": {"x"}, "scope": {deviceScope}}).
		oauthError(t, http.StatusBadRequest, "invalid_request")
}

func TestLoginHints(t *testing.T) {
	t.Parallel()
	w := newWorld(t, camara.Version11)
	for hint, want := range map[string]string{
		"tel:+34666000001":           `{"phoneNumber":"+34666000001"}`,
		"ipport:192.0.2.1:16790":     `{"ipv4Address":{"publicAddress":"192.0.2.1","publicPort":16790}}`,
		"ipport:192.0.2.1":           `{"ipv4Address":{"publicAddress":"192.0.2.1"}}`,
		"ipport:[2001:db8::1]:8080":  `{"ipv6Address":"2001:db8::1"}`,
		"ipport:[2001:db8::1]":       `{"ipv6Address":"2001:db8::1"}`,
		"ipport:2001:db8::1":         "",
		"ipport:[192.0.2.1]":         "",
		"tel:34666000001":            "",
		"tel:+3466600000100000":      "",
		"tel:+3466600000a":           "",
		"+34666000001":               "",
		"ipport:example.com:80":      "",
		"operatortoken:eyJhbGciOiJ9": "",
	} {
		token, err := w.sandbox.IssueToken(camara.DefaultClientID, hint, strings.Fields(clientScope)...)
		if (err == nil) != (want != "") {
			t.Errorf("%s: got %v", hint, err)
			continue
		}
		if want == "" {
			continue
		}
		w.created(session(`{"device":null}`), as(token))
		live := w.sandbox.Live()
		got, err := json.Marshal(live[len(live)-1].Device)
		if err != nil || string(got) != want {
			t.Errorf("%s: got %s, want %s", hint, got, want)
		}
		if err := w.sandbox.TerminateByNetwork(live[len(live)-1].ID); err != nil {
			t.Fatal(err)
		}
		w.clock.Advance(6 * time.Minute)
	}
}

// The audience is the URL that the client called, wherever it is mounted.
func TestAudienceBelowAPath(t *testing.T) {
	t.Parallel()
	w := newWorld(t, camara.Version11, withKeys)
	root := w.mounted("/operators/one")
	target := w.sandbox.URLs(root).Token
	grant := url.Values{"grant_type": {"client_credentials"}, "scope": {clientScope}}
	w.form(target, asserting(grant, signed(t, jose.ES256, keys().ec, "ec", claims(target, nil))), without("Authorization")).
		wants(t, http.StatusOK)
}
