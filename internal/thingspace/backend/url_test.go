package backend

import "testing"

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
		if got := SameURL(test.a, test.b); got != test.want {
			t.Errorf("%s: SameURL(%q, %q) = %v", name, test.a, test.b, got)
		}
		if got := SameURL(test.b, test.a); got != test.want {
			t.Errorf("%s: SameURL(%q, %q) = %v", name, test.b, test.a, got)
		}
	}
}

func TestPrintable(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"https://x.example.com/a":                    "https://x.example.com/a",
		"https://user:hidden@x.example.com/a":        "https://x.example.com/a",
		"https://x.example.com/a?key=hidden#part":    "https://x.example.com/a?…#part",
		"https://user:hidden@x.example.com:bad-port": "(an unreadable URL)",
		"": "",
	} {
		if got := Printable(raw); got != want {
			t.Errorf("Printable(%q) = %q, want %q", raw, got, want)
		}
	}
}

func TestAccountName(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"0000123456-00001": true, "123": true, "0-0-0": true,
		"": false, "-1": false, "1-": false, "1--2": false, "acme-1": false, " 1-2": false, "1-2\n": false, "1/2": false, "１-２": false,
	} {
		if got := AccountName.MatchString(name); got != want {
			t.Errorf("%q: %v, want %v", name, got, want)
		}
	}
}
