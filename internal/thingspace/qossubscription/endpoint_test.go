package qossubscription

import (
	"net/netip"
	"strings"
	"testing"
)

func TestParseEndpoint(t *testing.T) {
	t.Parallel()
	good := map[string]endpoint{
		"203.0.113.5":         {addr: netip.MustParseAddr("203.0.113.5")},
		"203.0.113.5:443":     {addr: netip.MustParseAddr("203.0.113.5"), port: 443},
		"203.0.113.5:65535":   {addr: netip.MustParseAddr("203.0.113.5"), port: 65535},
		"2001:db8::5":         {addr: netip.MustParseAddr("2001:db8::5")},
		"[2001:db8::5]:1":     {addr: netip.MustParseAddr("2001:db8::5"), port: 1},
		"::ffff:203.0.113.5":  {addr: netip.MustParseAddr("::ffff:203.0.113.5")},
		"2001:DB8:0:0:0:0::5": {addr: netip.MustParseAddr("2001:db8::5")},
	}
	for text, want := range good {
		if got, err := parseEndpoint(text); err != nil || got != want {
			t.Errorf("parseEndpoint(%q) = %v, %v, want %v", text, got, err, want)
		}
	}
	bad := map[string]string{
		"":                       "must be an IP address",
		"example.com:443":        "must be an IP address",
		"203.0.113.5:0":          "1 to 65535",
		"203.0.113.5:65536":      "1 to 65535",
		"203.0.113.5:080":        "1 to 65535",
		"203.0.113.5:http":       "1 to 65535",
		"203.0.113.5:":           "must be an IP address",
		"203.0.113.256":          "must be an IP address",
		"203.0.113.0/24":         "must be an IP address",
		" 203.0.113.5":           "must be an IP address",
		"1:2:3:4:5:6:7:8:443":    "[address]:port",
		"[2001:db8::5]":          "brackets and no port",
		"[2001:db8::5]:":         "no port",
		"[2001:db8::5]443":       "nothing else",
		"[2001:db8::5":           "complete IPv6 address",
		"[203.0.113.5]:443":      "complete IPv6 address",
		"fe80::1%eth0":           "zone",
		"[fe80::1%eth0]:443":     "zone",
		"[2001:db8::5]:99999":    "1 to 65535",
		"[2001:db8::5]:-1":       "1 to 65535",
		"203.0.113.5:443:extra:": "[address]:port",
	}
	for text, want := range bad {
		if got, err := parseEndpoint(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("parseEndpoint(%q) = %v, %v, want an error with %q", text, got, err, want)
		}
	}
}

func FuzzParseEndpoint(f *testing.F) {
	for _, seed := range []string{"203.0.113.5:443", "[2001:db8::5]:443", "2001:db8::5", "[::1", "::1%lo", "1.2.3.4:", ":443", "[]:1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := parseEndpoint(text)
		if err != nil {
			return
		}
		if !got.addr.IsValid() || got.addr.Zone() != "" {
			t.Fatalf("parseEndpoint(%q) accepted the address %v", text, got.addr)
		}
		if got.port == 0 {
			if again, err := parseEndpoint(got.addr.String()); err != nil || again != got {
				t.Fatalf("%q is %v, and its canonical form %v (%v)", text, got, again, err)
			}
			return
		}
		if again, err := parseEndpoint(netip.AddrPortFrom(got.addr, got.port).String()); err != nil || again != got {
			t.Fatalf("%q is %v, and its canonical form %v (%v)", text, got, again, err)
		}
	})
}
