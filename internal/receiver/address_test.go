package receiver_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
)

func TestReaches(t *testing.T) {
	t.Parallel()
	const bare, edge = "https://qos.example.com", "https://edge.example.com/hooks/qos"
	tests := map[string]struct {
		public string
		urls   []string
		want   bool
	}{
		"bare": {bare, []string{
			bare, bare + "/", bare + "/thingspace/callbacks", bare + "/thingspace/callbacks/",
			"HTTPS://QOS.example.com:443/thingspace/callbacks", bare + "//thingspace/./callbacks", bare + "/x/../thingspace/callbacks",
			bare + "/thing%73pace/callbacks", " " + bare,
		}, true},
		"bare with a slash": {bare + "/", []string{bare, bare + "/", bare + "/thingspace/callbacks"}, true},
		"with a path":       {edge, []string{edge, edge + "/", edge + "/thingspace/callbacks", edge + "/thingspace/callbacks/", "https://edge.example.com//hooks/qos"}, true},
		"with a port":       {"http://[2001:db8::1]:8080", []string{"http://[2001:DB8::1]:8080/thingspace/callbacks"}, true},
		"default port":      {"http://[2001:db8::1]:80", []string{"http://[2001:db8::1]/"}, true},
		"the capture path":  {bare + "/thingspace/callbacks", []string{bare + "/thingspace/callbacks", bare + "/thingspace/callbacks/thingspace/callbacks"}, true},
		"none":              {"", []string{"https://anywhere.example.com"}, true},
		"elsewhere": {bare, []string{
			"https://old.example.com/thingspace/callbacks", bare + "/elsewhere", "http://qos.example.com/thingspace/callbacks",
			bare + ":8443", bare + "/?key=1", "https://u@qos.example.com", "qos.example.com", "", "%",
		}, false},
		"beside the path": {edge, []string{"https://edge.example.com", "https://edge.example.com/thingspace/callbacks", "https://edge.example.com/hooks"}, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := start(t, receiver.ServerConfig{PublicURL: test.public})
			for _, registered := range test.urls {
				if got := receiver.Reaches(registered, test.public); got != test.want {
					t.Errorf("%q with public URL %q: %t", registered, test.public, got)
				}
				if !test.want || test.public == "" {
					continue
				}
				target, err := url.Parse(strings.TrimSpace(registered))
				if err != nil {
					t.Fatal(err)
				}
				path := target.EscapedPath()
				if path == "" {
					path = "/" // as every client sends it
				}
				got := f.do(t, http.MethodPost, path, callback("QoSChangeOn", "r-1", "s-1", ""), http.Header{"Content-Type": {"application/json"}})
				if got.status != http.StatusOK {
					t.Errorf("%q reaches %q, and the callback is answered %d %s", registered, test.public, got.status, got.body)
				}
			}
		})
	}
}

func TestOtherPathsTakeNoCallbacks(t *testing.T) {
	t.Parallel()
	f := start(t, receiver.ServerConfig{})
	for _, path := range []string{"/", "/thingspace", "/thingspace/callbacks/x", "/v1/requests"} {
		if got := f.do(t, http.MethodPost, path, callback("QoSChangeOn", "r-1", "s-1", ""), nil); got.status == http.StatusOK {
			t.Errorf("%s takes callbacks", path)
		}
	}
	if events := f.events(t); len(events) != 0 {
		t.Errorf("events %v", events)
	}
	if got := f.do(t, http.MethodGet, receiver.CapturePath+"/", "", nil); got.status != http.StatusNotFound && got.status != http.StatusMethodNotAllowed {
		t.Errorf("GET is answered %d", got.status)
	}
}

func TestPublicURLThatHidesTheAPI(t *testing.T) {
	t.Parallel()
	for _, public := range []string{"https://x/v1", "https://x/v1/requests", "https://x/./metrics/", "https://x/readyz"} {
		if _, err := receiver.NewServer(brokenStore{}, receiver.ServerConfig{PublicURL: public}); err == nil {
			t.Errorf("%s is accepted", public)
		}
	}
}
