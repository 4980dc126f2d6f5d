package auth

import (
	"context"
	"crypto/elliptic"
	"crypto/tls"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

func TestFinal(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		token   http.HandlerFunc
		subject string
		want    bool
	}{
		"consent refused":  {refuse(CodeAccessDenied), phone, true},
		"client unknown":   {always(http.StatusUnauthorized, `{"error":"invalid_client"}`), phone, true},
		"scope not agreed": {refuse(CodeInvalidScope), phone, true},
		"nobody to ask":    {nil, "", true},
		"no token":         {always(http.StatusOK, `{}`), phone, true},
		"a token too odd":  {always(http.StatusOK, `{"access_token":"a b"}`), phone, true},
		"server is down":   {always(http.StatusBadGateway, ""), phone, false},
		"answer lost":      {always(lost, ""), phone, false},
		"too many":         {always(http.StatusTooManyRequests, ""), phone, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				o := newOperator()
				if test.token != nil {
					o.token = test.token
				}
				_, err := o.source(t, useCIBA).Token(t.Context(), test.subject)
				if err == nil || Final(err) != test.want {
					t.Errorf("Final(%v) = %v", err, !test.want)
				}
			})
		})
	}
	if Final(nil) || Final(errors.New("other")) || !Final(&tls.CertificateVerificationError{}) {
		t.Error("only a certificate that is not trusted stays as it is")
	}
}

func TestARefusedConsentIsRemembered(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := newOperator()
		granted := o.token
		o.token = inTurn(refuse(CodeAccessDenied), granted)
		source := o.source(t, useCIBA)
		for range 3 {
			var refused *Error
			if _, err := source.Token(t.Context(), phone); !errors.As(err, &refused) || refused.Code != CodeAccessDenied {
				t.Errorf("err = %v", err)
			}
		}
		if got := o.count("/bc-authorize"); got != 1 {
			t.Errorf("the subscriber was asked %d times", got)
		}
		wantToken(t, source, "tel:+34622222222", "token-2")
	})
}

func TestOtherRefusalsAreNotRemembered(t *testing.T) {
	t.Parallel()
	o := newOperator()
	granted := o.token
	o.token = inTurn(refuse(CodeAccessDenied), granted)
	source := o.source(t, nil)
	if _, err := source.Token(t.Context(), ""); err == nil {
		t.Error("no error")
	}
	wantToken(t, source, "", "token-2")
}

// TestConsentIsNotWaitedForWithoutEnd is about a server that lets subscribers
// take a day.
func TestConsentIsNotWaitedForWithoutEnd(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		deadline time.Duration
		want     time.Duration
		says     string
	}{
		"without a deadline": {0, longestWait, phone + " within 5m0s"},
		"with an early one":  {time.Minute, time.Minute, "gave up waiting for an access token for " + phone},
		"with a late one":    {time.Hour, time.Hour, "gave up waiting for an access token for " + phone},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				o := newOperator()
				o.backchannel = always(http.StatusOK, `{"auth_req_id":"x","expires_in":86400,"interval":30}`)
				o.token = refuse(codePending)
				ctx := t.Context()
				if test.deadline > 0 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, test.deadline)
					defer cancel()
				}
				started := time.Now()
				_, err := o.source(t, useCIBA).Token(ctx, phone)
				if took := time.Since(started); took != test.want || err == nil || !strings.Contains(err.Error(), test.says) {
					t.Errorf("after %s: err = %v, want %q after %s", took, err, test.says, test.want)
				}
				synctest.Wait()
				polls := o.count("/token")
				time.Sleep(time.Hour)
				if got := o.count("/token"); got != polls {
					t.Errorf("%d polls after everybody had given up", got-polls)
				}
			})
		})
	}
}

func TestSubscriberIsNotAskedAgainAfterALongTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := newOperator()
		o.backchannel = always(http.StatusOK, `{"auth_req_id":"x","expires_in":240,"interval":5}`)
		o.token = refuse(codePending)
		_, err := o.source(t, useCIBA).Token(t.Context(), phone)
		if !hasCode(err, CodeExpiredToken) || !Final(err) || o.count("/bc-authorize") != 1 {
			t.Errorf("asked %d times, err = %v", o.count("/bc-authorize"), err)
		}
	})
}

func TestRateLimitIsWaitedOut(t *testing.T) {
	t.Parallel()
	for name, flow := range map[string]func(*Config){"client credentials": nil, "CIBA": useCIBA} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				o := newOperator()
				o.backchannel = always(http.StatusOK, `{"auth_req_id":"x","expires_in":600,"interval":2}`)
				ends, granted := time.Now().Add(4*time.Minute), o.token
				o.token = func(w http.ResponseWriter, r *http.Request) {
					if time.Now().Before(ends) {
						reply(w, http.StatusTooManyRequests, "")
						return
					}
					granted(w, r)
				}
				if _, err := o.source(t, flow).Token(t.Context(), phone); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

func TestAWaitThatIsTooLongIsRefused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := newOperator()
		o.token = func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "3600")
			reply(w, http.StatusTooManyRequests, "")
		}
		started := time.Now()
		_, err := o.source(t, nil).Token(t.Context(), "")
		if took := time.Since(started); err == nil || took != 0 || !strings.Contains(err.Error(), "The wait of 1h0m0s that it asks for") {
			t.Errorf("after %s: err = %v", took, err)
		}
	})
}

// TestAssertionsAreDatedByTheServersClock is about a machine whose clock is wrong.
func TestAssertionsAreDatedByTheServersClock(t *testing.T) {
	t.Parallel()
	const ahead = 11 * time.Minute
	key := ecKey(elliptic.P256())
	for name, assertion := range map[Flow]string{JWTBearer: "assertion", ClientCredentials: "client_assertion", CIBA: "client_assertion"} {
		t.Run(string(name), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				o := newOperator()
				granted := o.token
				o.backchannel = always(http.StatusOK, `{"auth_req_id":"x"}`)
				o.token = func(w http.ResponseWriter, r *http.Request) {
					now := time.Now().Add(ahead)
					w.Header().Set("Date", now.UTC().Format(http.TimeFormat))
					if expires := expiryOf(t, r.PostForm.Get(assertion), key.Public()); expires.Before(now) {
						reply(w, http.StatusUnauthorized, `{"error":"invalid_client"}`)
						return
					}
					granted(w, r)
				}
				source := o.source(t, withKey(name, sec1(key)))
				wantToken(t, source, phone, "token-2")
				source.Invalidate(phone, "token-2")
				wantToken(t, source, phone, "token-3")
			})
		})
	}
}

func expiryOf(t *testing.T, assertion string, key any) time.Time {
	t.Helper()
	parsed, err := jwt.ParseSigned(assertion, []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		t.Error(err)
		return time.Time{}
	}
	var c claims
	if err := parsed.Claims(key, &c); err != nil {
		t.Error(err)
		return time.Time{}
	}
	return c.ExpiresAt.Time()
}

func TestAdvice(t *testing.T) {
	t.Parallel()
	for code, says := range map[string]string{
		CodeAccessDenied: "get the consent", CodeExpiredToken: "run it again", CodeUnknownSubject: "phone_number", CodeInvalidScope: "oauth.scopes",
		CodeInvalidClient: "oauth.client_id", CodeInvalidGrant: "oauth.flow", codeUnauthorizedClient: "oauth.flow",
	} {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			o := newOperator()
			o.backchannel = refuse(code)
			if _, err := o.source(t, useCIBA).Token(t.Context(), phone); err == nil || !strings.Contains(err.Error(), says) {
				t.Errorf("err = %v, want %q", err, says)
			}
		})
	}
	if got := advice(CodeAccessDenied, false); strings.Contains(got, "consent") {
		t.Errorf("nobody consents to a two-legged token: %s", got)
	}
}
