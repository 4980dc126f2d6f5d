package api

import (
	"net/netip"
	"regexp"
	"strings"
	"testing"
)

func TestLoginHint(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		device Device
		want   string
	}{
		"phone":                    {Device{PhoneNumber: "+34666666666"}, "tel:+34666666666"},
		"phone without +":          {Device{PhoneNumber: "34666666666"}, "tel:+34666666666"},
		"phone first":              {*fullDevice(), "tel:+34666666666"},
		"public address and port":  {Device{IPv4Address: &DeviceIPv4{PublicAddress: "80.90.34.2", PublicPort: new(int64(16790))}}, "ipport:80.90.34.2:16790"},
		"public and private":       {Device{IPv4Address: &DeviceIPv4{PublicAddress: "80.90.34.2", PrivateAddress: "10.0.0.1"}}, "ipport:80.90.34.2"},
		"IPv6":                     {Device{IPv6Address: "2001:db8:0:0::1"}, "ipport:[2001:db8::1]"},
		"IPv4 before IPv6":         {Device{IPv6Address: "2001:db8::1", IPv4Address: &DeviceIPv4{PublicAddress: "80.90.34.2"}}, "ipport:80.90.34.2"},
		"a bad phone, then IPv6":   {Device{PhoneNumber: "34 66", IPv6Address: "2001:db8::1"}, "ipport:[2001:db8::1]"},
		"a bad IPv4, then IPv6":    {Device{IPv4Address: &DeviceIPv4{PublicAddress: "::1"}, IPv6Address: "2001:db8::1"}, "ipport:[2001:db8::1]"},
		"name only":                {Device{NetworkAccessIdentifier: "a@example.com"}, ""},
		"nothing":                  {Device{}, ""},
		"private only":             {Device{IPv4Address: &DeviceIPv4{PrivateAddress: "10.0.0.1"}}, ""},
		"impossible port":          {Device{IPv4Address: &DeviceIPv4{PublicAddress: "80.90.34.2", PublicPort: new(int64(65536))}}, ""},
		"IPv6 of an interface":     {Device{IPv6Address: "fe80::1%eth0"}, ""},
		"subnet":                   {Device{IPv6Address: "2001:db8::/64"}, ""},
		"IPv4 where IPv6 belongs":  {Device{IPv6Address: "80.90.34.2"}, ""},
		"phone with another hint":  {Device{PhoneNumber: "+34666666666 tel:+1"}, ""},
		"phone after a line break": {Device{PhoneNumber: "+34666666666\n"}, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got, ok := LoginHint(test.device); got != test.want || ok != (test.want != "") {
				t.Errorf("got %q, %v, want %q", got, ok, test.want)
			}
		})
	}
}

func FuzzLoginHint(f *testing.F) {
	f.Add("+34666666666", "", int64(-1), "")
	f.Add("", "80.90.34.2", int64(16790), "")
	f.Add("", "", int64(-1), "2001:db8::1")
	f.Add("tel:+1", "::ffff:1.2.3.4", int64(70000), "fe80::1%eth0")
	form := regexp.MustCompile(`^(tel:\+[0-9]{5,15}|ipport:[0-9.]+(:[0-9]{1,5})?|ipport:\[[0-9a-f:.]+\])$`)
	f.Fuzz(func(t *testing.T, phone, ipv4 string, publicPort int64, ipv6 string) {
		d := Device{PhoneNumber: phone, IPv6Address: ipv6, IPv4Address: &DeviceIPv4{PublicAddress: ipv4}}
		if publicPort >= 0 {
			d.IPv4Address.PublicPort = &publicPort
		}
		hint, ok := LoginHint(d)
		if !ok {
			if hint != "" {
				t.Errorf("%q without ok", hint)
			}
			return
		}
		if !form.MatchString(hint) {
			t.Errorf("%q has no known form", hint)
		}
		address, isAddress := strings.CutPrefix(hint, "ipport:")
		if !isAddress {
			return
		}
		_, plainErr := netip.ParseAddr(strings.Trim(address, "[]"))
		if _, portErr := netip.ParseAddrPort(address); plainErr != nil && portErr != nil {
			t.Errorf("%q holds no address", hint)
		}
	})
}
