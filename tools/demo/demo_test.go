//go:build unix

package main

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// serveVariable makes the test binary a server on the address it holds.
const serveVariable = "DEMO_TEST_SERVE"

func TestMain(m *testing.M) {
	address := os.Getenv(serveVariable)
	if address == "" {
		os.Exit(m.Run())
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	mux := http.NewServeMux()
	server := &http.Server{Addr: address, Handler: mux, ReadHeaderTimeout: time.Second}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	mux.HandleFunc("/ready", func(http.ResponseWriter, *http.Request) {})
	_ = server.ListenAndServe()
}

func TestStartServerAndStop(t *testing.T) {
	t.Parallel()
	address, err := freeAddress(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s, err := startServer(t.Context(), os.Args[0], nil, append(os.Environ(), serveVariable+"="+address), "http://"+address+"/ready")
	if err != nil {
		t.Fatal(err)
	}
	s.stop()
	if conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", address); err == nil {
		_ = conn.Close()
		t.Error("the server still listens after it was stopped")
	}
}

func TestStartServerShowsWhyItEnded(t *testing.T) {
	t.Parallel()
	_, err := startServer(t.Context(), "/bin/sh", []string{"-c", "echo no such flag >&2; exit 2"}, nil, "http://127.0.0.1:1/")
	if err == nil || !strings.Contains(err.Error(), "no such flag") {
		t.Errorf("error = %v, want one with the server's output", err)
	}
}

func TestTerraformRunEndsWithTheContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	tf := terraform{cli: "/bin/sh", dir: t.TempDir(), out: new(bytes.Buffer)}
	if err := tf.show(ctx, "plan"); err == nil || !strings.Contains(err.Error(), "plan: interrupted") {
		t.Errorf("error = %v, want one that says it was interrupted", err)
	}
}

func TestTerraformEnvLeadsToTheScene(t *testing.T) {
	t.Parallel()
	s := newScene()
	s.sandboxURL, s.receiverURL = "http://127.0.0.1:1", "http://127.0.0.1:2"
	env := s.terraformEnv([]string{
		"PATH=/bin",
		"THINGSPACE_BASE_URL=https://thingspace.verizon.com",
		"THINGSPACE_ACCESS_TOKEN=real",
		"TF_CLI_ARGS_apply=-lock=false",
		"TF_VAR_account_name=real",
		"TF_VAR_base_url=https://real.example.com",
	})
	for _, entry := range env {
		if strings.Contains(entry, "real") || strings.Contains(entry, "verizon") || strings.HasPrefix(entry, "TF_CLI_ARGS") {
			t.Errorf("%s is passed on", entry)
		}
	}
	for _, want := range []string{"PATH=/bin", "TF_VAR_base_url=http://127.0.0.1:1", "TF_VAR_receiver_url=http://127.0.0.1:2", "TF_CLI_CONFIG_FILE=/dev/null"} {
		if !slices.Contains(env, want) {
			t.Errorf("%s is missing", want)
		}
	}
}

func TestExpectLive(t *testing.T) {
	t.Parallel()
	on := subscription{ID: "sub-1", AccountName: account, Status: "ON"}
	tests := map[string]struct {
		live    []subscription
		want    []string
		printed string
		wantErr string
	}{
		"what the state has": {live: []subscription{on}, want: []string{"sub-1"}, printed: "sub-1: ON"},
		"nothing":            {printed: "Nothing."},
		"left behind":        {live: []subscription{on}, printed: account, wantErr: "sub-1"},
		"in the state alone": {want: []string{"sub-1"}, printed: "Nothing.", wantErr: "sub-1"},
		"another one":        {live: []subscription{on}, want: []string{"sub-2"}, printed: "sub-1", wantErr: "sub-2"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			err := expectLive(t.Context(), network(tt.live), &out, tt.want...)
			if (err != nil) != (tt.wantErr != "") || err != nil && !strings.Contains(err.Error(), tt.wantErr) {
				t.Errorf("error = %v, want one with %q", err, tt.wantErr)
			}
			if !strings.Contains(out.String(), tt.printed) {
				t.Errorf("printed %q, want it to have %q", out.String(), tt.printed)
			}
		})
	}
}

type network []subscription

func (n network) live(context.Context) ([]subscription, error) { return n, nil }
