package auth

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// polls returns when the token endpoint was asked, from the first time on.
func (o *operator) polls() []time.Duration {
	var at []time.Duration
	seen := o.seen("/token")
	for _, r := range seen {
		at = append(at, r.at.Sub(seen[0].at))
	}
	return at
}

func TestPolling(t *testing.T) {
	t.Parallel()
	const second = time.Second
	granted := always(http.StatusOK, `{"access_token":"token-1","token_type":"bearer"}`)
	tests := map[string]struct {
		authorized string
		answers    []http.HandlerFunc
		polls      []time.Duration
	}{
		"consented before": {
			`{"auth_req_id":"r","expires_in":120,"interval":2}`,
			[]http.HandlerFunc{granted},
			[]time.Duration{0},
		},
		"pending": {
			`{"auth_req_id":"r","expires_in":120,"interval":2}`,
			[]http.HandlerFunc{refuse(codePending), refuse(codePending), granted},
			[]time.Duration{0, 2 * second, 4 * second},
		},
		"no interval": {
			`{"auth_req_id":"r","expires_in":120}`,
			[]http.HandlerFunc{refuse(codePending), granted},
			[]time.Duration{0, 5 * second},
		},
		"interval as a string": {
			`{"auth_req_id":7,"expires_in":"120","interval":"3"}`,
			[]http.HandlerFunc{refuse(codePending), granted},
			[]time.Duration{0, 3 * second},
		},
		"slower for good": {
			`{"auth_req_id":"r","expires_in":120,"interval":2}`,
			[]http.HandlerFunc{refuse(codeSlowDown), refuse(codePending), refuse(codeSlowDown), granted},
			[]time.Duration{0, 7 * second, 14 * second, 26 * second},
		},
		"no lifetime": {
			`{"auth_req_id":"r","interval":50}`,
			[]http.HandlerFunc{refuse(codePending), refuse(codePending), granted},
			[]time.Duration{0, 50 * second, 100 * second},
		},
		"overload and a lost answer": {
			`{"auth_req_id":"r","expires_in":120,"interval":2}`,
			[]http.HandlerFunc{always(http.StatusServiceUnavailable, ""), always(lost, ""), granted},
			[]time.Duration{0, 2 * second, 4 * second},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				o := newOperator()
				o.backchannel = always(http.StatusOK, test.authorized)
				o.token = inTurn(test.answers...)
				wantToken(t, o.source(t, useCIBA), phone, "token-1")
				if diff := cmp.Diff(test.polls, o.polls()); diff != "" {
					t.Errorf("polls (-want +got):\n%s", diff)
				}
			})
		})
	}
}

func TestExpiredRequestIsMadeOnceMore(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		answers []http.HandlerFunc
		asked   int
		fine    bool
	}{
		"then granted":       {[]http.HandlerFunc{refuse(CodeExpiredToken), always(http.StatusOK, `{"access_token":"token-1"}`)}, 2, true},
		"again":              {[]http.HandlerFunc{refuse(CodeExpiredToken)}, 2, false},
		"nobody ever says":   {[]http.HandlerFunc{refuse(codePending)}, 2, false},
		"denied at the next": {[]http.HandlerFunc{refuse(CodeExpiredToken), refuse(CodeAccessDenied)}, 2, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				o := newOperator()
				o.token = inTurn(test.answers...)
				started := time.Now()
				_, err := o.source(t, useCIBA).Token(t.Context(), phone)
				var refused *Error
				if (err == nil) != test.fine || err != nil && !errors.As(err, &refused) {
					t.Errorf("err = %v", err)
				}
				if got := o.count("/bc-authorize"); got != test.asked {
					t.Errorf("asked %d times, want %d", got, test.asked)
				}
				if took := time.Since(started); took > 2*120*time.Second {
					t.Errorf("polled for %s, longer than both requests live", took)
				}
			})
		})
	}
}

func TestPollingEnds(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		backchannel, token http.HandlerFunc
		polls              int
		want               string
	}{
		"denied":             {nil, refuse(CodeAccessDenied), 1, "access_denied: because"},
		"unknown request":    {nil, refuse(CodeInvalidGrant), 1, "invalid_grant"},
		"client unknown":     {nil, always(http.StatusUnauthorized, `{"error":"invalid_client"}`), 1, "invalid_client"},
		"server is down":     {nil, always(http.StatusBadGateway, "<html>Bad Gateway</html>"), 3, "502"},
		"unknown subscriber": {refuse(CodeUnknownSubject), nil, 0, "unknown_user_id"},
		"forbidden":          {always(http.StatusForbidden, `{"error":"access_denied"}`), nil, 0, "access_denied"},
		"no id":              {always(http.StatusOK, `{}`), nil, 0, "no auth_req_id"},
		"no JSON":            {always(http.StatusOK, `<html>`), nil, 0, "not JSON"},
		"no token":           {nil, always(http.StatusOK, `{}`), 1, "missing access_token"},
		"a token too odd":    {nil, always(http.StatusOK, `{"access_token":"a b"}`), 1, "no header can carry"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				o := newOperator()
				if test.backchannel != nil {
					o.backchannel = test.backchannel
				}
				if test.token != nil {
					o.token = test.token
				}
				_, err := o.source(t, useCIBA).Token(t.Context(), phone)
				if err == nil || !strings.Contains(err.Error(), test.want) {
					t.Errorf("err = %v, want %q", err, test.want)
				}
				if got := o.count("/token"); got != test.polls {
					t.Errorf("%d polls, want %d", got, test.polls)
				}
			})
		})
	}
}

func TestSubscriberIsNotAskedTwice(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		first http.HandlerFunc
		asked int
	}{
		"answer lost":  {always(lost, ""), 1},
		"failed":       {always(http.StatusInternalServerError, ""), 1},
		"overloaded":   {always(http.StatusServiceUnavailable, ""), 2},
		"too many":     {always(http.StatusTooManyRequests, ""), 2},
		"bad gateway":  {always(http.StatusBadGateway, ""), 1},
		"not accepted": {refuse(CodeInvalidScope), 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				o := newOperator()
				o.backchannel = inTurn(test.first, o.backchannel)
				_, err := o.source(t, useCIBA).Token(t.Context(), phone)
				if got := o.count("/bc-authorize"); got != test.asked || (err == nil) != (test.asked == 2) {
					t.Errorf("asked %d times, want %d; err = %v", got, test.asked, err)
				}
			})
		})
	}
}

func TestPollingEndsWithTheCaller(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := newOperator()
		o.token = refuse(codePending)
		ctx, cancel := context.WithTimeout(t.Context(), 7*time.Second)
		defer cancel()
		if _, err := o.source(t, useCIBA).Token(ctx, phone); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("err = %v", err)
		}
		time.Sleep(time.Minute)
		if diff := cmp.Diff([]time.Duration{0, 2 * time.Second, 4 * time.Second, 6 * time.Second}, o.polls()); diff != "" {
			t.Errorf("polls (-want +got):\n%s", diff)
		}
	})
}
