package api

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
)

var update = flag.Bool("update", false, "write the requests that are sent to testdata")

// call is one use of a Client, which its answer satisfies.
type call struct {
	name, answer string
	make         func(context.Context, *Client) error
}

// calls are all that a Client of v can send, in all their shapes.
func calls(v Version) []call {
	features := v.Features()
	list := []call{
		{"create", created, createSession(smallSession(v))},
		{"create with everything", created, createSession(fullSession(v))},
		{"read", created, func(ctx context.Context, c *Client) error { _, err := c.Session(ctx, testSubject, testID); return err }},
		{"extend", created, func(ctx context.Context, c *Client) error {
			_, err := c.ExtendSession(ctx, testSubject, testID, 1800)
			return err
		}},
		{"delete", "", func(ctx context.Context, c *Client) error { return c.DeleteSession(ctx, testSubject, testID) }},
		{"read a profile", `{"name":"QOS_E"}`, func(ctx context.Context, c *Client) error {
			_, err := c.Profile(ctx, testSubject, "QOS_E")
			return err
		}},
		{"list all profiles", `[]`, listProfiles(ProfileQuery{})},
		{"list profiles", `[]`, listProfiles(ProfileQuery{Name: "QOS_E", Status: ProfileActive})},
	}
	if features.IPAddresses {
		list = append(list, call{"create with what is new", created, createSession(newestSession())})
	}
	if features.RetrieveSessions {
		list = append(list, call{"list", listed, func(ctx context.Context, c *Client) error {
			_, err := c.RetrieveSessions(ctx, testSubject, fullDevice())
			return err
		}})
	}
	if !features.ProfilesInSameAPI {
		list = append(list, call{"list a device's profiles", `[]`, listProfiles(ProfileQuery{Device: fullDevice()})})
	}
	if features.Provisioning != "" {
		list = append(list, assignmentCalls(v)...)
	}
	return list
}

func assignmentCalls(v Version) []call {
	const assignment = `{"assignmentId":"` + testID + `","status":"REQUESTED"}`
	full := fullSession(v)
	create := func(a CreateAssignment) func(context.Context, *Client) error {
		return func(ctx context.Context, c *Client) error {
			_, err := c.CreateAssignment(ctx, testSubject, a)
			return err
		}
	}
	return []call{
		{"assign", assignment, create(CreateAssignment{Device: &Device{PhoneNumber: "+34666666666"}, QoSProfile: "QOS_E"})},
		{"assign with everything", assignment, create(CreateAssignment{
			Device: full.Device, QoSProfile: "QOS_E", Sink: full.Sink, SinkCredential: full.SinkCredential,
		})},
		{"read an assignment", assignment, func(ctx context.Context, c *Client) error {
			_, err := c.Assignment(ctx, testSubject, testID)
			return err
		}},
		{"delete an assignment", "", func(ctx context.Context, c *Client) error {
			_, err := c.DeleteAssignment(ctx, testSubject, testID)
			return err
		}},
		{"find an assignment", assignment, func(ctx context.Context, c *Client) error {
			_, err := c.RetrieveAssignment(ctx, testSubject, fullDevice())
			return err
		}},
	}
}

func createSession(s CreateSession) func(context.Context, *Client) error {
	return func(ctx context.Context, c *Client) error {
		got, err := c.CreateSession(ctx, testSubject, s)
		if err == nil && got.ID != testID {
			return fmt.Errorf("session id %q", got.ID)
		}
		return err
	}
}

func listProfiles(q ProfileQuery) func(context.Context, *Client) error {
	return func(ctx context.Context, c *Client) error { _, err := c.Profiles(ctx, testSubject, q); return err }
}

// send makes call at an operator that answers it, and returns the request.
func send(t *testing.T, v Version, bound bool, call call) recorded {
	t.Helper()
	o := newOperator(t, always(http.StatusOK, call.answer))
	c := o.client(t, v, func(config *Config) {
		config.DeviceBound, config.Headers, config.UserAgent = bound, map[string]string{"X-API-Key": testKey}, "test/1"
	})
	if err := call.make(t.Context(), c); err != nil {
		t.Fatalf("%s: %v", call.name, err)
	}
	o.wantCount(t, 1)
	return o.seen()[0]
}

// TestRequestsOnTheWire compares every request that can be sent with what is in
// testdata, one file for each version.
func TestRequestsOnTheWire(t *testing.T) {
	t.Parallel()
	for _, v := range Versions() {
		t.Run(string(v), func(t *testing.T) {
			t.Parallel()
			var got strings.Builder
			for _, bound := range []bool{false, true} {
				for _, call := range calls(v) {
					r := send(t, v, bound, call)
					name := call.name
					if bound {
						name += ", with a token bound to the device"
					}
					fmt.Fprintf(&got, "# %s\n%s %s\n", name, r.method, r.uri)
					if r.body != "" {
						got.WriteString(r.body + "\n")
					}
					got.WriteString("\n")
				}
			}
			wantFile(t, filepath.Join("testdata", string(v)+".http"), got.String())
		})
	}
}

func wantFile(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}

func TestHeadersOnTheWire(t *testing.T) {
	t.Parallel()
	for _, v := range Versions() {
		t.Run(string(v), func(t *testing.T) {
			t.Parallel()
			for _, call := range calls(v) {
				r := send(t, v, false, call)
				correlator := r.header.Get("X-Correlator")
				if _, err := uuid.Parse(correlator); (err == nil) != v.Features().Correlator || err != nil && correlator != "" {
					t.Errorf("%s: x-correlator %q", call.name, correlator)
				}
				if got, want := r.header.Get("Content-Type") != "", r.body != ""; got != want {
					t.Errorf("%s: Content-Type %q with the body %q", call.name, r.header.Get("Content-Type"), r.body)
				}
				want := map[string]string{
					"Accept": "application/json", "Authorization": "Bearer token-1-34666666666",
					"X-Api-Key": testKey, "User-Agent": "test/1",
				}
				for name, value := range want {
					if got := r.header.Get(name); got != value {
						t.Errorf("%s: %s %q, want %q", call.name, name, got, value)
					}
				}
			}
		})
	}
}

func TestRootsOfSiblings(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		config                 Config
		profiles, provisioning string
	}{
		"0.10":      {Config{BaseURL: "https://op/qod/v0/"}, "https://op/qod/v0", ""},
		"0.11":      {Config{BaseURL: "https://op/x/quality-on-demand/v0.11"}, "https://op/x/qos-profiles/v0.11", ""},
		"1.0":       {Config{BaseURL: "https://op/quality-on-demand/v1", Version: V100}, "https://op/qos-profiles/v1", ""},
		"1.1":       {Config{BaseURL: "https://op/quality-on-demand/v1"}, "https://op/qos-profiles/v1", "https://op/qos-provisioning/v0.3"},
		"1.2":       {Config{BaseURL: "https://op/quality-on-demand/v1", Version: V120}, "https://op/qos-profiles/v1", "https://op/qos-provisioning/v0.4"},
		"elsewhere": {Config{BaseURL: "https://op/qod", Version: V110}, "", ""},
		"named": {
			Config{BaseURL: "https://op/qod/v0", ProfilesURL: "https://p/", ProvisioningURL: "https://q/v0.3/"},
			"https://p", "https://q/v0.3",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := New(test.config)
			if err != nil {
				t.Fatal(err)
			}
			if c.config.ProfilesURL != test.profiles || c.config.ProvisioningURL != test.provisioning {
				t.Errorf("profiles at %q, provisioning at %q", c.config.ProfilesURL, c.config.ProvisioningURL)
			}
		})
	}
}

func TestIDsAreEscaped(t *testing.T) {
	t.Parallel()
	o := newOperator(t, always(http.StatusOK, created))
	c := o.client(t, V110, nil)
	if _, err := c.Session(t.Context(), "", "a/b?c#d %2F"); err != nil {
		t.Fatal(err)
	}
	if got, want := o.seen()[0].uri, "/quality-on-demand/v1/sessions/a%2Fb%3Fc%23d%20%252F"; got != want {
		t.Errorf("sent to %s, want %s", got, want)
	}
	for _, id := range []string{"", ".", ".."} {
		_, readErr := c.Session(t.Context(), "", id)
		_, extendErr := c.ExtendSession(t.Context(), "", id, 1)
		_, assignmentErr := c.Assignment(t.Context(), "", id)
		_, pendingErr := c.DeleteAssignment(t.Context(), "", id)
		_, profileErr := c.Profile(t.Context(), "", id)
		for _, err := range []error{readErr, extendErr, assignmentErr, pendingErr, profileErr, c.DeleteSession(t.Context(), "", id)} {
			if !NotSent(err) {
				t.Errorf("id %q: err = %v", id, err)
			}
		}
	}
	o.wantCount(t, 1)
}

func TestProfilesOfTheirOwnBesideAnOldAPI(t *testing.T) {
	t.Parallel()
	o := newOperator(t, always(http.StatusOK, `[]`))
	c := o.client(t, V010, func(config *Config) { config.ProfilesURL, config.DeviceBound = o.URL+"/qos-profiles/v1", true })
	if _, err := c.Profiles(t.Context(), testSubject, ProfileQuery{Device: fullDevice(), Name: "QOS_E"}); err != nil {
		t.Fatal(err)
	}
	r := o.seen()[0]
	if got, want := r.method+" "+r.uri+" "+r.body, `POST /qos-profiles/v1/retrieve-qos-profiles {"name":"QOS_E"}`; got != want {
		t.Errorf("sent %s, want %s", got, want)
	}
	if r.header.Get("X-Correlator") == "" {
		t.Error("sent without x-correlator")
	}
}
