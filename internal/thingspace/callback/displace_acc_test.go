package callback_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"

	"github.com/qosform/terraform-provider-qos/internal/acctest"
	sandbox "github.com/qosform/terraform-provider-qos/internal/sandbox/thingspace"
)

// There is one registration per account and service: another system's is only
// displaced on demand.
func TestAccRefusesToDisplace(t *testing.T) {
	t.Parallel()
	w := acctest.New(t)
	w.ThingSpace.SetCallback(another("https://user:hidden@other.example.com/hooks?key=hidden"))
	refusal := acctest.Words("Unable to create callback", "is already registered to https://other.example.com/hooks?…", acctest.Account+"/QoS", "overwrite_existing = true")
	destroys(t, w,
		resource.TestStep{Config: w.ProviderConfig() + listener(ours), ExpectError: refusal},
		resource.TestStep{
			Config: w.ProviderConfig() + listener(ours, "overwrite_existing = true"),
			Check:  registered(w, sandbox.Callback{URL: ours}),
		},
	)
	wantDeregistrations(t, w, 1)
}

func TestAccRefusalQuotesNoSecret(t *testing.T) {
	t.Parallel()
	w := acctest.New(t)
	w.ThingSpace.SetCallback(another("https://user:hidden@other.example.com/hooks?key=hidden"))
	c := acctest.NewCLI(t)
	c.Write(w.ProviderConfig() + listener(ours))
	out, err := c.Apply()
	if err == nil || strings.Contains(out, "hidden") || strings.Contains(out, "their-password") {
		t.Errorf("apply: %v\n%s", err, out)
	}
}

// An API that refuses to register a service twice is made free first, and no
// sooner: the listener is away for one request.
func TestAccDisplacesWhereTheAPIRefusesToOverwrite(t *testing.T) {
	t.Parallel()
	w := acctest.New(t, func(o *sandbox.Options) { o.Switches.RefuseOverwrite = true })
	destroys(t, w,
		resource.TestStep{Config: w.ProviderConfig() + listener(ours)},
		resource.TestStep{
			Config: w.ProviderConfig() + listener(ours+"/v2"), ConfigPlanChecks: planned(plancheck.ResourceActionUpdate),
			Check: registered(w, sandbox.Callback{URL: ours + "/v2"}),
		},
	)
	want := []sandbox.Operation{
		sandbox.OpRegisterCallback,                                                           // created
		sandbox.OpRegisterCallback, sandbox.OpDeregisterCallback, sandbox.OpRegisterCallback, // refused, made free, registered
		sandbox.OpDeregisterCallback, // destroyed
	}
	if diff := cmp.Diff(want, changes(w)); diff != "" {
		t.Errorf("requests that change something (-want +got):\n%s", diff)
	}
}

// changes are the requests about callbacks but for reads.
func changes(w *acctest.World) []sandbox.Operation {
	var ops []sandbox.Operation
	for _, r := range w.ThingSpace.Requests() {
		if slices.Contains([]sandbox.Operation{sandbox.OpRegisterCallback, sandbox.OpDeregisterCallback}, r.Operation) {
			ops = append(ops, r.Operation)
		}
	}
	return ops
}

// When the new registration is refused for good, the old one is put back with
// its credentials: without any, every callback would be lost.
func TestAccPutsTheOldRegistrationBack(t *testing.T) {
	t.Parallel()
	w := acctest.New(t, func(o *sandbox.Options) { o.Switches.RefuseOverwrite = true })
	old := another(ours)
	w.ThingSpace.SetCallback(old)
	refuse := func(times int) func() {
		return func() {
			w.ThingSpace.Inject(sandbox.Fault{Kind: sandbox.FaultAnswer, Operation: sandbox.OpRegisterCallback, Times: times, Status: http.StatusBadRequest, Code: "URL_NOT_ALLOWED", Message: "No such host"})
		}
	}
	config := w.ProviderConfig() + listener(ours, credentials("them", "their-password"))
	imported := fmt.Sprintf("import {\n  to = %s\n  id = \"%s/QoS\"\n}\n", address, acctest.Account)
	moved := w.ProviderConfig() + listener(theirs, credentials("them", "their-password"))
	destroys(t, w,
		resource.TestStep{Config: imported + config},
		resource.TestStep{
			PreConfig: refuse(2), Config: moved,
			ExpectError: acctest.Words("Unable to update callback", "URL_NOT_ALLOWED", "No such host"),
		},
		resource.TestStep{Config: config, PlanOnly: true},
		resource.TestStep{Config: config, Check: registered(w, old)},
	)
}

func TestAccSaysWhenTheOldRegistrationIsLost(t *testing.T) {
	t.Parallel()
	w := acctest.New(t, func(o *sandbox.Options) { o.Switches.RefuseOverwrite = true })
	config := w.ProviderConfig() + listener(ours)
	moved := w.ProviderConfig() + listener(theirs)
	destroys(t, w,
		resource.TestStep{Config: config},
		resource.TestStep{
			PreConfig: func() {
				w.ThingSpace.Inject(sandbox.Fault{Kind: sandbox.FaultAnswer, Operation: sandbox.OpRegisterCallback, Times: 3, Status: http.StatusBadRequest})
			},
			Config:      moved,
			ExpectError: acctest.Words("Unable to update callback", "The old registration to "+ours+" could not be put back", "the account has no QoS callback now"),
			Check:       registered(w),
		},
		resource.TestStep{Config: moved, ConfigPlanChecks: planned(plancheck.ResourceActionCreate), Check: registered(w, sandbox.Callback{URL: theirs})},
	)
}

// A registration that somebody removed is made again; the plan says why.
func TestAccRemovedOutside(t *testing.T) {
	t.Parallel()
	w := acctest.New(t)
	c := acctest.NewCLI(t)
	c.Write(w.ProviderConfig() + listener(ours))
	c.MustRun("apply", "-auto-approve", "-no-color")
	w.ThingSpace.RemoveCallback(acctest.Account, "QoS")
	out, changes := c.Plan()
	if !changes || !acctest.Words("Callback is gone", "No QoS callback is registered on account "+acctest.Account+" any more").MatchString(out) {
		t.Errorf("changes: %v, want a creation and a warning\n%s", changes, out)
	}
	c.MustRun("apply", "-auto-approve", "-no-color")
	if err := registered(w, sandbox.Callback{URL: ours})(nil); err != nil {
		t.Error(err)
	}
	w.ThingSpace.RemoveCallback(acctest.Account, "QoS")
	if out, err := c.Destroy(); err != nil {
		t.Errorf("destroy of what is gone: %v\n%s", err, out)
	}
	wantDeregistrations(t, w, 0)
}

// A URL that has become another system's leaves the state with a warning that
// names it, and is never deregistered, not even by a destroy without a refresh.
func TestAccTakenByAnother(t *testing.T) {
	t.Parallel()
	w := acctest.New(t)
	c := acctest.NewCLI(t)
	c.Write(w.ProviderConfig() + listener(ours))
	c.MustRun("apply", "-auto-approve", "-no-color")
	w.ThingSpace.SetCallback(another("https://user:hidden@other.example.com/hooks"))

	out, _ := c.Plan()
	if !acctest.Words("Callback belongs to another system", "is now registered to https://other.example.com/hooks", "overwrite_existing = true").MatchString(out) || strings.Contains(out, "hidden") {
		t.Errorf("want a warning that names the other system and no secret:\n%s", out)
	}
	out = c.MustRun("destroy", "-auto-approve", "-no-color", "-refresh=false")
	if !acctest.Words("Callback left in place", "https://other.example.com/hooks", "it was not deregistered").MatchString(out) {
		t.Errorf("want a warning:\n%s", out)
	}
	if err := registered(w, another("https://user:hidden@other.example.com/hooks"))(nil); err != nil {
		t.Error(err)
	}
	wantDeregistrations(t, w, 0)
}

// Its end would go unheard: while the receiver knows a live subscription, its
// listener stays.
func TestAccDeleteWhileLive(t *testing.T) {
	t.Parallel()
	w := acctest.New(t)
	c := acctest.NewCLI(t)
	subscription := fmt.Sprintf(`
resource "thingspace_qos_subscription" "camera" {
  account_name = %q
  device_info = [{
    device_id = { id = "5551234567", kind = "MDN" }
    flow_info = [{ flow_server = "203.0.113.5", flow_device = "198.51.100.7", flow_direction = "UPLINK", flow_protocol = "UDP", qci_option = "Premium" }]
  }]
}
`, acctest.Account)
	c.Write(w.ProviderConfig() + w.CallbackConfig())
	c.MustRun("apply", "-auto-approve", "-no-color")
	c.Write(w.ProviderConfig() + w.CallbackConfig() + subscription)
	c.MustRun("apply", "-auto-approve", "-no-color")

	out, err := c.Run("destroy", "-auto-approve", "-no-color", "-target="+address)
	if err == nil || !acctest.Words("Unable to delete callback", "The receiver knows live subscriptions on account "+acctest.Account, "force_destroy = true").MatchString(out) {
		t.Errorf("destroy: %v, want a refusal\n%s", err, out)
	}
	wantDeregistrations(t, w, 0)

	c.Write(w.ProviderConfig() + strings.Replace(w.CallbackConfig(), "username ", "force_destroy = true\n  username ", 1) + subscription)
	c.MustRun("apply", "-auto-approve", "-no-color")
	c.MustRun("destroy", "-auto-approve", "-no-color", "-target="+address)
	wantDeregistrations(t, w, 1)
	if live := len(w.ThingSpace.Live()); live != 1 {
		t.Errorf("%d live, want the subscription", live)
	}
}

// Another service's callbacks have nothing to do with subscriptions, and
// without a receiver nothing is known of any.
func TestAccDeleteWithoutAReceiver(t *testing.T) {
	t.Parallel()
	without := func(w *acctest.World) string {
		return strings.ReplaceAll(w.ProviderConfig(), "receiver_", "# receiver_")
	}
	away := func(w *acctest.World) string {
		return strings.Replace(w.ProviderConfig(), w.ReceiverURL(), "http://127.0.0.1:1", 1)
	}
	for name, test := range map[string]struct {
		provider func(*acctest.World) string
		listener string
	}{
		"no receiver":                       {without, listener(ours)},
		"another service, receiver is away": {away, listener(ours, `name = "NiddService"`)},
		"forced, although receiver is away": {away, listener(ours, "force_destroy = true")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := acctest.New(t)
			destroys(t, w, resource.TestStep{Config: test.provider(w) + test.listener})
		})
	}
}

// A receiver that is configured and cannot be asked is no permission.
func TestAccDeleteWhileTheReceiverIsAway(t *testing.T) {
	t.Parallel()
	w := acctest.New(t)
	config := w.ProviderConfig() + listener(ours)
	destroys(t, w,
		resource.TestStep{Config: config},
		resource.TestStep{
			PreConfig: w.StopReceiver,
			Config:    config, Destroy: true,
			ExpectError: acctest.Words("Unable to delete callback", "Asking the receiver for live subscriptions", "With force_destroy = true it is not asked"),
		},
		resource.TestStep{PreConfig: func() { w.StartReceiver(t) }, Config: config, PlanOnly: true},
	)
}

// The answer to a deregistration is lost after it was done. Nothing is left to
// deregister, and that is what was wanted.
func TestAccDeleteWhoseAnswerIsLost(t *testing.T) {
	t.Parallel()
	w := acctest.New(t)
	w.ThingSpace.Inject(sandbox.Fault{Kind: sandbox.FaultLoseAnswer, Operation: sandbox.OpDeregisterCallback, Times: 1})
	destroys(t, w, resource.TestStep{Config: w.ProviderConfig() + listener(ours)})
	wantDeregistrations(t, w, 2)
}

func TestAccDeleteThatIsRefused(t *testing.T) {
	t.Parallel()
	w := acctest.New(t)
	config := w.ProviderConfig() + listener(ours)
	destroys(t, w,
		resource.TestStep{Config: config},
		resource.TestStep{
			PreConfig: func() {
				w.ThingSpace.Inject(sandbox.Fault{Kind: sandbox.FaultAnswer, Operation: sandbox.OpDeregisterCallback, Times: 1, Status: http.StatusForbidden, Shape: sandbox.ShapeXML, Message: "Not today"})
			},
			Config: config, Destroy: true, ExpectError: acctest.Words("Unable to delete callback", "HTTP 403 Forbidden", "Not today"),
		},
		resource.TestStep{Config: config, PlanOnly: true},
	)
}
