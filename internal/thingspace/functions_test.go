package thingspace_test

import (
	"maps"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/qosform/terraform-provider-qos/internal/acctest/protocol"
)

func TestFlowEndpoint(t *testing.T) {
	t.Parallel()
	s := spoken(t)
	for name, test := range map[string]struct {
		address string
		port    any
		want    string
	}{
		"IPv4":              {"203.0.113.5", 443, "203.0.113.5:443"},
		"IPv4, every port":  {"203.0.113.5", nil, "203.0.113.5"},
		"IPv6":              {"2001:db8::5", 443, "[2001:db8::5]:443"},
		"IPv6, every port":  {"2001:db8::5", nil, "2001:db8::5"},
		"IPv6 as written":   {"2001:DB8:0:0::5", 65535, "[2001:DB8:0:0::5]:65535"},
		"IPv4 in IPv6":      {"::ffff:203.0.113.5", 1, "[::ffff:203.0.113.5]:1"},
		"shortest of IPv6":  {"::", 1, "[::]:1"},
		"IPv6 without port": {"::1", nil, "::1"},
	} {
		got, failed := s.Call("flow_endpoint", test.address, test.port)
		if failed != nil || got != test.want {
			t.Errorf("%s: %v, %v, want %s", name, got, failed, test.want)
		}
		back, failed := s.Call("parse_flow_endpoint", test.want)
		if failed != nil {
			t.Errorf("%s: %v", name, failed)
			continue
		}
		port := test.port
		if number, ok := port.(int); ok {
			port = float64(number)
		}
		if diff := cmp.Diff(any(protocol.Object{"address": test.address, "port": port}), back); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// A failure points at the argument that it is about.
func TestFunctionErrors(t *testing.T) {
	t.Parallel()
	s := spoken(t)
	for name, test := range map[string]struct {
		function  string
		arguments []any
		argument  int64
		want      string
	}{
		"a name":            {"flow_endpoint", []any{"example.com", 443}, 0, "must be an IPv4 or IPv6 address"},
		"brackets":          {"flow_endpoint", []any{"[::1]", 443}, 0, "without brackets"},
		"a zone":            {"flow_endpoint", []any{"fe80::1%eth0", nil}, 0, "zone"},
		"port 0":            {"flow_endpoint", []any{"203.0.113.5", 0}, 1, "1 to 65535"},
		"a large port":      {"flow_endpoint", []any{"203.0.113.5", 65536}, 1, "1 to 65535"},
		"a negative port":   {"flow_endpoint", []any{"::1", -1}, 1, "1 to 65535"},
		"no endpoint":       {"parse_flow_endpoint", []any{""}, 0, "must be an IP address"},
		"no bracket":        {"parse_flow_endpoint", []any{"1:2:3:4:5:6:7:8:443"}, 0, "[address]:port"},
		"no JSON":           {"parse_event", []any{"{"}, 0, "the body is not valid JSON"},
		"no event":          {"parse_event", []any{"{}"}, 0, "deviceResponse is missing"},
		"another's wording": {"parse_event", []any{`{"password":"hidden","deviceResponse":{"qoS":[{"qosEvent":["hidden"]}]}}`}, 0, "an identifier must be a string"},
	} {
		got, failed := s.Call(test.function, test.arguments...)
		if failed == nil || failed.FunctionArgument == nil {
			t.Errorf("%s: %v, %v, want an error about an argument", name, got, failed)
			continue
		}
		if *failed.FunctionArgument != test.argument || !strings.Contains(failed.Text, test.want) || strings.Contains(failed.Text, "hidden") {
			t.Errorf("%s: argument %d: %s, want %d and %q", name, *failed.FunctionArgument, failed.Text, test.argument, test.want)
		}
	}
}

// Whatever goes in comes out, in both directions.
func TestFlowEndpointsRoundTrip(t *testing.T) {
	t.Parallel()
	s := spoken(t)
	rapid.Check(t, func(rt *rapid.T) {
		length := rapid.SampledFrom([]int{4, 16}).Draw(rt, "length")
		raw := rapid.SliceOfN(rapid.Byte(), length, length).Draw(rt, "address")
		addr, _ := netip.AddrFromSlice(raw)
		written := rapid.SampledFrom([]string{addr.String(), addr.StringExpanded(), strings.ToUpper(addr.String())}).Draw(rt, "written")
		var port any
		if p := rapid.IntRange(0, 65535).Draw(rt, "port"); p > 0 {
			port = float64(p)
		}
		text, failed := s.Call("flow_endpoint", written, port)
		if failed != nil {
			rt.Fatal(failed)
		}
		parts, failed := s.Call("parse_flow_endpoint", text)
		if failed != nil {
			rt.Fatalf("%s: %v", text, failed)
		}
		if diff := cmp.Diff(any(protocol.Object{"address": written, "port": port}), parts); diff != "" {
			rt.Fatalf("of %s (-want +got):\n%s", text, diff)
		}
	})
}

func TestParseEvent(t *testing.T) {
	t.Parallel()
	s := spoken(t)
	event := func(subscription, name string, more protocol.Object) protocol.Object {
		e := protocol.Object{"account_name": "0000123456-00001", "qos_subscription_id": subscription, "qos_event": name, "status": nil, "reason": nil, "reported_time": nil, "device_ids": []any{}}
		maps.Copy(e, more)
		return e
	}
	device := func(id string, kind any) protocol.Object { return protocol.Object{"id": id, "kind": kind} }
	for name, test := range map[string]struct {
		body string
		want protocol.Object
	}{
		"one": {
			`{"username":"u","password":"p","requestId":"r","callbackCount":2,"deviceIds":[{"id":"5551234567","kind":"mdn"}],"deviceResponse":{"qoS":[{"accountName":"0000123456-00001",` +
				`"qosSubscriptionId":"s","qosEvent":"QosChangeOn","status":"SUCCESS","reason":"it is on","reportedTime":"2026-01-31 12:00:00.000"}]}}`,
			protocol.Object{"request_id": "r", "events": []any{event("s", "QosChangeOn", protocol.Object{
				"status": "SUCCESS", "reason": "it is on", "reported_time": "2026-01-31 12:00:00.000", "device_ids": []any{device("5551234567", "mdn")},
			})}},
		},
		"a device each": {
			`{"requestId":7,"deviceIds":[{"id":"1","kind":"IMEI"},"2"],"deviceResponse":{"qos":[{"accountName":"0000123456-00001","qosSubscriptionId":"s","qosEvent":"QoSChangeReqAck"},` +
				`{"accountName":"0000123456-00001","qosSubscriptionId":"t","qosEvent":"QoSChangeFailed"}]}}`,
			protocol.Object{"request_id": "7", "events": []any{
				event("s", "QoSChangeReqAck", protocol.Object{"device_ids": []any{device("1", "IMEI")}}),
				event("t", "QoSChangeFailed", protocol.Object{"device_ids": []any{device("2", nil)}}),
			}},
		},
		"no request": {
			`{"deviceResponse":{"qoS":{"accountName":"0000123456-00001","qosSubscriptionId":"s","qosEvent":"Something"}}}`,
			protocol.Object{"request_id": nil, "events": []any{event("s", "Something", nil)}},
		},
	} {
		got, failed := s.Call("parse_event", test.body)
		if failed != nil {
			t.Errorf("%s: %v", name, failed)
			continue
		}
		if diff := cmp.Diff(any(test.want), got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
