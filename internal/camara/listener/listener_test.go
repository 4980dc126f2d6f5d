package listener_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qosform/terraform-provider-qos/internal/camara/grant"
	"github.com/qosform/terraform-provider-qos/internal/camara/listener"
	"github.com/qosform/terraform-provider-qos/internal/receiver"
	"github.com/qosform/terraform-provider-qos/internal/receiver/store"
)

const token = "token-that-reads-0001"

// world is a receiver in front of which a test can stand.
type world struct {
	store *store.Store
	url   string
	logs  bytes.Buffer
	// status is what is answered in the receiver's place; 0 lets it answer.
	status atomic.Int64
	asked  atomic.Int64
}

func newWorld(t *testing.T) *world {
	t.Helper()
	opened, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "receiver.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	server, err := receiver.NewServer(opened, receiver.ServerConfig{ReadToken: token})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{store: opened}
	front := httptest.NewServer(http.HandlerFunc(func(answer http.ResponseWriter, r *http.Request) {
		w.asked.Add(1)
		if status := w.status.Load(); status != 0 {
			answer.WriteHeader(int(status))
			return
		}
		server.Handler().ServeHTTP(answer, r)
	}))
	w.url = front.URL
	t.Cleanup(func() {
		front.Close()
		if err := opened.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

func (w *world) listener(t *testing.T, with string) *listener.Listener {
	t.Helper()
	client, err := receiver.NewClient(receiver.ClientConfig{URL: w.url, Token: with, MaxRetries: -1})
	if err != nil {
		t.Fatal(err)
	}
	return listener.New(client, slog.New(slog.NewTextHandler(&w.logs, nil)))
}

func (w *world) notify(t *testing.T, session, status string) {
	t.Helper()
	n := receiver.Notification{ReceivedAt: time.Now(), ResourceID: session, Status: status, Type: "x.qos-status-changed"}
	if err := w.store.RecordNotifications(t.Context(), []receiver.Notification{n}); err != nil {
		t.Fatal(err)
	}
}

func ids(notices []grant.Notice) []string {
	var all []string
	for _, n := range notices {
		all = append(all, n.ID)
	}
	return all
}

func TestNotices(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	l := w.listener(t, token)
	w.notify(t, "before", "AVAILABLE")
	mark, err := l.Mark(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if heard, err := l.Notices(t.Context(), "", mark, false); err != nil || len(heard) != 0 {
		t.Errorf("after the mark: %+v, %v", heard, err)
	}
	w.notify(t, "a", "AVAILABLE")
	w.notify(t, "b", "AVAILABLE")
	w.notify(t, "a", "UNAVAILABLE")
	for _, test := range []struct {
		id    string
		after int64
		want  []string
	}{
		{"", mark, []string{"a", "b", "a"}}, {"", 0, []string{"before", "a", "b", "a"}}, {"a", mark, []string{"a", "a"}}, {"before", mark, nil},
	} {
		heard, err := l.Notices(t.Context(), test.id, test.after, false)
		if diff := cmp.Diff(test.want, ids(heard)); diff != "" || err != nil {
			t.Errorf("of %q after %d: %v (-want +got):\n%s", test.id, test.after, err, diff)
		}
		if len(heard) > 0 && test.after == mark && heard[0].Mark <= mark {
			t.Errorf("place %d after the mark %d", heard[0].Mark, mark)
		}
	}
	if heard, err := l.Notices(t.Context(), "a", mark, true); err != nil || len(heard) != 2 {
		t.Errorf("what is there is waited for: %+v, %v", heard, err)
	}
	if err := l.Trouble(); err != nil || w.logs.Len() > 0 {
		t.Errorf("trouble %v, log %s", err, w.logs.String())
	}
}

// A receiver that is away is asked again; the log tells of it once, and of its end.
func TestOutage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	l := w.listener(t, token)
	w.status.Store(http.StatusBadGateway)
	for range 3 {
		if _, err := l.Mark(t.Context()); !errors.Is(err, receiver.ErrUnreachable) || errors.Is(err, grant.ErrDeaf) {
			t.Errorf("%v", err)
		}
	}
	w.status.Store(0)
	if _, err := l.Mark(t.Context()); err != nil {
		t.Error(err)
	}
	if said := w.logs.String(); strings.Count(said, "cannot be asked") != 1 || strings.Count(said, "answers again") != 1 {
		t.Errorf("the log says\n%s", said)
	}
	if first, second := l.Trouble(), l.Trouble(); !errors.Is(first, receiver.ErrUnreachable) || second != nil {
		t.Errorf("told %v, then %v", first, second)
	}
}

// Where asking again cannot help, nobody is asked again.
func TestRefusals(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		token  string
		status int64
	}{
		"a wrong token":         {"not-the-token", 0},
		"what is no receiver":   {token, http.StatusOK},
		"a receiver of before":  {token, http.StatusNotFound},
		"another kind of token": {"", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.status.Store(test.status)
			l := w.listener(t, test.token)
			for range 3 {
				if _, err := l.Notices(t.Context(), "a", 0, true); !errors.Is(err, grant.ErrDeaf) {
					t.Errorf("%v", err)
				}
			}
			if asked := w.asked.Load(); asked != 1 {
				t.Errorf("asked %d times", asked)
			}
			if err := l.Trouble(); err == nil || strings.Contains(w.logs.String(), "not-the-token") {
				t.Errorf("trouble %v, log %s", err, w.logs.String())
			}
		})
	}
}

// Who stops listening has no trouble to tell of.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	l := w.listener(t, token)
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := l.Notices(canceled, "a", 0, true); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	late, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancel()
	if _, err := l.Notices(late, "a", 0, true); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
	if err := l.Trouble(); err != nil || w.logs.Len() > 0 {
		t.Errorf("trouble %v, log %s", err, w.logs.String())
	}
}
