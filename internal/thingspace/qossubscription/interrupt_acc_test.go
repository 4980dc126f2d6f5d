package qossubscription_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/qosform/terraform-provider-qos/internal/acctest"
	"github.com/qosform/terraform-provider-qos/internal/receiver"
	sandbox "github.com/qosform/terraform-provider-qos/internal/sandbox/thingspace"
)

func TestAccInterruptedWhileWaiting(t *testing.T) {
	t.Parallel()
	w, c := one(t)
	w.ThingSpace.Inject(sandbox.Fault{Kind: sandbox.FaultDropCallback, Times: 1})
	process := c.Start("apply", "-auto-approve", "-no-color")
	acctest.Eventually(t, "the request is at ThingSpace and journalled", func() bool {
		page, err := w.Journal(t).Requests(t.Context(), receiver.Filter{State: []receiver.State{receiver.StateAccepted}})
		return err == nil && len(page.Requests) == 1
	})
	process.Interrupt()
	out, _ := process.Wait()
	wantSaid(t, out, "Interrupted while waiting for the network", "is in the state")
	wantHeld(t, w, c)
	if strings.Contains(c.State(), "tainted") {
		t.Errorf("an interrupt tainted the resource:\n%s", c.State())
	}
	wantEmptyPlan(t, c)

	// Without the acknowledgement there is no subscription id to stop.
	live := w.ThingSpace.Live()[0]
	deliver(t, w, live)
	wantEmptyPlan(t, c)
	c.MustRun("apply", "-refresh-only", "-auto-approve", "-no-color")
	if !strings.Contains(c.State(), live.ID) {
		t.Errorf("the acknowledgement was not picked up:\n%s", c.State())
	}
	wantDestroyed(t, w, c)
}

func TestAccInterruptedBeforeAnythingWasSent(t *testing.T) {
	t.Parallel()
	w, c := one(t)
	held := make(chan struct{})
	process := c.Start("apply", "-auto-approve", "-no-color")
	w.ThingSpaceGate.Interpose(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodGet {
				process.Interrupt()
				<-held
			}
			next.ServeHTTP(rw, r)
		})
	})
	done := make(chan string)
	go func() {
		out, _ := process.Wait()
		done <- out
	}()
	out := <-done
	close(held)
	wantSaid(t, out, "Unable to create QoS subscription")
	if w.ThingSpace.Count(sandbox.OpCreate) != 0 || len(requestIDs(t, c)) != 0 {
		t.Error("something was sent, or is in the state")
	}
}

// A cancelled pipeline signals every process while the answer is under way. It
// is in the state all the same.
func TestAccTerminatedWhileThePOSTIsUnderWay(t *testing.T) {
	t.Parallel()
	w, c := one(t)
	hold := acctest.NewHold(http.MethodPost, "/enhanceQoS")
	w.ThingSpaceGate.Interpose(hold.Wrap)
	process := c.Start("apply", "-auto-approve", "-no-color")
	<-hold.Reached()
	process.Terminate()
	hold.Release()
	// The acknowledgement may come before the interrupt is felt.
	_, _ = process.Wait()
	wantHeld(t, w, c)
	wantDestroyed(t, w, c)
}

// The engine alone is killed: the provider is told to stop, and what it returns
// reaches nobody.
func TestAccEngineKilledWhileWaiting(t *testing.T) {
	t.Parallel()
	w, c := one(t, `on_existing = "adopt"`)
	w.ThingSpace.Inject(sandbox.Fault{Kind: sandbox.FaultLateCallback, Delay: 3 * time.Second, Times: 2})
	process := c.Start("apply", "-auto-approve", "-no-color")
	acctest.Eventually(t, "the request is journalled as accepted", func() bool {
		page, err := w.Journal(t).Requests(t.Context(), receiver.Filter{State: []receiver.State{receiver.StateAccepted}})
		return err == nil && len(page.Requests) == 1
	})
	process.KillEngine()
	if out, err := process.Wait(); err == nil {
		t.Fatalf("was not killed:\n%s", out)
	}
	unlock(t, c)
	c.MustRun("apply", "-auto-approve", "-no-color")
	if posts := w.ThingSpace.Count(sandbox.OpCreate); posts != 1 {
		t.Errorf("%d POSTs, want 1", posts)
	}
	wantOneLive(t, w, c)
	wantDestroyed(t, w, c)
}

// unlock removes the lock that a killed engine leaves on its state.
func unlock(t *testing.T, c *acctest.CLI) {
	t.Helper()
	if err := os.Remove(filepath.Join(c.Dir(), ".terraform.tfstate.lock.info")); err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
}
