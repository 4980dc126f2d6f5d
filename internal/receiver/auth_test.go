package receiver

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
)

func TestTokens(t *testing.T) {
	t.Parallel()
	const read, journal = "Bearer reading-token", "Bearer journal-token"
	both := newTokens("reading-token", "journal-token")
	readOnly := newTokens("reading-token", "")
	journalOnly := newTokens("", "journal-token")
	for name, test := range map[string]struct {
		tokens        tokens
		authorization string
		needed        access
		granted       access
		status        int
	}{
		"reader reads":                          {both, read, accessRead, accessRead, 0},
		"reader does not write":                 {both, read, accessWrite, accessRead, http.StatusForbidden},
		"journal reads":                         {both, journal, accessRead, accessWrite, 0},
		"journal writes":                        {both, journal, accessWrite, accessWrite, 0},
		"scheme in another case":                {both, "bearer  journal-token ", accessWrite, accessWrite, 0},
		"without journal token, reader writes":  {readOnly, read, accessWrite, accessWrite, 0},
		"without journal token, others do not":  {readOnly, journal, accessRead, accessNone, http.StatusUnauthorized},
		"without read token, journal reads":     {journalOnly, journal, accessRead, accessWrite, 0},
		"without read token, others do not":     {journalOnly, read, accessRead, accessNone, http.StatusUnauthorized},
		"nothing configured":                    {newTokens("", ""), read, accessRead, accessNone, http.StatusUnauthorized},
		"nothing configured, empty token given": {newTokens("", ""), "Bearer ", accessRead, accessNone, http.StatusUnauthorized},
		"none given":                            {both, "", accessRead, accessNone, http.StatusUnauthorized},
		"empty":                                 {both, "Bearer ", accessRead, accessNone, http.StatusUnauthorized},
		"other scheme":                          {both, "Basic reading-token", accessRead, accessNone, http.StatusUnauthorized},
		"prefix of the token":                   {both, "Bearer reading", accessRead, accessNone, http.StatusUnauthorized},
		"token and more":                        {both, "Bearer reading-token-x", accessRead, accessNone, http.StatusUnauthorized},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			granted, problem := test.tokens.check(test.authorization, test.needed)
			status := 0
			if problem != nil {
				status = problem.Status
			}
			if granted != test.granted || status != test.status {
				t.Errorf("granted %d with status %d, want %d with %d", granted, status, test.granted, test.status)
			}
		})
	}
}

func TestCallbackCredentials(t *testing.T) {
	t.Parallel()
	configured, err := newCredentials([]string{"old", "new"}, []string{"one", "two"})
	if err != nil {
		t.Fatal(err)
	}
	text := func(s string) *string { return &s }
	for name, test := range map[string]struct {
		credentials        credentials
		username, password *string
		want               verdict
	}{
		"first pair":              {configured, text("old"), text("one"), credentialsRight},
		"mixed during a rotation": {configured, text("new"), text("one"), credentialsRight},
		"wrong password":          {configured, text("old"), text("three"), credentialsWrong},
		"wrong username":          {configured, text("older"), text("one"), credentialsWrong},
		"username alone":          {configured, text("old"), nil, credentialsWrong},
		"password alone":          {configured, nil, text("one"), credentialsWrong},
		"absent":                  {configured, nil, nil, credentialsAbsent},
		"empty":                   {configured, text(""), text(""), credentialsAbsent},
		"none configured":         {credentials{}, text("any"), text("thing"), credentialsRight},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := test.credentials.judge(Callback{Username: test.username, Password: test.password}); got != test.want {
				t.Errorf("verdict %d, want %d", got, test.want)
			}
		})
	}
}

func TestSources(t *testing.T) {
	t.Parallel()
	s := sources{proxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}}
	for name, test := range map[string]struct {
		remote    string
		forwarded []string
		want      string
	}{
		"direct":                         {"3.87.163.45:4711", nil, "3.87.163.45"},
		"direct IPv6":                    {"[2001:db8::1]:4711", nil, "2001:db8::1"},
		"IPv4 mapped":                    {"[::ffff:3.87.163.45]:4711", nil, "3.87.163.45"},
		"lie from outside":               {"198.51.100.7:1", []string{"3.87.163.45"}, "198.51.100.7"},
		"through a proxy":                {"10.1.2.3:1", []string{"3.87.163.45"}, "3.87.163.45"},
		"through two proxies":            {"10.1.2.3:1", []string{"3.87.163.45, 10.9.9.9"}, "3.87.163.45"},
		"two header lines":               {"10.1.2.3:1", []string{"3.87.163.45", "10.9.9.9"}, "3.87.163.45"},
		"lie in front of a true entry":   {"10.1.2.3:1", []string{"3.87.163.45, 198.51.100.7"}, "198.51.100.7"},
		"the proxy's own request":        {"10.1.2.3:1", nil, "10.1.2.3"},
		"entry with a port":              {"[fd00::1]:1", []string{"3.87.163.45:5555"}, "3.87.163.45"},
		"entry with brackets":            {"[fd00::1]:1", []string{"[2001:db8::2]"}, "2001:db8::2"},
		"entry that is no address":       {"10.1.2.3:1", []string{"unknown"}, ""},
		"no address beyond the true one": {"10.1.2.3:1", []string{"unknown, 198.51.100.7"}, "198.51.100.7"},
		"lie on a line of its own":       {"10.1.2.3:1", []string{"3.87.163.45", "198.51.100.7"}, "198.51.100.7"},
		"lie that names a proxy":         {"10.1.2.3:1", []string{"3.87.163.45, 10.9.9.9, 198.51.100.7"}, "198.51.100.7"},
		"lie through two proxies":        {"10.1.2.3:1", []string{"3.87.163.45, 198.51.100.7, 10.9.9.9"}, "198.51.100.7"},
		"all of it proxies":              {"10.1.2.3:1", []string{"10.7.7.7, 10.8.8.8"}, "10.7.7.7"},
		"garbage behind the true one":    {"10.1.2.3:1", []string{"198.51.100.7, <script>"}, ""},
		"empty entry behind the true":    {"10.1.2.3:1", []string{"3.87.163.45, "}, "10.1.2.3"},
		"empty header":                   {"10.1.2.3:1", []string{""}, "10.1.2.3"},
		"nothing but commas":             {"10.1.2.3:1", []string{",,,"}, "10.1.2.3"},
		"mapped entry":                   {"10.1.2.3:1", []string{"::ffff:198.51.100.7"}, "198.51.100.7"},
		"mapped entry that is a proxy":   {"10.1.2.3:1", []string{"3.87.163.45, ::ffff:10.9.9.9"}, "3.87.163.45"},
		"mapped in hexadecimal":          {"10.1.2.3:1", []string{"::ffff:c633:6407"}, "198.51.100.7"},
		"mapped proxy":                   {"[::ffff:10.1.2.3]:1", []string{"198.51.100.7"}, "198.51.100.7"},
		"peer with a zone":               {"[fe80::1%eth0]:1", nil, "fe80::1"},
		"entry with a zone":              {"10.1.2.3:1", []string{"fe80::1%eth0"}, "fe80::1"},
		"zone that hides a network":      {"10.1.2.3:1", []string{"3.87.163.45, fd00::1%198.51.100.7"}, "3.87.163.45"},
		"IPv4 with a zone":               {"10.1.2.3:1", []string{"198.51.100.7%eth0"}, ""},
		"IPv6 with a port":               {"10.1.2.3:1", []string{"[2001:db8::2]:443"}, "2001:db8::2"},
		"port that is none":              {"10.1.2.3:1", []string{"198.51.100.7:99999"}, ""},
		"IPv4 with leading zeros":        {"10.1.2.3:1", []string{"198.051.100.007"}, ""},
		"IPv4 as one number":             {"10.1.2.3:1", []string{"3325256711"}, ""},
		"IPv4 cut short":                 {"10.1.2.3:1", []string{"198.51.7"}, ""},
		"address in quotes":              {"10.1.2.3:1", []string{`"198.51.100.7"`}, ""},
		"a network":                      {"10.1.2.3:1", []string{"198.51.100.0/24"}, ""},
		"a NUL":                          {"10.1.2.3:1", []string{"198.51.100.7\x00"}, ""},
		"peer that is no address":        {"@", nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, CapturePath, nil)
			r.RemoteAddr = test.remote
			r.Header["X-Forwarded-For"] = test.forwarded
			got, err := s.client(r)
			if test.want == "" {
				if err == nil {
					t.Errorf("source %s, want an error", got)
				}
				return
			}
			if err != nil || got.String() != test.want {
				t.Errorf("source %s, %v; want %s", got, err, test.want)
			}
		})
	}
}
