package api

import (
	"strings"
	"testing"
)

func TestParseVersion(t *testing.T) {
	t.Parallel()
	for _, v := range Versions() {
		if got, err := ParseVersion(string(v)); got != v || err != nil {
			t.Errorf("%s: got %q, %v", v, got, err)
		}
	}
	for _, s := range []string{"", "1", "0.9", "1.10", "v1.1", "1.1.0"} {
		if _, err := ParseVersion(s); err == nil || !strings.Contains(err.Error(), "0.10, 0.11, 1.0, 1.1, 1.2") {
			t.Errorf("%q: err = %v", s, err)
		}
	}
}

func TestInferVersion(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]Version{
		"https://op/qod/v0":                    V010,
		"https://op/apigateway/ogw/qod/v0/":    V010,
		"https://op/quality-on-demand/v0.11":   V011,
		"https://op/quality-on-demand/v1/":     V110,
		" https://op/x/quality-on-demand/v1 ":  V110,
		"https://op/v0":                        "",
		"https://op/":                          "",
		"https://op/quality-on-demand/v1rc3":   "",
		"https://op/quality-on-demand/v1/more": "",
		"https://op/quality-on-demand/v2":      "",
		"%zz":                                  "",
	} {
		if got, ok := InferVersion(url); ok != (want != "") || ok && got != want {
			t.Errorf("%s: got %q, %v, want %q", url, got, ok, want)
		}
	}
}

func TestFeatures(t *testing.T) {
	t.Parallel()
	if len(table) != len(Versions()) {
		t.Fatalf("%d rows for %d versions", len(table), len(Versions()))
	}
	since := map[string]struct {
		has   func(Features) bool
		first Version
	}{
		"sink":              {func(f Features) bool { return !f.Webhook }, V011},
		"duration required": {func(f Features) bool { return f.DurationRequired }, V011},
		"correlator":        {func(f Features) bool { return f.Correlator }, V011},
		"list":              {func(f Features) bool { return f.RetrieveSessions }, V011},
		"cap by profile":    {func(f Features) bool { return f.ExtendCap == CapProfile }, V011},
		"profiles' own API": {func(f Features) bool { return !f.ProfilesInSameAPI }, V011},
		"bound device left": {func(f Features) bool { return !f.DeviceWithBoundToken && !f.DeviceRequired }, V011},
		"https sink":        {func(f Features) bool { return f.HTTPSSink }, V110},
		"provisioning":      {func(f Features) bool { return f.Provisioning != "" }, V110},
		"IP addresses":      {func(f Features) bool { return f.IPAddresses }, V120},
		"private key JWT":   {func(f Features) bool { return f.PrivateKeyJWT }, V120},
		"no port 0":         {func(f Features) bool { return f.PortMin == 1 }, V120},
	}
	for name, test := range since {
		reached := false
		for _, v := range Versions() {
			reached = reached || v == test.first
			if got := test.has(v.Features()); got != reached {
				t.Errorf("%s on %s: %v", name, v, got)
			}
		}
	}
	if f := Version("2.0").Features(); f.PhoneNumber != nil || f.Correlator {
		t.Errorf("an unknown version has %+v", f)
	}
}
