package camara_test

import (
	"net/http"
	"testing"

	"github.com/qosform/terraform-provider-qos/internal/acctest"
	sandbox "github.com/qosform/terraform-provider-qos/internal/sandbox/camara"
)

// killPoint is a place in a create where everything ends.
type killPoint struct {
	method, part string
	after        bool
	// left: the operator has it, and no state does.
	left bool
}

func (k kind) killPoints() map[string]killPoint {
	return map[string]killPoint{
		"before the token":      {method: http.MethodPost, part: "/oauth/token"},
		"before the list":       {method: http.MethodPost, part: "/retrieve-"},
		"before the POST":       {method: http.MethodPost, part: k.collection},
		"after the POST":        {method: http.MethodPost, part: k.collection, after: true, left: true},
		"while waiting":         {method: http.MethodGet, part: k.collection + "/", left: true},
		"just before returning": {method: http.MethodGet, part: k.collection + "/", after: true, left: true},
	}
}

// killAt starts an engine and kills it, and its provider, at the blow.
func killAt(t *testing.T, w *acctest.CamaraWorld, c *acctest.CLI, strike *acctest.Strike, args ...string) {
	t.Helper()
	process := c.Start(append(args, "-auto-approve", "-input=false", "-no-color")...)
	strike.Do = process.Kill
	w.Gate.Interpose(strike.Wrap)
	if out, err := process.Wait(); err == nil || !strike.Struck() {
		t.Fatalf("was not killed: %v\n%s", err, out)
	}
	w.Gate.Interpose(nil)
	c.Unlock()
}

// Whatever the point, the next apply ends with one grant, or with none more and
// the id of the one that there is.
func TestAccKilledWhileCreating(t *testing.T) {
	t.Parallel()
	forEachKind(t, func(t *testing.T, k kind) {
		t.Helper()
		for name, point := range k.killPoints() {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				w, c := k.one(t, sandbox.Version11)
				killAt(t, w, c, &acctest.Strike{Method: point.method, Part: point.part, After: point.after}, "apply")
				if !point.left {
					c.MustRun("apply", "-auto-approve", "-no-color")
					k.wantOne(t, w, c)
					k.wantDestroyed(t, w, c)
					return
				}
				k.wantTakenOver(t, w, c)
			})
		}
	})
}

// wantTakenOver checks that an apply names the one that no state has, and makes
// no second one, and does what it says.
func (k kind) wantTakenOver(t *testing.T, w *acctest.CamaraWorld, c *acctest.CLI) {
	t.Helper()
	live := k.live(w.Operator)
	if len(live) != 1 || len(c.IDs(k.resource)) != 0 {
		t.Fatalf("live are %v, in the state %v", live, c.IDs(k.resource))
	}
	out, err := c.Apply()
	wantError(t, out, err, "Unable to create "+k.noun, "is in the way, so none was created", "exactly what is asked for", live[0]+" (AVAILABLE)", "import {", `id = "`+live[0]+`"`)
	k.wantPosts(t, w, 1)
	c.Write(w.ProviderConfig() + k.block("test") + k.importBlock(live[0]))
	c.MustRun("apply", "-auto-approve", "-no-color")
	k.wantOne(t, w, c)
	k.wantPosts(t, w, 1)
	k.wantDestroyed(t, w, c)
}

// Where the version cannot list, the operator's refusal is all there is. It is
// reported with the end of what is in the way.
func TestAccKilledWhileCreatingOnZeroTen(t *testing.T) {
	t.Parallel()
	k := kinds()[0]
	for version, says := range map[sandbox.Version][]string{
		sandbox.Version010: {"is in the way, so none was created", "cannot list what a device has", "it lives until", "at the latest"},
		sandbox.HybridA:    {"is in the way, so none was created", "import {"},
	} {
		t.Run(string(version), func(t *testing.T) {
			t.Parallel()
			w, c := k.one(t, version)
			killAt(t, w, c, &acctest.Strike{Method: http.MethodPost, Part: k.collection, After: true}, "apply")
			out, err := c.Apply()
			wantError(t, out, err, says...)
			live := k.live(w.Operator)
			if len(live) != 1 {
				t.Fatalf("live are %v", live)
			}
			c.MustRun("import", "-no-color", k.address(), live[0])
			k.wantHeld(t, w, c)
			k.wantDestroyed(t, w, c)
		})
	}
}

// The data source names what a killed apply left behind.
func TestAccLeftBehindIsListed(t *testing.T) {
	t.Parallel()
	k := kinds()[0]
	w, c := k.one(t, sandbox.Version011)
	killAt(t, w, c, &acctest.Strike{Method: http.MethodPost, Part: k.collection, After: true}, "apply")
	c.Write(w.ProviderConfig() + `
data "camara_qod_sessions" "all" {
  device = { phone_number = "+34666666666" }
}
output "ids" {
  value = data.camara_qod_sessions.all.sessions[*].session_id
}
`)
	c.MustRun("apply", "-auto-approve", "-no-color")
	wantSaid(t, c.MustRun("output", "-no-color"), k.live(w.Operator)[0])
}

func TestAccKilledWhileDestroying(t *testing.T) {
	t.Parallel()
	forEachKind(t, func(t *testing.T, k kind) {
		t.Helper()
		for name, point := range map[string]killPoint{
			"before the DELETE": {method: http.MethodDelete, part: k.collection, left: true},
			"after the DELETE":  {method: http.MethodDelete, part: k.collection, after: true},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				w, c := k.one(t, sandbox.Version11)
				c.MustRun("apply", "-auto-approve", "-no-color")
				killAt(t, w, c, &acctest.Strike{Method: point.method, Part: point.part, After: point.after}, "destroy")
				if left := len(k.live(w.Operator)) == 1; left != point.left {
					t.Errorf("live after the kill: %v", k.live(w.Operator))
				}
				k.wantDestroyed(t, w, c)
				k.wantPosts(t, w, 1)
			})
		}
	})
}

// What no provider can come back to tell is found by the next apply.
func TestAccEngineKilledWhileCreating(t *testing.T) {
	t.Parallel()
	forEachKind(t, func(t *testing.T, k kind) {
		t.Helper()
		w, c := k.one(t, sandbox.Version11)
		hold := acctest.NewHold(http.MethodPost, k.collection)
		w.Gate.Interpose(hold.Wrap)
		process := c.Start("apply", "-auto-approve", "-no-color")
		<-hold.Reached()
		process.KillEngine()
		out, err := process.Wait()
		hold.Release()
		if err == nil {
			t.Fatalf("was not killed:\n%s", out)
		}
		c.Unlock()
		acctest.Eventually(t, "the network provides it", func() bool { return len(k.live(w.Operator)) == 1 })
		k.wantTakenOver(t, w, c)
	})
}
