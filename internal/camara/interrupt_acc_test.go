package camara_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/jonboulle/clockwork"

	"github.com/qosform/terraform-provider-qos/internal/acctest"
	sandbox "github.com/qosform/terraform-provider-qos/internal/sandbox/camara"
)

func TestAccInterruptedBeforeThePOST(t *testing.T) {
	t.Parallel()
	forEachKind(t, func(t *testing.T, k kind) {
		t.Helper()
		w, c := k.one(t, sandbox.Version11)
		hold := acctest.NewHold(http.MethodPost, "/retrieve-")
		w.Gate.Interpose(hold.Wrap)
		process := c.Start("apply", "-auto-approve", "-no-color")
		<-hold.Reached()
		process.Interrupt()
		out, err := process.Wait()
		hold.Release()
		wantError(t, out, err, "Unable to create "+k.noun, "Interrupted", "nothing was created")
		k.wantPosts(t, w, 0)
		k.wantHeld(t, w, c)
	})
}

// The network has not answered when the interrupt comes. What was created is in
// the state, and is not tainted.
func TestAccInterruptedWhileCreating(t *testing.T) {
	t.Parallel()
	forEachKind(t, func(t *testing.T, k kind) {
		t.Helper()
		for name, point := range map[string]struct {
			method, part string
			interrupt    func(*acctest.Process)
		}{
			"the POST is held":                   {http.MethodPost, k.collection, (*acctest.Process).Interrupt},
			"the POST is held, all are signaled": {http.MethodPost, k.collection, (*acctest.Process).Terminate},
			"while waiting":                      {http.MethodGet, k.collection + "/", (*acctest.Process).Interrupt},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				w, c := k.one(t, sandbox.Version11)
				w.Operator.Inject(sandbox.Fault{Kind: sandbox.FaultStayRequested, Operation: k.create, Times: 1})
				hold := acctest.NewHold(point.method, point.part)
				w.Gate.Interpose(hold.Wrap)
				process := c.Start("apply", "-auto-approve", "-no-color")
				<-hold.Reached()
				point.interrupt(process)
				hold.Release()
				out, _ := process.Wait()
				wantSaid(t, out, "Interrupted while waiting for the network", "was created and is in the state, now REQUESTED")
				if strings.Contains(c.State(), "tainted") {
					t.Errorf("an interrupt tainted the resource:\n%s", c.State())
				}
				k.wantOne(t, w, c)
				if err := w.Operator.MakeAvailable(k.live(w.Operator)[0]); err != nil {
					t.Fatal(err)
				}
				wantEmptyPlan(t, c)
				k.wantPosts(t, w, 1)
				k.wantDestroyed(t, w, c)
			})
		}
	})
}

func TestAccInterruptedWhileDestroying(t *testing.T) {
	t.Parallel()
	forEachKind(t, func(t *testing.T, k kind) {
		t.Helper()
		w, c := k.one(t, sandbox.Version11)
		c.MustRun("apply", "-auto-approve", "-no-color")
		hold := acctest.NewHold(http.MethodDelete, k.collection)
		w.Gate.Interpose(hold.Wrap)
		process := c.Start("destroy", "-auto-approve", "-no-color")
		<-hold.Reached()
		process.Interrupt()
		hold.Release()
		_, _ = process.Wait()
		k.wantHeld(t, w, c)
		if live := k.live(w.Operator); len(live) > 0 {
			t.Errorf("still live: %v", live)
		}
	})
}

// The operator has accepted the DELETE, and has not carried it out yet.
func TestAccInterruptedWhileTheDeletionIsPending(t *testing.T) {
	t.Parallel()
	k := kinds()[1]
	clock := clockwork.NewFakeClock()
	w := acctest.NewCamara(t, sandbox.Version12, func(o *sandbox.Options) {
		o.Clock, o.AvailableDelay, o.RevokeDelay = clock, -1, time.Minute
		o.Switches.AsyncRevoke = true
	})
	c := k.in(t, w)
	c.MustRun("apply", "-auto-approve", "-no-color")
	hold := acctest.NewHold(http.MethodGet, k.collection+"/")
	process := c.Start("destroy", "-refresh=false", "-auto-approve", "-no-color")
	w.Gate.Interpose(hold.Wrap)
	<-hold.Reached()
	process.Interrupt()
	hold.Release()
	out, err := process.Wait()
	wantError(t, out, err, "Unable to delete QoS assignment", "Interrupted", "has accepted to delete", "is not gone yet")
	k.wantHeld(t, w, c)
	clock.Advance(time.Minute)
	k.wantDestroyed(t, w, c)
}
