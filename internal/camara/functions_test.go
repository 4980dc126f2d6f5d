package camara_test

import (
	"math/big"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/qosform/terraform-provider-qos/internal/acctest/protocol"
)

// record is an object of values of any type.
func record(members map[string]tftypes.Value) tftypes.Value {
	kinds := map[string]tftypes.Type{}
	for name, v := range members {
		kinds[name] = v.Type()
	}
	return tftypes.NewValue(tftypes.Object{AttributeTypes: kinds}, members)
}

func null(kind tftypes.Type) tftypes.Value    { return tftypes.NewValue(kind, nil) }
func unknown(kind tftypes.Type) tftypes.Value { return tftypes.NewValue(kind, tftypes.UnknownValue) }

func number(n float64) tftypes.Value { return tftypes.NewValue(tftypes.Number, big.NewFloat(n)) }

func ipv4(members map[string]tftypes.Value) tftypes.Value {
	return record(map[string]tftypes.Value{"ipv4_address": record(members)})
}

// wantCalled compares what a function returns, or says in an error about its
// argument.
func wantCalled(t *testing.T, name string, argument, want any, says string) {
	t.Helper()
	got, failed := spoken(t).Call(name, argument)
	switch {
	case failed == nil && says == "" && got == want:
	case failed == nil:
		t.Errorf("got %v, want %v %s", got, want, says)
	case says == "" || !strings.Contains(failed.Text, says):
		t.Errorf("said %q, want %v %q", failed.Text, want, says)
	case failed.FunctionArgument == nil || *failed.FunctionArgument != 0:
		t.Error("the error is not about the argument")
	}
}

func TestLoginHint(t *testing.T) {
	t.Parallel()
	text, dynamic := tftypes.String, tftypes.DynamicPseudoType
	whole := func(phoneNumber tftypes.Value) tftypes.Value {
		return record(map[string]tftypes.Value{
			"phone_number": phoneNumber, "network_access_identifier": null(text), "ipv6_address": null(text),
			"ipv4_address": null(tftypes.Object{AttributeTypes: map[string]tftypes.Type{"public_address": text, "private_address": text, "public_port": tftypes.Number}}),
		})
	}
	address := map[string]tftypes.Value{"public_address": protocol.Text("203.0.113.7")}
	for name, test := range map[string]struct {
		device tftypes.Value
		want   any
		says   string
	}{
		"a phone number":            {device: protocol.Record(map[string]string{"phone_number": "+34666666666"}), want: "tel:+34666666666"},
		"one without its plus":      {device: protocol.Record(map[string]string{"phone_number": "34666666666"}), want: "tel:+34666666666"},
		"a whole device":            {device: whole(protocol.Text("+34666666666")), want: "tel:+34666666666"},
		"nulls without a type":      {device: record(map[string]tftypes.Value{"phone_number": null(dynamic), "ipv4_address": null(dynamic), "ipv6_address": protocol.Text("2001:DB8::1")}), want: "ipport:[2001:db8::1]"},
		"an IPv4 address":           {device: ipv4(address), want: "ipport:203.0.113.7"},
		"with a port":               {device: ipv4(map[string]tftypes.Value{"public_address": protocol.Text("203.0.113.7"), "public_port": number(59765)}), want: "ipport:203.0.113.7:59765"},
		"a map":                     {device: tftypes.NewValue(tftypes.Map{ElementType: text}, map[string]tftypes.Value{"phone_number": protocol.Text("+34666666666")}), want: "tel:+34666666666"},
		"the number goes first":     {device: record(map[string]tftypes.Value{"phone_number": protocol.Text("+34666666666"), "ipv4_address": record(address)}), want: "tel:+34666666666"},
		"a number, others unknown":  {device: record(map[string]tftypes.Value{"phone_number": protocol.Text("+34666666666"), "ipv6_address": unknown(text)}), want: "tel:+34666666666"},
		"an unknown number":         {device: record(map[string]tftypes.Value{"phone_number": unknown(text), "ipv4_address": record(address)}), want: protocol.Unknown{}},
		"an unknown port":           {device: ipv4(map[string]tftypes.Value{"public_address": protocol.Text("203.0.113.7"), "public_port": unknown(tftypes.Number)}), want: protocol.Unknown{}},
		"an unknown device":         {device: unknown(dynamic), want: protocol.Unknown{}},
		"none of these":             {device: protocol.Record(map[string]string{"network_access_identifier": "x@example.com"}), says: "device must have a phone_number"},
		"nothing":                   {device: record(nil), says: "device must have a phone_number"},
		"only nulls":                {device: whole(null(text)), says: "device must have a phone_number"},
		"no phone number":           {device: protocol.Record(map[string]string{"phone_number": "666 666"}), says: `device.phone_number must be in international format, such as +34666666666, got "666 666"`},
		"no address":                {device: ipv4(map[string]tftypes.Value{"public_address": protocol.Text("203.0.113")}), says: "a valid public_address"},
		"a misspelt attribute":      {device: protocol.Record(map[string]string{"phonenumber": "+34666666666"}), says: `device has no attribute "phonenumber": it has ipv4_address, ipv6_address, network_access_identifier, phone_number`},
		"one of the address":        {device: ipv4(map[string]tftypes.Value{"port": number(1)}), says: `device.ipv4_address has no attribute "port"`},
		"a number as a number":      {device: record(map[string]tftypes.Value{"phone_number": number(34666666666)}), says: "device.phone_number must be a string"},
		"a port that is a fraction": {device: ipv4(map[string]tftypes.Value{"public_port": number(1.5)}), says: "device.ipv4_address.public_port must be a whole number"},
		"an address that is a text": {device: protocol.Record(map[string]string{"ipv4_address": "203.0.113.7"}), says: "device.ipv4_address must be an object with the attributes private_address, public_address, public_port"},
		"a device that is a text":   {device: protocol.Text("+34666666666"), says: "device must be an object with the attributes"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wantCalled(t, "login_hint", test.device, test.want, test.says)
		})
	}
}

func TestSeconds(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]float64{
		"1h30m": 5400, "90s": 90, "1.5h": 5400, "2000ms": 2, "0s": 0, "0": 0, "1d": 86400, "2d12h": 216000, "0d90s": 90, "100000d": 8_640_000_000,
	} {
		wantCalled(t, "seconds", text, want, "")
	}
	for text, says := range map[string]string{
		"":                        "the duration is empty",
		"90":                      `"90" is not a duration such as 90s, 1h30m or 2d12h`,
		"soon":                    "is not a duration",
		"1.5d":                    "is not a duration",
		"1h1d":                    "is not a duration",
		"1d 12h":                  "is not a duration",
		"-90s":                    "is negative",
		"1500ms":                  "does not come to whole seconds",
		"1d1ns":                   "does not come to whole seconds",
		"100001d":                 "is too long",
		"99999999999999999999d1h": "is too long",
		"99999999999h":            "is not a duration",
	} {
		wantCalled(t, "seconds", text, nil, says)
	}
}
