package forward

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
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
			`{"a":[{"username":"x", "b":[{"PassWord":{"c":"y"}}]}, "password"],"username":"u"}`, `{"a":[{"username":null, "b":[{"PassWord":null}]}, "password"],"username":null}`,
			`{"a":[{"username":null, "b":[{"PassWord":null}]}, "password"],"username":"me"}`, `{"a":[{ "b":[{}]}, "password"]}`,
		},
		"further down alone": {
			`{"a":{"password":"hunter2"}}`, `{"a":{"password":null}}`, `{"a":{"password":null}}`, `{"a":{}}`,
		},
		"numbers and words": {
			`{"password":12,"username":true,"a":{"password" :false }}`, `{"password":null,"username":null,"a":{"password" :null }}`,
			`{"password":"p\"<&>","username":"me","a":{"password" :null }}`, `{"a":{ }}`,
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
	f.Add(`{"a":{"password":"x","b":[[{"username":{}}],"password"]},"c":{"password":"x"}}`)
	f.Add(`{"password":1,"password":2,"p":"\u0000"}`)
	user := url.UserPassword("me", "mine")
	f.Fuzz(func(t *testing.T, body string) {
		before, isObject := decoded(body).(map[string]any)
		if !isObject {
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
		own, _ := stripped(before, true).(map[string]any)
		for key := range own {
			switch {
			case strings.EqualFold(key, memberUsername):
				own[key] = "me"
			case strings.EqualFold(key, memberPassword):
				own[key] = "mine"
			}
		}
		for text, want := range map[string]any{blanked: stripped(before, true), filled: any(own), removed: stripped(before, false)} {
			if diff := cmp.Diff(want, decoded(text)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", text, diff)
			}
		}
	})
}

// decoded is what a JSON text says, nil if it is none.
func decoded(text string) any {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var value any
	if !json.Valid([]byte(text)) || decoder.Decode(&value) != nil {
		return nil
	}
	return value
}

// stripped is a copy with null for every username and password, or without those
// members.
func stripped(value any, keep bool) any {
	switch value := value.(type) {
	case map[string]any:
		object := map[string]any{}
		for key, held := range value {
			secret := strings.EqualFold(key, memberUsername) || strings.EqualFold(key, memberPassword)
			switch {
			case !secret:
				object[key] = stripped(held, keep)
			case keep:
				object[key] = nil
			}
		}
		return object
	case []any:
		list := make([]any, 0, len(value))
		for _, held := range value {
			list = append(list, stripped(held, keep))
		}
		return list
	}
	return value
}
