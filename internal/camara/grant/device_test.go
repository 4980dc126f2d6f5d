package grant_test

import (
	"testing"
	"time"

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

func TestOriginCanBe(t *testing.T) {
	t.Parallel()
	phone := &api.Device{PhoneNumber: "+34666666666"}
	both := &api.Device{PhoneNumber: "+34666666666", IPv6Address: "2001:db8::1"}
	other := &api.Device{PhoneNumber: "+34777777777"}
	for name, test := range map[string]struct {
		subject      string
		told, device *api.Device
		want         bool
	}{
		"not told":                             {"", nil, phone, true},
		"one told":                             {"", phone, both, true},
		"another told":                         {"", other, phone, false},
		"nothing in configuration":             {"", phone, nil, true},
		"this subscriber's":                    {"tel:+34666666666", nil, phone, true},
		"another subscriber's":                 {"tel:+34777777777", nil, phone, false},
		"nothing that tells the subscriber":    {"tel:+34777777777", nil, &api.Device{NetworkAccessIdentifier: "x@example.com"}, true},
		"this subscriber's, and another's too": {"tel:+34666666666", other, phone, false},
	} {
		if got := (grant.Origin{Subject: test.subject}).CanBe(test.told, test.device); got != test.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// An import that was complete at once is over by itself; one that a
// configuration was applied to, at once.
func TestOriginAges(t *testing.T) {
	t.Parallel()
	now := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	created := grant.Origin{BaseURL: "https://a", Subject: "tel:+34666666666"}
	imported := created.Import(now)
	for name, test := range map[string]struct {
		origin         grant.Origin
		fills, settled bool
	}{
		"created":                  {created.Aged(now), false, false},
		"imported":                 {imported.Aged(now), true, false},
		"imported a while ago":     {imported.Aged(now.Add(24*time.Hour - time.Second)), true, false},
		"imported a day ago":       {imported.Aged(now.Add(24 * time.Hour)), false, true},
		"read with a slower clock": {imported.Aged(now.Add(-time.Hour)), true, false},
		"a configuration applied":  {imported.Applied().Aged(now), false, false},
	} {
		if got := test.origin; got.FillsIn(true) != test.fills || got.FillsIn(false) || got.Settled() != test.settled {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if got := imported.Applied(); got != created {
		t.Errorf("applied, %+v became %+v", imported, got)
	}
}
