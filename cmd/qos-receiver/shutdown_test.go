package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// Stopped while more callbacks come than it can take, a receiver ends by itself, and
// has what it answered for.
func TestShutdownUnderLoad(t *testing.T) {
	t.Parallel()
	var logs lockedBuffer
	s := servingTo(t, &logs, nil, "--journal-token="+journalToken)
	const senders, enough = 300, 1000
	var (
		mu       sync.Mutex
		answered []string
		sending  sync.WaitGroup
		loaded   = make(chan struct{})
	)
	note := func(id string) {
		mu.Lock()
		defer mu.Unlock()
		if answered = append(answered, id); len(answered) == enough {
			close(loaded)
		}
	}
	for sender := range senders {
		sending.Go(func() {
			for n := 0; ; n++ {
				id := fmt.Sprintf("r-%d-%d", sender, n)
				status, err := s.post(t.Context(), callback(id, ""))
				if err != nil {
					return
				}
				if status == http.StatusOK {
					note(id)
				}
			}
		})
	}
	<-loaded
	if code := s.stop(); code != 0 {
		t.Errorf("exit %d", code)
	}
	sending.Wait()
	if said := logs.String(); !strings.Contains(said, "grace=10s") || strings.Contains(said, "cut off") {
		t.Errorf("it did not end within its grace:\n%s", said[max(0, len(said)-2000):])
	}
	expectOnce(t, servingWith(t, nil, "--database="+s.database), answered)
}

// Who has not ended when the grace is over is cut off, which is no failure.
func TestShutdownCutsOff(t *testing.T) {
	t.Parallel()
	entered := make(chan struct{})
	slow := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(entered)
		<-r.Context().Done()
	})}
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 2)
	go func() { ended <- slow.Serve(listener) }()
	go func() {
		s := &server{address: listener.Addr().String(), http: pooled(t)}
		_, err := s.post(t.Context(), "{}")
		ended <- err
	}()
	<-entered
	var logs lockedBuffer
	grace, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if err := shutDown(grace, slow, slog.New(slog.NewTextHandler(&logs, nil))); err != nil {
		t.Error(err)
	}
	for range 2 {
		if err := <-ended; err == nil {
			t.Error("the request was answered")
		}
	}
	if !strings.Contains(logs.String(), "cut off") {
		t.Errorf("the log says %s", logs.String())
	}
}
