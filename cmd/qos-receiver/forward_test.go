package main

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/qosform/terraform-provider-qos/internal/pgtest"
	"github.com/qosform/terraform-provider-qos/internal/receiver"
	"github.com/qosform/terraform-provider-qos/internal/receiver/forward"
)

// listener is where callbacks are passed on to.
type listener struct {
	*httptest.Server
	heard chan passed
}

// passed is a callback that a listener got.
type passed struct{ id, body string }

// listen starts a listener; answer says with which status it answers, and may hang.
// Status 0 breaks the connection off.
func listen(t *testing.T, answer func(r *http.Request) int) *listener {
	t.Helper()
	l := &listener{heard: make(chan passed, 1000)}
	l.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		l.heard <- passed{r.Header.Get(forward.HeaderDelivery), string(body)}
		if status := answer(r); status != 0 {
			w.WriteHeader(status)
			return
		}
		if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
			_ = conn.Close()
		}
	}))
	t.Cleanup(l.Close)
	return l
}

func accept(*http.Request) int { return http.StatusOK }

func (l *listener) with(user string) string {
	return strings.Replace(l.URL, "http://", "http://"+user+"@", 1)
}

// forEachDatabase is for what has to be so whatever the outbox is in.
func forEachDatabase(t *testing.T, test func(t *testing.T, database func(testing.TB) string)) {
	t.Helper()
	sqlite := func(tb testing.TB) string {
		tb.Helper()
		return filepath.Join(tb.TempDir(), "receiver.db")
	}
	for name, database := range map[string]func(testing.TB) string{"SQLite": sqlite, "PostgreSQL": pgtest.Database} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, database)
		})
	}
}

// credentials are members of a callback.
func credentials(name, password string) string {
	return `"username":"` + name + `","password":"` + password + `",`
}

// TestForwarding passes callbacks on to listeners with credentials of their own, and
// looks for any of them where they must not be.
func TestForwarding(t *testing.T) {
	t.Parallel()
	one, other := listen(t, accept), listen(t, func(*http.Request) int { return http.StatusUnprocessableEntity })
	var logs lockedBuffer
	s := servingTo(t, &logs, []string{"QOS_RECEIVER_FORWARD_TO=" + one.with("mine:s3cret-a") + "?key=s3cret-b, " + other.URL + "/s3cret-c"},
		"--journal-token="+journalToken, "--callback-username=u", "--callback-password=s3cret-d", "--log-level=debug",
		"--forward-to-file="+file(t, other.with("theirs:s3cret-e")+"/also\n"))
	if status := s.deliver(t, "r-1", credentials("u", "s3cret-d")); status != http.StatusOK {
		t.Errorf("answer %d", status)
	}
	if status := s.deliver(t, "r-2", credentials("u", "s3cret-f")); status != http.StatusUnauthorized {
		t.Errorf("answer %d", status)
	}
	if got := <-one.heard; got.body != callback("r-1", credentials("mine", "s3cret-a")) {
		t.Errorf("passed on %s", got.body)
	}
	bodies := map[string]bool{(<-other.heard).body: true, (<-other.heard).body: true}
	if !bodies[callback("r-1", "")] || !bodies[callback("r-1", credentials("theirs", "s3cret-e"))] {
		t.Errorf("passed on %v", bodies)
	}
	host := strings.TrimPrefix(other.URL, "http://")
	waitFor(t, s, `qos_receiver_forward_attempts_total{outcome="refused",target="`+host+`"} 2`)
	waitFor(t, s, `qos_receiver_forward_attempts_total{outcome="delivered",target="`+strings.TrimPrefix(one.URL, "http://")+`"} 1`)
	s.awaitDeliveries(t, receiver.DeliveryDead, 2)
	shown := s.read(t, "/metrics") + s.read(t, "/v1/deliveries") + s.read(t, "/v1/quarantine") + s.read(t, "/v1/events")
	if !strings.Contains(shown, "answered HTTP 422") {
		t.Errorf("no dead letter in %s", shown)
	}
	if strings.Contains(shown+logs.String(), "s3cret") {
		t.Errorf("a secret is shown:\n%s\n%s", shown, logs.String())
	}
	s.stop()
	files, err := filepath.Glob(s.database + "*")
	if err != nil || len(files) == 0 {
		t.Fatalf("files %v, %v", files, err)
	}
	for _, name := range files {
		if content, err := os.ReadFile(name); err != nil || bytes.Contains(content, []byte("s3cret")) {
			t.Errorf("%s holds a secret, or %v", name, err)
		}
	}
}

// TestForgeriesGetNoCredentials delivers callbacks that carry none of their own.
func TestForgeriesGetNoCredentials(t *testing.T) {
	t.Parallel()
	forEachDatabase(t, func(t *testing.T, database func(testing.TB) string) {
		t.Helper()
		other := listen(t, accept)
		var logs lockedBuffer
		s := servingTo(t, &logs, []string{"QOS_RECEIVER_FORWARD_TO=" + other.with("theirs:password")},
			"--database="+database(t), "--journal-token="+journalToken, "--callback-username=u", "--callback-password=p")
		for _, none := range []string{"", `"username":null,"password":null,`, credentials("", "")} {
			if status := s.deliver(t, "r-1", none); status != http.StatusOK {
				t.Errorf("%q is answered %d", none, status)
			}
			if got := <-other.heard; got.body != callback("r-1", "") {
				t.Errorf("%q is passed on as %s", none, got.body)
			}
		}
	})
}

// awaitDeliveries returns once the outbox holds so many deliveries in a state. An
// attempt counts before it is settled.
func (s *server) awaitDeliveries(t *testing.T, state receiver.DeliveryState, want int) {
	t.Helper()
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	for strings.Count(s.read(t, "/v1/deliveries?state="+string(state)), `"target"`) != want {
		<-ticker.C
	}
}

func (s *server) read(t *testing.T, path string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url()+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+journalToken)
	resp, err := s.http.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if err := resp.Body.Close(); err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// TestKilledBeforePassingOn kills the receiver while a listener has every callback
// and answers none, and another breaks off. Their sender has its answers all the
// same, and after a restart both listeners get all of it, as what they had.
func TestKilledBeforePassingOn(t *testing.T) {
	t.Parallel()
	forEachDatabase(t, func(t *testing.T, database func(testing.TB) string) {
		t.Helper()
		var up atomic.Bool
		hanging := listen(t, func(r *http.Request) int {
			if !up.Load() {
				<-r.Context().Done()
			}
			return http.StatusOK
		})
		breaking := listen(t, func(*http.Request) int {
			if !up.Load() {
				return 0
			}
			return http.StatusOK
		})
		binary, name := built(t), database(t)
		targets := []string{"--forward-to=" + hanging.URL, "--forward-to=" + breaking.URL}
		s := process(t, binary, name, targets...)
		want := []string{"r-1", "r-2", "r-3"}
		for _, id := range want {
			if status := s.deliver(t, id, ""); status != http.StatusOK {
				t.Errorf("%s is answered %d", id, status)
			}
		}
		before := map[*listener]map[string]string{hanging: {}, breaking: {}}
		for l, ids := range before {
			for len(ids) < len(want) {
				got := <-l.heard
				ids[got.body] = got.id
			}
		}
		s.stop() // kill -9
		up.Store(true)
		s = process(t, binary, name, targets...)
		for l, ids := range before {
			host := strings.TrimPrefix(l.URL, "http://")
			waitFor(t, s, `qos_receiver_forward_attempts_total{outcome="delivered",target="`+host+`"} 3`)
			for again := map[string]bool{}; len(again) < len(want); {
				got := <-l.heard
				if ids[got.body] != got.id {
					t.Errorf("passed on as %s, then as %s: %s", ids[got.body], got.id, got.body)
				}
				again[got.body] = true
			}
		}
	})
}

// TestRing lets receivers pass callbacks on to each other, and to themselves: each
// callback is stored everywhere, and the going round ends.
func TestRing(t *testing.T) {
	t.Parallel()
	var onward [3]atomic.Pointer[server]
	var passes atomic.Int64
	doors := make([]string, len(onward))
	for i := range onward {
		door := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			passes.Add(1)
			s := onward[i].Load()
			req, err := http.NewRequestWithContext(r.Context(), http.MethodPost, s.url()+r.URL.Path, r.Body)
			if err != nil {
				t.Error(err)
				return
			}
			req.Header = r.Header.Clone()
			resp, err := s.http.Do(req)
			if err != nil {
				return // it has ended
			}
			_ = resp.Body.Close()
			w.WriteHeader(resp.StatusCode)
		}))
		t.Cleanup(door.Close)
		doors[i] = strings.Replace(door.URL, "http://", "http://u:p4ss@", 1) + receiver.CapturePath
	}
	var ring []*server
	for i := range onward {
		next := doors[(i+1)%len(doors)]
		s := servingWith(t, nil, "--callback-username=u", "--callback-password=p4ss", "--require-credentials", "--forward-to="+next, "--forward-to="+doors[i])
		onward[i].Store(s)
		ring = append(ring, s)
	}
	if status := ring[0].deliver(t, "r-1", credentials("u", "p4ss")); status != http.StatusOK {
		t.Fatalf("answer %d", status)
	}
	for _, s := range ring {
		waitFor(t, s, `qos_receiver_callbacks_total{event="QoSChangeOn",outcome="stored"} `+map[bool]string{true: "3", false: "2"}[s == ring[0]])
	}
	for _, s := range ring {
		s.awaitDeliveries(t, receiver.DeliveryWaiting, 0)
		s.awaitDeliveries(t, receiver.DeliveryDead, 0)
	}
	for i, s := range ring {
		if events := allEvents(t, s); len(events) != 1 || !events[0].Authenticated {
			t.Errorf("receiver %d has %+v", i, events)
		}
	}
	// Each passes it on to itself and to the next, the last of which had it first.
	if got := passes.Load(); got != 6 {
		t.Errorf("passed on %d times", got)
	}
}

// TestRelay lets a listener send back what it gets as its own: it passes on no header.
// The going round ends all the same, and somebody is told.
func TestRelay(t *testing.T) {
	t.Parallel()
	forEachDatabase(t, func(t *testing.T, database func(testing.TB) string) {
		t.Helper()
		var back atomic.Pointer[server]
		var passes atomic.Int64
		relay := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			passes.Add(1)
			req, err := http.NewRequestWithContext(r.Context(), http.MethodPost, back.Load().url()+receiver.CapturePath, r.Body)
			if err != nil {
				t.Error(err)
				return
			}
			resp, err := back.Load().http.Do(req)
			if err != nil {
				return // it has ended
			}
			_ = resp.Body.Close()
			w.WriteHeader(resp.StatusCode)
		}))
		t.Cleanup(relay.Close)
		var logs lockedBuffer
		s := servingTo(t, &logs, nil, "--database="+database(t), "--journal-token="+journalToken, "--callback-username=u", "--callback-password=p4ss",
			"--forward-to="+strings.Replace(relay.URL, "http://", "http://u:p4ss@", 1))
		back.Store(s)
		if status := s.deliver(t, "r-1", credentials("u", "p4ss")); status != http.StatusOK {
			t.Fatalf("answer %d", status)
		}
		host := strings.TrimPrefix(relay.URL, "http://")
		waitFor(t, s, `qos_receiver_forward_attempts_total{outcome="delivered",target="`+host+`"} 5`)
		s.awaitDeliveries(t, receiver.DeliveryWaiting, 0)
		shown := s.read(t, "/v1/deliveries")
		if strings.Count(shown, "came 6 times") != 1 || passes.Load() != 5 {
			t.Errorf("passed on %d times, and %s", passes.Load(), shown)
		}
		if strings.Count(logs.String(), `msg="a callback is not passed on any more"`) != 1 {
			t.Errorf("the log says\n%s", logs.String())
		}
	})
}

func TestReloadedTargets(t *testing.T) {
	t.Parallel()
	l := listen(t, accept)
	name := file(t, l.with("u:first-p4ss"))
	command := &serveCommand{ForwardToFile: []string{name}}
	var logs lockedBuffer
	log := slog.New(slog.NewTextHandler(&logs, nil))
	targets, err := command.forwardTargets()
	if err != nil {
		t.Fatal(err)
	}
	var cfg receiver.ServerConfig
	forwarder, err := newForwarder(storage{Store: openStore(t, filepath.Join(t.TempDir(), "receiver.db"))}, targets, &cfg, log)
	if err != nil {
		t.Fatal(err)
	}
	reload := command.reloadTargets(forwarder).reload
	for content, want := range map[string]bool{l.with("u:second-p4ss"): true, "\n": false, "https://u:third-p4ss": false} {
		overwrite(t, name, content)
		if changed, err := reload(); changed != want || (err == nil) != want || err != nil && strings.Contains(err.Error(), "p4ss") {
			t.Errorf("changed %t, %v", changed, err)
		}
	}
	if !strings.Contains(logs.String(), "passing callbacks on") || strings.Contains(logs.String(), "p4ss") {
		t.Errorf("the log says\n%s", logs.String())
	}
}
