package thingspace_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/echoprovider"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/qosform/terraform-provider-qos/internal/acctest"
	"github.com/qosform/terraform-provider-qos/internal/receiver"
	sandbox "github.com/qosform/terraform-provider-qos/internal/sandbox/thingspace"
)

func TestAccFunctions(t *testing.T) {
	t.Parallel()
	const config = `
locals {
  event = jsonencode({ requestId = "r", deviceIds = [{ id = "5551234567", kind = "mdn" }],
    deviceResponse = { qoS = [{ accountName = "0000123456-00001", qosSubscriptionId = "s", qosEvent = "QoSChangeOn" }] } })
}
output "server" {
  value = provider::thingspace::flow_endpoint("2001:db8::5", 443)
}
output "other" {
  value = provider::thingspace::flow_endpoint("203.0.113.5", "443")
}
output "parts" {
  value = provider::thingspace::parse_flow_endpoint("203.0.113.5:443")
}
output "device" {
  value = provider::thingspace::parse_event(local.event).events[0].device_ids[0].id
}
`
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: acctest.Factories(),
		Steps: []resource.TestStep{
			{Config: config, ConfigStateChecks: []statecheck.StateCheck{
				statecheck.ExpectKnownOutputValue("server", knownvalue.StringExact("[2001:db8::5]:443")),
				statecheck.ExpectKnownOutputValue("other", knownvalue.StringExact("203.0.113.5:443")),
				statecheck.ExpectKnownOutputValue("parts", knownvalue.ObjectExact(map[string]knownvalue.Check{
					"address": knownvalue.StringExact("203.0.113.5"), "port": knownvalue.Int64Exact(443),
				})),
				statecheck.ExpectKnownOutputValue("device", knownvalue.StringExact("5551234567")),
			}},
			{Config: config, ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}}},
			{Config: strings.Replace(config, `"2001:db8::5"`, `"example.com"`, 1), ExpectError: acctest.Words(`"address"`, "must be an IPv4 or IPv6 address")},
			{Config: strings.Replace(config, `5", 443)`, `5", 0)`, 1), ExpectError: acctest.Words(`"port"`, "1 to 65535")},
			{Config: strings.Replace(config, "local.event)", `"{}")`, 1), ExpectError: acctest.Words(`"json"`, "deviceResponse is missing")},
		},
	})
}

func TestAccEphemeralSession(t *testing.T) {
	t.Parallel()
	acctest.NeedsEphemeral(t)
	w := acctest.New(t)
	factories := acctest.Factories()
	factories["echo"] = echoprovider.NewProviderServer()
	config := w.ProviderConfig() + fmt.Sprintf(`
ephemeral "thingspace_session" "test" {
  account_name = %q
}
provider "echo" {
  data = ephemeral.thingspace_session.test
}
resource "echo" "test" {}
`, acctest.Account)
	data := tfjsonpath.New("data")
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories,
		Steps: []resource.TestStep{{Config: config, ConfigStateChecks: []statecheck.StateCheck{
			statecheck.ExpectKnownValue("echo.test", data.AtMapKey("account_name"), knownvalue.StringExact(acctest.Account)),
			statecheck.ExpectKnownValue("echo.test", data.AtMapKey("access_token"), knownvalue.NotNull()),
			statecheck.ExpectKnownValue("echo.test", data.AtMapKey("access_token_expires_at"), knownvalue.NotNull()),
			statecheck.ExpectKnownValue("echo.test", data.AtMapKey("session_token"), knownvalue.NotNull()),
		}}},
	})
}

// The tokens that are lent serve another provider block, and are nowhere to be
// found.
func TestAccEphemeralTokensGoNowhere(t *testing.T) {
	t.Parallel()
	acctest.NeedsEphemeral(t)
	r := newSecretRun(t)
	r.world.Register()
	r.Write(fmt.Sprintf(`
provider "thingspace" {
  base_url     = %[1]q
  client_id    = %[2]q
  username     = %[3]q
  receiver_url = %[4]q
}
ephemeral "thingspace_session" "lent" {
  account_name = %[5]q
}
provider "thingspace" {
  alias         = "borrower"
  base_url      = %[1]q
  access_token  = ephemeral.thingspace_session.lent.access_token
  session_token = ephemeral.thingspace_session.lent.session_token
  receiver_url  = %[4]q
}
resource "thingspace_callback" "other" {
  provider     = thingspace.borrower
  account_name = %[5]q
  name         = "NiddService"
  url          = %[6]q
}
data "thingspace_callbacks" "all" {
  provider     = thingspace.borrower
  account_name = thingspace_callback.other.account_name
}
output "listed" {
  value = data.thingspace_callbacks.all.callbacks
}
`, r.world.ThingSpaceURL(), acctest.ClientID, acctest.Username, r.world.ReceiverURL(), acctest.Account, r.world.CallbackURL()))
	for name, content := range r.SavePlan("lent.plan") {
		r.wantNoSecret(t, "the saved plan's "+name, content)
	}
	r.run(t, false, "apply", "lent.plan")
	if registered := len(r.world.ThingSpace.Callbacks(acctest.Account)); registered != 2 {
		t.Errorf("%d callbacks are registered, want the borrower's too", registered)
	}
	r.world.ThingSpace.Inject(sandbox.Fault{Kind: sandbox.FaultAnswer, Operation: sandbox.OpLogin, Status: 503, Times: 9})
	r.run(t, true, "plan")
	r.world.ThingSpace.ClearFaults()
	r.run(t, false, "plan")
	files := r.files(t)
	for _, name := range []string{"trace.log", "terraform.tfstate"} {
		if files[name] == "" {
			t.Errorf("there is no %s", name)
		}
	}
	for name, content := range files {
		r.wantNoSecret(t, name, content)
	}
	r.wantNoSecret(t, "what was printed", r.printed.String())
}

// A password that goes into the state is warned of where the engine has another way.
func TestAccWriteOnlyIsPreferred(t *testing.T) {
	t.Parallel()
	acctest.NeedsWriteOnly(t)
	w := acctest.New(t)
	c := acctest.NewCLI(t)
	c.Write(w.ProviderConfig() + w.CallbackConfig())
	if out, _ := c.Plan(); !acctest.Words("Warning: Available Write-Only Attribute Alternative", "password_wo").MatchString(out) {
		t.Errorf("no warning:\n%s", out)
	}
}

// Whatever was there is imported by identity, and is what the configuration says.
func TestAccImportByIdentity(t *testing.T) {
	t.Parallel()
	acctest.NeedsIdentity(t)
	d := speak(t)
	d.Register()
	made := d.made(t, "5551234567")[0]
	c := acctest.NewCLI(t)
	c.Write(d.ProviderConfig() + subscription("test", "5551234567") + fmt.Sprintf(`
resource "thingspace_callback" "qos" {
  account_name = %[1]q
  url          = %[2]q
  username     = %[3]q
}
import {
  to       = thingspace_callback.qos
  identity = { account_name = %[1]q, name = "QoS" }
}
import {
  to       = thingspace_qos_subscription.test
  identity = { account_name = %[1]q, request_id = %[4]q }
}
`, acctest.Account, d.CallbackURL(), acctest.CallbackUsername, made.RequestID))
	out := c.MustRun("apply", "-auto-approve", "-input=false", "-no-color")
	wantWords(t, out, "2 imported, 0 added, 1 changed, 0 destroyed")
	if out, changes := c.Plan(); changes {
		t.Errorf("the plan is not empty:\n%s", out)
	}
	if posts := d.ThingSpace.Count(sandbox.OpCreate); posts != 1 {
		t.Errorf("%d POSTs, want the script's alone", posts)
	}
}

// listBlock is a query of a type on the account; extra lines go into its config.
func listBlock(typeName string, extra ...string) string {
	return fmt.Sprintf("list %q \"found\" {\n  provider = thingspace\n  config {\n    account_name = %q\n    %s\n  }\n}\n", typeName, acctest.Account, strings.Join(extra, "\n    "))
}

func query(t *testing.T, c *acctest.CLI, block string) string {
	t.Helper()
	if err := os.WriteFile(filepath.Join(c.Dir(), "found.tfquery.hcl"), []byte(block), 0o600); err != nil {
		t.Fatal(err)
	}
	_ = os.Remove(filepath.Join(c.Dir(), "generated.tf"))
	return c.MustRun("query", "-no-color", "-generate-config-out=generated.tf")
}

// What the journal knows whole is brought under a configuration that the engine
// writes; what a state of one's own lost is brought back.
func TestAccQueryToEmptyPlan(t *testing.T) {
	t.Parallel()
	acctest.NeedsQuery(t)
	w := acctest.New(t)
	c := acctest.NewCLI(t)
	const policies = "wait_for = \"on\"\n  timeouts = { create = \"1m\" }"
	c.Write(w.ProviderConfig() + w.CallbackConfig() + strings.Replace(subscription("one", "5551234567", policies)+subscription("other", "5557654321"),
		fmt.Sprintf("account_name = %q", acctest.Account), "account_name = thingspace_callback.qos.account_name", 2))
	c.MustRun("apply", "-auto-approve", "-input=false", "-no-color")
	live := len(w.ThingSpace.Live())
	for _, name := range []string{"terraform.tfstate", "main.tf"} {
		if err := os.Remove(filepath.Join(c.Dir(), name)); err != nil {
			t.Fatal(err)
		}
	}

	c.Write(w.ProviderConfig())
	out := query(t, c, listBlock("thingspace_qos_subscription")+strings.Replace(listBlock("thingspace_callback"), `"found"`, `"listeners"`, 1))
	wantWords(t, out, "MDN 5551234567, ON, in a Terraform state", "MDN 5557654321", "QoS to "+w.CallbackURL())
	out, err := c.Run("plan", "-input=false", "-no-color")
	if err == nil {
		t.Fatalf("the missing password is not noticed:\n%s", out)
	}
	wantWords(t, out, "password_wo")
	leaveOut(t, filepath.Join(c.Dir(), "generated.tf"), "password_wo_version")
	out = c.MustRun("apply", "-auto-approve", "-input=false", "-no-color")
	wantWords(t, out, "3 imported, 0 added, 0 changed, 0 destroyed")
	if out, changes := c.Plan(); changes {
		t.Errorf("the plan is not empty:\n%s", out)
	}
	if now := len(w.ThingSpace.Live()); now != live || w.ThingSpace.Count(sandbox.OpCreate) != 2 {
		t.Errorf("%d are live, of %d POSTs", now, w.ThingSpace.Count(sandbox.OpCreate))
	}
	// The callback last: the engine knows of no order in what it has generated.
	c.MustRun("destroy", "-auto-approve", "-input=false", "-no-color", "-target=thingspace_qos_subscription.found_0", "-target=thingspace_qos_subscription.found_1")
	c.MustRun("destroy", "-auto-approve", "-input=false", "-no-color")
	if now := len(w.ThingSpace.Live()); now > 0 {
		t.Errorf("%d are live still", now)
	}
}

// leaveOut removes the lines that set an argument from a configuration.
func leaveOut(t *testing.T, file, argument string) {
	t.Helper()
	written, err := os.ReadFile(file) // #nosec G304 -- of the test's own folder
	if err != nil {
		t.Fatal(err)
	}
	var kept strings.Builder
	for line := range strings.Lines(string(written)) {
		if name, _, _ := strings.Cut(line, "="); strings.TrimSpace(name) != argument {
			kept.WriteString(line)
		}
	}
	if err := os.WriteFile(file, []byte(kept.String()), 0o600); err != nil {
		t.Fatal(err)
	}
}

// What a script left behind is generated with a gap that the engine shows.
func TestAccQueryOfWhatAScriptMade(t *testing.T) {
	t.Parallel()
	acctest.NeedsQuery(t)
	d := speak(t)
	d.Register()
	d.made(t, "5551234567")
	c := acctest.NewCLI(t)
	c.Write(d.ProviderConfig())
	wantWords(t, query(t, c, listBlock("thingspace_qos_subscription", "unclaimed = true")), "MDN 5551234567, ON, unclaimed")
	generated := filepath.Join(c.Dir(), "generated.tf")
	written, err := os.ReadFile(generated) // #nosec G304 -- of the test's own folder
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.Run("plan", "-input=false", "-no-color")
	if err == nil {
		t.Fatalf("the gap is not noticed:\n%s", out)
	}
	wantWords(t, out, "flow_info")
	const flows = `flow_info = [{ flow_server = "203.0.113.5:443", flow_device = "198.51.100.7:5000", flow_direction = "UPLINK", flow_protocol = "UDP", qci_option = "Premium" }]`
	gap := fillable(string(written))
	if gap == "" {
		t.Fatalf("there is no gap to fill in:\n%s", written)
	}
	if err := os.WriteFile(generated, []byte(strings.Replace(string(written), gap, flows, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	out = c.MustRun("apply", "-auto-approve", "-input=false", "-no-color")
	wantWords(t, out, "1 imported, 0 added, 1 changed, 0 destroyed")
	if out, changes := c.Plan(); changes {
		t.Errorf("the plan is not empty:\n%s", out)
	}
}

// fillable is the text of a null flow_info in a configuration.
func fillable(config string) string {
	for line := range strings.Lines(config) {
		if at := strings.Index(line, "flow_info"); at >= 0 && strings.Contains(line[at:], "null") {
			return line[at : at+strings.Index(line[at:], "null")+len("null")]
		}
	}
	return ""
}

// The engine's own limit reaches the receiver.
func TestAccQueryHeedsLimit(t *testing.T) {
	t.Parallel()
	acctest.NeedsQuery(t)
	d := speak(t)
	d.hearOf(t, 150)
	c := acctest.NewCLI(t)
	c.Write(d.ProviderConfig())
	for limit, want := range map[int]int{3: 3, 120: 120, 1000: 150} {
		out := query(t, c, strings.Replace(listBlock("thingspace_qos_subscription"), "  config {", fmt.Sprintf("  limit = %d\n  config {", limit), 1))
		if listed := strings.Count(out, "account_name="); listed != want {
			t.Errorf("limit %d: %d results, want %d:\n%s", limit, listed, want, out)
		}
	}
}

func TestAccInvoke(t *testing.T) {
	t.Parallel()
	acctest.NeedsActions(t)
	d := speak(t)
	d.Register()
	made := d.made(t, "5551234567")[0]
	c := acctest.NewCLI(t)
	actions := fmt.Sprintf(`
action "thingspace_qos_subscription_stop" "left" {
  config {
    account_name        = %[1]q
    qos_subscription_id = %[2]q
    timeouts            = { invoke = "1m" }
  }
}
action "thingspace_callback_test" "way" {
  config {
    account_name = %[1]q
  }
}
`, acctest.Account, made.ID)
	c.Write(d.ProviderConfig() + d.CallbackConfig() + actions)
	c.MustRun("import", "-no-color", "-input=false", "thingspace_callback.qos", acctest.Account+"/QoS")
	c.MustRun("apply", "-auto-approve", "-input=false", "-no-color")
	invoke := func(address string) string {
		t.Helper()
		return c.MustRun("apply", "-auto-approve", "-input=false", "-no-color", "-invoke=action."+address)
	}
	wantWords(t, invoke("thingspace_callback_test.way"), "The receiver has the test event", "with accepted credentials")
	wantWords(t, invoke("thingspace_qos_subscription_stop.left"), "The network has confirmed the end of subscription "+made.ID)
	wantWords(t, invoke("thingspace_qos_subscription_stop.left"), "Nothing to stop")
	if live := d.live(); len(live) > 0 {
		t.Errorf("live are %v", live)
	}
	if out, changes := c.Plan(); changes {
		t.Errorf("the plan is not empty:\n%s", out)
	}

	// By itself, whenever the callback is registered.
	trigger := "  lifecycle {\n    action_trigger {\n      events  = [after_create, after_update]\n      actions = [action.thingspace_callback_test.way]\n    }\n  }\n}\n"
	c.Write(d.ProviderConfig() + strings.TrimSuffix(strings.Replace(d.CallbackConfig(), "/callbacks\"", "/callbacks?again\"", 1), "}\n") + trigger + actions)
	out := c.MustRun("apply", "-auto-approve", "-input=false", "-no-color")
	wantWords(t, out, "The receiver has the test event")
	if out, changes := c.Plan(); changes {
		t.Errorf("the plan is not empty:\n%s", out)
	}
	events, err := d.Journal(t).Events(t.Context(), 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	heard := map[string]int{}
	for _, e := range events {
		heard[e.QoSEvent]++
	}
	if heard["CallbackTest"] != 2 {
		t.Errorf("the receiver has heard %v of %v", heard, slices.Collect(maps.Keys(heard)))
	}
	if request := d.heard(t, receiver.Filter{}); request == nil || request.Status != receiver.StatusTerminated {
		t.Errorf("the journal has %+v", request)
	}
}
