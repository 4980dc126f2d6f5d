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
