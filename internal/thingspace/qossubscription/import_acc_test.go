package qossubscription_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qosform/terraform-provider-qos/internal/acctest"
	sandbox "github.com/qosform/terraform-provider-qos/internal/sandbox/thingspace"
)

// requestIDs are the request ids of the subscriptions in a state.
func requestIDs(t *testing.T, c *acctest.CLI) []string {
	t.Helper()
	var state struct {
		Resources []struct {
			Type      string `json:"type"`
			Instances []struct {
				Attributes struct {
					RequestID string `json:"request_id"`
				} `json:"attributes"`
			} `json:"instances"`
		} `json:"resources"`
	}
	text := c.State()
	if text == "" {
		return nil
	}
	if err := json.Unmarshal([]byte(text), &state); err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, r := range state.Resources {
		if r.Type != "thingspace_qos_subscription" {
			continue
		}
		for _, i := range r.Instances {
			ids = append(ids, i.Attributes.RequestID)
		}
	}
	slices.Sort(ids)
	return ids
}

func liveRequestIDs(w *acctest.World) []string {
	var ids []string
	for _, s := range w.ThingSpace.Live() {
		ids = append(ids, s.RequestID)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// wantHeld fails unless the state names exactly what the network holds.
func wantHeld(t *testing.T, w *acctest.World, c *acctest.CLI) {
	t.Helper()
	if diff := cmp.Diff(liveRequestIDs(w), requestIDs(t, c)); diff != "" {
		t.Fatalf("live at the network (-) and in the state (+):\n%s", diff)
	}
}

func wantEmptyPlan(t *testing.T, c *acctest.CLI) {
	t.Helper()
	if out, changes := c.Plan(); changes {
		t.Fatalf("the plan is not empty:\n%s", out)
	}
}

func TestAccLifecycleWithImport(t *testing.T) {
	t.Parallel()
	w := acctest.New(t)
	c := acctest.NewCLI(t)
	config := func(direction, policies string) string {
		return behind(w, subscription([]string{device("5551234567", "UPLINK", direction), device("5557654321")}, policies))
	}
	const policies = `wait_for = "on"
  on_timeout = "keep"
  timeouts = { create = "1m" }`
	c.Write(config("UPLINK", policies))
	c.MustRun("apply", "-auto-approve", "-no-color")
	wantEmptyPlan(t, c)
	wantHeld(t, w, c)

	first := w.ThingSpace.Live()[0]
	for _, id := range []string{first.RequestID, first.ID} {
		c.MustRun("state", "rm", address)
		c.MustRun("import", "-no-color", address, acctest.Account+"/"+id)
		wantEmptyPlan(t, c)
		wantHeld(t, w, c)
	}

	c.Write(config("DOWNLINK", policies))
	out := c.MustRun("apply", "-auto-approve", "-no-color")
	if !strings.Contains(out, "must be replaced") {
		t.Errorf("a changed flow is not a replacement:\n%s", out)
	}
	wantHeld(t, w, c)
	wantEmptyPlan(t, c)
	if out, err := c.Destroy(); err != nil {
		t.Fatalf("destroy: %v\n%s", err, out)
	}
	wantHeld(t, w, c)
	if posts, stops := w.ThingSpace.Count(sandbox.OpCreate), w.ThingSpace.Count(sandbox.OpStop); posts != 2 || stops != 4 {
		t.Errorf("%d POSTs and %d DELETEs, want 2 and 4", posts, stops)
	}
}

// A request made by a script is known from its callbacks alone: its flows come
// from the configuration at the first apply, in place.
func TestAccImportWhatAScriptMade(t *testing.T) {
	t.Parallel()
	w := acctest.New(t)
	w.Register()
	c := acctest.NewCLI(t)
	made := script(t, w, "5551234567")
	c.Write(w.ProviderConfig() + subscription([]string{device("5551234567")}, `wait_for = "none"`))
	c.MustRun("import", "-no-color", address, acctest.Account+"/"+made.ID)
	out, changes := c.Plan()
	if !changes || strings.Contains(out, "replaced") {
		t.Fatalf("want an update in place, got:\n%s", out)
	}
	c.MustRun("apply", "-auto-approve", "-no-color")
	wantEmptyPlan(t, c)
	wantHeld(t, w, c)
	if posts := w.ThingSpace.Count(sandbox.OpCreate); posts != 1 {
		t.Errorf("%d POSTs, want the script's alone", posts)
	}
	c.Write(w.ProviderConfig() + subscription([]string{device("5559999999")}, `wait_for = "none"`))
	if out, _ := c.Plan(); !strings.Contains(out, "must be replaced") {
		t.Errorf("another device is not a replacement:\n%s", out)
	}
	if out, err := c.Destroy(); err != nil {
		t.Fatalf("destroy: %v\n%s", err, out)
	}
	wantHeld(t, w, c)
}

func TestAccImportRefusals(t *testing.T) {
	t.Parallel()
	w := acctest.New(t)
	c := acctest.NewCLI(t)
	c.Write(behind(w, subscription([]string{device("5551234567")})))
	for id, want := range map[string]string{
		acctest.Account:              "account_name/request_id",
		"acme/1":                     "account_name/request_id",
		acctest.Account + "/":        "account_name/request_id",
		acctest.Account + "/unheard": "knows neither a request nor a subscription",
	} {
		out, err := c.Run("import", "-no-color", address, id)
		if err == nil || !strings.Contains(flat(out), want) {
			t.Errorf("import %s: %v, want %q\n%s", id, err, want, out)
		}
	}
}

// flat undoes the engine's line breaks.
func flat(out string) string {
	return strings.Join(strings.Fields(strings.NewReplacer("│", " ", "╷", " ", "╵", " ").Replace(out)), " ")
}
