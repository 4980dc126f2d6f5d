package receiver_test

import (
	"testing"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
)

func TestSameURL(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		a, b string
		want bool
	}{
		"identical":               {"https://x.example.com/a", "https://x.example.com/a", true},
		"slash at the end":        {"https://x.example.com/a/", "https://x.example.com/a", true},
		"slash for no path":       {"https://x.example.com/", "https://x.example.com", true},
		"case of scheme and host": {"HTTPS://X.Example.com/a", "https://x.example.com/a", true},
		"default port of https":   {"https://x.example.com:443/a", "https://x.example.com/a", true},
		"default port of http":    {"http://x.example.com:80", "http://x.example.com", true},
		"default port of IPv6":    {"https://[2001:DB8::5]:443/a", "https://[2001:db8::5]/a", true},
		"blanks around":           {" https://x.example.com/a\n", "https://x.example.com/a", true},
		"both unreadable":         {"::", "::", true},
		"case of the path":        {"https://x.example.com/A", "https://x.example.com/a", false},
		"scheme":                  {"http://x.example.com/a", "https://x.example.com/a", false},
		"the other's port":        {"http://x.example.com:443", "http://x.example.com", false},
		"port":                    {"https://x.example.com:9001", "https://x.example.com", false},
		"host":                    {"https://y.example.com/a", "https://x.example.com/a", false},
		"query":                   {"https://x.example.com/a?b=c", "https://x.example.com/a", false},
		"nothing":                 {"", "https://x.example.com", false},
		"one unreadable":          {"::", "https://x.example.com", false},
	} {
		if got := receiver.SameURL(test.a, test.b); got != test.want {
			t.Errorf("%s: SameURL(%q, %q) = %v", name, test.a, test.b, got)
		}
		if got := receiver.SameURL(test.b, test.a); got != test.want {
			t.Errorf("%s: SameURL(%q, %q) = %v", name, test.b, test.a, got)
		}
	}
}
