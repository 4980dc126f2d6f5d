package attempt_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-retryablehttp"

	"github.com/qosform/terraform-provider-qos/internal/answer"
	"github.com/qosform/terraform-provider-qos/internal/attempt"
	"github.com/qosform/terraform-provider-qos/internal/transport"
)

// script answers with a status each, in turn; 0 means that the connection breaks
// after the request has left, -1 that it never does. The last one goes on.
type script struct {
	statuses []int
	sent     int
}

func (s *script) RoundTrip(*http.Request) (*http.Response, error) {
	status := s.statuses[min(s.sent, len(s.statuses)-1)]
	s.sent++
	switch status {
	case -1:
		return nil, &transport.UnsentError{Err: errors.New("no route")}
	case 0:
		return nil, errors.New("connection reset")
	}
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("body"))}, nil
}

// judge repeats 429 and takes 5xx for unknown.
func judge(a answer.Answer) attempt.Verdict {
	v := attempt.Verdict{Err: fmt.Errorf("status %d", a.Status), Outcome: attempt.Refused}
	if a.Status >= http.StatusInternalServerError {
		v.Outcome = attempt.Unknown
	}
	v.Repeat = a.Status == http.StatusTooManyRequests
	return v
}

func noWait(time.Duration, time.Duration, int, *http.Response) time.Duration { return 0 }

func post(ctx context.Context, t *testing.T) *retryablehttp.Request {
	t.Helper()
	req, err := retryablehttp.NewRequestWithContext(ctx, http.MethodPost, "http://example.com/p?secret=1", []byte("{}"))
	if err != nil {
		t.Fatal(err)
	}
	return req
}

func TestDo(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		statuses   []int
		repeatable bool
		sent       int
		err        string
		outcome    attempt.Outcome
	}{
		"success":                      {[]int{201}, false, 1, "", 0},
		"refused":                      {[]int{400}, false, 1, "status 400", attempt.Refused},
		"unknown":                      {[]int{500}, false, 1, "status 500", attempt.Unknown},
		"repeated":                     {[]int{429, 429, 201}, false, 3, "", 0},
		"repeated too often":           {[]int{429}, false, 4, "status 429", attempt.Refused},
		"never left, then success":     {[]int{-1, 201}, false, 2, "", 0},
		"never leaves":                 {[]int{-1}, false, 4, "was not reached", attempt.NotSent},
		"lost":                         {[]int{0}, false, 1, "no complete answer", attempt.Unknown},
		"lost, repeatable":             {[]int{0, 200}, true, 2, "", 0},
		"lost, then refused":           {[]int{0, 400}, true, 2, "status 400", attempt.Unknown},
		"refused, then never left":     {[]int{429, -1}, false, 4, "was not reached", attempt.NotSent},
		"unknown after being put off":  {[]int{429, 503}, false, 2, "status 503", attempt.Unknown},
		"put off, then lost for good":  {[]int{429, 0}, false, 2, "no complete answer", attempt.Unknown},
		"lost for good, is repeatable": {[]int{0}, true, 4, "no complete answer", attempt.Unknown},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			network := &script{statuses: test.statuses}
			sender := &attempt.Sender{Server: "the server", HTTP: &http.Client{Transport: network}, MaxRetries: 3, Backoff: noWait}
			call := sender.Start(attempt.Request{Operation: "do it", Method: "POST", Path: "/p", Repeatable: test.repeatable}, judge)
			a, err := call.Do(post(t.Context(), t))
			if network.sent != test.sent {
				t.Errorf("sent %d times, want %d", network.sent, test.sent)
			}
			if test.err == "" {
				if err != nil || string(a.Body) != "body" {
					t.Errorf("got %q, %v", a.Body, err)
				}
				return
			}
			var e *attempt.Error
			if !errors.As(err, &e) || e.Outcome != test.outcome || !strings.Contains(err.Error(), test.err) {
				t.Errorf("err = %v, outcome = %+v", err, e)
			}
			if attempt.IsNotSent(err) != (test.outcome == attempt.NotSent) || attempt.IsUnknown(err) != (test.outcome == attempt.Unknown) {
				t.Errorf("IsNotSent = %v, IsUnknown = %v", attempt.IsNotSent(err), attempt.IsUnknown(err))
			}
			if strings.Contains(err.Error(), "secret") {
				t.Errorf("the error shows the query: %v", err)
			}
		})
	}
}

func TestSecondDoRemembersTheFirst(t *testing.T) {
	t.Parallel()
	sender := &attempt.Sender{HTTP: &http.Client{Transport: &script{statuses: []int{0, 401}}}, Backoff: noWait}
	call := sender.Start(attempt.Request{}, judge)
	for range 2 {
		if _, err := call.Do(post(t.Context(), t)); !attempt.IsUnknown(err) {
			t.Errorf("err = %v, want one of unknown outcome", err)
		}
	}
}

func TestCallThatWasNotMade(t *testing.T) {
	t.Parallel()
	call := (&attempt.Sender{}).Start(attempt.Request{}, judge)
	if err := call.Failed(errors.New("no token")); !attempt.IsNotSent(err) {
		t.Errorf("err = %v", err)
	}
}

func TestForeignErrorsAreUnknown(t *testing.T) {
	t.Parallel()
	if attempt.IsUnknown(nil) || attempt.IsNotSent(nil) {
		t.Error("no error has an outcome to ask for")
	}
	if err := errors.New("other"); !attempt.IsUnknown(err) || attempt.IsNotSent(err) {
		t.Error("an error of another's making must count as unknown")
	}
}

func TestCancelledBetweenAttempts(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	sender := &attempt.Sender{HTTP: &http.Client{Transport: &script{statuses: []int{429}}}, MaxRetries: 3}
	sender.Backoff = func(time.Duration, time.Duration, int, *http.Response) time.Duration {
		cancel()
		return time.Hour
	}
	_, err := sender.Start(attempt.Request{Note: ", id 7"}, judge).Do(post(ctx, t))
	if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "status 429") || !strings.Contains(err.Error(), ", id 7") || attempt.IsUnknown(err) {
		t.Errorf("err = %v, want both the cancellation and the answer before it", err)
	}
}

func TestUntrustedCertificateIsNotRepeated(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	server.StartTLS()
	t.Cleanup(server.Close)
	waits := 0
	sender := &attempt.Sender{HTTP: transport.Settings{AttemptTimeout: time.Minute, Logger: slog.New(slog.DiscardHandler)}.Client(), MaxRetries: 3}
	sender.Backoff = func(time.Duration, time.Duration, int, *http.Response) time.Duration { waits++; return 0 }
	req, err := retryablehttp.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := sender.Start(attempt.Request{Repeatable: true}, judge).Do(req); !attempt.IsNotSent(err) || waits != 0 {
		t.Errorf("%d repeats, err = %v", waits, err)
	}
}

func TestBackoff(t *testing.T) {
	t.Parallel()
	const lost = 0
	tests := map[string]struct {
		status   int
		after    string
		from, to time.Duration
	}{
		"no answer":        {lost, "", attempt.MinBackoff, attempt.MaxBackoff},
		"500":              {500, "9", attempt.MinBackoff, attempt.MaxBackoff},
		"seconds":          {429, "7", 7 * time.Second, 7 * time.Second},
		"503":              {503, "7", 7 * time.Second, 7 * time.Second},
		"unreadable":       {429, "soon", attempt.MinBackoff, attempt.MaxBackoff},
		"too long":         {429, "86400", time.Minute, time.Minute},
		"beyond all sense": {429, "9223372036854775807", 0, time.Minute},
		"date long past":   {429, "Fri, 31 Dec 1999 23:59:59 GMT", 0, 0},
		"date far off":     {429, "Fri, 31 Dec 2199 23:59:59 GMT", time.Minute, time.Minute},
	}
	for name, test := range tests {
		var resp *http.Response
		if test.status != lost {
			resp = &http.Response{StatusCode: test.status, Header: http.Header{"Retry-After": {test.after}}, Body: http.NoBody}
		}
		if got := attempt.Backoff(attempt.MinBackoff, attempt.MaxBackoff, 0, resp); got < test.from || got > test.to {
			t.Errorf("%s: wait %s, want between %s and %s", name, got, test.from, test.to)
		}
	}
}
