package store_test

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/qosform/terraform-provider-qos/internal/pgtest"
	"github.com/qosform/terraform-provider-qos/internal/receiver"
)

// benchmarkEach runs a benchmark for every database.
func benchmarkEach(b *testing.B, run func(b *testing.B, database opener)) {
	b.Helper()
	b.Run("SQLite", func(b *testing.B) { run(b, sqliteDatabase) })
	b.Run("PostgreSQL", func(b *testing.B) { run(b, pgtest.Database) })
}

func BenchmarkRecord(b *testing.B) {
	benchmarkEach(b, func(b *testing.B, database opener) {
		b.Helper()
		j := newJournal(b, database)
		j.accepted("mine", "r-0", device("a", "192.0.2.1"))
		n := 0
		for b.Loop() {
			n++
			request := fmt.Sprintf("r-%d", n)
			j.hear(acknowledged(request, "s-"+request, "d-"+request))
		}
	})
}

// BenchmarkRecordTogether is BenchmarkRecord by many at the same time, who share
// transactions.
func BenchmarkRecordTogether(b *testing.B) {
	benchmarkEach(b, func(b *testing.B, database opener) {
		b.Helper()
		const callers = 64
		j := newJournal(b, database)
		var n atomic.Int64
		b.SetParallelism(callers)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				request := fmt.Sprintf("r-%d", n.Add(1))
				if err := j.store.Record(b.Context(), []receiver.Event{acknowledged(request, "s-"+request, "d-"+request)}); err != nil {
					b.Error(err)
				}
			}
		})
	})
}

// BenchmarkRecordBesideUnknown records beside a request whose answer was lost and
// very many acknowledgements that could be its own, or could not.
func BenchmarkRecordBesideUnknown(b *testing.B) {
	for name, own := range map[string]bool{"of other devices": false, "of its device": true} {
		b.Run(name, func(b *testing.B) {
			j := newJournal(b, sqliteDatabase)
			j.unknown("mine", device("a", "192.0.2.1"))
			deviceOf := func(n int) string {
				if own {
					return "a"
				}
				return fmt.Sprintf("d-%d", n)
			}
			for batch := range 200 {
				var events []receiver.Event
				for n := range 100 {
					n += 100 * batch
					events = append(events, acknowledged(fmt.Sprintf("r-%d", n), fmt.Sprintf("s-%d", n), deviceOf(n)))
				}
				j.hear(events...)
			}
			n := 20_000
			for b.Loop() {
				n++
				j.hear(acknowledged(fmt.Sprintf("r-%d", n), fmt.Sprintf("s-%d", n), deviceOf(n)))
			}
		})
	}
}

func BenchmarkRequests(b *testing.B) {
	benchmarkEach(b, benchmarkRequests)
}

func benchmarkRequests(b *testing.B, database opener) {
	b.Helper()
	j := newJournal(b, database)
	for i := range 1000 {
		request := fmt.Sprintf("r-%d", i)
		j.hear(acknowledged(request, "s-"+request, "d-"+request))
	}
	b.Run("one", func(b *testing.B) {
		for b.Loop() {
			j.byRequestID("r-500")
		}
	})
	b.Run("page", func(b *testing.B) {
		for b.Loop() {
			j.list(receiver.Filter{AccountName: account, Live: true})
		}
	})
	items := make([]receiver.WaitItem, 0, 1000)
	for _, r := range j.list(receiver.Filter{Limit: 1000}) {
		items = append(items, receiver.WaitItem{ID: r.ID, Revision: r.Revision})
	}
	b.Run("revised", func(b *testing.B) {
		for b.Loop() {
			if _, _, err := j.store.Revised(b.Context(), items); err != nil {
				b.Fatal(err)
			}
		}
	})
}
