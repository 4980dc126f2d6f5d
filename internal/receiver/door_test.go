package receiver_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/jonboulle/clockwork"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
	"github.com/qosform/terraform-provider-qos/internal/receiver/store"
)

// unkeptStore keeps no events, and cannot tell what it knows when it is broken.
type unkeptStore struct {
	receiver.Store
	broken bool
}

func (s *unkeptStore) Record(context.Context, []receiver.Event) error { return nil }

func (s *unkeptStore) Recognizes(ctx context.Context, events []receiver.Event) (bool, error) {
	if s.broken {
		return false, errors.New("disk full")
	}
	return s.Store.Recognizes(ctx, events)
}

// exhaust sends callbacks without credentials about unknown requests, until they are
// no longer taken.
func exhaust(t *testing.T, f *fixture) (taken int, refusal response) {
	t.Helper()
	for i := range 2000 {
		got := f.deliver(t, callback("QoSChangeOn", fmt.Sprintf("made-up-%d", i), fmt.Sprintf("s-%d", i), ""))
		if got.status != http.StatusOK {
			return i, got
		}
	}
	t.Fatal("any number is taken")
	return 0, response{}
}

// TestStrangersAreLimited fills up one address's share, and looks who is refused then.
func TestStrangersAreLimited(t *testing.T) {
	t.Parallel()
	clock := clockwork.NewFakeClockAt(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))
	cfg := guarded()
	cfg.Clock = clock
	f := prepare(t, &unkeptStore{Store: openStore(t, store.Options{Clock: clock})}, cfg)
	journal(t, f, "claim-1", "5551230000", "r-1")
	taken, refusal := exhaust(t, f)
	if taken != 1000 || refusal.status != http.StatusTooManyRequests || refusal.header.Get("Retry-After") != "1" {
		t.Errorf("after %d, answer %d %v", taken, refusal.status, refusal.header)
	}
	for name, test := range map[string]struct {
		body string
		want int
	}{
		"a request that the journal knows":  {callback("QoSChangeOn", "r-1", "s", ""), http.StatusOK},
		"with credentials":                  {callback("QoSChangeOn", "made-up", "s", withCredentials(username, password)), http.StatusOK},
		"with wrong ones, to be held":       {callback("QoSChangeOn", "made-up", "s", withCredentials(username, wrong)), http.StatusUnauthorized},
		"a request that nobody has told of": {callback("QoSChangeOn", "made-up", "s", ""), http.StatusTooManyRequests},
	} {
		if got := f.deliver(t, test.body); got.status != test.want {
			t.Errorf("%s: answer %d %s", name, got.status, got.body)
		}
	}
	clock.Advance(time.Second)
	for i, want := range []int{http.StatusOK, http.StatusOK, http.StatusTooManyRequests} {
		if got := f.deliver(t, callback("QoSChangeOn", "made-up", "s", "")); got.status != want {
			t.Errorf("place %d of the next second: answer %d", i, got.status)
		}
	}
}

func TestNobodyIsRefusedByAStoreThatCannotTell(t *testing.T) {
	t.Parallel()
	unkept := &unkeptStore{Store: openStore(t, store.Options{})}
	cfg := guarded()
	cfg.Clock = clockwork.NewFakeClock()
	f := prepare(t, unkept, cfg)
	exhaust(t, f)
	unkept.broken = true
	if got := f.deliver(t, callback("QoSChangeOn", "made-up", "s", "")); got.status != http.StatusOK {
		t.Errorf("answer %d %s", got.status, got.body)
	}
}

// Where no credentials are configured, callbacks lack none.
func TestNobodyIsAStrangerWithoutCredentials(t *testing.T) {
	t.Parallel()
	f := prepare(t, &unkeptStore{Store: openStore(t, store.Options{})}, receiver.ServerConfig{Clock: clockwork.NewFakeClock()})
	for i := range 1100 {
		if got := f.deliver(t, callback("QoSChangeOn", fmt.Sprint("r-", i), "s", "")); got.status != http.StatusOK {
			t.Fatalf("place %d: answer %d %s", i, got.status, got.body)
		}
	}
}
