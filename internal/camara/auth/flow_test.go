package auth

import (
	"crypto"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"
)

// ed25519PKCS8 is a key of zeroes.
const ed25519PKCS8 = "MC4CAQAwBQYDK2VwBCIEIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

const basic = "client+1:s3cret%3A%2F%3F"

func TestRequestsWithASecret(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change func(*Config)
		want   []url.Values
	}{
		"client credentials": {
			func(c *Config) { c.Scopes = []string{"a", "b"} },
			[]url.Values{{"grant_type": {"client_credentials"}, "scope": {"a b"}}},
		},
		"client credentials without scope": {
			nil,
			[]url.Values{{"grant_type": {"client_credentials"}}},
		},
		"CIBA": {
			useCIBA,
			[]url.Values{
				{"login_hint": {phone}, "scope": {"openid dpv:RequestedServiceProvision"}},
				{"grant_type": {grantCIBA}, "auth_req_id": {"req-1"}},
			},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOperator()
			if token, err := o.source(t, test.change).Token(t.Context(), phone); token == "" || err != nil {
				t.Fatalf("token %q, err = %v", token, err)
			}
			var forms []url.Values
			for _, r := range o.seen("") {
				forms = append(forms, r.form)
				if r.basic != basic {
					t.Errorf("%s: Basic %q", r.path, r.basic)
				}
			}
			if diff := cmp.Diff(test.want, forms); diff != "" {
				t.Errorf("forms (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRequestsWithAKey(t *testing.T) {
	t.Parallel()
	key := ecKey(elliptic.P256())
	client := func(endpoint string) claims {
		return claims{Issuer: testClient, Subject: testClient, Audience: endpoint}
	}
	type request struct {
		form      url.Values
		assertion claims
	}
	tests := map[Flow][]request{
		ClientCredentials: {{
			url.Values{"grant_type": {"client_credentials"}, "scope": {"a b"}, "client_id": {testClient}, "client_assertion_type": {assertionType}},
			client(tokenURL),
		}},
		JWTBearer: {{
			url.Values{"grant_type": {grantJWTBearer}},
			claims{Issuer: testClient, Subject: phone, Audience: tokenURL, Scope: "a b"},
		}},
		CIBA: {
			{
				url.Values{"login_hint": {phone}, "scope": {"a b"}, "client_id": {testClient}, "client_assertion_type": {assertionType}},
				client(backchannelURL),
			},
			{
				url.Values{"grant_type": {grantCIBA}, "auth_req_id": {"req-1"}, "client_id": {testClient}, "client_assertion_type": {assertionType}},
				client(tokenURL),
			},
		},
	}
	for flow, want := range tests {
		t.Run(string(flow), func(t *testing.T) {
			t.Parallel()
			o := newOperator()
			source := o.source(t, func(c *Config) {
				withKey(flow, pkcs8(key))(c)
				c.Scopes = []string{"a", "b"}
			})
			if token, err := source.Token(t.Context(), phone); token == "" || err != nil {
				t.Fatalf("token %q, err = %v", token, err)
			}
			var got []request
			ids := make(map[string]bool)
			for _, r := range o.seen("") {
				assertion := r.form.Get("assertion") + r.form.Get("client_assertion")
				r.form.Del("assertion")
				r.form.Del("client_assertion")
				c := verified(t, assertion, key.Public(), jose.ES256)
				ids[c.ID] = true
				c.ID, c.IssuedAt, c.ExpiresAt = "", nil, nil
				got = append(got, request{r.form, c})
				if r.basic != "" {
					t.Errorf("%s: Basic %q", r.path, r.basic)
				}
			}
			if diff := cmp.Diff(want, got, cmp.AllowUnexported(request{})); diff != "" {
				t.Errorf("requests (-want +got):\n%s", diff)
			}
			if len(ids) != len(want) {
				t.Errorf("%d ids for %d assertions", len(ids), len(want))
			}
		})
	}
}

func TestKeys(t *testing.T) {
	t.Parallel()
	p256, p384, p521 := ecKey(elliptic.P256()), ecKey(elliptic.P384()), ecKey(elliptic.P521())
	parameters := encodePEM("EC PARAMETERS", []byte{6, 8, 42, 134, 72, 206, 61, 3, 1, 7}, nil)
	tests := map[string]struct {
		pem       string
		public    crypto.PublicKey
		algorithm jose.SignatureAlgorithm
	}{
		"RSA in PKCS 1":            {encodePEM("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(rsaKey()), nil), rsaKey().Public(), jose.RS256},
		"RSA in PKCS 8":            {pkcs8(rsaKey()), rsaKey().Public(), jose.RS256},
		"P-256 in SEC 1":           {sec1(p256), p256.Public(), jose.ES256},
		"P-256 after a parameters": {parameters + sec1(p256), p256.Public(), jose.ES256},
		"P-384 in PKCS 8":          {"\n" + pkcs8(p384) + "\n", p384.Public(), jose.ES384},
		"P-521 in SEC 1":           {sec1(p521), p521.Public(), jose.ES512},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOperator()
			if _, err := o.source(t, withKey(JWTBearer, test.pem)).Token(t.Context(), phone); err != nil {
				t.Fatal(err)
			}
			verified(t, o.seen("/token")[0].form.Get("assertion"), test.public, test.algorithm)
		})
	}
}

func TestKeysThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	encrypted := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Headers: map[string]string{"DEK-Info": "AES-256-CBC,00"}, Bytes: []byte{1}})
	ed25519Key, err := base64.StdEncoding.DecodeString(ed25519PKCS8)
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct{ pem, want string }{
		"no PEM":              {"s3cret", "not in PEM"},
		"public key":          {encodePEM("PUBLIC KEY", []byte{1}, nil), "not in PEM"},
		"encrypted":           {string(encrypted), "encrypted"},
		"encrypted in PKCS 8": {encodePEM("ENCRYPTED PRIVATE KEY", []byte{1}, nil), "encrypted"},
		"garbage":             {encodePEM("PRIVATE KEY", []byte("s3cret"), nil), "cannot be read"},
		"Ed25519":             {encodePEM("PRIVATE KEY", ed25519Key, nil), "neither RSA nor EC"},
		"another curve":       {pkcs8(ecKey(elliptic.P224())), "P-224"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := New(Config{Flow: JWTBearer, TokenURL: tokenURL, ClientID: "c", PrivateKeyPEM: test.pem})
			if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "s3cret") {
				t.Errorf("err = %v, want %q", err, test.want)
			}
		})
	}
}

func TestShortKeysAreRefused(t *testing.T) {
	t.Parallel()
	short := &rsa.PrivateKey{PublicKey: rsa.PublicKey{N: new(big.Int).Lsh(big.NewInt(1), 1023)}}
	if _, err := algorithmOf(short); err == nil || !strings.Contains(err.Error(), "1024 bits") {
		t.Errorf("err = %v", err)
	}
}

func TestRepeatsHaveNewAssertions(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		key := ecKey(elliptic.P256())
		o := newOperator()
		o.token = inTurn(always(http.StatusServiceUnavailable, ""), always(lost, ""), o.token)
		if _, err := o.source(t, withKey(JWTBearer, sec1(key))).Token(t.Context(), phone); err != nil {
			t.Fatal(err)
		}
		ids := make(map[string]bool)
		for _, r := range o.seen("/token") {
			ids[verified(t, r.form.Get("assertion"), key.Public(), jose.ES256).ID] = true
		}
		if len(ids) != 3 {
			t.Errorf("%d different ids in three requests", len(ids))
		}
	})
}
