package receiver_test

import (
	"testing"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
)

func TestEventKey(t *testing.T) {
	t.Parallel()
	base := receiver.Event{
		RequestID: "r", QoSSubscriptionID: "s", QoSEvent: "QoSChangeOn", Status: "SUCCESS", ReportedTime: "t",
		DeviceIDs: []receiver.Device{{ID: "a"}, {ID: "b", Kind: "MDN"}},
	}
	tests := map[string]struct {
		change func(*receiver.Event)
		same   bool
	}{
		"delivery":       {func(e *receiver.Event) { e.Deliveries, e.Seq, e.Body = 3, 9, "x" }, true},
		"case of name":   {func(e *receiver.Event) { e.QoSEvent = "QosChangeOn" }, true},
		"device order":   {func(e *receiver.Event) { e.DeviceIDs = []receiver.Device{{ID: "B"}, {ID: "a"}} }, true},
		"request":        {func(e *receiver.Event) { e.RequestID = "q" }, false},
		"subscription":   {func(e *receiver.Event) { e.QoSSubscriptionID = "q" }, false},
		"status":         {func(e *receiver.Event) { e.Status = "FAILED" }, false},
		"reported time":  {func(e *receiver.Event) { e.ReportedTime = "u" }, false},
		"devices":        {func(e *receiver.Event) { e.DeviceIDs = nil }, false},
		"shifted fields": {func(e *receiver.Event) { e.RequestID, e.QoSSubscriptionID = "rs", "" }, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			changed := base
			test.change(&changed)
			if same := changed.Key() == base.Key(); same != test.same {
				t.Errorf("same key = %t, want %t", same, test.same)
			}
		})
	}
}
