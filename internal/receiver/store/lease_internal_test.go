package store

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/jonboulle/clockwork"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
)

// A row that cannot be read does not fail what everybody writes when its lease is over.
func TestALapsedLeaseThatCannotBeReadFailsNobody(t *testing.T) {
	t.Parallel()
	clock := clockwork.NewFakeClock()
	s := openInternal(t, filepath.Join(t.TempDir(), "receiver.db"), Options{Clock: clock})
	intend := func(claim string) *receiver.Request {
		t.Helper()
		r, err := s.Create(t.Context(), receiver.NewRequest{
			AccountName: "account", Claim: claim,
			Devices: []receiver.Device{{ID: claim, Kind: "MDN", Flows: []receiver.Flow{{FlowServer: "192.0.2.1"}}}},
		})
		must(t, err)
		return r
	}
	damaged, other := intend("damaged"), intend("other")
	_, err := s.writer.ExecContext(t.Context(), `UPDATE requests SET policies = '{' WHERE id = $1`, damaged.ID)
	must(t, err)
	clock.Advance(time.Minute)
	must(t, s.Record(t.Context(), acknowledgement("somebody's")))
	page, err := s.Requests(t.Context(), receiver.Filter{ID: other.ID})
	must(t, err)
	if got := page.Requests[0].State; got != receiver.StateVoid {
		t.Errorf("another whose lease has lapsed is %s", got)
	}
}
