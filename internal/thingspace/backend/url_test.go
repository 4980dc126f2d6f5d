package backend

import "testing"

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
