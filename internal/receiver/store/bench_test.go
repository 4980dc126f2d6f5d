package store_test

import (
	"fmt"
	"testing"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
)

func BenchmarkRecord(b *testing.B) {
	j := newJournal(b, sqliteDatabase)
	j.accepted("mine", "r-0", device("a", "192.0.2.1"))
	n := 0
	for b.Loop() {
		n++
		request := fmt.Sprintf("r-%d", n)
		j.hear(acknowledged(request, "s-"+request, "d-"+request))
	}
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
	j := newJournal(b, sqliteDatabase)
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
