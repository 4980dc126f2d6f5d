package receiver_test

import (
	"testing"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
)

func TestOverlaps(t *testing.T) {
	t.Parallel()
	flow := receiver.Flow{
		FlowServer: "192.0.2.1:443", FlowDevice: "198.51.100.7",
		FlowDirection: "UPLINK", FlowProtocol: "UDP", QCIOption: "Premium",
	}
	flow6 := receiver.Flow{
		FlowServer: "[2001:db8::1]:443", FlowDevice: "2001:db8::2", FlowDirection: "UPLINK", FlowProtocol: "UDP",
	}
	with := func(f receiver.Flow, change func(*receiver.Flow)) receiver.Flow {
		change(&f)
		return f
	}
	tests := map[string]struct {
		mine, other receiver.Flow
		id          string
		want        bool
	}{
		"the same":             {flow, flow, "ABC", true},
		"another device":       {flow, flow, "abd", false},
		"another QCI":          {flow, with(flow, func(f *receiver.Flow) { f.QCIOption = "Standard" }), "abc", true},
		"case of the protocol": {flow, with(flow, func(f *receiver.Flow) { f.FlowProtocol = "udp" }), "abc", true},
		"another protocol":     {flow, with(flow, func(f *receiver.Flow) { f.FlowProtocol = "TCP" }), "abc", false},
		"another direction":    {flow, with(flow, func(f *receiver.Flow) { f.FlowDirection = "BIDIRECTION" }), "abc", false},
		"another port":         {flow, with(flow, func(f *receiver.Flow) { f.FlowServer = "192.0.2.1:444" }), "abc", false},
		"any port":             {flow, with(flow, func(f *receiver.Flow) { f.FlowServer = "192.0.2.1" }), "abc", false},
		"another server":       {flow, with(flow, func(f *receiver.Flow) { f.FlowServer = "192.0.2.2:443" }), "abc", false},
		"another device end":   {flow, with(flow, func(f *receiver.Flow) { f.FlowDevice = "198.51.100.8" }), "abc", false},
		"IPv6 spelled out": {flow6, with(flow6, func(f *receiver.Flow) {
			f.FlowServer, f.FlowDevice = "[2001:0DB8:0:0::1]:443", "[2001:db8:0::2]"
		}), "abc", true},
		"what does not parse": {
			with(flow, func(f *receiver.Flow) { f.FlowServer = "Server" }),
			with(flow, func(f *receiver.Flow) { f.FlowServer = "server" }), "abc", true,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mine := receiver.Request{State: receiver.StateOpen, Devices: []receiver.Device{{ID: "abc", Flows: []receiver.Flow{test.mine}}}}
			other := []receiver.Device{{ID: test.id, Kind: "IMEI", Flows: []receiver.Flow{test.other}}}
			if got := mine.Overlaps(other); got != test.want {
				t.Errorf("Overlaps = %t, want %t", got, test.want)
			}
		})
	}
}

func TestOverlapsOnlyWhileLive(t *testing.T) {
	t.Parallel()
	devices := []receiver.Device{
		{ID: "a", Flows: []receiver.Flow{{FlowServer: "192.0.2.1", FlowDevice: "192.0.2.2", FlowDirection: "UPLINK", FlowProtocol: "IP"}}},
		{ID: "b", Flows: []receiver.Flow{{FlowServer: "192.0.2.1", FlowDevice: "192.0.2.3", FlowDirection: "UPLINK", FlowProtocol: "IP"}}},
	}
	subscriptions := func(a, b receiver.Status) []receiver.Subscription {
		return []receiver.Subscription{{DeviceID: "a", Status: a}, {DeviceID: "b", Status: b}}
	}
	tests := map[string]struct {
		request receiver.Request
		want    bool
	}{
		"open":     {receiver.Request{State: receiver.StateOpen}, true},
		"sent":     {receiver.Request{State: receiver.StateSent}, true},
		"unknown":  {receiver.Request{State: receiver.StateUnknown}, true},
		"refused":  {receiver.Request{State: receiver.StateRefused}, false},
		"void":     {receiver.Request{State: receiver.StateVoid}, false},
		"accepted": {receiver.Request{State: receiver.StateAccepted, Subscriptions: subscriptions(receiver.StatusRequested, receiver.StatusOn)}, true},
		"ended": {receiver.Request{
			State: receiver.StateAccepted, Subscriptions: subscriptions(receiver.StatusFailed, receiver.StatusTerminated),
		}, false},
		"ended for this device": {receiver.Request{
			State: receiver.StateAccepted, Subscriptions: subscriptions(receiver.StatusFailed, receiver.StatusOn),
		}, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test.request.Devices = devices
			if got := test.request.Overlaps(devices[:1]); got != test.want {
				t.Errorf("Overlaps = %t, want %t", got, test.want)
			}
		})
	}
}

func TestUnknownFlowsOverlapNothing(t *testing.T) {
	t.Parallel()
	bare := []receiver.Device{{ID: "a"}}
	request := receiver.Request{State: receiver.StateUnknown, Devices: bare}
	if request.Overlaps(bare) {
		t.Error("requests without flows overlap")
	}
}
