package auth

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

const (
	tokenURL       = "https://op.example.com/oauth/token"
	backchannelURL = "https://op.example.com/oauth/bc-authorize"
	testClient     = "client 1"
	testSecret     = "s3cret:/?"
	phone          = "tel:+34666666666"
)

// rsaKey is made once: it takes its time.
var rsaKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, minRSABits)
	if err != nil {
		panic(err)
	}
	return key
})

func ecKey(curve elliptic.Curve) *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		panic(err)
	}
	return key
}

func encodePEM(kind string, der []byte, err error) string {
	if err != nil {
		panic(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

func pkcs8(key crypto.PrivateKey) string {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	return encodePEM("PRIVATE KEY", der, err)
}

func sec1(key *ecdsa.PrivateKey) string {
	der, err := x509.MarshalECPrivateKey(key)
	return encodePEM("EC PRIVATE KEY", der, err)
}

// received is one request as the server saw it.
type received struct {
	at   time.Time
	path string
	form url.Values
	// basic is the user and password, if they were sent.
	basic string
}

// operator is an authorization server that answers as its fields say, and
// records everything. It needs no network, so that time can be made up.
type operator struct {
	token, backchannel http.HandlerFunc

	mu       sync.Mutex
	requests []received
}

// newOperator hands out numbered tokens that live for an hour.
func newOperator() *operator {
	o := &operator{backchannel: always(http.StatusOK, `{"auth_req_id":"req-1","expires_in":120,"interval":2}`)}
	o.token = func(w http.ResponseWriter, _ *http.Request) {
		reply(w, http.StatusOK, fmt.Sprintf(`{"access_token":"token-%d","token_type":"Bearer","expires_in":3600}`, o.count("/oauth/token")))
	}
	return o
}

// RoundTrip implements http.RoundTripper.
func (o *operator) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	if err := r.ParseForm(); err != nil {
		return nil, err
	}
	got := received{at: time.Now(), path: r.URL.Path, form: r.PostForm}
	if user, password, ok := r.BasicAuth(); ok {
		got.basic = user + ":" + password
	}
	o.mu.Lock()
	o.requests = append(o.requests, got)
	o.mu.Unlock()
	recorder := httptest.NewRecorder()
	handler := o.token
	if strings.HasSuffix(r.URL.Path, "bc-authorize") {
		handler = o.backchannel
	}
	handler(recorder, r)
	if recorder.Code == lost {
		return nil, fmt.Errorf("connection reset")
	}
	return recorder.Result(), nil
}

// lost stands for an answer that never arrives.
const lost = 999

func (o *operator) seen(path string) []received {
	o.mu.Lock()
	defer o.mu.Unlock()
	var matching []received
	for _, r := range o.requests {
		if strings.HasSuffix(r.path, path) {
			matching = append(matching, r)
		}
	}
	return matching
}

func (o *operator) count(path string) int { return len(o.seen(path)) }

// source returns a Source at o, with the secret unless change says otherwise.
func (o *operator) source(tb testing.TB, change func(*Config)) Source {
	tb.Helper()
	config := Config{
		Flow: ClientCredentials, TokenURL: tokenURL, BackchannelURL: backchannelURL,
		ClientID: testClient, ClientSecret: testSecret, MaxRetries: 2, Transport: o,
	}
	if change != nil {
		change(&config)
	}
	source, err := New(config)
	if err != nil {
		tb.Fatal(err)
	}
	return source
}

func useCIBA(c *Config) { c.Flow = CIBA }

// withKey replaces the secret.
func withKey(flow Flow, key string) func(*Config) {
	return func(c *Config) { c.Flow, c.ClientSecret, c.PrivateKeyPEM, c.KeyID = flow, "", key, "kid-1" }
}

func reply(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(body))
}

func always(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { reply(w, status, body) }
}

func refuse(code string) http.HandlerFunc {
	return always(http.StatusBadRequest, `{"error":"`+code+`","error_description":"because"}`)
}

// inTurn answers with each of handlers once, and then with the last.
func inTurn(handlers ...http.HandlerFunc) http.HandlerFunc {
	var mu sync.Mutex
	return func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		handler := handlers[0]
		if len(handlers) > 1 {
			handlers = handlers[1:]
		}
		mu.Unlock()
		handler(w, r)
	}
}

// verified returns what an assertion says, after checking all that does not
// depend on the flow.
func verified(t *testing.T, assertion string, key crypto.PublicKey, algorithm jose.SignatureAlgorithm) claims {
	t.Helper()
	parsed, err := jwt.ParseSigned(assertion, []jose.SignatureAlgorithm{algorithm})
	if err != nil {
		t.Fatal(err)
	}
	var c claims
	if err := parsed.Claims(key, &c); err != nil {
		t.Fatal(err)
	}
	if header := parsed.Headers[0]; header.KeyID != "kid-1" || header.ExtraHeaders["typ"] != "JWT" {
		t.Errorf("header %+v", header)
	}
	issued, expires := c.IssuedAt.Time(), c.ExpiresAt.Time()
	if time.Since(issued).Abs() > 10*time.Second || !expires.After(issued) || expires.Sub(issued) > 5*time.Minute {
		t.Errorf("issued at %s, expires at %s, now is %s", issued, expires, time.Now())
	}
	if c.Issuer != testClient {
		t.Errorf("issuer %q", c.Issuer)
	}
	return c
}
