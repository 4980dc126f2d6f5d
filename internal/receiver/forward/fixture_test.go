package forward_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jonboulle/clockwork"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/qosform/terraform-provider-qos/internal/pgtest"
	"github.com/qosform/terraform-provider-qos/internal/receiver"
	"github.com/qosform/terraform-provider-qos/internal/receiver/forward"
	"github.com/qosform/terraform-provider-qos/internal/receiver/store"
)

// heard is a request that a listener got.
type heard struct {
	body   string
	header http.Header
}

// listener is another listener, on loopback.
type listener struct {
	*httptest.Server
	heard chan heard
}

// listen starts a listener that answers with a status and whatever header it sets,
// by the place of the request among all.
func listen(t *testing.T, answer func(w http.ResponseWriter, place int, body string) int) *listener {
	t.Helper()
	l := &listener{heard: make(chan heard, 10_000)}
	var mu sync.Mutex
	place := 0
	l.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		mu.Lock()
		mine := place
		place++
		mu.Unlock()
		l.heard <- heard{string(body), r.Header}
		w.WriteHeader(answer(w, mine, string(body)))
	}))
	t.Cleanup(l.Close)
	return l
}

func always(status int) func(http.ResponseWriter, int, string) int {
	return func(http.ResponseWriter, int, string) int { return status }
}

// fixture is a forwarder over a store, with a clock that hurries.
type fixture struct {
	t         *testing.T
	store     *store.Store
	outbox    *countedOutbox
	forwarder *forward.Forwarder
	registry  *prometheus.Registry
	clock     *clockwork.FakeClock
	logs      *lockedBuffer
}

// countedOutbox knows how many deliveries are claimed and not settled.
type countedOutbox struct {
	*store.Store
	claimed atomic.Int64
	settled chan struct{} // holds one after something was
}

func (o *countedOutbox) ClaimDeliveries(ctx context.Context, target string, limit int, lease time.Duration) ([]receiver.ClaimedDelivery, error) {
	claimed, err := o.Store.ClaimDeliveries(ctx, target, limit, lease)
	o.claimed.Add(int64(len(claimed)))
	return claimed, err
}

func (o *countedOutbox) SettleDeliveries(ctx context.Context, settled []receiver.Settlement) error {
	err := o.Store.SettleDeliveries(ctx, settled)
	o.claimed.Add(-int64(len(settled)))
	select {
	case o.settled <- struct{}{}:
	default:
	}
	return err
}

type lockedBuffer struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.String()
}

func targets(t *testing.T, urls ...string) []forward.Target {
	t.Helper()
	parsed, err := forward.ParseTargets(urls)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

// opener makes an empty database and returns its name.
type opener func(tb testing.TB) string

func sqliteDatabase(tb testing.TB) string {
	tb.Helper()
	return filepath.Join(tb.TempDir(), "receiver.db")
}

// forEachDatabase is for what has to be so whatever the outbox is in.
func forEachDatabase(t *testing.T, test func(t *testing.T, database opener)) {
	t.Helper()
	for name, database := range map[string]opener{"SQLite": sqliteDatabase, "PostgreSQL": pgtest.Database} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, database)
		})
	}
}

func prepare(t *testing.T, database opener, urls ...string) *fixture {
	t.Helper()
	f := &fixture{
		t: t, registry: prometheus.NewRegistry(), logs: &lockedBuffer{},
		clock: clockwork.NewFakeClockAt(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)),
	}
	var err error
	if f.store, err = store.Open(t.Context(), database(t), store.Options{Clock: f.clock}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.store.Close(); err != nil {
			t.Error(err)
		}
	})
	f.outbox = &countedOutbox{Store: f.store, settled: make(chan struct{}, 1)}
	f.forwarder, err = forward.New(f.outbox, forward.Options{
		Targets: targets(t, urls...), Version: "1.2.3", Registry: f.registry, Clock: f.clock,
		Logger: slog.New(slog.NewTextHandler(f.logs, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// run lets the forwarder work until what it returns is called, or the test ends.
func (f *fixture) run() (stop func()) {
	f.t.Helper()
	ctx, cancel := context.WithCancel(f.t.Context())
	var running sync.WaitGroup
	running.Go(func() { f.forwarder.Run(ctx) })
	stop = func() {
		cancel()
		running.Wait()
	}
	f.t.Cleanup(stop)
	return stop
}

// hurry moves the clock by steps, whenever the worker waits for it and for nothing
// else.
func (f *fixture) hurry(step time.Duration) {
	f.t.Helper()
	ctx, cancel := context.WithCancel(f.t.Context())
	var hurrying sync.WaitGroup
	hurrying.Go(func() {
		for f.clock.BlockUntilContext(ctx, 1) == nil {
			if f.outbox.claimed.Load() > 0 {
				select {
				case <-f.outbox.settled:
				case <-ctx.Done():
				}
				continue
			}
			f.clock.Advance(step)
		}
	})
	f.t.Cleanup(func() {
		cancel()
		hurrying.Wait()
	})
}

// deliver gives the store a callback about a subscription, and the forwarder its body.
func (f *fixture) deliver(subscription, body string) {
	f.t.Helper()
	passing, err := f.forwarder.Prepare(http.Header{}, []byte(body), true)
	if err != nil {
		f.t.Fatal(err)
	}
	err = f.store.Record(f.t.Context(), []receiver.Event{{
		ReceivedAt: f.clock.Now(), RequestID: "r-" + subscription, QoSSubscriptionID: subscription,
		QoSEvent: "QoSChangeOn", ReportedTime: body, Forward: passing,
	}})
	if err != nil {
		f.t.Fatal(err)
	}
	f.forwarder.Wake()
}

// deliveries are what the outbox holds.
func (f *fixture) deliveries() []receiver.Delivery {
	f.t.Helper()
	page, err := f.store.Deliveries(f.t.Context(), receiver.DeliveryFilter{})
	if err != nil {
		f.t.Fatal(err)
	}
	return page.Deliveries
}

// await returns once the outbox is as it should be.
func (f *fixture) await(what string, settled func([]receiver.Delivery) bool) []receiver.Delivery {
	f.t.Helper()
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	for {
		held := f.deliveries()
		if settled(held) {
			return held
		}
		select {
		case <-ticker.C:
		case <-f.t.Context().Done():
			f.t.Fatalf("the outbox never was %s: %+v", what, held)
		}
	}
}

func empty(held []receiver.Delivery) bool { return len(held) == 0 }

func allDead(held []receiver.Delivery) bool {
	for _, d := range held {
		if d.State != receiver.DeliveryDead {
			return false
		}
	}
	return len(held) > 0
}

// shown is what /metrics would show of a name.
func (f *fixture) shown(name string) string {
	f.t.Helper()
	families, err := f.registry.Gather()
	if err != nil {
		f.t.Fatal(err)
	}
	var lines []string
	for _, family := range families {
		if family.GetName() != name {
			continue
		}
		for _, m := range family.GetMetric() {
			var labels []string
			for _, l := range m.GetLabel() {
				labels = append(labels, l.GetValue())
			}
			lines = append(lines, fmt.Sprint(strings.Join(labels, " "), " ", m.GetCounter().GetValue()+m.GetGauge().GetValue()))
		}
	}
	return strings.Join(lines, "\n")
}
