package qossubscription_test

import (
	"os"
	"strings"
	"testing"

	"github.com/qosform/terraform-provider-qos/internal/acctest"
	sandbox "github.com/qosform/terraform-provider-qos/internal/sandbox/thingspace"
)

func TestAccTwoPipelines(t *testing.T) {
	t.Parallel()
	w, a := one(t)
	b := acctest.NewCLI(t)
	b.Write(w.ProviderConfig() + subscription([]string{device("5551234567")}))
	first, second := a.Start("apply", "-auto-approve", "-no-color"), b.Start("apply", "-auto-approve", "-no-color")
	outA, errA := first.Wait()
	outB, errB := second.Wait()
	if (errA == nil) == (errB == nil) {
		t.Fatalf("want one to win:\n%v\n%s\n%v\n%s", errA, outA, errB, outB)
	}
	winner, loser, out := a, b, outB
	if errA != nil {
		winner, loser, out = b, a, outA
	}
	wantSaid(t, out, "A live request has a flow of the same device in common", "import {", w.ThingSpace.Live()[0].RequestID)
	if posts := w.ThingSpace.Count(sandbox.OpCreate); posts != 1 {
		t.Errorf("%d POSTs, want 1", posts)
	}
	wantHeld(t, w, winner)
	if ids := requestIDs(t, loser); len(ids) != 0 {
		t.Errorf("the loser's state has %v", ids)
	}
	wantDestroyed(t, w, winner)
}

func TestAccReplaceWithCreateBeforeDestroy(t *testing.T) {
	t.Parallel()
	for _, policy := range []string{"fail", "adopt"} {
		t.Run(policy, func(t *testing.T) {
			t.Parallel()
			w, c := one(t, `on_existing = "`+policy+`"`, "lifecycle {\n create_before_destroy = true\n }")
			c.MustRun("apply", "-auto-approve", "-no-color")
			out, err := c.Apply("-replace=" + address)
			wantError(t, out, err, "A live request has a flow of the same device in common", "create_before_destroy")
			wantOneLive(t, w, c)
			wantDestroyed(t, w, c)
		})
	}
}

func TestAccTwoStates(t *testing.T) {
	t.Parallel()
	w, first := one(t)
	first.MustRun("apply", "-auto-approve", "-no-color")
	live := w.ThingSpace.Live()[0]

	second := acctest.NewCLI(t)
	second.Write(w.ProviderConfig() + subscription([]string{device("5551234567")}))
	second.MustRun("import", "-no-color", address, acctest.Account+"/"+live.RequestID)

	out := first.MustRun("destroy", "-auto-approve", "-refresh=false", "-no-color")
	wantSaid(t, out, "QoS subscription was not stopped", "nothing was stopped")
	if got := liveIDs(w); len(got) != 1 {
		t.Fatalf("live after the first state's destroy: %v", got)
	}
	wantHeld(t, w, second)
	wantEmptyPlan(t, second)
	wantDestroyed(t, w, second)
}

func TestAccReadInASupersededState(t *testing.T) {
	t.Parallel()
	w, first := one(t)
	first.MustRun("apply", "-auto-approve", "-no-color")
	second := acctest.NewCLI(t)
	second.Write(w.ProviderConfig() + subscription([]string{device("5551234567")}))
	second.MustRun("import", "-no-color", address, acctest.Account+"/"+w.ThingSpace.Live()[0].RequestID)

	out := first.MustRun("apply", "-refresh-only", "-auto-approve", "-no-color")
	wantSaid(t, out, "QoS subscription taken over")
	if ids := requestIDs(t, first); len(ids) != 0 {
		t.Errorf("the first state still has %v", ids)
	}
	wantDestroyed(t, w, second)
}

// The receiver's file is put back to a copy made before the subscription.
func TestAccRestoredReceiver(t *testing.T) {
	t.Parallel()
	for _, then := range []string{"apply", "destroy"} {
		t.Run(then, func(t *testing.T) {
			t.Parallel()
			w, c := one(t, `wait_for = "on"`)
			w.StopReceiver()
			older := snapshot(t, w.Database)
			w.StartReceiver(t)
			c.MustRun("apply", "-auto-approve", "-no-color")

			w.StopReceiver()
			restore(t, w.Database, older)
			w.StartReceiver(t)

			if then == "destroy" {
				wantDestroyed(t, w, c)
				return
			}
			out, changes := c.Plan()
			if !changes || strings.Contains(out, "replaced") || strings.Contains(out, "will be created") {
				t.Fatalf("want an update in place:\n%s", out)
			}
			wantSaid(t, out, "The receiver does not know the QoS subscription")
			c.MustRun("apply", "-auto-approve", "-no-color")
			wantEmptyPlan(t, c)
			wantOneLive(t, w, c)
			wantDestroyed(t, w, c)
		})
	}
}

// The copy is of a time when another state had the request: it is older than
// this state's claim, and does not take the request away from it.
func TestAccRestoredReceiverWithAnOlderClaim(t *testing.T) {
	t.Parallel()
	w, first := one(t, `wait_for = "on"`)
	first.MustRun("apply", "-auto-approve", "-no-color")
	w.StopReceiver()
	older := snapshot(t, w.Database)
	w.StartReceiver(t)
	second := acctest.NewCLI(t)
	second.Write(w.ProviderConfig() + subscription([]string{device("5551234567")}, `wait_for = "on"`))
	second.MustRun("import", "-no-color", address, acctest.Account+"/"+w.ThingSpace.Live()[0].RequestID)

	w.StopReceiver()
	restore(t, w.Database, older)
	w.StartReceiver(t)
	second.MustRun("apply", "-auto-approve", "-no-color")
	wantEmptyPlan(t, second)
	wantOneLive(t, w, second)
	out := first.MustRun("destroy", "-auto-approve", "-refresh=false", "-no-color")
	wantSaid(t, out, "nothing was stopped")
	wantDestroyed(t, w, second)
}

func snapshot(t *testing.T, file string) []byte {
	t.Helper()
	raw, err := os.ReadFile(file) // #nosec G304 -- the test's own database
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func restore(t *testing.T, file string, raw []byte) {
	t.Helper()
	for _, rest := range []string{file + "-wal", file + "-shm"} {
		if err := os.Remove(rest); err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(file, raw, 0o600); err != nil {
		t.Fatal(err)
	}
}

// A plan with an import block that is made again, as by a pipeline for another
// change, does not invalidate the one that was saved.
func TestAccSavedPlanWithImportBlock(t *testing.T) {
	t.Parallel()
	w, first := one(t, `wait_for = "on"`)
	first.MustRun("apply", "-auto-approve", "-no-color")
	live := w.ThingSpace.Live()[0]

	c := acctest.NewCLI(t)
	c.Write(w.ProviderConfig() + subscription([]string{device("5551234567")}, `wait_for = "on"`) +
		"import {\n  to = " + address + "\n  id = \"" + acctest.Account + "/" + live.RequestID + "\"\n}\n")
	c.MustRun("plan", "-out=saved", "-no-color")
	c.Plan()
	c.MustRun("apply", "-no-color", "saved")
	wantEmptyPlan(t, c)
	wantOneLive(t, w, c)
	wantDestroyed(t, w, c)
}
