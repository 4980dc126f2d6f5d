package grant_test

import (
	"testing"

	"github.com/qosform/terraform-provider-qos/internal/camara/api"
	"github.com/qosform/terraform-provider-qos/internal/camara/grant"
)

func TestDevices(t *testing.T) {
	t.Parallel()
	port := func(n int64) *int64 { return &n }
	phone := &api.Device{PhoneNumber: "+34666666666"}
	both := &api.Device{PhoneNumber: "34666666666", IPv6Address: "2001:DB8::1"}
	behind := func(n int64) *api.Device {
		return &api.Device{IPv4Address: &api.DeviceIPv4{PublicAddress: "203.0.113.7", PublicPort: port(n)}}
	}
	for name, test := range map[string]struct {
		told, asked  *api.Device
		same, agrees bool
	}{
		"nobody":              {nil, nil, true, true},
		"not told":            {nil, phone, false, true},
		"not asked":           {phone, nil, false, true},
		"itself":              {phone, phone, true, true},
		"another way":         {&api.Device{PhoneNumber: "34666666666"}, phone, true, true},
		"one of two":          {phone, both, false, true},
		"other form of two":   {&api.Device{PhoneNumber: "+34666666666", IPv6Address: "2001:db8:0::1"}, both, true, true},
		"nothing in common":   {&api.Device{IPv6Address: "2001:db8::1"}, phone, false, false},
		"one of two differs":  {&api.Device{PhoneNumber: "+34666666666", IPv6Address: "2001:db8::2"}, both, false, false},
		"another number":      {&api.Device{PhoneNumber: "+34777777777"}, phone, false, false},
		"behind the same":     {behind(1000), behind(1000), true, true},
		"behind another port": {behind(1000), behind(1001), false, false},
	} {
		if got := grant.SameDevice(test.told, test.asked); got != test.same {
			t.Errorf("%s: same is %v", name, got)
		}
		if got := grant.Agrees(test.told, test.asked); got != test.agrees {
			t.Errorf("%s: agrees is %v", name, got)
		}
	}
}

func TestCanonical(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"203.0.113.5": "203.0.113.5", "203.0.113.5/32": "203.0.113.5", "203.0.113.5/24": "203.0.113.0/24",
		"2001:DB8:0:0::5": "2001:db8::5", "2001:db8::5/64": "2001:db8::/64", "example.com": "example.com", "": "",
	} {
		if got := grant.Canonical(text); got != want {
			t.Errorf("Canonical(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestOriginReplaces(t *testing.T) {
	t.Parallel()
	phone := &api.Device{PhoneNumber: "+34666666666"}
	both := &api.Device{PhoneNumber: "+34666666666", IPv6Address: "2001:db8::1"}
	for name, test := range map[string]struct {
		origin        grant.Origin
		before, after *api.Device
		want          bool
	}{
		"created, the same":                  {grant.Origin{}, phone, phone, false},
		"created, another":                   {grant.Origin{}, phone, both, true},
		"created, from nothing":              {grant.Origin{}, nil, phone, true},
		"imported, not told":                 {grant.Origin{Imported: true}, nil, phone, false},
		"imported, one told":                 {grant.Origin{Imported: true}, phone, both, false},
		"imported, another told":             {grant.Origin{Imported: true}, &api.Device{PhoneNumber: "+34777777777"}, phone, true},
		"imported for this subscriber":       {grant.Origin{Imported: true, Subject: "tel:+34666666666"}, nil, phone, false},
		"imported for another subscriber":    {grant.Origin{Imported: true, Subject: "tel:+34777777777"}, nil, phone, true},
		"imported, nothing in configuration": {grant.Origin{Imported: true}, phone, nil, false},
	} {
		if got := test.origin.Replaces(test.before, test.after); got != test.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
