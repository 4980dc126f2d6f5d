package page_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
)

func (s *site) signIn(token, next string, header http.Header) answer {
	s.t.Helper()
	return s.do(http.MethodPost, "/signin", url.Values{"token": {token}, "next": {next}}, header)
}

// cookie is the session that an answer sets.
func cookie(t *testing.T, a answer) *http.Cookie {
	t.Helper()
	cookies := (&http.Response{Header: a.header}).Cookies()
	if len(cookies) != 1 {
		t.Fatalf("cookies: %v", cookies)
	}
	return cookies[0]
}

func TestSignIn(t *testing.T) {
	t.Parallel()
	for _, token := range []string{readToken, journalToken, "  " + readToken + "\n"} {
		s := open(t)
		got := s.signIn(token, "/unclaimed?doubtful=yes", nil)
		if got.status != http.StatusSeeOther || got.header.Get("Location") != "/unclaimed?doubtful=yes" {
			t.Fatalf("status %d to %q", got.status, got.header.Get("Location"))
		}
		c := cookie(t, got)
		if !c.HttpOnly || c.Secure || c.SameSite != http.SameSiteStrictMode || c.Path != "/" || c.Domain != "" || c.MaxAge != 12*60*60 {
			t.Errorf("cookie %s", c)
		}
		if strings.Contains(c.Value, strings.TrimSpace(token)) {
			t.Error("the cookie holds the token")
		}
		if got := s.do(http.MethodGet, "/", nil, nil); got.status != http.StatusOK {
			t.Errorf("signed in, and refused: %d", got.status)
		}
		if got := s.do(http.MethodPost, "/signout", url.Values{}, nil); got.status != http.StatusSeeOther || cookie(t, got).MaxAge >= 0 {
			t.Errorf("signing out: %d, %v", got.status, got.header)
		}
		if got := s.do(http.MethodGet, "/", nil, nil); got.status != http.StatusUnauthorized {
			t.Errorf("signed out, and let in: %d", got.status)
		}
	}
}

func TestSignInOverTLS(t *testing.T) {
	t.Parallel()
	s := open(t)
	c := cookie(t, s.signIn(readToken, "/", http.Header{"X-Forwarded-Proto": {"https"}}))
	if !c.Secure || !strings.HasPrefix(c.Name, "__Host-") {
		t.Errorf("cookie %s", c)
	}
	header := http.Header{"X-Forwarded-Proto": {"https"}, "Cookie": {c.Name + "=" + c.Value}}
	if got := s.do(http.MethodGet, "/", nil, header); got.status != http.StatusOK {
		t.Errorf("signed in, and refused: %d", got.status)
	}
}

func TestSignInIsRefused(t *testing.T) {
	t.Parallel()
	s := open(t)
	for _, token := range []string{"", "wrong", readToken + "x", readToken[:5]} {
		got := s.signIn(token, "/", nil)
		if got.status != http.StatusUnauthorized || got.header.Get("Set-Cookie") != "" || !strings.Contains(got.body, "not accepted") {
			t.Errorf("token %q: %d, %v", token, got.status, got.header)
		}
		if token != "" && strings.Contains(got.body, token) {
			t.Errorf("the token %q is repeated", token)
		}
	}
	if got := s.signIn(readToken, "/", http.Header{"Sec-Fetch-Site": {"cross-site"}}); got.status != http.StatusForbidden {
		t.Errorf("from another site: %d", got.status)
	}
	if got := s.signIn(strings.Repeat("x", 20<<10), "/", nil); got.status != http.StatusBadRequest {
		t.Errorf("a long form: %d", got.status)
	}
	s = serve(t, s.store, s.clock, receiver.ServerConfig{})
	if got := s.signIn(readToken, "/", nil); got.status != http.StatusUnauthorized || !strings.Contains(got.body, "--read-token") {
		t.Errorf("without any token: %d\n%s", got.status, got.body)
	}
}

func TestSignInIsLimited(t *testing.T) {
	t.Parallel()
	s := open(t)
	for range 200 {
		got := s.signIn("wrong", "/", nil)
		if got.status != http.StatusTooManyRequests {
			continue
		}
		if got.header.Get("Retry-After") == "" || !strings.Contains(got.body, "Too many") {
			t.Errorf("header %v\n%s", got.header, got.body)
		}
		if got := s.signIn(readToken, "/", nil); got.status != http.StatusSeeOther {
			t.Errorf("the right token: %d", got.status)
		}
		return
	}
	t.Error("nobody stops the guessing")
}

func TestSignInLeadsNowhereElse(t *testing.T) {
	t.Parallel()
	s := open(t)
	for _, next := range []string{"", "https://evil.example/", "//evil.example", `/\evil.example`, "javascript:alert(1)", "evil", "/\r\nX: y", "/signin"} {
		if got := s.signIn(readToken, next, nil); got.header.Get("Location") != "/" {
			t.Errorf("%q leads to %q", next, got.header.Get("Location"))
		}
	}
}

func TestSessionEnds(t *testing.T) {
	t.Parallel()
	s := open(t)
	c := cookie(t, s.signIn(readToken, "/", nil))
	header := http.Header{"Cookie": {c.Name + "=" + c.Value}}
	status := func(s *site) int { return s.do(http.MethodGet, "/", nil, header).status }

	replica := serve(t, s.store, s.clock, receiver.ServerConfig{ReadToken: readToken})
	if got := status(replica); got != http.StatusOK {
		t.Errorf("at another replica with the same token: %d", got)
	}
	other := serve(t, s.store, s.clock, receiver.ServerConfig{ReadToken: "rotated", JournalToken: journalToken})
	if got := status(other); got != http.StatusUnauthorized {
		t.Errorf("at a receiver with another token: %d", got)
	}
	if err := replica.server.Rotate(receiver.Secrets{ReadToken: "rotated"}); err != nil {
		t.Fatal(err)
	}
	if got := status(replica); got != http.StatusUnauthorized {
		t.Errorf("after the token was rotated: %d", got)
	}
	s.clock.Advance(12*time.Hour - time.Second)
	if got := status(s); got != http.StatusOK {
		t.Errorf("shortly before the end: %d", got)
	}
	s.clock.Advance(time.Second)
	if got := status(s); got != http.StatusUnauthorized {
		t.Errorf("after the end: %d", got)
	}
}

func TestSessionCannotBeAltered(t *testing.T) {
	t.Parallel()
	s := open(t)
	c := cookie(t, s.signIn(readToken, "/", nil))
	s.reader = newReader(t)
	for i := range len(c.Value) {
		altered := []byte(c.Value)
		if altered[i] = 'A'; c.Value[i] == 'A' {
			altered[i] = 'B'
		}
		header := http.Header{"Cookie": {c.Name + "=" + string(altered)}}
		if got := s.do(http.MethodGet, "/", nil, header); got.status != http.StatusUnauthorized {
			t.Fatalf("%s was accepted for %s", altered, c.Value)
		}
	}
}
