package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/qosform/terraform-provider-qos/internal/sandbox/thingspace"
)

// serveForTest runs the program until the test ends, which also checks that it
// stops without an error, and returns where it listens.
func serveForTest(t *testing.T, args ...string) string {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	reader, writer := io.Pipe()
	code := make(chan int, 1)
	go func() {
		code <- run(ctx, append([]string{"serve", "--log-format", "json"}, args...), io.Discard, writer)
		_ = writer.Close()
	}()
	log := bufio.NewReader(reader)
	line, err := log.ReadBytes('\n')
	if err != nil {
		t.Fatal(err)
	}
	go func() { _, _ = io.Copy(io.Discard, log) }()
	t.Cleanup(func() {
		stop()
		if got := <-code; got != 0 {
			t.Errorf("got exit code %d", got)
		}
	})
	var listening struct{ Msg, Address, Thingspace string }
	if err := json.Unmarshal(line, &listening); err != nil || listening.Msg != "listening" {
		t.Fatalf("first log line %s (%v) is not the listening one", line, err)
	}
	if strings.HasSuffix(listening.Address, ":0") || listening.Thingspace != "http://"+listening.Address {
		t.Fatalf("got %s, want the real address", line)
	}
	return listening.Thingspace
}

func send(t *testing.T, req *http.Request) (int, string) {
	t.Helper()
	resp, err := (&http.Client{}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

func request(t *testing.T, method, url, contentType, body string) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", contentType)
	return req
}

func TestServeBothSides(t *testing.T) {
	t.Setenv("QOS_SANDBOX_CLIENT_SECRET", "from the environment")
	url := serveForTest(t, "--client-id", "key", "--account", "0000999999-00001", "--device", "1", "--ack-delay", "0s")
	token := request(t, http.MethodPost, url+"/api/ts/v1/oauth2/token", "application/x-www-form-urlencoded", "grant_type=client_credentials")
	token.SetBasicAuth("key", "from the environment")
	if status, body := send(t, token); status != http.StatusOK || !strings.Contains(body, "access_token") {
		t.Errorf("token: got %d %s", status, body)
	}
	if status, body := send(t, request(t, http.MethodGet, url+"/sandbox/subscriptions", "", "")); status != http.StatusOK || body != "[]" {
		t.Errorf("admin: got %d %s", status, body)
	}
	if status, body := send(t, request(t, http.MethodGet, url+"/other", "", "")); status != http.StatusNotFound {
		t.Errorf("unknown path: got %d %s", status, body)
	}
}

// A request that a fault holds back must not hold back the end of the program,
// which serveForTest checks.
func TestServeStopsWhileARequestHangs(t *testing.T) {
	t.Parallel()
	url := serveForTest(t)
	status, body := send(t, request(t, http.MethodPost, url+"/sandbox/faults", "application/json", `{"kind":"hang"}`))
	if status != http.StatusNoContent {
		t.Fatalf("got %d %s", status, body)
	}
	hanging := request(t, http.MethodPost, url+"/api/ts/v1/oauth2/token", "application/x-www-form-urlencoded", "grant_type=x")
	go func() {
		if resp, err := (&http.Client{}).Do(hanging); err == nil {
			_ = resp.Body.Close()
		}
	}()
}

func TestOptions(t *testing.T) {
	t.Parallel()
	c := serveCommand{AnyPort: true, PluralPathOnly: true}
	got := c.options(nil)
	if got.AckDelay >= 0 || got.OnDelay >= 0 || got.TerminateDelay >= 0 {
		t.Errorf("a delay of 0 became the default: %+v", got)
	}
	if want := (thingspace.Switches{AnyPort: true, PluralPathOnly: true}); got.Switches != want {
		t.Errorf("got %+v, want %+v", got.Switches, want)
	}
}

func TestOnlyLoopbackUnlessAllowed(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]bool{
		"127.0.0.1:0": true, "127.1.2.3:80": true, "[::1]:80": true, "localhost:80": true,
		":8080": false, "0.0.0.0:80": false, "[::]:80": false, "192.0.2.1:80": false,
		"localhost.example:80": false, "127.0.0.1": false,
	} {
		if got := isLoopback(address); got != want {
			t.Errorf("%s: got %v, want %v", address, got, want)
		}
	}
	var stderr bytes.Buffer
	if code := run(t.Context(), []string{"serve", "--listen", ":0"}, io.Discard, &stderr); code != 1 || !strings.Contains(stderr.String(), "--allow-remote") {
		t.Errorf("got %d %s", code, &stderr)
	}
	serveForTest(t, "--listen", ":0", "--allow-remote")
}

func TestCommandLine(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		args           []string
		code           int
		stdout, stderr string
	}{
		{[]string{"version"}, 0, fmt.Sprintf("qos-sandbox %s\n", version), ""},
		{[]string{"--help"}, 0, "Usage: qos-sandbox", ""},
		{[]string{"serve", "--help"}, 0, "QOS_SANDBOX_ANY_PORT", ""},
		{[]string{"serve", "--x"}, 1, "", "unknown flag --x"},
		{[]string{"serve", "--log-format", "x"}, 1, "", "--log-format"},
		{[]string{"serve", "--listen", "127.0.0.1:x"}, 1, "", "--listen"},
		{nil, 1, "", "expected one of"},
	} {
		var stdout, stderr bytes.Buffer
		code := run(t.Context(), test.args, &stdout, &stderr)
		if code != test.code || !strings.Contains(stdout.String(), test.stdout) || !strings.Contains(stderr.String(), test.stderr) {
			t.Errorf("%v: got %d, %s, %s", test.args, code, &stdout, &stderr)
		}
	}
}
