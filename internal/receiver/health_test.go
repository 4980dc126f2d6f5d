package receiver_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jonboulle/clockwork"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
	"github.com/qosform/terraform-provider-qos/internal/receiver/store"
)

// awayStore is a store that may be away, and tells of what it is asked.
type awayStore struct {
	receiver.Store
	away  atomic.Bool
	asked chan string
}

func (s *awayStore) Ping(ctx context.Context) error {
	s.asked <- "ping"
	if s.away.Load() {
		return errors.New("away")
	}
	return s.Store.Ping(ctx)
}

func (s *awayStore) Sweep(ctx context.Context) error {
	if _, ends := ctx.Deadline(); !ends {
		s.asked <- "sweep without end"
		return nil
	}
	s.asked <- "sweep"
	return nil
}

func (s *awayStore) Watch(ctx context.Context, fn func([]string)) {
	s.asked <- "watch"
	s.Store.Watch(ctx, fn)
}

func mayBeAway(t *testing.T) *awayStore {
	t.Helper()
	return &awayStore{Store: openStore(t, store.Options{}), asked: make(chan string, 100)}
}

func TestReadiness(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		away            bool
		spool           *receiver.SpoolStatus
		ready, captures int
	}{
		"all is well":          {false, nil, http.StatusOK, http.StatusOK},
		"away":                 {true, nil, http.StatusServiceUnavailable, http.StatusServiceUnavailable},
		"away, with a spool":   {true, &receiver.SpoolStatus{Depth: 1000}, http.StatusServiceUnavailable, http.StatusOK},
		"away, the spool full": {true, &receiver.SpoolStatus{Full: true}, http.StatusServiceUnavailable, http.StatusServiceUnavailable},
		"refused at the start": {true, &receiver.SpoolStatus{Refused: true}, http.StatusServiceUnavailable, http.StatusServiceUnavailable},
		"back, the spool full": {false, &receiver.SpoolStatus{Full: true}, http.StatusOK, http.StatusOK},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			journal := mayBeAway(t)
			journal.away.Store(test.away)
			cfg := receiver.ServerConfig{Clock: clockwork.NewFakeClock()}
			if test.spool != nil {
				cfg.Spool = func() receiver.SpoolStatus { return *test.spool }
			}
			f := prepare(t, journal, cfg)
			for path, want := range map[string]int{"/readyz": test.ready, "/readyz/callbacks": test.captures, "/healthz": http.StatusOK} {
				if got := f.do(t, http.MethodGet, path, "", nil); got.status != want {
					t.Errorf("%s is answered %d %s, want %d", path, got.status, got.body, want)
				}
			}
		})
	}
}

// While the store is away, operations are answered at once and not by its patience.
func TestOperationsWhileTheStoreIsAway(t *testing.T) {
	t.Parallel()
	clock := clockwork.NewFakeClock()
	journal := mayBeAway(t)
	f := prepare(t, journal, receiver.ServerConfig{Clock: clock})
	for _, test := range []struct {
		what string
		away bool
		want int
	}{
		{"all is well", false, http.StatusOK},
		{"one ping failed", true, http.StatusOK},
		{"two failed", true, http.StatusServiceUnavailable},
		{"it is back", false, http.StatusOK},
	} {
		clock.Advance(2 * time.Second)
		journal.away.Store(test.away)
		f.do(t, http.MethodGet, "/readyz", "", nil)
		got := f.do(t, http.MethodGet, "/v1/info", "", bearer(readToken))
		if got.status != test.want || got.status != http.StatusOK && got.header.Get("Retry-After") == "" {
			t.Errorf("%s: answer %d %v", test.what, got.status, got.header)
		}
		if got := f.do(t, http.MethodGet, "/v1/info", "", nil); got.status != http.StatusUnauthorized {
			t.Errorf("%s: a stranger is answered %d", test.what, got.status)
		}
		if got := f.deliver(t, callback("QoSChangeOn", "r-1", "s-1", "")); got.status != http.StatusOK {
			t.Errorf("%s: a callback that can be kept is answered %d", test.what, got.status)
		}
	}
}

// The server asks its store by itself, and nothing of that waits for ever.
func TestBackgroundWork(t *testing.T) {
	t.Parallel()
	clock := clockwork.NewFakeClock()
	journal := mayBeAway(t)
	f := prepare(t, journal, receiver.ServerConfig{Clock: clock})
	if shown := scrape(t, f); !strings.Contains(shown, `qos_receiver_store_duration_seconds_count{operation="ping",outcome="ok"} 0`) {
		t.Error("a store that never answered has no metric to alert on")
	}
	f.server.Watch(t.Context())
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		f.server.Run(ctx)
		close(ended)
	}()
	want := []string{"watch", "sweep", "ping", "sweep", "sweep", "sweep", "sweep", "sweep", "ping"}
	for i, what := range want {
		if what == "sweep" {
			if err := clock.BlockUntilContext(t.Context(), 1); err != nil {
				t.Fatal(err)
			}
			clock.Advance(time.Second)
		}
		if got := <-journal.asked; got != what {
			t.Fatalf("the store is asked for %q, want %q of %v", got, what, want[:i+1])
		}
	}
	stop()
	<-ended
	if len(journal.asked) > 0 {
		t.Errorf("the store is asked for %q, too", <-journal.asked)
	}
	if shown := scrape(t, f); !strings.Contains(shown, `qos_receiver_store_duration_seconds_count{operation="ping",outcome="ok"} 2`) {
		t.Error("not timed")
	}
}
