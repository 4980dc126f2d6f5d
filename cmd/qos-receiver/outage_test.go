package main

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/qosform/terraform-provider-qos/internal/pgtest"
	"github.com/qosform/terraform-provider-qos/internal/receiver"
)

const (
	operatorToken    = "operators-token-0009"
	rightCredentials = `"username":"u","password":"right",`
)

// outage is a receiver with a spool whose database goes and comes back.
type outage struct {
	*server
	database *pgtest.Server
	start    func() *server
	answered []string
}

func newOutage(t *testing.T, args ...string) *outage {
	t.Helper()
	binary, database, folder := built(t), pgtest.Start(t), filepath.Join(t.TempDir(), "spool")
	start := func() *server {
		t.Helper()
		return process(t, binary, database.URL(), append([]string{"--spool=" + folder}, args...)...)
	}
	return &outage{start(), database, start, nil}
}

// killAndStart is kill -9, and then the program again.
func (o *outage) killAndStart() {
	o.stop()
	o.server = o.start()
}

// send sends callbacks from several senders, all of which have to be taken.
func (o *outage) send(t *testing.T, count int) {
	t.Helper()
	ids := make(chan string, count)
	for range count {
		o.answered = append(o.answered, fmt.Sprintf("r-%04d", len(o.answered)))
		ids <- o.answered[len(o.answered)-1]
	}
	close(ids)
	var senders sync.WaitGroup
	for range 8 {
		senders.Go(func() {
			for id := range ids {
				if status, err := o.post(t.Context(), callback(id, rightCredentials)); err != nil || status != http.StatusOK {
					t.Errorf("%s is answered %d, %v", id, status, err)
				}
			}
		})
	}
	senders.Wait()
}

// An outage of the database costs no callback, although the receiver is killed and
// started again in it, twice, and killed once more while it catches up. Whoever may
// not send is refused as ever, and whoever asks is told to come back.
func TestRestartsInAnOutage(t *testing.T) {
	t.Parallel()
	o := newOutage(t, "--callback-username=u", "--callback-password=right", "--account="+account, "--camara-token="+operatorToken)
	o.send(t, 3)
	o.database.Stop(t)
	o.send(t, 20)
	for range 2 {
		o.killAndStart()
		o.send(t, 300)
		o.awaitReady(t, http.StatusServiceUnavailable)
		if got := o.server.send(t, http.MethodGet, "/v1/requests", journalToken, ""); !strings.HasPrefix(got, "503 ") || !strings.Contains(got, "problem+json") {
			t.Errorf("the provider is answered %s", got)
		}
		if got := o.server.send(t, http.MethodGet, "/readyz/callbacks", journalToken, ""); !strings.HasPrefix(got, "200 ") {
			t.Errorf("whether callbacks are taken is answered %s", got)
		}
	}
	if status := o.deliver(t, "rotating", `"username":"u","password":"new",`); status != http.StatusUnauthorized {
		t.Errorf("wrong credentials are answered %d", status)
	}
	other := strings.ReplaceAll(callback("others", rightCredentials), account, "0000000000-00000")
	if status, err := o.post(t.Context(), other); err != nil || status != http.StatusForbidden {
		t.Errorf("another account is answered %d, %v", status, err)
	}
	const notification = `{"id":"e","source":"op","type":"org.camaraproject.quality-on-demand.v1.qos-status-changed","data":{"sessionId":"s-1","qosStatus":"AVAILABLE"}}`
	if got := o.server.send(t, http.MethodPost, receiver.NotificationPath, operatorToken, notification); !strings.HasPrefix(got, "204 ") {
		t.Errorf("a notification is answered %s", got)
	}
	waitFor(t, o.server, fmt.Sprintf("qos_receiver_spool_depth %d", len(o.answered)-3+2))
	o.database.Restart(t)
	o.awaitReady(t, http.StatusOK)
	o.killAndStart()
	o.send(t, 20)
	waitFor(t, o.server, "qos_receiver_spool_depth 0")
	expectOnce(t, o.server, o.answered)
	if got := o.server.send(t, http.MethodGet, "/v1/quarantine", journalToken, ""); strings.Count(got, `"request_id":"rotating"`) != 1 {
		t.Errorf("the quarantine holds %s", got)
	}
	if got := o.server.send(t, http.MethodGet, "/v1/camara/notifications?resource_id=s-1", journalToken, ""); strings.Count(got, `"status":"AVAILABLE"`) != 1 {
		t.Errorf("notifications %s", got)
	}
}

// A spool that is new does not know what its callbacks are for. Then a wrong
// setting is to be seen at once.
func TestFirstStartInAnOutage(t *testing.T) {
	t.Parallel()
	got := invoke(t.Context(), nil, "serve", "--listen=127.0.0.1:0", "--database=postgres://qos:hunter2@127.0.0.1:1/qos", "--spool="+filepath.Join(t.TempDir(), "spool"))
	if got.code != 1 || !strings.Contains(got.stderr, "--database: connect") {
		t.Errorf("exit %d: %s", got.code, got.stderr)
	}
}

// Callbacks that wait go to the database they were kept for, and to no other.
func TestSpoolOfAnotherDatabase(t *testing.T) {
	t.Parallel()
	folder, database := filepath.Join(t.TempDir(), "spool"), pgtest.Start(t)
	right, wrong := database.URL(), pgtest.Database(t)
	run := func(logs *lockedBuffer, database string, during func(s *server)) {
		t.Helper()
		s := servingTo(t, logs, nil, "--spool="+folder, "--journal-token="+journalToken, "--database="+database)
		during(s)
		if code := s.stop(); code != 0 {
			t.Errorf("exit %d", code)
		}
	}
	run(new(lockedBuffer), right, func(s *server) {
		s.awaitReady(t, http.StatusOK)
		database.Stop(t)
		s.deliver(t, "kept", "")
	})
	var logs lockedBuffer
	run(&logs, wrong, func(s *server) {
		if status := s.deliver(t, "kept-too", ""); status != http.StatusOK {
			t.Errorf("answer %d", status)
		}
		s.awaitReady(t, http.StatusServiceUnavailable)
		if got := s.send(t, http.MethodGet, "/readyz/callbacks", journalToken, ""); !strings.HasPrefix(got, "503 ") {
			t.Errorf("a replica that was started with the wrong database is said to take callbacks: %s", got)
		}
	})
	if !strings.Contains(logs.String(), "level=ERROR") || !strings.Contains(logs.String(), "name that one's database") {
		t.Errorf("the log says\n%s", logs.String())
	}
	database.Restart(t)
	run(new(lockedBuffer), right, func(s *server) {
		waitFor(t, s, "qos_receiver_spool_depth 0")
		expectOnce(t, s, []string{"kept", "kept-too"})
	})
	run(new(lockedBuffer), wrong, func(s *server) { s.awaitReady(t, http.StatusOK) })
}
