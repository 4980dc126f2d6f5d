package api

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const enhanceBody = `{"accountName":"0000123456-00001","deviceInfo":[{"deviceId":{"id":"0123456789","kind":"MDN"},` +
	`"deviceIPv6Addr":"2001:db8::1","flowInfo":[{"flowServer":"[2001:db8::2]:443","flowDevice":"[2001:db8::1]:5000",` +
	`"flowDirection":"UPLINK","flowProtocol":"UDP","qciOption":"Premium"}]}]}`

// wire is what matters of a request on the wire.
type wire struct{ Method, URI, Body, ContentType, Authorization, Session string }

func (r recorded) wire() wire {
	return wire{r.method, r.uri, r.body, r.header.Get("Content-Type"), r.header.Get("Authorization"), r.header.Get("VZ-M2M-Token")}
}

func TestRequestsOnTheWire(t *testing.T) {
	t.Parallel()
	withoutV6 := enhanceRequest()
	withoutV6.DeviceInfo[0].DeviceIPv6Addr = ""
	tests := map[string]struct {
		answer string
		call   func(context.Context, *Client) error
		want   wire
	}{
		"list callbacks": {
			answer: `[]`,
			call: func(ctx context.Context, c *Client) error {
				_, err := c.Callbacks(ctx, testAccount)
				return err
			},
			want: wire{Method: "GET", URI: "/api/m2m/v1/callbacks/0000123456-00001"},
		},
		"register callback": {
			answer: `{"accountName":"0000123456-00001","serviceName":"QoS"}`,
			call: func(ctx context.Context, c *Client) error {
				return c.RegisterCallback(ctx, testAccount, CallbackRegistration{
					Name: "QoS", URL: "https://example.com/cb?a=1&b=2", Username: "u", Password: "p&<>",
				})
			},
			want: wire{
				Method: "POST", URI: "/api/m2m/v1/callbacks/0000123456-00001",
				Body: `{"name":"QoS","url":"https://example.com/cb?a=1&b=2","username":"u","password":"p&<>"}`,
			},
		},
		"register callback without credentials": {
			call: func(ctx context.Context, c *Client) error {
				return c.RegisterCallback(ctx, testAccount, CallbackRegistration{Name: "QoS", URL: "https://example.com/cb"})
			},
			want: wire{
				Method: "POST", URI: "/api/m2m/v1/callbacks/0000123456-00001",
				Body: `{"name":"QoS","url":"https://example.com/cb"}`,
			},
		},
		"deregister callback": {
			call: func(ctx context.Context, c *Client) error {
				return c.DeregisterCallback(ctx, testAccount, "Qo/S")
			},
			want: wire{Method: "DELETE", URI: "/api/m2m/v1/callbacks/0000123456-00001/name/Qo%2FS"},
		},
		"enhance": {
			answer: accepted,
			call:   enhance(enhanceRequest()),
			want:   wire{Method: "POST", URI: "/api/m2m/v1/device/actions/enhanceQoS", Body: enhanceBody},
		},
		"enhance without IPv6 address": {
			answer: accepted,
			call:   enhance(withoutV6),
			want: wire{
				Method: "POST", URI: "/api/m2m/v1/device/actions/enhanceQoS",
				Body: strings.Replace(enhanceBody, `"deviceIPv6Addr":"2001:db8::1",`, "", 1),
			},
		},
		"stop": {
			answer: accepted,
			call: func(ctx context.Context, c *Client) error {
				id, err := c.StopQoS(ctx, testAccount, "sub 1&2")
				if id != requestUUID {
					return fmt.Errorf("request id %q: %w", id, err)
				}
				return err
			},
			want: wire{
				Method: "DELETE",
				URI:    "/api/m2m/v1/device/actions/enhanceQoS?accountName=0000123456-00001&qosSubscriptionId=sub+1%262",
			},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t, always(http.StatusCreated, test.answer))
			if err := test.call(t.Context(), f.client(t, nil)); err != nil {
				t.Fatal(err)
			}
			test.want.ContentType, test.want.Authorization, test.want.Session = "application/json", "Bearer bearer-1", "session-1"
			got := f.seen("/api/m2m/v1/")
			if diff := cmp.Diff(test.want, got[len(got)-1].wire()); diff != "" {
				t.Errorf("request (-want +got):\n%s", diff)
			}
		})
	}
}

// enhance returns a call that also checks the request id.
func enhance(r EnhanceQoSRequest) func(context.Context, *Client) error {
	return func(ctx context.Context, c *Client) error {
		id, err := c.EnhanceQoS(ctx, r)
		if err == nil && id != requestUUID {
			return fmt.Errorf("request id %q", id)
		}
		return err
	}
}

func TestTokenAndLoginOnTheWire(t *testing.T) {
	t.Parallel()
	f := newFake(t, always(http.StatusCreated, accepted))
	c := f.client(t, func(config *Config) { config.UserAgent = "test/1"; config.BaseURL += "/" })
	if err := enhance(enhanceRequest())(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	basic := "Basic " + base64.StdEncoding.EncodeToString([]byte("client:"+testSecret))
	want := []wire{
		{"POST", oauthPath, "grant_type=client_credentials", "application/x-www-form-urlencoded", basic, ""},
		{"POST", loginPath, `{"username":"user","password":"pass w0rd\"&<"}`, "application/json", "Bearer bearer-1", ""},
		{"POST", DefaultEnhanceQoSPath, enhanceBody, "application/json", "Bearer bearer-1", "session-1"},
	}
	var got []wire
	for _, r := range f.seen("/") {
		got = append(got, r.wire())
		if agent := r.header.Get("User-Agent"); agent != "test/1" {
			t.Errorf("%s: User-Agent %q", r.uri, agent)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}

func TestCallbacksDecode(t *testing.T) {
	t.Parallel()
	full := []Callback{{AccountName: testAccount, Name: "QoS", URL: "https://example.com", Username: "u", Password: "p4ss"}}
	tests := map[string]struct {
		body string
		want []Callback
		err  bool
	}{
		"nothing":     {body: "", want: nil},
		"blank":       {body: " \n", want: nil},
		"null":        {body: "null", want: nil},
		"empty":       {body: "[]", want: nil},
		"serviceName": {body: `[{"accountName":"0000123456-00001","serviceName":"QoS","url":"https://example.com","username":"u","password":"p4ss"}]`, want: full},
		"name":        {body: `[{"accountName":"0000123456-00001","name":"QoS","url":"https://example.com","username":"u","password":"p4ss","new":[]}]`, want: full},
		"null fields": {body: `[{"serviceName":"QoS","url":null,"username":null}]`, want: []Callback{{Name: "QoS"}}},
		"not a list":  {body: `{"password":"p4ss"}`, err: true},
		"not JSON":    {body: `p4ss`, err: true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t, always(http.StatusOK, test.body))
			got, err := f.client(t, nil).Callbacks(t.Context(), testAccount)
			if (err != nil) != test.err {
				t.Fatalf("err = %v", err)
			}
			if err != nil && strings.Contains(err.Error(), "p4ss") {
				t.Errorf("the error shows a password: %v", err)
			}
			if len(got)+len(test.want) > 0 && !cmp.Equal(test.want, got) {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

func TestPrintingShowsNoSecret(t *testing.T) {
	t.Parallel()
	config := Config{BaseURL: "https://example.com", ClientID: "id", ClientSecret: "s3cret", Username: "u", Password: "s3cret"}
	client, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	logger := slog.New(slog.NewJSONHandler(&out, nil))
	for _, value := range []any{
		config, &config, client,
		Callback{Name: "QoS", Password: "s3cret"},
		[]Callback{{Password: "s3cret"}},
		CallbackRegistration{Name: "QoS", Password: "s3cret"},
		&CallbackRegistration{Password: "s3cret"},
	} {
		for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
			_, _ = fmt.Fprintf(&out, format, value)
		}
	}
	logger.Info("all", "config", config, "callback", Callback{Password: "s3cret"}, "callbacks", []Callback{{Password: "s3cret"}},
		"registration", CallbackRegistration{Password: "s3cret"})
	if strings.Contains(out.String(), "s3cret") {
		t.Errorf("a secret shows: %s", out.String())
	}
}

func TestNewRefusesWhatCannotWork(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change func(*Config)
		want   string
	}{
		"no base URL scheme":     {func(c *Config) { c.BaseURL = "thingspace.verizon.com" }, "https://"},
		"user in base URL":       {func(c *Config) { c.BaseURL = "https://u:s3cret@example.com" }, "user name"},
		"query in base URL":      {func(c *Config) { c.BaseURL = "https://example.com?token=s3cret" }, "query"},
		"unparsable base URL":    {func(c *Config) { c.BaseURL = "https://s3cret\x00" }, "parsed"},
		"relative path":          {func(c *Config) { c.EnhanceQoSPath = "api" }, "slash"},
		"path with query":        {func(c *Config) { c.EnhanceQoSPath = "/api?x" }, "plain path"},
		"no client secret":       {func(c *Config) { c.ClientSecret = "" }, "client secret"},
		"secret and token":       {func(c *Config) { c.AccessToken = "s3cret" }, "use one"},
		"no password":            {func(c *Config) { c.Password = "" }, "password"},
		"password and session":   {func(c *Config) { c.SessionToken = "s3cret" }, "use one"},
		"line break in password": {func(c *Config) { c.Password = "s3cret\n" }, "line break"},
		"line break in token":    {func(c *Config) { c.ClientSecret, c.AccessToken = "", "s3c\nret" }, "access token contains"},
		"blank in session":       {func(c *Config) { c.Password, c.SessionToken = "", "s3c ret" }, "session token contains"},
		"negative rate":          {func(c *Config) { c.MaxRequestsPerSecond = -1 }, "per second"},
		"negative retries":       {func(c *Config) { c.MaxRetries = -1 }, "retries"},
		"control in user agent":  {func(c *Config) { c.UserAgent = "a\nb" }, "user agent"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := Config{ClientID: "id", ClientSecret: "s3cret", Username: "u", Password: "s3cret"}
			test.change(&config)
			_, err := New(config)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("err = %v, want one about %q", err, test.want)
			}
			if strings.Contains(err.Error(), "s3c") {
				t.Errorf("the error shows a secret: %v", err)
			}
		})
	}
}

func TestNewTrimsTokens(t *testing.T) {
	t.Parallel()
	f := newFake(t, always(http.StatusOK, "[]"))
	c := f.client(t, func(config *Config) {
		*config = Config{BaseURL: f.URL, AccessToken: " tok\n", SessionToken: "\tses "}
	})
	if _, err := c.Callbacks(t.Context(), testAccount); err != nil {
		t.Fatal(err)
	}
	if got := f.seen("/")[0].wire(); got.Authorization != "Bearer tok" || got.Session != "ses" {
		t.Errorf("sent %+v", got)
	}
	f.wantCounts(t, map[string]int{oauthPath: 0, loginPath: 0})
}

func TestEmptyArgumentsAreNotSent(t *testing.T) {
	t.Parallel()
	f := newFake(t, always(http.StatusOK, ""))
	c := f.client(t, nil)
	ctx := t.Context()
	_, list := c.Callbacks(ctx, "")
	_, create := c.EnhanceQoS(ctx, EnhanceQoSRequest{})
	_, stop := c.StopQoS(ctx, testAccount, "")
	_, stopNoAccount := c.StopQoS(ctx, "", "s")
	for name, err := range map[string]error{
		"list": list, "create": create, "stop": stop, "stop without account": stopNoAccount,
		"register":                    c.RegisterCallback(ctx, "", CallbackRegistration{}),
		"deregister":                  c.DeregisterCallback(ctx, testAccount, ""),
		"deregister without account:": c.DeregisterCallback(ctx, "", "QoS"),
	} {
		if !NotSent(err) || OutcomeUnknown(err) {
			t.Errorf("%s: err = %v", name, err)
		}
	}
	f.wantCounts(t, map[string]int{"/": 0})
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	redirect := func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
	}
	t.Run("call", func(t *testing.T) {
		t.Parallel()
		f := newFake(t, redirect)
		_, err := f.client(t, nil).EnhanceQoS(t.Context(), enhanceRequest())
		if err == nil || !strings.Contains(err.Error(), "redirect") || OutcomeUnknown(err) {
			t.Errorf("err = %v", err)
		}
		f.wantCounts(t, map[string]int{"/elsewhere": 0})
	})
	t.Run("token", func(t *testing.T) {
		t.Parallel()
		f := newFake(t, nil)
		f.token = redirect
		_, err := f.client(t, nil).EnhanceQoS(t.Context(), enhanceRequest())
		if err == nil || !strings.Contains(err.Error(), "redirect") || !NotSent(err) {
			t.Errorf("err = %v", err)
		}
		f.wantCounts(t, map[string]int{"/elsewhere": 0})
	})
}

func TestSecretsStayOutOfErrorsAndLogs(t *testing.T) {
	t.Parallel()
	var logged strings.Builder
	echo := `{"errorCode":"X.Y","errorMessage":"got bearer-1, session-1, client-s3cret, hook-pass and pass w0rd\"&<"}`
	f := newFake(t, always(http.StatusBadRequest, echo))
	c := f.client(t, func(config *Config) {
		config.Logger = slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	err := c.RegisterCallback(t.Context(), testAccount, CallbackRegistration{Name: "QoS", URL: "https://example.com", Password: "hook-pass"})
	var e *Error
	if !errors.As(err, &e) || e.Code != "X.Y" {
		t.Fatalf("err = %v", err)
	}
	for _, secret := range []string{"bearer-1", "session-1", testSecret, testPassword, "hook-pass", "w0rd", "Basic"} {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("the error shows %q: %v", secret, err)
		}
		if strings.Contains(logged.String(), secret) {
			t.Errorf("the log shows %q:\n%s", secret, logged.String())
		}
	}
	if !strings.Contains(logged.String(), "status=400") {
		t.Errorf("the log lacks the answer:\n%s", logged.String())
	}
}

func TestSecretsStayOutOfUnreadableSuccess(t *testing.T) {
	t.Parallel()
	f := newFake(t, always(http.StatusCreated, "welcome, session-1 with bearer-1"))
	_, err := f.client(t, nil).EnhanceQoS(t.Context(), enhanceRequest())
	if err == nil || !strings.Contains(err.Error(), "welcome") {
		t.Fatalf("err = %v", err)
	}
	if strings.Contains(err.Error(), "session-1") || strings.Contains(err.Error(), "bearer-1") {
		t.Errorf("the error shows a token: %v", err)
	}
}

func BenchmarkCallbacks(b *testing.B) {
	f := &fakeThingSpace{}
	f.Server = newBenchmarkServer(b)
	c := f.client(b, func(config *Config) {
		*config = Config{BaseURL: f.URL, AccessToken: "t", SessionToken: "s", MaxRequestsPerSecond: 1e9}
	})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Callbacks(b.Context(), testAccount); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecodeCallbacks(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := decodeCallbacks([]byte(callbackList)); err != nil {
			b.Fatal(err)
		}
	}
}
