package qossubscription

import (
	"testing"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
)

func with(statuses ...receiver.Status) *receiver.Request {
	r := &receiver.Request{}
	for _, s := range statuses {
		r.Subscriptions = append(r.Subscriptions, receiver.Subscription{Status: s})
	}
	return r
}

func TestSettledFor(t *testing.T) {
	t.Parallel()
	const (
		requested = receiver.StatusRequested
		acked     = receiver.StatusAcknowledged
		on        = receiver.StatusOn
		failed    = receiver.StatusFailed
	)
	for name, test := range map[string]struct {
		request *receiver.Request
		waitFor string
		want    bool
	}{
		"nothing heard":                      {with(requested), waitForAcknowledged, false},
		"acknowledged":                       {with(acked), waitForAcknowledged, true},
		"on is more than acknowledged":       {with(on), waitForAcknowledged, true},
		"acknowledged is not on":             {with(acked), waitForOn, false},
		"on":                                 {with(on), waitForOn, true},
		"nothing is waited for":              {with(requested), waitForNone, true},
		"a failure does not end the wait":    {with(failed, requested), waitForAcknowledged, false},
		"failure and acknowledgement settle": {with(failed, acked), waitForAcknowledged, true},
	} {
		if got := settledFor(test.request, test.waitFor); got != test.want {
			t.Errorf("%s: settledFor = %v, want %v", name, got, test.want)
		}
	}
}

func TestSameDevices(t *testing.T) {
	t.Parallel()
	flow := receiver.Flow{FlowServer: "203.0.113.5", FlowDevice: "198.51.100.7", FlowDirection: "UPLINK", FlowProtocol: "UDP", QCIOption: "Premium"}
	other := flow
	other.QCIOption = "Standard"
	a := receiver.Device{ID: "1", Kind: "MDN", Flows: []receiver.Flow{flow, other}}
	b := receiver.Device{ID: "2", Kind: "MDN", Flows: []receiver.Flow{flow}}
	turned := receiver.Device{ID: "1", Kind: "mdn", Flows: []receiver.Flow{other, flow}}
	fewer := receiver.Device{ID: "1", Kind: "MDN", Flows: []receiver.Flow{flow}}
	if !sameDevices([]receiver.Device{a, b}, []receiver.Device{b, turned}) {
		t.Error("order and case of the kind make a difference")
	}
	if sameDevices([]receiver.Device{a}, []receiver.Device{fewer}) || sameDevices([]receiver.Device{a}, []receiver.Device{a, b}) {
		t.Error("other flows or devices make none")
	}
	if !sameIdentifiers([]receiver.Device{a}, []receiver.Device{fewer}) || sameIdentifiers([]receiver.Device{a}, []receiver.Device{b}) {
		t.Error("sameIdentifiers looks at more or less than identifiers")
	}
}

func TestClaim(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		ours                 claim
		journal              receiver.Request
		superseded, outdates bool
	}{
		"ours":                            {claim{"a", 1}, receiver.Request{Claim: "a", ClaimGeneration: 1}, false, false},
		"imported elsewhere":              {claim{"a", 1}, receiver.Request{Claim: "b", ClaimGeneration: 2}, true, false},
		"journal is an older copy":        {claim{"b", 2}, receiver.Request{Claim: "a", ClaimGeneration: 1}, false, true},
		"journal had not heard of it":     {claim{"a", 1}, receiver.Request{}, false, true},
		"state without a claim":           {claim{}, receiver.Request{Claim: "b", ClaimGeneration: 2}, false, false},
		"imported elsewhere as often":     {claim{"b", 2}, receiver.Request{Claim: "c", ClaimGeneration: 2}, true, false},
		"nobody claims and none to claim": {claim{}, receiver.Request{}, false, false},
	} {
		if got := test.ours.superseded(&test.journal); got != test.superseded {
			t.Errorf("%s: superseded = %v", name, got)
		}
		if got := test.ours.outdates(&test.journal); got != test.outdates {
			t.Errorf("%s: outdates = %v", name, got)
		}
	}
}
