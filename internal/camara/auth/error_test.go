package auth

import (
	"bytes"
	"crypto/elliptic"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/jonboulle/clockwork"

	"github.com/qosform/terraform-provider-qos/internal/answer"
)

func TestErrors(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		status int
		body   string
		want   Error
		text   string
	}{
		"OAuth2": {
			400, `{"error":"unsupported_grant_type","error_description":"Not that."}`,
			Error{Code: "unsupported_grant_type", Description: "Not that."},
			"get an access token: the authorization server answered HTTP 400 Bad Request, code unsupported_grant_type: Not that. (POST /oauth/token)",
		},
		"CAMARA": {
			401, `{"status":401,"code":"UNAUTHENTICATED","message":"Who?"}`,
			Error{Code: "UNAUTHENTICATED", Description: "Who?"},
			"get an access token: the authorization server answered HTTP 401 Unauthorized, code UNAUTHENTICATED: Who? (POST /oauth/token)",
		},
		"HTML": {
			418, "<html><body>Tea</body></html>",
			Error{Body: "Tea"},
			"get an access token: the authorization server answered HTTP 418 I'm a teapot: Tea (POST /oauth/token)",
		},
		"empty": {
			404, "",
			Error{},
			"get an access token: the authorization server answered HTTP 404 Not Found (POST /oauth/token)",
		},
		"redirect": {
			302, "<html>moved</html>",
			Error{Description: "a redirect, which is not followed because the credentials would go along: check the URL"},
			"get an access token: the authorization server answered HTTP 302 Found: a redirect, which is not followed because the credentials would go along: check the URL (POST /oauth/token)",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOperator()
			o.token = always(test.status, test.body)
			_, err := o.source(t, nil).Token(t.Context(), "")
			var got *Error
			if !errors.As(err, &got) {
				t.Fatalf("err = %v", err)
			}
			want := test.want
			want.Operation, want.Path, want.StatusCode = "get an access token", "/oauth/token", test.status
			if diff := cmp.Diff(&want, got); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.text, err.Error()); diff != "" {
				t.Errorf("text (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRepeats(t *testing.T) {
	t.Parallel()
	retryLater := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "20")
		reply(w, http.StatusTooManyRequests, "")
	}
	tests := map[string]struct {
		answers []http.HandlerFunc
		sent    int
		err     string
		least   time.Duration
	}{
		"overload":         {[]http.HandlerFunc{retryLater, nil}, 2, "", 20 * time.Second},
		"lost":             {[]http.HandlerFunc{always(lost, ""), always(502, ""), nil}, 3, "", attemptFloor},
		"lost for ever":    {[]http.HandlerFunc{always(lost, "")}, 3, "no complete answer from the authorization server", attemptFloor},
		"down for ever":    {[]http.HandlerFunc{always(500, "oops")}, 3, "oops", attemptFloor},
		"refused":          {[]http.HandlerFunc{refuse(CodeInvalidClient)}, 1, "invalid_client", 0},
		"not implemented":  {[]http.HandlerFunc{always(501, "")}, 1, "501", 0},
		"no token is sent": {[]http.HandlerFunc{always(200, `{"token_type":"bearer"}`)}, 1, "access_token", 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				o := newOperator()
				for i, h := range test.answers {
					if h == nil {
						test.answers[i] = o.token
					}
				}
				o.token = inTurn(test.answers...)
				started := time.Now()
				_, err := o.source(t, nil).Token(t.Context(), "")
				if (err == nil) != (test.err == "") || err != nil && !strings.Contains(err.Error(), test.err) {
					t.Errorf("err = %v, want %q", err, test.err)
				}
				if got := o.count("/token"); got != test.sent {
					t.Errorf("sent %d times, want %d", got, test.sent)
				}
				if took := time.Since(started); took < test.least {
					t.Errorf("took %s, want at least %s", took, test.least)
				}
			})
		})
	}
}

// attemptFloor is the shortest wait before a repeat.
const attemptFloor = 400 * time.Millisecond

// sentBasic is the client's id and secret as the header carries them.
var sentBasic = base64.StdEncoding.EncodeToString([]byte(basic))

func TestSecretsStayOutOfErrorsAndLogs(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	key := sec1(ecKey(elliptic.P256()))
	for _, change := range []func(*Config){nil, useCIBA, withKey(CIBA, key), withKey(JWTBearer, key), withKey(ClientCredentials, key)} {
		o := newOperator()
		o.token = func(w http.ResponseWriter, r *http.Request) {
			// A server that repeats all it was sent.
			_, password, _ := r.BasicAuth()
			plain, _ := url.QueryUnescape(password)
			reply(w, http.StatusBadRequest, fmt.Sprintf(`{"error":"x","error_description":"%s %s %s %s %s"}`,
				r.PostForm.Get("client_assertion"), r.PostForm.Get("assertion"), password, plain, r.Header.Get("Authorization")))
		}
		_, err := o.source(t, func(c *Config) {
			c.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
			if change != nil {
				change(c)
			}
		}).Token(t.Context(), phone)
		sent := o.seen("/token")[0]
		for _, text := range []string{err.Error(), log.String()} {
			for _, secret := range []string{testSecret, "s3cret", sentBasic, sent.form.Get("assertion"), sent.form.Get("client_assertion")} {
				if secret != "" && strings.Contains(text, secret) {
					t.Errorf("shows %q: %s", secret, text)
				}
			}
		}
	}
	if !strings.Contains(log.String(), "/oauth/token") {
		t.Errorf("no log:\n%s", log.String())
	}
}

func TestPrintingShowsNoSecret(t *testing.T) {
	t.Parallel()
	config := Config{Flow: CIBA, TokenURL: tokenURL, ClientSecret: "s3cret", PrivateKeyPEM: "s3cret"}
	source := newOperator().source(t, nil)
	wantToken(t, source, "", "token-1")
	static, err := Static("s3cret")
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []any{config, &config, source, static} {
		for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
			if got := fmt.Sprintf(format, v); strings.Contains(got, "s3cret") || strings.Contains(got, "token-1") {
				t.Errorf("%s of a %T: %s", format, v, got)
			}
		}
	}
	if got, want := config.LogValue().String(), "OAuth2 ciba at op.example.com"; got != want {
		t.Errorf("logged as %q, want %q", got, want)
	}
}

func TestNewRefusesWhatCannotWork(t *testing.T) {
	t.Parallel()
	key := sec1(ecKey(elliptic.P256()))
	tests := map[string]struct {
		change func(*Config)
		want   string
	}{
		"fine":                    {func(*Config) {}, ""},
		"no flow":                 {func(c *Config) { c.Flow = "" }, "flow must be"},
		"no token URL":            {func(c *Config) { c.TokenURL = "" }, "token URL must be absolute"},
		"password in token URL":   {func(c *Config) { c.TokenURL = "https://u:s3cret@a" }, "token URL must not contain"},
		"no backchannel URL":      {func(c *Config) { c.Flow, c.BackchannelURL = CIBA, "" }, "backchannel URL, which CIBA needs,"},
		"no client":               {func(c *Config) { c.ClientID = " " }, "client id is missing"},
		"neither secret nor key":  {func(c *Config) { c.ClientSecret = "" }, "client secret or a private key is needed"},
		"both secret and key":     {func(c *Config) { c.PrivateKeyPEM = key }, "both given"},
		"JWT bearer without key":  {func(c *Config) { c.Flow = JWTBearer }, "needs a private key"},
		"line break in secret":    {func(c *Config) { c.ClientSecret = "s3\ncret" }, "line break"},
		"scopes in one":           {func(c *Config) { c.Scopes = []string{"a b"} }, "one word"},
		"empty scope":             {func(c *Config) { c.Scopes = []string{""} }, "one word"},
		"negative retries":        {func(c *Config) { c.MaxRetries = -1 }, "retries"},
		"negative timeout":        {func(c *Config) { c.AttemptTimeout = -1 }, "timeout"},
		"several things, at once": {func(c *Config) { c.ClientID, c.MaxRetries = "", -1 }, "retries"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := Config{Flow: ClientCredentials, TokenURL: tokenURL, BackchannelURL: backchannelURL, ClientID: "c", ClientSecret: "s3cret\n"}
			test.change(&config)
			_, err := New(config)
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("err = %v, want %q", err, test.want)
			}
			if err != nil && strings.Contains(err.Error(), "s3cret") {
				t.Errorf("the error shows the secret: %v", err)
			}
		})
	}
}

func TestDeviceBound(t *testing.T) {
	t.Parallel()
	for _, flow := range Flows() {
		if got := (Config{Flow: flow}).DeviceBound(); got != (flow != ClientCredentials) {
			t.Errorf("%s: %v", flow, got)
		}
	}
}

func FuzzAnswers(f *testing.F) {
	for _, seed := range []string{
		"", "null", "[]", "{", `{"error":"invalid_grant","error_description":7}`, `{"error":{"code":1}}`, "<html><script>", "\xff\xfe",
		`{"auth_req_id":"r","expires_in":1e300,"interval":-1}`, `{"auth_req_id":7,"expires_in":"120","interval":"NaN"}`,
	} {
		f.Add(400, []byte(seed))
	}
	s := &server{config: Config{Clock: clockwork.NewFakeClock()}}
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		e := s.newError("do it", tokenURL, answer.Answer{Status: status, Body: body})
		if text := e.Error(); !utf8.ValidString(text) || strings.ContainsAny(text, "\n\r\x00") || len(text) > 4*answer.MaxText {
			t.Errorf("not one line of text: %q", text)
		}
		p, err := s.decodePending(body)
		if err == nil && (p.id == "" || p.interval <= 0 || !p.deadline.After(s.config.Clock.Now())) {
			t.Errorf("accepted %+v", p)
		}
	})
}
