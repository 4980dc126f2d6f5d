package api

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/jonboulle/clockwork"

	"github.com/qosform/terraform-provider-qos/internal/camara/auth"
)

func TestEmptyLists(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		version Version
		answer  http.HandlerFunc
		// want is the error: "" for an empty list.
		want string
	}{
		"empty":                        {V110, always(200, `[]`), ""},
		"null":                         {V110, always(200, `null`), ""},
		"404 of the API":               {V110, camaraError(404, CodeNotFound), ""},
		"404 about the device":         {V110, camaraError(404, CodeIdentifierNotFound), ""},
		"404 about the device in 0.11": {V011, camaraError(404, "DEVICE_NOT_FOUND"), ""},
		"404 that quotes its path":     {V110, always(404, `{"message":"Route POST:/retrieve-sessions not found"}`), "Route"},
		"404 of an API subscription":   {V110, always(404, `{"message":"API subscription not found"}`), "API subscription"},
		"Nokia's 404":                  {V011, always(404, `{"detail":"QoS subscription not found"}`), ""},
		"404 of a proxy":               {V110, always(404, `<html>Not Found</html>`), "404"},
		"404 of a router":              {V110, always(404, `{"message":"no Route matched with those values"}`), "no Route"},
		"404 of a framework":           {V110, always(404, `{"detail":"Not Found"}`), "Not Found"},
		"405 where it should be":       {V110, always(405, ``), "405"},
		"403":                          {V110, camaraError(403, "PERMISSION_DENIED"), "PERMISSION_DENIED"},
		"no list":                      {V110, always(200, `{}`), "not the JSON"},

		"empty on 0.10":            {V010, always(200, `[]`), ""},
		"Nokia's 404 on 0.10":      {V010, always(404, `{"detail":"QoS subscription not found"}`), ""},
		"nothing there on 0.10":    {V010, camaraError(404, CodeNotFound), ErrNotInAPI.Error()},
		"404 of a proxy on 0.10":   {V010, always(404, `<html>`), ErrNotInAPI.Error()},
		"405 on 0.10":              {V010, always(405, ``), ErrNotInAPI.Error()},
		"forbidden on 0.10":        {V010, camaraError(403, "PERMISSION_DENIED"), "PERMISSION_DENIED"},
		"not implemented on 0.10":  {V010, always(501, ``), ErrNotInAPI.Error()},
		"device not found on 0.10": {V010, camaraError(404, "DEVICE_NOT_FOUND"), ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOperator(t, test.answer)
			sessions, err := o.client(t, test.version, nil).RetrieveSessions(t.Context(), testSubject, &Device{PhoneNumber: "+34666666666"})
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) || len(sessions) != 0 {
				t.Errorf("%v, err = %v, want %q", sessions, err, test.want)
			}
			if got, want := errors.Is(err, ErrNotInAPI), test.want == ErrNotInAPI.Error(); got != want {
				t.Errorf("ErrNotInAPI: %v", got)
			}
		})
	}
}

func TestNoProfiles(t *testing.T) {
	t.Parallel()
	for _, v := range Versions() {
		c := newOperator(t, camaraError(404, CodeNotFound)).client(t, v, nil)
		if profiles, err := c.Profiles(t.Context(), "", ProfileQuery{Name: "QOS_E"}); len(profiles) != 0 || err != nil {
			t.Errorf("%s: %v, %v", v, profiles, err)
		}
		if _, err := c.Profile(t.Context(), "", "QOS_E"); !NotFound(err) {
			t.Errorf("%s: one profile: err = %v", v, err)
		}
	}
}

func TestAPIsWithoutARoot(t *testing.T) {
	t.Parallel()
	o := newOperator(t, always(500, ""))
	c := o.client(t, V110, func(c *Config) { c.BaseURL = o.URL + "/qod" })
	_, profileErr := c.Profile(t.Context(), "", "QOS_E")
	_, profilesErr := c.Profiles(t.Context(), "", ProfileQuery{})
	_, createErr := c.CreateAssignment(t.Context(), "", CreateAssignment{})
	_, readErr := c.Assignment(t.Context(), "", testID)
	_, deleteErr := c.DeleteAssignment(t.Context(), "", testID)
	_, findErr := c.RetrieveAssignment(t.Context(), "", fullDevice())
	for _, err := range []error{profileErr, profilesErr, createErr, readErr, deleteErr, findErr} {
		if !errors.Is(err, ErrNotInAPI) || !NotSent(err) {
			t.Errorf("err = %v", err)
		}
	}
	o.wantCount(t, 0)
}

func TestDeleteAssignmentMayBePending(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]bool{http.StatusNoContent: false, http.StatusAccepted: true} {
		c := newOperator(t, always(status, "")).client(t, V110, nil)
		if pending, err := c.DeleteAssignment(t.Context(), "", testID); pending != want || err != nil {
			t.Errorf("%d: pending %v, err = %v", status, pending, err)
		}
	}
	c := newOperator(t, camaraError(404, CodeNotFound)).client(t, V110, nil)
	if pending, err := c.DeleteAssignment(t.Context(), "", testID); pending || !Gone(err) {
		t.Errorf("404: pending %v, err = %v", pending, err)
	}
}

func TestGoneIsLeftToTheCaller(t *testing.T) {
	t.Parallel()
	c := newOperator(t, camaraError(404, CodeNotFound)).client(t, V110, nil)
	if err := c.DeleteSession(t.Context(), "", testID); !Gone(err) {
		t.Errorf("delete: err = %v", err)
	}
	if _, err := c.Session(t.Context(), "", testID); !Gone(err) {
		t.Errorf("read: err = %v", err)
	}
	if _, err := c.RetrieveAssignment(t.Context(), "", fullDevice()); !NoneListed(err) {
		t.Errorf("find: err = %v", err)
	}
}

// TestATokenMayNameTheDevice is about tokens of which only the operator knows
// what they are for.
func TestATokenMayNameTheDevice(t *testing.T) {
	t.Parallel()
	o := newOperator(t, always(http.StatusOK, `[]`))
	if list, err := o.client(t, V110, nil).RetrieveSessions(t.Context(), "", nil); err != nil || len(list) != 0 {
		t.Errorf("%v, err = %v", list, err)
	}
	o.wantCount(t, 1)
	if got := o.seen()[0].body; got != "{}" {
		t.Errorf("sent %s", got)
	}
}

func TestAuthorize(t *testing.T) {
	t.Parallel()
	o := newOperator(t, always(http.StatusInternalServerError, ""))
	if err := o.client(t, V110, nil).Authorize(t.Context(), testSubject); err != nil {
		t.Error(err)
	}
	failed := errors.New("no consent")
	c := o.client(t, V110, func(c *Config) { c.Tokens = &counter{failed: failed} })
	if err := c.Authorize(t.Context(), testSubject); !errors.Is(err, failed) || !NotSent(err) {
		t.Errorf("err = %v", err)
	}
	o.wantCount(t, 0)
}

func TestSkew(t *testing.T) {
	t.Parallel()
	ours := clockwork.NewFakeClockAt(time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC))
	o := newOperator(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", "Tue, 01 Jan 2030 00:10:00 GMT")
		w.Header().Set("Retry-After", "Tue, 01 Jan 2030 00:10:20 GMT")
		camaraError(http.StatusForbidden, "")(w, r)
	})
	c := o.client(t, V110, func(c *Config) { c.Clock = ours })
	if got := c.Skew(); got != 0 {
		t.Errorf("%s before the first answer", got)
	}
	_, err := c.Session(t.Context(), "", testID)
	if got := c.Skew(); got != 10*time.Minute {
		t.Errorf("skew %s", got)
	}
	var e *Error
	if !errors.As(err, &e) || e.RetryAfter != 20*time.Second {
		t.Errorf("err = %v, want the wait that the operator means", err)
	}
}

func TestRefusedTokenIsRenewedOnce(t *testing.T) {
	t.Parallel()
	o := newOperator(t, inTurn(camaraError(401, "UNAUTHENTICATED"), always(200, created)))
	if _, err := o.client(t, V110, nil).Session(t.Context(), testSubject, testID); err != nil {
		t.Fatal(err)
	}
	var sent []string
	for _, r := range o.seen() {
		sent = append(sent, r.header.Get("Authorization"))
	}
	if diff := cmp.Diff([]string{"Bearer token-1-34666666666", "Bearer token-2-34666666666"}, sent); diff != "" {
		t.Errorf("tokens (-want +got):\n%s", diff)
	}
}

func TestFixedTokenIsNotSentTwice(t *testing.T) {
	t.Parallel()
	static, err := auth.Static("mock_sandbox_access_token")
	if err != nil {
		t.Fatal(err)
	}
	for source, says := range map[auth.Source]string{
		static: "refused the configured access_token, which is not renewed", auth.None(): "check the keys in headers", nil: "check the keys in headers",
	} {
		o := newOperator(t, camaraError(401, "UNAUTHENTICATED"))
		_, err := o.client(t, V110, func(c *Config) { c.Tokens = source }).Session(t.Context(), testSubject, testID)
		if !hasCode(err, "UNAUTHENTICATED") || !strings.Contains(err.Error(), says) {
			t.Errorf("err = %v, want %q in it", err, says)
		}
		o.wantCount(t, 1)
		if got, want := o.seen()[0].header.Get("Authorization") != "", source == static; got != want {
			t.Errorf("Authorization sent: %v", got)
		}
	}
}

func TestWithoutATokenNothingIsSent(t *testing.T) {
	t.Parallel()
	denied := &auth.Error{Operation: "get an access token", StatusCode: 400, Code: auth.CodeInvalidScope}
	o := newOperator(t, always(200, created))
	c := o.client(t, V110, func(c *Config) { c.Tokens = &counter{failed: denied} })
	_, err := c.CreateSession(t.Context(), testSubject, smallSession(V110))
	var got *auth.Error
	if !NotSent(err) || !errors.As(err, &got) || got.Code != auth.CodeInvalidScope {
		t.Errorf("err = %v", err)
	}
	o.wantCount(t, 0)
}

func TestRenewalThatFails(t *testing.T) {
	t.Parallel()
	source := &counter{}
	o := newOperator(t, func(w http.ResponseWriter, r *http.Request) {
		source.mu.Lock()
		source.failed = errors.New("token endpoint is down")
		source.mu.Unlock()
		camaraError(401, "UNAUTHENTICATED")(w, r)
	})
	_, err := o.client(t, V110, func(c *Config) { c.Tokens = source }).CreateSession(t.Context(), testSubject, smallSession(V110))
	if err == nil || OutcomeUnknown(err) || NotSent(err) || !hasCode(err, "UNAUTHENTICATED") || !strings.Contains(err.Error(), "is down") {
		t.Errorf("err = %v", err)
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	elsewhere := newOperator(t, always(200, created))
	o := newOperator(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
	})
	_, err := o.client(t, V110, nil).CreateSession(t.Context(), testSubject, smallSession(V110))
	if err == nil || OutcomeUnknown(err) || !strings.Contains(err.Error(), "not followed") {
		t.Errorf("err = %v", err)
	}
	elsewhere.wantCount(t, 0)
}

func TestSecretsStayOutOfErrorsAndLogs(t *testing.T) {
	t.Parallel()
	for _, v := range []Version{V010, V110} {
		var log bytes.Buffer
		o := newOperator(t, func(w http.ResponseWriter, r *http.Request) {
			reply(w, http.StatusBadRequest, fmt.Sprintf(`{"code":"INVALID_ARGUMENT","message":"%s %s %s"}`,
				r.Header.Get("Authorization"), r.Header.Get("X-API-Key"), testToken))
		})
		c := o.client(t, v, func(c *Config) {
			c.Headers = map[string]string{"X-API-Key": testKey}
			c.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		})
		_, err := c.CreateSession(t.Context(), testSubject, fullSession(v))
		if err == nil || !strings.Contains(log.String(), "/sessions") {
			t.Fatalf("err = %v, log:\n%s", err, log.String())
		}
		for _, text := range []string{err.Error(), log.String()} {
			for _, secret := range []string{"token-1", testKey, testToken} {
				if strings.Contains(text, secret) {
					t.Errorf("%s: shows %q: %s", v, secret, text)
				}
			}
		}
	}
}

func TestPrintingShowsNoSecret(t *testing.T) {
	t.Parallel()
	config := Config{
		BaseURL: "https://user:s3cret@op.example.com/qod/v0", Version: V010,
		Headers: map[string]string{"X-API-Key": "s3cret"},
	}
	c := newOperator(t, always(200, "")).client(t, V010, func(c *Config) { c.Headers = config.Headers })
	webhook := Webhook{NotificationURL: "https://u:s3cret@a/n?t=s3cret", NotificationAuthToken: "s3cret"}
	credential := SinkCredential{AccessToken: "s3cret", ClientID: "s3cret"}
	create := CreateSession{Webhook: &webhook, SinkCredential: &credential}
	for _, v := range []any{config, &config, c, webhook, &webhook, credential, &credential, create, &create} {
		for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
			if got := fmt.Sprintf(format, v); strings.Contains(got, "s3cret") {
				t.Errorf("%s of a %T: %s", format, v, got)
			}
		}
		var log bytes.Buffer
		slog.New(slog.NewTextHandler(&log, nil)).Info("x", "v", v)
		if strings.Contains(log.String(), "s3cret") {
			t.Errorf("a logged %T: %s", v, log.String())
		}
	}
	if got, want := config.String(), "CAMARA Quality-on-Demand 0.10 at op.example.com"; got != want {
		t.Errorf("printed as %q, want %q", got, want)
	}
}

func TestNewRefusesWhatCannotWork(t *testing.T) {
	t.Parallel()
	header := func(name, value string) func(*Config) {
		return func(c *Config) { c.Headers = map[string]string{name: value} }
	}
	tests := map[string]struct {
		change func(*Config)
		want   string
	}{
		"fine":                       {func(*Config) {}, ""},
		"API key":                    {header("X-API-Key", "s3cret"), ""},
		"own Authorization":          {header("Authorization", "Basic s3cret"), ""},
		"no base URL":                {func(c *Config) { c.BaseURL = "" }, "base URL must be absolute"},
		"password in base URL":       {func(c *Config) { c.BaseURL = "https://u:s3cret@op/qod/v0" }, "base URL must not contain"},
		"profiles without host":      {func(c *Config) { c.ProfilesURL = "/profiles" }, "QoS profiles URL must be absolute"},
		"provisioning with query":    {func(c *Config) { c.ProvisioningURL = "https://op/x?k=s3cret" }, "QoS provisioning URL must not have a query"},
		"version not told":           {func(c *Config) { c.BaseURL = "https://op/qod" }, "does not tell the API's version"},
		"unknown version":            {func(c *Config) { c.Version = "0.9" }, "must be one of 0.10, 0.11"},
		"negative rate":              {func(c *Config) { c.MaxRequestsPerSecond = -1 }, "requests per second"},
		"negative retries":           {func(c *Config) { c.MaxRetries = -1 }, "retries"},
		"negative timeout":           {func(c *Config) { c.AttemptTimeout = -1 }, "timeout"},
		"line break in user agent":   {func(c *Config) { c.UserAgent = "a\nb" }, "user agent"},
		"key as a header's name":     {header("s3cret key", "v"), "a header's name"},
		"line break in header":       {header("X-API-Key", "s3\ncret"), "value of the header X-API-Key"},
		"header of the client's own": {header("x-correlator", "1"), "x-correlator is set by the client itself"},
		"host":                       {header("host", "a"), "host is set by the client itself"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := Config{BaseURL: " https://op.example.com/qod/v0/ "}
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

func TestCancelledContext(t *testing.T) {
	t.Parallel()
	t.Run("before", func(t *testing.T) {
		t.Parallel()
		o := newOperator(t, always(200, created))
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := o.client(t, V110, nil).CreateSession(ctx, "", smallSession(V110)); !NotSent(err) || !errors.Is(err, context.Canceled) {
			t.Errorf("err = %v", err)
		}
		o.wantCount(t, 0)
	})
	t.Run("during", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		o := newOperator(t, func(_ http.ResponseWriter, r *http.Request) {
			cancel()
			<-r.Context().Done()
		})
		if _, err := o.client(t, V110, nil).CreateSession(ctx, "", smallSession(V110)); !OutcomeUnknown(err) || !errors.Is(err, context.Canceled) {
			t.Errorf("err = %v", err)
		}
	})
}

func BenchmarkSession(b *testing.B) {
	server := httptest.NewServer(always(http.StatusOK, created))
	b.Cleanup(server.Close)
	c, err := New(Config{BaseURL: server.URL + "/quality-on-demand/v1", MaxRequestsPerSecond: 1e9, AttemptTimeout: time.Minute})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Session(b.Context(), "", testID); err != nil {
			b.Fatal(err)
		}
	}
}
