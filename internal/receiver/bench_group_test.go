package receiver_test

import (
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/qosform/terraform-provider-qos/internal/pgtest"
)

const (
	// groupSenders are how many callbacks come at the same time where it is judged
	// whether they gain by sharing commits.
	groupSenders = 64
	// groupPays is how many times as many callbacks sharing commits has to take as a
	// commit for each. Two idle cores make it 3 to 6, and two that have much else to do
	// at least 2.7; with statements for each callback in the shared transaction it was
	// 1.8 to 2.
	groupPays = 2.5
	// groupRounds is how often both are measured in turns, each for a groupRound. The
	// round in the middle counts: the machine has had something else to do in others.
	groupRounds = 5
	groupRound  = 500 * time.Millisecond
)

// BenchmarkGroupCommit fails where sharing commits does not pay.
func BenchmarkGroupCommit(b *testing.B) {
	for _, test := range []struct {
		name     string
		database func(testing.TB) string
	}{{"SQLite", sqliteFile}, {"PostgreSQL", pgtest.Database}} {
		b.Run(test.name, func(b *testing.B) {
			grouped := &rater{address: startGrouped(test.database)(b)}
			each := &rater{address: startOneByOne(test.database)(b)}
			floor := &rater{address: startFloor(b)}
			var times []float64
			for b.Loop() {
				for range groupRounds {
					times = append(times, grouped.measure(b)/each.measure(b))
					floor.measure(b)
				}
			}
			b.ReportMetric(middle(grouped.rates), "callbacks/s")
			b.ReportMetric(middle(each.rates), "one-commit-each/s")
			b.ReportMetric(middle(floor.rates), "floor/s")
			b.ReportMetric(middle(times), "times-as-many")
			if middle(times) < groupPays {
				b.Fatalf("callbacks that share commits are %.2f times as many as with a commit for each, want %.1f", middle(times), groupPays)
			}
		})
	}
}

// rater measures how many callbacks per second an address takes.
type rater struct {
	address string
	sent    atomic.Int64
	rates   []float64
}

// measure sends for a round. Every callback is about a request of its own.
func (r *rater) measure(b *testing.B) (perSecond float64) {
	b.Helper()
	client := benchClient(b, groupSenders)
	started, before := time.Now(), r.sent.Load()
	var senders sync.WaitGroup
	for range groupSenders {
		senders.Go(func() {
			for time.Since(started) < groupRound {
				if err := post(b.Context(), client, r.address, benchCallback("QoSChangeReqAck", r.sent.Add(1))); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	senders.Wait()
	perSecond = float64(r.sent.Load()-before) / time.Since(started).Seconds()
	r.rates = append(r.rates, perSecond)
	return perSecond
}

func middle(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}
