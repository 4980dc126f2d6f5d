package api

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/qosform/terraform-provider-qos/internal/transport"
)

func retryLater(status int, code string) http.HandlerFunc {
	return after("1", camaraError(status, code))
}

// after asks to wait.
func after(wait string, answer http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Retry-After", wait)
		answer(w, r)
	}
}

// many stands for more requests than MaxRetries allows.
const many = -1

func (o *operator) wantSent(t *testing.T, want int) {
	t.Helper()
	if got := len(o.seen()); want == many && got <= DefaultMaxRetries+1 || want != many && got != want {
		t.Errorf("%d requests, want %d", got, want)
	}
}

// TestOutcomeOfPosts is about what must not be done twice: create, extend, assign.
func TestOutcomeOfPosts(t *testing.T) {
	t.Parallel()
	const (
		fine = iota
		refused
		unknown
	)
	done := always(http.StatusCreated, `{"sessionId":"`+testID+`","assignmentId":"`+testID+`"}`)
	tests := map[string]struct {
		answers []http.HandlerFunc
		outcome int
		posts   int
	}{
		"created":                   {[]http.HandlerFunc{done}, fine, 1},
		"201 with HTML":             {[]http.HandlerFunc{always(201, `<html>`)}, unknown, 1},
		"201 without body":          {[]http.HandlerFunc{always(201, ``)}, unknown, 1},
		"answer breaks off":         {[]http.HandlerFunc{halfAnswer}, unknown, 1},
		"connection dropped":        {[]http.HandlerFunc{hangUp}, unknown, 1},
		"invalid":                   {[]http.HandlerFunc{camaraError(400, "INVALID_ARGUMENT")}, refused, 1},
		"forbidden":                 {[]http.HandlerFunc{camaraError(403, "PERMISSION_DENIED")}, refused, 1},
		"conflict":                  {[]http.HandlerFunc{camaraError(409, "CONFLICT")}, refused, 1},
		"unprocessable":             {[]http.HandlerFunc{camaraError(422, CodeServiceNotApplicable)}, refused, 1},
		"empty 400":                 {[]http.HandlerFunc{always(400, "")}, refused, 1},
		"redirect":                  {[]http.HandlerFunc{always(307, "")}, refused, 1},
		"request timeout":           {[]http.HandlerFunc{always(408, "")}, unknown, 1},
		"internal":                  {[]http.HandlerFunc{camaraError(500, "INTERNAL")}, unknown, 1},
		"not implemented":           {[]http.HandlerFunc{camaraError(501, "NOT_IMPLEMENTED")}, refused, 1},
		"bad gateway":               {[]http.HandlerFunc{always(502, "<html>Bad Gateway</html>")}, unknown, 1},
		"gateway timeout":           {[]http.HandlerFunc{camaraError(504, "TIMEOUT")}, unknown, 1},
		"a proxy's 503":             {[]http.HandlerFunc{always(503, "<html>upstream reset</html>")}, unknown, 1},
		"a cache's 503":             {[]http.HandlerFunc{after("5", always(503, "<html>Backend fetch failed</html>"))}, unknown, 1},
		"a gateway's 503":           {[]http.HandlerFunc{camaraError(503, "UNAVAILABLE")}, unknown, 1},
		"503, then created":         {[]http.HandlerFunc{retryLater(503, "UNAVAILABLE"), done}, fine, 2},
		"503 for ever":              {[]http.HandlerFunc{retryLater(503, "UNAVAILABLE")}, refused, many},
		"429, then created":         {[]http.HandlerFunc{retryLater(429, "TOO_MANY_REQUESTS"), retryLater(429, ""), done}, fine, 3},
		"429 for ever":              {[]http.HandlerFunc{retryLater(429, "TOO_MANY_REQUESTS")}, refused, many},
		"429 for too long":          {[]http.HandlerFunc{after("3600", camaraError(429, "TOO_MANY_REQUESTS"))}, refused, 1},
		"quota used up":             {[]http.HandlerFunc{retryLater(429, CodeQuotaExceeded)}, refused, 1},
		"429, then 500":             {[]http.HandlerFunc{retryLater(429, "TOO_MANY_REQUESTS"), always(500, "")}, unknown, 2},
		"429, then dropped":         {[]http.HandlerFunc{retryLater(429, "TOO_MANY_REQUESTS"), hangUp}, unknown, 2},
		"token expired":             {[]http.HandlerFunc{camaraError(401, "UNAUTHENTICATED"), done}, fine, 2},
		"token refused again":       {[]http.HandlerFunc{camaraError(401, "UNAUTHENTICATED")}, refused, 2},
		"token expired, then drops": {[]http.HandlerFunc{camaraError(401, "UNAUTHENTICATED"), hangUp}, unknown, 2},
	}
	posts := map[string]func(context.Context, *Client) error{
		"create": func(ctx context.Context, c *Client) error {
			_, err := c.CreateSession(ctx, testSubject, smallSession(V110))
			return err
		},
		"assign": func(ctx context.Context, c *Client) error {
			_, err := c.CreateAssignment(ctx, testSubject, CreateAssignment{Device: fullDevice(), QoSProfile: "QOS_E"})
			return err
		},
		"extend": func(ctx context.Context, c *Client) error {
			_, err := c.ExtendSession(ctx, testSubject, testID, 60)
			return err
		},
	}
	for postName, post := range posts {
		for name, test := range tests {
			t.Run(postName+" "+name, func(t *testing.T) {
				t.Parallel()
				o := newOperator(t, inTurn(test.answers...))
				err := post(t.Context(), o.client(t, V110, nil))
				if (err == nil) != (test.outcome == fine) {
					t.Fatalf("err = %v", err)
				}
				if got := OutcomeUnknown(err); got != (test.outcome == unknown) {
					t.Errorf("OutcomeUnknown(%v) = %v", err, got)
				}
				if NotSent(err) {
					t.Errorf("NotSent(%v) = true", err)
				}
				o.wantSent(t, test.posts)
			})
		}
	}
}

func TestCreatedWithoutIDIsUnknown(t *testing.T) {
	t.Parallel()
	o := newOperator(t, always(http.StatusCreated, `{"qosStatus":"REQUESTED"}`))
	_, err := o.client(t, V110, nil).CreateSession(t.Context(), "", smallSession(V110))
	if !OutcomeUnknown(err) || !strings.Contains(err.Error(), "no session id") {
		t.Errorf("err = %v", err)
	}
}

func TestNoAnswerInTimeIsUnknown(t *testing.T) {
	t.Parallel()
	o := newOperator(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	c := o.client(t, V110, func(c *Config) { c.AttemptTimeout = 50 * time.Millisecond })
	_, err := c.CreateSession(t.Context(), "", smallSession(V110))
	if !OutcomeUnknown(err) || NotSent(err) || !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "no answer within") {
		t.Errorf("err = %v", err)
	}
	o.wantCount(t, 1)
}

// failingDials returns a transport whose first n dials fail.
func failingDials(n int) *http.Transport {
	pool := transport.New()
	dial := pool.DialContext
	pool.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		n--
		if n >= 0 {
			return nil, errors.New("connection refused")
		}
		return dial(ctx, network, address)
	}
	return pool
}

func TestCreateIsRepeatedAfterAFailedDial(t *testing.T) {
	t.Parallel()
	o := newOperator(t, always(http.StatusCreated, created))
	dials := func(n int) *Client {
		return o.client(t, V110, func(c *Config) { c.MaxRetries, c.Transport = 3, failingDials(n) })
	}
	if err := createSession(smallSession(V110))(t.Context(), dials(3)); err != nil {
		t.Error(err)
	}
	_, err := dials(4).CreateSession(t.Context(), "", smallSession(V110))
	if !NotSent(err) || OutcomeUnknown(err) || !strings.Contains(err.Error(), "the operator was not reached") {
		t.Errorf("err = %v, want one that is not sent", err)
	}
	o.wantCount(t, 1)
}

func TestRepeatableCalls(t *testing.T) {
	t.Parallel()
	repeatable := map[string]func(context.Context, *Client) error{
		"read":   func(ctx context.Context, c *Client) error { _, err := c.Session(ctx, testSubject, testID); return err },
		"delete": func(ctx context.Context, c *Client) error { return c.DeleteSession(ctx, testSubject, testID) },
		"list": func(ctx context.Context, c *Client) error {
			_, err := c.RetrieveSessions(ctx, testSubject, fullDevice())
			return err
		},
		"profile":  func(ctx context.Context, c *Client) error { _, err := c.Profile(ctx, testSubject, "QOS_E"); return err },
		"profiles": listProfiles(ProfileQuery{}),
		"assignment": func(ctx context.Context, c *Client) error {
			_, err := c.Assignment(ctx, testSubject, testID)
			return err
		},
		"unassign": func(ctx context.Context, c *Client) error {
			_, err := c.DeleteAssignment(ctx, testSubject, testID)
			return err
		},
		"find": func(ctx context.Context, c *Client) error {
			_, err := c.RetrieveAssignment(ctx, testSubject, fullDevice())
			return err
		},
	}
	ok := func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:], "retrieve-") && !strings.HasSuffix(r.URL.Path, "assignment") {
			reply(w, http.StatusOK, `[]`)
			return
		}
		reply(w, http.StatusOK, `{"assignmentId":"a-1"}`)
	}
	tests := map[string]struct {
		answers []http.HandlerFunc
		retries int
		sent    int
		err     string
	}{
		"502 and 503":       {[]http.HandlerFunc{always(502, "<html>"), always(503, ""), ok}, 4, 3, ""},
		"504 and 408":       {[]http.HandlerFunc{always(504, ""), always(408, ""), ok}, 4, 3, ""},
		"dropped":           {[]http.HandlerFunc{hangUp, ok}, 4, 2, ""},
		"broken off":        {[]http.HandlerFunc{halfAnswer, ok}, 4, 2, ""},
		"429":               {[]http.HandlerFunc{retryLater(429, "TOO_MANY_REQUESTS"), ok}, 4, 2, ""},
		"503 for ever":      {[]http.HandlerFunc{camaraError(503, "UNAVAILABLE")}, 2, 3, "UNAVAILABLE"},
		"500":               {[]http.HandlerFunc{camaraError(500, "INTERNAL"), ok}, 4, 2, ""},
		"500 for ever":      {[]http.HandlerFunc{camaraError(500, "INTERNAL")}, 4, 5, "INTERNAL"},
		"429 for ever":      {[]http.HandlerFunc{retryLater(429, "TOO_MANY_REQUESTS")}, 0, many, "TOO_MANY_REQUESTS"},
		"429 for too long":  {[]http.HandlerFunc{after("3600", camaraError(429, ""))}, 4, 1, "longer than the 5m0s that are left"},
		"quota used up":     {[]http.HandlerFunc{retryLater(429, CodeQuotaExceeded)}, 4, 1, CodeQuotaExceeded},
		"no retries wanted": {[]http.HandlerFunc{always(502, "oops")}, 0, 1, "oops"},
		"400 is final":      {[]http.HandlerFunc{camaraError(400, "INVALID_ARGUMENT")}, 4, 1, "INVALID_ARGUMENT"},
		"403 is final":      {[]http.HandlerFunc{camaraError(403, "PERMISSION_DENIED")}, 4, 1, "PERMISSION_DENIED"},
		"501 is final":      {[]http.HandlerFunc{always(501, "")}, 4, 1, "501"},
	}
	for callName, call := range repeatable {
		for name, test := range tests {
			t.Run(callName+" "+name, func(t *testing.T) {
				t.Parallel()
				o := newOperator(t, inTurn(test.answers...))
				err := call(t.Context(), o.client(t, V110, func(c *Config) { c.MaxRetries = test.retries }))
				if (err != nil) != (test.err != "") || err != nil && !strings.Contains(err.Error(), test.err) {
					t.Fatalf("err = %v, want %q", err, test.err)
				}
				o.wantSent(t, test.sent)
			})
		}
	}
}

func TestRateLimitIsKept(t *testing.T) {
	t.Parallel()
	o := newOperator(t, always(http.StatusOK, created))
	c := o.client(t, V110, func(c *Config) { c.MaxRequestsPerSecond = 0.001 })
	if _, err := c.Session(t.Context(), "", testID); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	if _, err := c.Session(ctx, "", testID); !NotSent(err) || !errors.Is(err, transport.ErrRateWait) {
		t.Errorf("err = %v", err)
	}
	o.wantCount(t, 1)
}
