//go:build unix

package main

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestStartServerAndStop(t *testing.T) {
	t.Parallel()
	address, err := freeAddress(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s, err := startServer(t.Context(), filepath.Join(actors(t), "qos-sandbox"), []string{"--listen", address}, os.Environ(), "http://"+address+"/ready")
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
