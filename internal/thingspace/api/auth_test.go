package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jonboulle/clockwork"
)

// listAll makes n calls at once and returns their errors.
func listAll(ctx context.Context, c *Client, n int) []error {
	errs := make([]error, n)
	var group sync.WaitGroup
	for i := range n {
		group.Go(func() { _, errs[i] = c.Callbacks(ctx, testAccount) })
	}
	group.Wait()
	return errs
}

func TestOneTokenAndOneLoginForAll(t *testing.T) {
	t.Parallel()
	f := newFake(t, always(http.StatusOK, "[]"))
	c := f.client(t, nil)
	for range 2 {
		for _, err := range listAll(t.Context(), c, 20) {
			if err != nil {
				t.Error(err)
			}
		}
	}
	f.wantCounts(t, map[string]int{oauthPath: 1, loginPath: 1, callbacksPath: 40})
}

// refuseUntilAll refuses n requests with the old session or bearer, answering
// none of them before all have come, and accepts those with the new one.
func refuseUntilAll(n int, header, accepted string, refuse http.HandlerFunc) http.HandlerFunc {
	var waiting sync.WaitGroup
	waiting.Add(n)
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get(header) == accepted {
			reply(w, http.StatusOK, "[]")
			return
		}
		waiting.Done()
		waiting.Wait()
		refuse(w, r)
	}
}

func TestExpiredSessionIsRenewedOnceForAll(t *testing.T) {
	t.Parallel()
	for _, status := range []int{400, 401, 403, 500} {
		for _, code := range []string{
			"UnifiedWebService.REQUEST_FAILED.SessionToken.Expired", "REQUEST_FAILED.SessionToken.Format",
			"Other.INPUT_INVALID.SessionToken.Invalid",
		} {
			t.Run(fmt.Sprintf("%d %s", status, code), func(t *testing.T) {
				t.Parallel()
				f := newFake(t, refuseUntilAll(10, "VZ-M2M-Token", "session-2", always(status, appError(code))))
				for _, err := range listAll(t.Context(), f.client(t, nil), 10) {
					if err != nil {
						t.Error(err)
					}
				}
				f.wantCounts(t, map[string]int{oauthPath: 1, loginPath: 2, callbacksPath: 20})
			})
		}
	}
}

func TestRefusedBearerIsRenewedOnceForAll(t *testing.T) {
	t.Parallel()
	for name, refuse := range map[string]http.HandlerFunc{
		"invalid":       always(http.StatusUnauthorized, fault("900901")),
		"missing":       always(http.StatusUnauthorized, fault("900902")),
		"as number":     always(http.StatusUnauthorized, `{"fault":{"code":900901}}`),
		"with 400":      always(http.StatusBadRequest, fault("900901")),
		"in XML":        always(http.StatusUnauthorized, strings.Replace(gatewayXML, ">404<", ">900901<", 1)),
		"OAuth words":   always(http.StatusUnauthorized, `{"error":"invalid_token"}`),
		"empty 401":     always(http.StatusUnauthorized, ""),
		"401 with HTML": always(http.StatusUnauthorized, "<html><body>Unauthorized</body></html>"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t, refuseUntilAll(10, "Authorization", "Bearer bearer-2", refuse))
			for _, err := range listAll(t.Context(), f.client(t, nil), 10) {
				if err != nil {
					t.Error(err)
				}
			}
			f.wantCounts(t, map[string]int{oauthPath: 2, loginPath: 1, callbacksPath: 20})
		})
	}
}

func TestSameTokenAgainIsAskedForOnceOnly(t *testing.T) {
	t.Parallel()
	var waiting sync.WaitGroup
	waiting.Add(10)
	var n atomic.Int32
	f := newFake(t, func(w http.ResponseWriter, _ *http.Request) {
		if n.Add(1) > 10 {
			reply(w, http.StatusOK, "[]")
			return
		}
		waiting.Done()
		waiting.Wait()
		reply(w, http.StatusUnauthorized, fault("900901"))
	})
	f.token = always(http.StatusOK, `{"access_token":"the-same","token_type":"Bearer","expires_in":"3600"}`)
	for _, err := range listAll(t.Context(), f.client(t, nil), 10) {
		if err != nil {
			t.Error(err)
		}
	}
	f.wantCounts(t, map[string]int{oauthPath: 2})
}

func TestBothTokensAreRenewedWithinOneCreate(t *testing.T) {
	t.Parallel()
	f := newFake(t, inTurn(
		always(http.StatusUnauthorized, fault("900901")),
		always(http.StatusUnauthorized, appError("S.REQUEST_FAILED.SessionToken.Expired")),
		always(http.StatusCreated, accepted),
	))
	if err := enhance(enhanceRequest())(t.Context(), f.client(t, nil)); err != nil {
		t.Fatal(err)
	}
	f.wantCounts(t, map[string]int{oauthPath: 2, loginPath: 2, DefaultEnhanceQoSPath: 3})
}

func TestRenewalIsNotRepeated(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{"session": appError("S.REQUEST_FAILED.SessionToken.Expired"), "bearer": fault("900901")} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t, always(http.StatusUnauthorized, body))
			_, err := f.client(t, nil).EnhanceQoS(t.Context(), enhanceRequest())
			if err == nil || OutcomeUnknown(err) || NotSent(err) {
				t.Errorf("err = %v, want a refusal", err)
			}
			f.wantCounts(t, map[string]int{DefaultEnhanceQoSPath: 2})
		})
	}
}

func TestNoThirdLoginAfterTwoRefusals(t *testing.T) {
	t.Parallel()
	for name, refuse := range map[string]http.HandlerFunc{
		"wrong password":     always(http.StatusUnauthorized, appError("S.INPUT_INVALID.Credentials")),
		"400":                always(http.StatusBadRequest, appError("S.REQUEST_FAILED.Login")),
		"401 without reason": always(http.StatusUnauthorized, ""),
		"200 without token":  always(http.StatusOK, `{"sessionToken":""}`),
		"200 with HTML":      always(http.StatusOK, `<html>Welcome</html>`),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t, always(http.StatusOK, "[]"))
			f.login = refuse
			c := f.client(t, nil)
			var last error
			for range 5 {
				for _, err := range listAll(t.Context(), c, 10) {
					if !NotSent(err) {
						t.Errorf("err = %v, want one that is not sent", err)
					}
					last = err
				}
			}
			if !strings.Contains(last.Error(), "lock") || !strings.Contains(last.Error(), "log in to ThingSpace") {
				t.Errorf("the last error does not explain itself: %v", last)
			}
			f.wantCounts(t, map[string]int{oauthPath: 1, loginPath: 2, callbacksPath: 0})
		})
	}
}

func TestRefusedLoginsCountOverTheClientsLife(t *testing.T) {
	t.Parallel()
	var calls atomic.Int32
	f := newFake(t, func(w http.ResponseWriter, _ *http.Request) {
		if calls.Add(1) <= 2 {
			reply(w, http.StatusBadRequest, appError("S.REQUEST_FAILED.SessionToken.Expired"))
			return
		}
		reply(w, http.StatusOK, "[]")
	})
	f.login = inTurn(
		always(http.StatusOK, `{"sessionToken":"first"}`),
		always(http.StatusUnauthorized, appError("S.FirstNo")),
		always(http.StatusUnauthorized, appError("S.SecondNo")),
		always(http.StatusOK, `{"sessionToken":"never asked for"}`),
	)
	c := f.client(t, nil)
	for range 2 {
		if err := listAll(t.Context(), c, 1)[0]; err == nil {
			t.Error("the session was refused, and so was the login: want an error")
		}
	}
	if err := listAll(t.Context(), c, 1)[0]; err != nil {
		t.Errorf("the old session works again: %v", err)
	}
	f.wantCounts(t, map[string]int{loginPath: 3, callbacksPath: 3})
}

func TestLoginsThatWereNotRefused(t *testing.T) {
	t.Parallel()
	ok := always(http.StatusOK, `{"sessionToken":"s"}`)
	tests := map[string]struct {
		login  http.HandlerFunc
		calls  int
		logins int
		err    bool
	}{
		"bearer refused at login": {login: inTurn(always(http.StatusUnauthorized, fault("900901")), ok), calls: 1, logins: 2},
		"429":                     {login: inTurn(always(http.StatusTooManyRequests, fault("900803")), ok), calls: 1, logins: 2},
		"gateway 403 every time":  {login: always(http.StatusForbidden, fault("900908")), calls: 5, logins: 5, err: true},
		"503 is not repeated":     {login: always(http.StatusServiceUnavailable, ""), calls: 1, logins: 1, err: true},
		"503 every time":          {login: always(http.StatusServiceUnavailable, ""), calls: 6, logins: 3, err: true},
		"lost every time":         {login: hangUp, calls: 6, logins: 3, err: true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t, always(http.StatusOK, "[]"))
			f.login = test.login
			c := f.client(t, nil)
			for range test.calls {
				if _, err := c.Callbacks(t.Context(), testAccount); (err != nil) != test.err {
					t.Errorf("err = %v", err)
				}
			}
			f.wantCounts(t, map[string]int{loginPath: test.logins})
		})
	}
}

func TestTokenEndpointErrors(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		token http.HandlerFunc
		want  []string
		asked int
	}{
		"wrong secret": {
			token: always(http.StatusUnauthorized, `{"error":"invalid_client","error_description":"Client authentication failed"}`),
			want:  []string{"get an access token", "401", "invalid_client", "Client authentication failed"}, asked: 1,
		},
		"gateway":       {token: always(http.StatusForbidden, gatewayXML), want: []string{"403", "Not Found"}, asked: 1},
		"no token":      {token: always(http.StatusOK, `{}`), want: []string{"access_token"}, asked: 1},
		"unsafe token":  {token: always(http.StatusOK, `{"access_token":"s3c\nret"}`), want: []string{"no header can carry"}, asked: 1},
		"overload":      {token: always(http.StatusServiceUnavailable, "busy"), want: []string{"503", "busy"}, asked: 5},
		"never answers": {token: hangUp, want: []string{"no complete answer", oauthPath}, asked: 5},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t, nil)
			f.token = test.token
			_, err := f.client(t, nil).EnhanceQoS(t.Context(), enhanceRequest())
			if !NotSent(err) {
				t.Fatalf("err = %v, want one that is not sent", err)
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("the error lacks %q: %v", want, err)
				}
			}
			if strings.Contains(err.Error(), "s3c") {
				t.Errorf("the error shows a secret: %v", err)
			}
			f.wantCounts(t, map[string]int{oauthPath: test.asked, loginPath: 0})
		})
	}
}

func TestTokenErrorsAreNoPathProblem(t *testing.T) {
	t.Parallel()
	f := newFake(t, nil)
	f.token = always(http.StatusNotFound, gatewayXML)
	if _, err := f.client(t, nil).EnhanceQoS(t.Context(), enhanceRequest()); !NotSent(err) || strings.Contains(err.Error(), "enhanceQoS path") {
		t.Errorf("err = %v", err)
	}
	f.wantCounts(t, map[string]int{oauthPath: 1})
}

func TestBearerIsRenewedAheadOfItsEnd(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		expiresIn string
		advance   time.Duration
		tokens    int
	}{
		"well before":              {"3600", 59 * time.Minute, 1},
		"shortly before":           {"3600", 59*time.Minute + 45*time.Second, 2},
		"same token, minutes left": {"100", 80 * time.Second, 1},
		"and then due":             {"100", 95 * time.Second, 2},
		"no lifetime told":         {"0", 24 * time.Hour, 1},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clock := clockwork.NewFakeClock()
			f := newFake(t, always(http.StatusOK, "[]"))
			f.token = always(http.StatusOK, `{"access_token":"bearer","token_type":"Bearer","expires_in":`+test.expiresIn+`}`)
			c := f.client(t, func(config *Config) { config.Clock = clock })
			for range 2 {
				if err := errors.Join(listAll(t.Context(), c, 5)...); err != nil {
					t.Fatal(err)
				}
				clock.Advance(test.advance)
			}
			f.wantCounts(t, map[string]int{oauthPath: test.tokens})
		})
	}
}

func TestConfiguredTokensAreNeverRenewed(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change func(*Config)
		refuse string
		want   string
	}{
		"access token": {
			func(c *Config) { c.ClientID, c.ClientSecret, c.AccessToken = "", "", "static-s3cret" },
			fault("900901"), "configured access token",
		},
		"session token": {
			func(c *Config) { c.Username, c.Password, c.SessionToken = "", "", "static-s3cret" },
			appError("S.REQUEST_FAILED.SessionToken.Expired"), "configured session token",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t, always(http.StatusUnauthorized, test.refuse))
			_, err := f.client(t, test.change).EnhanceQoS(t.Context(), enhanceRequest())
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), "expired") {
				t.Errorf("err = %v", err)
			}
			if OutcomeUnknown(err) || strings.Contains(err.Error(), "s3cret") {
				t.Errorf("unknown = %v, err = %v", OutcomeUnknown(err), err)
			}
			f.wantCounts(t, map[string]int{DefaultEnhanceQoSPath: 1})
		})
	}
}

func TestCancelledCallerLeavesTheLoginToOthers(t *testing.T) {
	t.Parallel()
	f := newFake(t, always(http.StatusOK, "[]"))
	arrived, release := make(chan struct{}), make(chan struct{})
	f.login = func(w http.ResponseWriter, _ *http.Request) {
		close(arrived)
		<-release
		reply(w, http.StatusOK, `{"sessionToken":"s"}`)
	}
	c := f.client(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	first := make(chan error, 1)
	go func() { first <- listAll(ctx, c, 1)[0] }()
	<-arrived
	cancel()
	if err := <-first; !errors.Is(err, context.Canceled) || !NotSent(err) {
		t.Errorf("the cancelled caller got %v", err)
	}
	second := make(chan error, 1)
	go func() { second <- listAll(t.Context(), c, 1)[0] }()
	close(release)
	if err := <-second; err != nil {
		t.Errorf("the other caller got %v", err)
	}
	f.wantCounts(t, map[string]int{loginPath: 1})
}

func TestLateRefusalOfAnOldTokenFetchesNothing(t *testing.T) {
	t.Parallel()
	var fetched atomic.Int32
	c := fetchedCredential("token", clockwork.NewFakeClock(), func(context.Context) (string, time.Time, error) {
		return fmt.Sprint(fetched.Add(1)), time.Time{}, nil
	})
	first, err := c.get(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if got, err := c.renew(t.Context(), first); err != nil || got.value != "2" {
			t.Errorf("got %v, %v", got, err)
		}
	}
}
