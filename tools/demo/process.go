//go:build unix

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

const (
	// grace is what a process gets to end after it was asked to.
	grace = 15 * time.Second
	// startLimit is what a server gets to answer after it was started.
	startLimit = 15 * time.Second
	pollEvery  = 50 * time.Millisecond
)

// process prepares a program that ends gracefully with ctx. It has a process
// group of its own: Ctrl-C reaches the demo alone, which then asks each process
// once. Terraform takes a second interrupt as an order to drop everything.
func process(ctx context.Context, program string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = grace
	return cmd
}

// killRest kills what is left of an ended command's process group: a provider
// that outlived a Terraform which did not end in time.
func killRest(cmd *exec.Cmd) {
	if cmd.Process != nil {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // mostly there is no such group any more
	}
}

// interrupted says in one word why ctx ended before its work was done.
func interrupted(ctx context.Context) error {
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		return cause
	}
	return errors.New("interrupted")
}

// server is a program that runs until it is stopped.
type server struct {
	name   string
	cancel context.CancelFunc
	exited chan struct{} // closed once the process is gone and its log complete
	log    bytes.Buffer
}

// startServer starts a program and returns when ready answers 2xx.
func startServer(ctx context.Context, program string, args, env []string, ready string) (*server, error) {
	// It outlives an interrupted Terraform, which still talks to it while it ends.
	life, cancel := context.WithCancel(context.WithoutCancel(ctx))
	s := &server{name: filepath.Base(program), cancel: cancel, exited: make(chan struct{})}
	cmd := process(life, program, args...)
	cmd.Env = env
	cmd.Stdout, cmd.Stderr = &s.log, &s.log
	if err := cmd.Start(); err != nil {
		cancel()
		return nil, fmt.Errorf("starting %s: %w", s.name, err)
	}
	go func() {
		defer close(s.exited)
		_ = cmd.Wait() // how it ended shows in its log
		killRest(cmd)
	}()
	if err := s.awaitReady(ctx, ready); err != nil {
		s.stop()
		if ctx.Err() != nil {
			return nil, fmt.Errorf("starting %s: %w", s.name, interrupted(ctx))
		}
		return nil, fmt.Errorf("starting %s: %w\n%s", s.name, err, s.log.Bytes())
	}
	return s, nil
}

func (s *server) stop() {
	s.cancel()
	<-s.exited
}

func (s *server) awaitReady(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		if _, err := request(ctx, http.MethodGet, url, http.NoBody); err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-s.exited:
			return errors.New("it ended at once")
		case <-ctx.Done():
			return fmt.Errorf("%s does not answer: %w", url, interrupted(ctx))
		}
	}
}

// request returns the body of a 2xx answer.
func request(ctx context.Context, method, url string, body io.Reader) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, url, body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	// A proxy has no business on loopback.
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return nil, fmt.Errorf("%s %s: %s", method, url, resp.Status)
	}
	return answer, nil
}

// freeAddress returns a loopback address that nobody listened on a moment ago.
// The receiver must know its own URL before it starts, so it cannot choose.
func freeAddress(ctx context.Context) (string, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	address := listener.Addr().String()
	return address, listener.Close()
}
