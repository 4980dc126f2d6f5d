package spool_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/time/rate"

	"github.com/qosform/terraform-provider-qos/internal/pgtest"
	"github.com/qosform/terraform-provider-qos/internal/receiver"
	"github.com/qosform/terraform-provider-qos/internal/receiver/spool"
	"github.com/qosform/terraform-provider-qos/internal/receiver/store"
)

const (
	benchSenders = 16
	// benchLive is how many callbacks the store is measured with.
	benchLive = 1500
	// benchWaiting is how many wait when the store is back.
	benchWaiting = 3000
	// leastCatchUp is how many times as fast as callbacks arrive they must be handed
	// on, when a third as many arrive as the store takes without a spool.
	leastCatchUp = 1.5
)

// gated is a store behind a gate.
type gated struct {
	*store.Store
	away atomic.Bool
}

func (g *gated) Record(ctx context.Context, events []receiver.Event) error {
	if g.away.Load() {
		return errAway
	}
	return g.Store.Record(ctx, events)
}

func (g *gated) RecordSince(ctx context.Context, callbacks []receiver.LateEvents) error {
	if g.away.Load() {
		return errAway
	}
	return g.Store.RecordSince(ctx, callbacks)
}

// BenchmarkCatchUp lets a spool catch up after an outage while callbacks go on to
// arrive, a third as many as the store takes by itself. It fails if the spool does not
// shrink by far: then an outage would never end.
func BenchmarkCatchUp(b *testing.B) {
	for b.Loop() {
		catchUp(b)
	}
}

func catchUp(b *testing.B) {
	b.Helper()
	journal, err := store.Open(b.Context(), pgtest.Database(b), store.Options{})
	if err != nil {
		b.Fatal(err)
	}
	g := &gated{Store: journal}
	s, err := spool.New(b.TempDir(), spool.Options{})
	if err != nil {
		b.Fatal(err)
	}
	if err := s.Open(b.Context(), func(context.Context) (spool.Backing, error) { return g, nil }); err != nil {
		b.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	live, _ := load(b, journal, "live", rate.Inf, func(sent int64) bool { return sent < benchLive })
	g.away.Store(true)
	load(b, s, "waiting", rate.Inf, func(sent int64) bool { return sent < benchWaiting })
	g.away.Store(false)
	arriving, arrived := load(b, s, "arriving", rate.Limit(live/3), func(sent int64) bool {
		// What is on its way is in the spool for a moment, also once it has caught up.
		return s.Status().Depth > benchSenders && sent < benchWaiting/(leastCatchUp-1)
	})
	handedOn := arriving * float64(benchWaiting+arrived-int64(s.Status().Depth)) / float64(arrived)
	b.ReportMetric(live, "live/s")
	b.ReportMetric(arriving, "arriving/s")
	b.ReportMetric(handedOn, "handed-on/s")
	b.ReportMetric(handedOn/arriving, "times")
	if handedOn < leastCatchUp*arriving {
		b.Fatalf("%.0f callbacks/s arrive and %.0f are handed on, wanted %.2f times as many", arriving, handedOn, leastCatchUp)
	}
}

// load records callbacks from several senders, as long as there are to be more, and
// returns how many there were, each second and in all.
func load(b *testing.B, to receiver.Store, prefix string, limit rate.Limit, more func(sent int64) bool) (perSecond float64, sent int64) {
	b.Helper()
	var count atomic.Int64
	var senders sync.WaitGroup
	pace := rate.NewLimiter(limit, benchSenders)
	started := time.Now()
	for range benchSenders {
		senders.Go(func() {
			for more(count.Load()) && pace.Wait(b.Context()) == nil {
				e := event(fmt.Sprint(prefix, "-", count.Add(1)))
				e.Forward = nil
				if err := to.Record(b.Context(), []receiver.Event{e}); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	senders.Wait()
	return float64(count.Load()) / time.Since(started).Seconds(), count.Load()
}
