package store

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/jonboulle/clockwork"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
)

// What can be forgotten is found behind what can not, although no visit lasts long
// enough to come there from the beginning.
func TestForgettingGoesOnWhereItEnded(t *testing.T) {
	t.Parallel()
	clock := clockwork.NewFakeClock()
	s := openInternal(t, filepath.Join(t.TempDir(), "receiver.db"), Options{Clock: clock, visit: time.Nanosecond})
	request, err := s.Create(t.Context(), receiver.NewRequest{AccountName: "account", Claim: "mine", RequestID: "known", Devices: []receiver.Device{{ID: "a"}}})
	must(t, err)
	var events []receiver.Event
	for i := range 3 * forgetBatch {
		events = append(events, receiver.Event{RequestID: request.RequestID, QoSEvent: "QoSChangeOn", ReportedTime: fmt.Sprint(i), ReceivedAt: clock.Now()})
	}
	events = append(events, receiver.Event{RequestID: "made up", QoSEvent: "QoSChangeFailed", ReceivedAt: clock.Now()})
	must(t, s.Record(t.Context(), events))
	clock.Advance(forgetAfter + time.Hour)
	for range 4 {
		clock.Advance(forgetPause)
		must(t, s.Sweep(t.Context()))
	}
	if found, err := s.exists(t.Context(), "events", "request_id = $1", "made up"); err != nil || found {
		t.Errorf("what nobody vouched for is there: %t, %v", found, err)
	}
	kept, err := s.EventsOf(t.Context(), "known", 0, 1000)
	if err != nil || len(kept) != 3*forgetBatch {
		t.Errorf("%d events of a known request are kept, %v", len(kept), err)
	}
}
