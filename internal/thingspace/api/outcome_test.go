package api

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/qosform/terraform-provider-qos/internal/transport"
)

// halfAnswer promises more than it sends.
func halfAnswer(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", "100")
	w.WriteHeader(http.StatusCreated)
	_, _ = io.WriteString(w, `{"requestId":`)
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

func TestOutcomeOfCreate(t *testing.T) {
	t.Parallel()
	const (
		fine = iota
		refused
		unknown
	)
	tests := map[string]struct {
		api     http.HandlerFunc
		outcome int
		posts   int
	}{
		"accepted":                    {always(201, accepted), fine, 1},
		"accepted with 200":           {always(200, accepted), fine, 1},
		"201 without id":              {always(201, `{}`), unknown, 1},
		"201 without body":            {always(201, ``), unknown, 1},
		"201 with HTML":               {always(201, `<html>`), unknown, 1},
		"answer breaks off":           {halfAnswer, unknown, 1},
		"connection dropped":          {hangUp, unknown, 1},
		"application refuses":         {always(400, appError("S.REQUEST_FAILED.DeviceNotFound")), refused, 1},
		"numeric code":                {always(400, `{"errorCode":4012,"errorMessage":"no"}`), refused, 1},
		"forbidden by the gateway":    {always(403, fault("900908")), refused, 1},
		"empty 400":                   {always(400, ""), refused, 1},
		"conflict":                    {always(409, ""), refused, 1},
		"request timeout":             {always(408, ""), unknown, 1},
		"500":                         {always(500, appError("S.REQUEST_FAILED.UnexpectedError")), unknown, 1},
		"501":                         {always(501, ""), unknown, 1},
		"502 with HTML":               {always(502, "<html>Bad Gateway</html>"), unknown, 1},
		"503 with Retry-After":        {retryLater(503), unknown, 1},
		"429 then accepted":           {inTurn(retryLater(429), always(201, accepted)), fine, 2},
		"429 more often than retries": {inTurn(append(slices.Repeat([]http.HandlerFunc{retryLater(429)}, 8), always(201, accepted))...), fine, 9},
		"429 for longer than there is": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "3600")
			reply(w, 429, fault("900803"))
		}, refused, 1},
		"429 then 500":                {inTurn(retryLater(429), always(500, "")), unknown, 2},
		"429 then dropped":            {inTurn(retryLater(429), hangUp), unknown, 2},
		"session expired, then fine":  {inTurn(always(500, appError("S.R.SessionToken.Expired")), always(201, accepted)), fine, 2},
		"session expired, then drops": {inTurn(always(400, appError("S.R.SessionToken.Expired")), hangUp), unknown, 2},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t, test.api)
			c := f.client(t, nil)
			id, err := c.EnhanceQoS(t.Context(), enhanceRequest())
			if (err == nil) != (test.outcome == fine) || (err == nil) != (id == requestUUID) {
				t.Fatalf("id %q, err = %v", id, err)
			}
			if got := OutcomeUnknown(err); got != (test.outcome == unknown) {
				t.Errorf("OutcomeUnknown(%v) = %v", err, got)
			}
			if NotSent(err) {
				t.Errorf("NotSent(%v) = true", err)
			}
			f.wantCounts(t, map[string]int{DefaultEnhanceQoSPath: test.posts})
		})
	}
}

func TestNoAnswerInTimeIsUnknown(t *testing.T) {
	t.Parallel()
	f := newFake(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	c := f.client(t, func(c *Config) {
		*c = Config{BaseURL: f.URL, AccessToken: "t", SessionToken: "s", MaxRetries: 4, AttemptTimeout: 50 * time.Millisecond}
	})
	_, err := c.EnhanceQoS(t.Context(), enhanceRequest())
	if !OutcomeUnknown(err) || NotSent(err) || !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "50ms") {
		t.Errorf("err = %v", err)
	}
	f.wantCounts(t, map[string]int{DefaultEnhanceQoSPath: 1})
}

func retryLater(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "0")
		reply(w, status, fault("900803"))
	}
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
	f := newFake(t, always(http.StatusCreated, accepted))
	staticTokens := func(dials int) func(*Config) {
		return func(c *Config) {
			*c = Config{BaseURL: f.URL, AccessToken: "t", SessionToken: "s", MaxRetries: 3, Transport: failingDials(dials)}
		}
	}
	if err := enhance(enhanceRequest())(t.Context(), f.client(t, staticTokens(3))); err != nil {
		t.Error(err)
	}
	_, err := f.client(t, staticTokens(4)).EnhanceQoS(t.Context(), enhanceRequest())
	if !NotSent(err) || OutcomeUnknown(err) || !strings.Contains(err.Error(), "not reached") {
		t.Errorf("err = %v, want one that is not sent", err)
	}
	f.wantCounts(t, map[string]int{DefaultEnhanceQoSPath: 1})
}

func TestUntrustedCertificateIsNotSentNorRepeated(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(always(http.StatusCreated, accepted))
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	server.StartTLS()
	t.Cleanup(server.Close)
	dials := 0
	pool := transport.New()
	dial := pool.DialContext
	pool.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		dials++
		return dial(ctx, network, address)
	}
	c, err := New(Config{BaseURL: server.URL, AccessToken: "t", SessionToken: "s", MaxRetries: 4, Transport: pool})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.EnhanceQoS(t.Context(), enhanceRequest())
	if !NotSent(err) || !strings.Contains(err.Error(), "certificate") || dials != 1 {
		t.Errorf("%d dials, err = %v", dials, err)
	}
}

func TestCancelledContext(t *testing.T) {
	t.Parallel()
	t.Run("before", func(t *testing.T) {
		t.Parallel()
		f := newFake(t, always(http.StatusCreated, accepted))
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		c := f.client(t, func(c *Config) { *c = Config{BaseURL: f.URL, AccessToken: "t", SessionToken: "s"} })
		if _, err := c.EnhanceQoS(ctx, enhanceRequest()); !NotSent(err) || !errors.Is(err, context.Canceled) {
			t.Errorf("err = %v", err)
		}
		f.wantCounts(t, map[string]int{"/": 0})
	})
	t.Run("during", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		f := newFake(t, func(_ http.ResponseWriter, r *http.Request) {
			cancel()
			<-r.Context().Done()
		})
		if _, err := f.client(t, nil).EnhanceQoS(ctx, enhanceRequest()); !OutcomeUnknown(err) || !errors.Is(err, context.Canceled) {
			t.Errorf("err = %v", err)
		}
	})
	t.Run("between attempts", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		f := newFake(t, always(http.StatusTooManyRequests, fault("900803")))
		c := f.client(t, nil)
		c.sender.Backoff = func(time.Duration, time.Duration, int, *http.Response) time.Duration {
			cancel()
			return time.Hour
		}
		_, err := c.EnhanceQoS(ctx, enhanceRequest())
		var e *Error
		if !errors.Is(err, context.Canceled) || !errors.As(err, &e) || e.Code != "900803" || OutcomeUnknown(err) {
			t.Errorf("err = %v, want both the cancellation and the answer before it", err)
		}
	})
}

func TestOutcomeOfForeignErrors(t *testing.T) {
	t.Parallel()
	if OutcomeUnknown(nil) || NotSent(nil) {
		t.Error("no error has an outcome to ask for")
	}
	if err := errors.New("other"); !OutcomeUnknown(err) || NotSent(err) {
		t.Error("an error of another's making must count as unknown")
	}
}

func TestRepeatableCalls(t *testing.T) {
	t.Parallel()
	calls := map[string]func(context.Context, *Client) error{
		"list": func(ctx context.Context, c *Client) error {
			_, err := c.Callbacks(ctx, testAccount)
			return err
		},
		"stop": func(ctx context.Context, c *Client) error {
			_, err := c.StopQoS(ctx, testAccount, "sub")
			return err
		},
		"register": func(ctx context.Context, c *Client) error {
			return c.RegisterCallback(ctx, testAccount, CallbackRegistration{Name: "QoS", URL: "https://example.com"})
		},
		"deregister": func(ctx context.Context, c *Client) error { return c.DeregisterCallback(ctx, testAccount, "QoS") },
	}
	ok := always(http.StatusOK, "[]")
	tests := map[string]struct {
		answers []http.HandlerFunc
		retries int
		sent    int
		err     string
	}{
		"500 twice":         {[]http.HandlerFunc{always(500, ""), always(502, "<html>"), ok}, 4, 3, ""},
		"408":               {[]http.HandlerFunc{always(408, ""), ok}, 4, 2, ""},
		"dropped":           {[]http.HandlerFunc{hangUp, ok}, 4, 2, ""},
		"broken off":        {[]http.HandlerFunc{halfAnswer, ok}, 4, 2, ""},
		"429":               {[]http.HandlerFunc{retryLater(429), ok}, 4, 2, ""},
		"503 for ever":      {[]http.HandlerFunc{retryLater(503)}, 2, 3, "900803"},
		"no retries wanted": {[]http.HandlerFunc{always(500, "oops")}, 0, 1, "oops"},
		"400 is final":      {[]http.HandlerFunc{always(400, appError("S.X"))}, 4, 1, "S.X"},
		"501 is final":      {[]http.HandlerFunc{always(501, "")}, 4, 1, "501"},
		// Not counted: net/http itself repeats a GET whose open connection breaks.
		"dropped for ever":    {[]http.HandlerFunc{hangUp}, 1, 0, "no complete answer"},
		"404 of the business": {[]http.HandlerFunc{always(404, appError("S.NotFound"))}, 4, 1, "S.NotFound"},
	}
	for callName, call := range calls {
		for name, test := range tests {
			t.Run(callName+" "+name, func(t *testing.T) {
				t.Parallel()
				f := newFake(t, inTurn(test.answers...))
				c := f.client(t, func(config *Config) { config.MaxRetries = test.retries })
				err := call(t.Context(), c)
				if (err != nil) != (test.err != "") || err != nil && !strings.Contains(err.Error(), test.err) {
					t.Fatalf("err = %v, want %q", err, test.err)
				}
				if got := f.count("/api/m2m/v1/") - f.count(loginPath); test.sent != 0 && got != test.sent {
					t.Errorf("sent %d times, want %d", got, test.sent)
				}
			})
		}
	}
}

func TestLostStopStaysUnknownWhateverTheRepeatSays(t *testing.T) {
	t.Parallel()
	f := newFake(t, inTurn(hangUp, always(http.StatusBadRequest, appError("S.NotFound"))))
	_, err := f.client(t, nil).StopQoS(t.Context(), testAccount, "sub")
	var e *Error
	if !OutcomeUnknown(err) || !errors.As(err, &e) || e.Code != "S.NotFound" {
		t.Errorf("err = %v, unknown = %v", err, OutcomeUnknown(err))
	}
}

func TestStopWithoutRequestIDSucceeds(t *testing.T) {
	t.Parallel()
	for _, body := range []string{"", "{}", "<html>", `{"requestId":null}`} {
		f := newFake(t, always(http.StatusOK, body))
		if id, err := f.client(t, nil).StopQoS(t.Context(), testAccount, "sub"); id != "" || err != nil {
			t.Errorf("%q: id %q, err = %v", body, id, err)
		}
	}
}

func TestRateLimitIsKept(t *testing.T) {
	t.Parallel()
	f := newFake(t, always(http.StatusOK, "[]"))
	c := f.client(t, func(c *Config) {
		*c = Config{BaseURL: f.URL, AccessToken: "t", SessionToken: "s", MaxRequestsPerSecond: 0.001}
	})
	if _, err := c.Callbacks(t.Context(), testAccount); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	if _, err := c.Callbacks(ctx, testAccount); !NotSent(err) || !errors.Is(err, transport.ErrRateWait) {
		t.Errorf("err = %v", err)
	}
	f.wantCounts(t, map[string]int{callbacksPath: 1})
}
