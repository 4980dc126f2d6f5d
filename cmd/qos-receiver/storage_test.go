package main

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qosform/terraform-provider-qos/internal/pgtest"
	"github.com/qosform/terraform-provider-qos/internal/receiver"
)

func TestDatabaseIsRefused(t *testing.T) {
	t.Parallel()
	empty := file(t, "\n")
	for name, test := range map[string]struct {
		env, args []string
		says      string
	}{
		"variable":    {[]string{"QOS_RECEIVER_DATABASE=postgres://qos:hunter2@db:x/qos"}, nil, "percent-encoded"},
		"file":        {[]string{"QOS_RECEIVER_DATABASE_FILE=" + file(t, "postgres://qos:hunter2@db:x/qos\n")}, nil, "percent-encoded"},
		"empty":       {nil, []string{"--database="}, "--database is empty"},
		"empty file":  {nil, []string{"--database-file=" + empty}, "--database is empty"},
		"no file":     {nil, []string{"--database-file=/nonexistent/url"}, "--database-file"},
		"both":        {nil, []string{"--database=a.db", "--database-file=" + empty}, "only one of"},
		"unreachable": {nil, []string{"--database=postgres://qos:hunter2@127.0.0.1:1/qos"}, "--database: connect"},
		"spool":       {nil, []string{"--database=" + filepath.Join(t.TempDir(), "a.db"), "--spool=" + empty}, "--spool"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for command, args := range map[string][]string{
				"serve":   {"serve", "--listen=127.0.0.1:0"},
				"resolve": {"resolve", "x", "--not-created"},
			} {
				if command == "resolve" && name == "spool" {
					continue
				}
				got := invoke(t.Context(), test.env, append(args, test.args...)...)
				if got.code != 1 || !strings.Contains(got.stderr, test.says) || strings.Contains(got.stderr, "hunter2") {
					t.Errorf("%s: exit %d: %s; want 1 with %q", command, got.code, got.stderr, test.says)
				}
			}
		})
	}
}

// A callback at one replica wakes a long-poll at another, and so does `resolve`.
func TestReplicas(t *testing.T) {
	t.Parallel()
	database := pgtest.Database(t)
	binary := built(t)
	one, other := process(t, binary, database), process(t, binary, database)
	r, err := one.client(t).CreateRequest(t.Context(), intent("claim-1", "5551230000"))
	if err != nil {
		t.Fatal(err)
	}
	for _, change := range []receiver.Change{
		{Kind: receiver.ChangeSent, Claim: "claim-1"},
		{Kind: receiver.ChangeAccepted, Claim: "claim-1", RequestID: "r-1"},
	} {
		if r, err = other.client(t).ChangeRequest(t.Context(), r.ID, change); err != nil {
			t.Fatal(err)
		}
	}
	wake := func(waking func(), want receiver.Status) {
		t.Helper()
		woken := make(chan *receiver.Request, 1)
		go func() {
			changed, _, err := other.client(t).Wait(t.Context(), []receiver.WaitItem{{ID: r.ID, Revision: r.Revision}}, 30*time.Second)
			if err != nil || len(changed) != 1 {
				t.Errorf("wait: %v, %v", changed, err)
				woken <- r
				return
			}
			woken <- &changed[0]
		}()
		waitFor(t, other, "qos_receiver_waiters 1")
		waking()
		if r = <-woken; r.Status != want {
			t.Errorf("status %s, want %s", r.Status, want)
		}
	}
	wake(func() {
		if status := one.deliver(t, "r-1", ""); status != http.StatusOK {
			t.Errorf("answer %d", status)
		}
	}, receiver.StatusOn)
	env := []string{"QOS_RECEIVER_DATABASE_FILE=" + file(t, database+"\n")}
	wake(func() {
		if got := invoke(t.Context(), env, "resolve", "r-1", "--terminated", "--reason=seen"); got.code != 0 {
			t.Errorf("resolve: %s", got.stderr)
		}
	}, receiver.StatusTerminated)
}

// ready is what /readyz answers.
func (s *server) ready(t *testing.T) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url()+"/readyz", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := s.http.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if err := resp.Body.Close(); err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode
}

func (s *server) awaitReady(t *testing.T, want int) {
	t.Helper()
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	for s.ready(t) != want {
		<-ticker.C
	}
}

func TestOutageWithoutASpool(t *testing.T) {
	t.Parallel()
	database := pgtest.Start(t)
	s := process(t, built(t), database.URL())
	s.awaitReady(t, http.StatusOK)
	database.Stop(t)
	if status := s.deliver(t, "lost", ""); status != http.StatusServiceUnavailable {
		t.Errorf("answer %d without a database", status)
	}
	s.awaitReady(t, http.StatusServiceUnavailable)
	held := make(chan int, 1)
	go func() { held <- s.deliver(t, "held", "") }()
	database.Restart(t)
	status := <-held
	s.awaitReady(t, http.StatusOK)
	var kept []string
	for _, e := range allEvents(t, s) {
		kept = append(kept, e.RequestID)
	}
	if status == http.StatusOK && !cmp.Equal(kept, []string{"held"}) || status != http.StatusOK && len(kept) > 1 {
		t.Errorf("answer %d, kept %v", status, kept)
	}
}

// The database goes, callbacks come, the receiver is killed, and started again while
// other callbacks come: all of them arrive, once, and in their order.
func TestOutageWithASpool(t *testing.T) {
	t.Parallel()
	binary, database, folder := built(t), pgtest.Start(t), filepath.Join(t.TempDir(), "spool")
	s := process(t, binary, database.URL(), "--spool="+folder)
	var want []string
	deliver := func(count int) {
		t.Helper()
		for range count {
			id := fmt.Sprintf("r-%03d", len(want))
			want = append(want, id)
			if status := s.deliver(t, id, ""); status != http.StatusOK {
				t.Fatalf("%s is answered %d", id, status)
			}
		}
	}
	deliver(3)
	database.Stop(t)
	deliver(20)
	s.awaitReady(t, http.StatusServiceUnavailable)
	waitFor(t, s, "qos_receiver_spool_depth 20")
	s.stop() // kill -9
	database.Restart(t)
	s = process(t, binary, database.URL(), "--spool="+folder)
	deliver(3)
	waitFor(t, s, "qos_receiver_spool_depth 0")
	var kept []string
	for _, e := range allEvents(t, s) {
		kept = append(kept, e.RequestID)
		if !e.Authenticated || !strings.Contains(e.Body, e.RequestID) {
			t.Errorf("event %+v", e)
		}
	}
	if diff := cmp.Diff(want, kept); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	got := invoke(t.Context(), nil, "serve", "--listen=127.0.0.1:0", "--database="+database.URL(), "--spool="+folder)
	if got.code != 1 || !strings.Contains(got.stderr, "another process uses it") {
		t.Errorf("a second process: exit %d: %s", got.code, got.stderr)
	}
}
