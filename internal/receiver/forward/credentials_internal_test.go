package forward

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
)

func TestCredentials(t *testing.T) {
	t.Parallel()
	user := url.UserPassword("me", `p"<&>`)
	for name, test := range map[string]struct{ body, blank, filled, removed string }{
		"documented": {
			`{"username":"u","password":"hunter2","requestId":"r"}`,
			`{"username":null,"password":null,"requestId":"r"}`,
			`{"username":"me","password":"p\"<&>","requestId":"r"}`,
			`{"requestId":"r"}`,
		},
		"absent": {`{"requestId":"r"}`, `{"requestId":"r"}`, `{"requestId":"r"}`, `{"requestId":"r"}`},
		"space": {
			"\n{ \"a\" : 1 ,\t\"username\"\r\n:  \"u\" , \"b\":[ ],\n \"password\" :\"hunter2\"\n}\n ",
			"\n{ \"a\" : 1 ,\t\"username\"\r\n:  null , \"b\":[ ],\n \"password\" :null\n}\n ",
			"\n{ \"a\" : 1 ,\t\"username\"\r\n:  \"me\" , \"b\":[ ],\n \"password\" :\"p\\\"<&>\"\n}\n ",
			"\n{ \"a\" : 1 ,\t \"b\":[ ]\n \n}\n ",
		},
		"alone": {
			`{ "password" : "hunter2" }`, `{ "password" : null }`, `{ "password" : "p\"<&>" }`, `{  }`,
		},
		"all at the end": {
			`{"a":",{","username":"u", "password":"hunter2"}`, `{"a":",{","username":null, "password":null}`,
			`{"a":",{","username":"me", "password":"p\"<&>"}`, `{"a":",{" }`,
		},
		"twice": {
			`{"password":"hunter2","a":1,"password":"hunter2"}`, `{"password":null,"a":1,"password":null}`,
			`{"password":"p\"<&>","a":1,"password":"p\"<&>"}`, `{"a":1}`,
		},
		"escaped and in another case": {
			`{"\u0075serName":"u","PASSWORD":"hunter2"}`, `{"\u0075serName":null,"PASSWORD":null}`,
			`{"\u0075serName":"me","PASSWORD":"p\"<&>"}`, `{}`,
		},
		"not a string": {
			`{"password":{"password":"hunter2","x":[1,"}"]},"username":-1.5e+300}`, `{"password":null,"username":null}`,
			`{"password":"p\"<&>","username":"me"}`, `{}`,
		},
		"further down": {
			`{"deviceResponse":{"username":"x","password":[{"password":"y"}]}}`, `{"deviceResponse":{"username":"x","password":[{"password":"y"}]}}`,
			`{"deviceResponse":{"username":"x","password":[{"password":"y"}]}}`, `{"deviceResponse":{"username":"x","password":[{"password":"y"}]}}`,
		},
		"what decoding would change": {
			`{"n":12345678901234567890.10,"e":1E+2,"s":"\u00e4\/\ud800ä","a":1,"a":2,"username":"\ud83d\ude00\\","z":"}"}`,
			`{"n":12345678901234567890.10,"e":1E+2,"s":"\u00e4\/\ud800ä","a":1,"a":2,"username":null,"z":"}"}`,
			`{"n":12345678901234567890.10,"e":1E+2,"s":"\u00e4\/\ud800ä","a":1,"a":2,"username":"me","z":"}"}`,
			`{"n":12345678901234567890.10,"e":1E+2,"s":"\u00e4\/\ud800ä","a":1,"a":2,"z":"}"}`,
		},
		"byte order mark": {
			"\ufeff{\"username\":\"u\"}", "\ufeff{\"username\":null}", "\ufeff{\"username\":\"me\"}", "\ufeff{}",
		},
		"a key as a value": {
			`{"a":"username","b":"password"}`, `{"a":"username","b":"password"}`, `{"a":"username","b":"password"}`, `{"a":"username","b":"password"}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			blanked, err := blank([]byte(test.body))
			if err != nil || blanked != test.blank {
				t.Fatalf("blank = %s, %v", blanked, err)
			}
			if filled, err := fill(blanked, user); err != nil || filled != test.filled {
				t.Errorf("filled = %s, %v", filled, err)
			}
			if removed, err := fill(blanked, nil); err != nil || removed != test.removed {
				t.Errorf("removed = %s, %v", removed, err)
			}
		})
	}
}

func TestCredentialsOfNoObject(t *testing.T) {
	t.Parallel()
	for _, body := range []string{"", "null", `["username"]`, `{"username":`, `{"username"}`, `{"a":1`} {
		if got, err := blank([]byte(body)); err == nil {
			t.Errorf("blank of %q = %q", body, got)
		}
	}
}

// FuzzCredentials looks for bodies whose credentials stay, or of which more than
// the credentials changes.
func FuzzCredentials(f *testing.F) {
	f.Add(` {"a":[1,{"username":"x"}],"USERNAME":"u" ,"password":{"x":","} } `)
	f.Add(`{"password":1,"password":2,"p":"\u0000"}`)
	user := url.UserPassword("me", "mine")
	f.Fuzz(func(t *testing.T, body string) {
		var before map[string]json.RawMessage
		if json.Unmarshal([]byte(body), &before) != nil || before == nil {
			t.Skip()
		}
		blanked, err := blank([]byte(body))
		if err != nil {
			t.Fatal(err)
		}
		filled, err := fill(blanked, user)
		if err != nil {
			t.Fatal(err)
		}
		removed, err := fill(blanked, nil)
		if err != nil {
			t.Fatal(err)
		}
		same(t, before, filled, map[string]string{memberUsername: `"me"`, memberPassword: `"mine"`})
		same(t, before, removed, nil)
	})
}

func same(t *testing.T, before map[string]json.RawMessage, text string, credentials map[string]string) {
	t.Helper()
	var after map[string]json.RawMessage
	if err := json.Unmarshal([]byte(text), &after); err != nil {
		t.Fatalf("%v in %q", err, text)
	}
	for key, value := range before {
		want, secret := string(value), false
		for _, name := range []string{memberUsername, memberPassword} {
			if strings.EqualFold(key, name) {
				want, secret = credentials[name], true
			}
		}
		got, kept := after[key]
		if kept == (secret && credentials == nil) || kept && string(got) != want {
			t.Errorf("%q is %q, want %q, in %q", key, got, want, text)
		}
	}
	if len(after) > len(before) {
		t.Errorf("more members in %q", text)
	}
}
