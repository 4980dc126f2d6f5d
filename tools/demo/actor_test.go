//go:build unix

package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"
)

const (
	// receptionVariable is where an actor reports; it prints the answer.
	receptionVariable = "DEMO_TEST_RECEPTION"
	// hangVariable is the role that does nothing but wait for its end.
	hangVariable = "DEMO_TEST_HANG"
)

// TestMain makes the test binary an actor under the name of a program that the
// demo runs.
func TestMain(m *testing.M) {
	role := filepath.Base(os.Args[0])
	switch role {
	case "terraform":
		role = os.Args[1]
	case "qos-sandbox", "qos-receiver":
	default:
		os.Exit(m.Run())
	}
	if err := act(role, os.Args[1:]); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// act serves an empty list, or does nothing and is done.
func act(role string, args []string) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if reception := os.Getenv(receptionVariable); reception != "" {
		here := url.Values{"role": {role}, "pid": {strconv.Itoa(os.Getpid())}}
		if err := report(ctx, reception+"?"+here.Encode()); err != nil && ctx.Err() == nil {
			return err
		}
	}
	if role == os.Getenv(hangVariable) {
		<-ctx.Done()
		return ctx.Err()
	}
	i := slices.Index(args, "--listen")
	if i < 0 {
		return nil
	}
	server := &http.Server{Addr: args[i+1], ReadHeaderTimeout: time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("[]"))
	})}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	_ = server.ListenAndServe()
	return nil
}

// report prints what the reception answers.
func report(ctx context.Context, reception string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, reception, http.NoBody)
	if err != nil {
		return err
	}
	resp, err := (&http.Client{}).Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	_, err = io.Copy(os.Stdout, resp.Body)
	return err
}
