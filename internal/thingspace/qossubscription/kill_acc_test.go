package qossubscription_test

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/qosform/terraform-provider-qos/internal/acctest"
	sandbox "github.com/qosform/terraform-provider-qos/internal/sandbox/thingspace"
)

// strike is middleware that does something at the first request that matches:
// before it is handled, so that it never is, or after, so that its answer is
// lost.
type strike struct {
	method, path, body string
	after              bool
	do                 func()
	struck             atomic.Bool
}

func (s *strike) wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.matches(r) {
			next.ServeHTTP(w, r)
			return
		}
		switch {
		case s.struck.Swap(true):
			next.ServeHTTP(w, r)
		case s.after:
			next.ServeHTTP(discard{}, r)
			s.do()
			panic(http.ErrAbortHandler)
		default:
			s.do()
			panic(http.ErrAbortHandler)
		}
	})
}

func (s *strike) matches(r *http.Request) bool {
	if r.Method != s.method || !strings.HasPrefix(r.URL.Path, s.path) {
		return false
	}
	if s.body == "" {
		return true
	}
	text, restored := peek(r)
	r.Body = restored
	return strings.Contains(text, s.body)
}

// killPoints are the write points of the protocol, each just before and just
// after. What follows them must be an apply that ends with one live request.
var killPoints = []struct {
	name  string
	point *strike
	atAPI bool // at ThingSpace rather than at the receiver
	// lost: the next apply cannot know and says what to do.
	lost bool
	// adopted: the next apply meets a request that no state has.
	adopted bool
}{
	{name: "before the intent", point: &strike{method: http.MethodPost, path: "/v1/requests"}},
	{name: "after the intent", point: &strike{method: http.MethodPost, path: "/v1/requests", after: true}},
	{name: "before sent", point: &strike{method: http.MethodPatch, path: "/v1/requests/", body: `"sent"`}},
	{name: "after sent", point: &strike{method: http.MethodPatch, path: "/v1/requests/", body: `"sent"`, after: true}, lost: true},
	{name: "before the POST", point: &strike{method: http.MethodPost, path: "/api/m2m/v1/device/"}, atAPI: true, lost: true},
	{name: "after the POST", point: &strike{method: http.MethodPost, path: "/api/m2m/v1/device/", after: true}, atAPI: true, adopted: true},
	{name: "before accepted", point: &strike{method: http.MethodPatch, path: "/v1/requests/", body: `"accepted"`}, adopted: true},
	{name: "after accepted", point: &strike{method: http.MethodPatch, path: "/v1/requests/", body: `"accepted"`, after: true}, adopted: true},
	{name: "while waiting", point: &strike{method: http.MethodPost, path: "/v1/requests/wait", body: `"revision":`}, adopted: true},
	{name: "before returned", point: &strike{method: http.MethodPatch, path: "/v1/requests/", body: `"returned"`}, adopted: true},
}

func TestAccKilledWhileCreating(t *testing.T) {
	t.Parallel()
	for _, k := range killPoints {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			w := acctest.New(t)
			w.Register()
			c := acctest.NewCLI(t)
			c.Write(w.ProviderConfig() + subscription([]string{device("5551234567")}, `on_existing = "adopt"`, `timeouts = { create = "8s" }`))

			process := c.Start("apply", "-auto-approve", "-no-color")
			gate := w.ReceiverGate
			if k.atAPI {
				gate = w.ThingSpaceGate
			}
			k.point.do = process.Kill
			if k.point.path == "/v1/requests/wait" {
				// The lease is kept by the same call before the POST, so the wait
				// that counts is the first after the request was accepted.
				afterAccepted(gate, k.point)
			} else {
				gate.Interpose(k.point.wrap)
			}
			if out, err := process.Wait(); err == nil {
				t.Fatalf("was not killed:\n%s", out)
			}
			gate.Interpose(nil)

			out, err := c.Apply()
			if k.lost {
				wantUnknown(t, w, out, err)
				out, err = c.Apply()
			}
			if err != nil {
				t.Fatalf("apply after the kill: %v\n%s", err, out)
			}
			if posts := w.ThingSpace.Count(sandbox.OpCreate); k.adopted && posts != 1 {
				t.Errorf("%d POSTs, want the first alone", posts)
			}
			wantOneLive(t, w, c)
			if out, err := c.Destroy(); err != nil {
				t.Fatalf("destroy: %v\n%s", err, out)
			}
			wantHeld(t, w, c)
		})
	}
}

// wantUnknown checks that an apply after a lost answer repeats nothing, says so
// and names the way out, and takes it.
func wantUnknown(t *testing.T, w *acctest.World, out string, err error) {
	t.Helper()
	text := flat(out)
	if err == nil || !strings.Contains(text, "unknown outcome") {
		t.Fatalf("want an unknown outcome: %v\n%s", err, out)
	}
	_, command, found := strings.Cut(text, "qos-receiver resolve ")
	if !found || !strings.Contains(text, "--not-created") {
		t.Fatalf("the way out is not named:\n%s", out)
	}
	intent, _, _ := strings.Cut(command, " ")
	if _, err := w.Journal(t).Resolve(t.Context(), resolution(intent)); err != nil {
		t.Fatalf("resolve %s: %v", intent, err)
	}
	if live := liveIDs(w); len(live) != 0 {
		t.Errorf("live although never sent: %v", live)
	}
}

func wantOneLive(t *testing.T, w *acctest.World, c *acctest.CLI) {
	t.Helper()
	if live := liveIDs(w); len(live) != 1 {
		t.Fatalf("live at the network: %v, want one", live)
	}
	wantHeld(t, w, c)
	wantEmptyPlan(t, c)
}

func TestAccKilledWhileStopping(t *testing.T) {
	t.Parallel()
	for name, k := range map[string]struct {
		point *strike
		atAPI bool
	}{
		"before the stop is journalled": {point: &strike{method: http.MethodPatch, path: "/v1/requests/", body: `"stop"`}},
		"after the stop is journalled":  {point: &strike{method: http.MethodPatch, path: "/v1/requests/", body: `"stop"`, after: true}},
		"before the DELETE":             {point: &strike{method: http.MethodDelete, path: "/api/m2m/v1/device/"}, atAPI: true},
		"after the DELETE":              {point: &strike{method: http.MethodDelete, path: "/api/m2m/v1/device/", after: true}, atAPI: true},
		"before its answer":             {point: &strike{method: http.MethodPatch, path: "/v1/requests/", body: `"stop_sent"`}},
		"while waiting":                 {point: &strike{method: http.MethodPost, path: "/v1/requests/wait"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := acctest.New(t)
			w.Register()
			c := acctest.NewCLI(t)
			c.Write(w.ProviderConfig() + subscription([]string{device("5551234567")}))
			c.MustRun("apply", "-auto-approve", "-no-color")

			gate := w.ReceiverGate
			if k.atAPI {
				gate = w.ThingSpaceGate
			}
			process := c.Start("destroy", "-auto-approve", "-no-color")
			k.point.do = process.Kill
			gate.Interpose(k.point.wrap)
			if out, err := process.Wait(); err == nil {
				t.Fatalf("was not killed:\n%s", out)
			}
			gate.Interpose(nil)
			if len(liveIDs(w)) > 0 {
				wantHeld(t, w, c)
			}
			if out, err := c.Destroy(); err != nil {
				t.Fatalf("destroy again: %v\n%s", err, out)
			}
			wantHeld(t, w, c)
			if live := liveIDs(w); len(live) > 0 {
				t.Errorf("still live: %v", live)
			}
		})
	}
}
