package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
	"github.com/qosform/terraform-provider-qos/internal/receiver/store"
)

type outcome struct {
	code           int
	stdout, stderr string
}

func invoke(ctx context.Context, env []string, args ...string) outcome {
	var stdout, stderr bytes.Buffer
	code := run(ctx, args, env, &stdout, &stderr)
	return outcome{code, stdout.String(), stderr.String()}
}

func file(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestServeRefuses(t *testing.T) {
	t.Parallel()
	certificate, key := keyPair(t)
	_, otherKey := keyPair(t)
	empty := file(t, "\n")
	for name, test := range map[string]struct {
		env, args []string
		says      string
	}{
		"unknown flag":              {nil, []string{"--forward"}, "unknown flag"},
		"listener":                  {nil, []string{"--forward-to=x"}, "--forward-to: not an absolute"},
		"listener with a password":  {[]string{"QOS_RECEIVER_FORWARD_TO=https://a.example,https://hunter2@b.example"}, nil, "--forward-to: the URL must have both"},
		"empty listener":            {nil, []string{"--forward-to="}, "--forward-to is empty"},
		"missing listener file":     {nil, []string{"--forward-to-file=/nonexistent/url"}, "--forward-to-file"},
		"address":                   {nil, []string{"--listen=nowhere"}, "--listen"},
		"empty read token":          {nil, []string{"--read-token="}, "--read-token is empty"},
		"token with a space":        {nil, []string{"--read-token=two words"}, "visible ASCII"},
		"token twice":               {nil, []string{"--read-token=long-enough", "--read-token-file=" + empty}, "only one of"},
		"empty token file":          {nil, []string{"--journal-token-file=" + empty}, "--journal-token is empty"},
		"missing token file":        {nil, []string{"--journal-token-file=/nonexistent/token"}, "--journal-token-file"},
		"empty token variable":      {[]string{"QOS_RECEIVER_JOURNAL_TOKEN="}, nil, "--journal-token is empty"},
		"username alone":            {nil, []string{"--callback-username=u"}, "together"},
		"password alone":            {nil, []string{"--callback-password=p"}, "together"},
		"empty password":            {nil, []string{"--callback-username=u", "--callback-password="}, "--callback-password is empty"},
		"empty password variable":   {[]string{"QOS_RECEIVER_CALLBACK_PASSWORD="}, []string{"--callback-username=u"}, "--callback-password is empty"},
		"required, none configured": {nil, []string{"--require-credentials"}, "--require-credentials needs"},
		"source":                    {nil, []string{"--allow-source=10.0.0.1"}, "--allow-source"},
		"proxy variable":            {[]string{"QOS_RECEIVER_TRUSTED_PROXY=10.0.0.0/8,x"}, nil, "--trusted-proxy"},
		"retention":                 {nil, []string{"--retention=soon"}, "400d"},
		"negative retention":        {nil, []string{"--retention=-1d"}, "positive"},
		"log format":                {nil, []string{"--log-format=xml"}, "--log-format"},
		"log level":                 {nil, []string{"--log-level=loud"}, "--log-level"},
		"public URL":                {nil, []string{"--public-url=qos.example"}, "--public-url"},
		"public URL with password":  {nil, []string{"--public-url=https://u:hunter2@qos.example"}, "must not contain credentials"},
		"certificate alone":         {nil, []string{"--tls-certificate=" + certificate}, "together"},
		"key alone":                 {nil, []string{"--tls-key=" + key}, "together"},
		"pair that does not match":  {nil, []string{"--tls-certificate=" + certificate, "--tls-key=" + otherKey}, "private key does not match"},
		"database folder":           {nil, []string{"--database=/nonexistent/receiver.db"}, "--database"},
		"another database":          {nil, []string{"--database=mysql://qos:hunter2@db/qos"}, "--database"},
		"database parameters":       {nil, []string{"--database=host=db user=qos password=hunter2"}, "--database"},
		"public URL of the API":     {nil, []string{"--public-url=https://qos.example/v1"}, "public URL"},
		"postgres with a password":  {nil, []string{"--database=POSTGRES://qos:hunter2@127.0.0.1:1/qos"}, "--database: connect"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			args := append([]string{"serve", "--listen=127.0.0.1:0", "--database=" + filepath.Join(t.TempDir(), "receiver.db")}, test.args...)
			got := invoke(t.Context(), test.env, args...)
			if got.code != 1 || !strings.Contains(got.stderr, test.says) || strings.Contains(got.stderr, "hunter2") {
				t.Errorf("exit %d: %s; want 1 with %q", got.code, got.stderr, test.says)
			}
		})
	}
}

func TestPortInUse(t *testing.T) {
	t.Parallel()
	s := serving(t)
	got := invoke(t.Context(), nil, "serve", "--listen="+s.address, "--database="+filepath.Join(t.TempDir(), "other.db"))
	if got.code != 1 || !strings.Contains(got.stderr, "address already in use") {
		t.Errorf("exit %d: %s", got.code, got.stderr)
	}
}

func TestCommandLine(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		args []string
		code int
		says string
	}{
		"version":             {[]string{"version"}, 0, "qos-receiver dev"},
		"help":                {[]string{"--help"}, 0, "resolve"},
		"help of serve":       {[]string{"serve", "--help"}, 0, "$QOS_RECEIVER_READ_TOKEN"},
		"openapi":             {[]string{"openapi"}, 0, "/v1/requests/wait"},
		"nothing":             {nil, 1, "serve"},
		"resolve nothing":     {[]string{"resolve", "x"}, 1, "--not-created"},
		"resolve both":        {[]string{"resolve", "x", "--not-created", "--request-id=r"}, 1, "--not-created"},
		"resolve unreasoned":  {[]string{"resolve", "x", "--terminated"}, 1, "--reason"},
		"resolve elsewhere":   {[]string{"resolve", "x", "--not-created", "--database=host=db password=hunter2"}, 1, "neither the path of a file"},
		"resolve no database": {[]string{"resolve", "x", "--not-created", "--database=/nonexistent/receiver.db"}, 1, "no such file"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := invoke(t.Context(), nil, test.args...)
			if got.code != test.code || !strings.Contains(got.stdout+got.stderr, test.says) || strings.Contains(got.stderr, "hunter2") {
				t.Errorf("exit %d: %s%s; want %d with %q", got.code, got.stdout, got.stderr, test.code, test.says)
			}
		})
	}
}

func TestResolveBesideARunningServer(t *testing.T) {
	t.Parallel()
	s := serving(t)
	client := s.client(t)
	r, err := client.CreateRequest(t.Context(), intent("claim-1", "5551230000"))
	if err != nil {
		t.Fatal(err)
	}
	for _, change := range []receiver.Change{{Kind: receiver.ChangeSent, Claim: "claim-1"}, {Kind: receiver.ChangeUnknown, Claim: "claim-1", Reason: "cut off"}} {
		if r, err = client.ChangeRequest(t.Context(), r.ID, change); err != nil {
			t.Fatal(err)
		}
	}
	awaited := make(chan error, 1)
	go func() {
		_, err := receiver.NewWaiter(client).Await(t.Context(), r.ID, "claim-1", r.Revision, func(r *receiver.Request) bool { return r.State == receiver.StateAccepted })
		awaited <- err
	}()
	if got := invoke(t.Context(), []string{"QOS_RECEIVER_DATABASE=" + s.database}, "resolve", r.ID, "--request-id=r-1"); got.code != 0 || !strings.Contains(got.stdout, "state accepted") {
		t.Fatalf("exit %d: %s%s", got.code, got.stdout, got.stderr)
	}
	if err := <-awaited; err != nil {
		t.Errorf("await: %v", err)
	}
	for args, says := range map[string]string{
		"nothing --not-created":                        `knows no request or subscription "nothing"`,
		"r-1 --not-created":                            "that cannot be said",
		"r-1 --terminated --reason=support-says-ended": "TERMINATED",
	} {
		if got := invoke(t.Context(), []string{"QOS_RECEIVER_DATABASE=" + s.database}, append([]string{"resolve"}, strings.Fields(args)...)...); !strings.Contains(got.stdout+got.stderr, says) {
			t.Errorf("resolve %s: exit %d: %s%s; want %q", args, got.code, got.stdout, got.stderr, says)
		}
	}
}

// The parser reads the process's environment if it is let.
func TestEmptyVariablesAreNotSet(t *testing.T) { //nolint:paralleltest // It sets variables.
	for field := range reflect.TypeFor[serveCommand]().Fields() {
		if _, secret := field.Tag.Lookup("secret"); !secret {
			t.Setenv(field.Tag.Get(variableTag), "")
		}
	}
	if _, err := serving(t, os.Environ()...).client(t).Info(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestSettingsFromTheEnvironment(t *testing.T) {
	t.Parallel()
	password := file(t, "from-a-file\n")
	s := serving(t,
		"QOS_RECEIVER_ACCOUNT=0000123456-00001, 0000123456-00002",
		"QOS_RECEIVER_CALLBACK_USERNAME=u",
		"QOS_RECEIVER_CALLBACK_PASSWORD=one,two",
		"QOS_RECEIVER_CALLBACK_PASSWORD_FILE="+password,
		"QOS_RECEIVER_PUBLIC_URL=https://qos.example",
		"QOS_RECEIVER_TLS_KEY=",
		"QOS_RECEIVER_ALLOW_SOURCE=127.0.0.0/8,::1/128",
	)
	info, err := s.client(t).Info(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := receiver.Info{Version: version, StoreID: info.StoreID, PublicURL: "https://qos.example", Accounts: []string{"0000123456-00001", "0000123456-00002"}}
	if diff := cmp.Diff(want, *info); diff != "" {
		t.Errorf("info (-want +got):\n%s", diff)
	}
	for secret, status := range map[string]int{"one": 200, "two": 200, "from-a-file": 200, "one,two": 401} {
		if got := s.deliver(t, secret, `"username":"u","password":"`+secret+`",`); got != status {
			t.Errorf("password %q is answered %d, want %d", secret, got, status)
		}
	}
}

func TestRetention(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{"400d": 400 * 24 * time.Hour, "1d": 24 * time.Hour, "90m": 90 * time.Minute} {
		var got retention
		if err := got.UnmarshalText([]byte(text)); err != nil || time.Duration(got) != want {
			t.Errorf("%s is %s, %v", text, time.Duration(got), err)
		}
	}
	for _, text := range []string{"", "d", "0d", "-3h", "1.5d", "200000d", "9999999999999999999d", "400"} {
		if err := new(retention).UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is accepted", text)
		}
	}
}

// openStore reads what a server has written, after it has gone.
func openStore(t *testing.T, database string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), database, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}
