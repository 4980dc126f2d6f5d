package callback_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/qosform/terraform-provider-qos/internal/acctest"
	sandbox "github.com/qosform/terraform-provider-qos/internal/sandbox/thingspace"
)

const (
	address  = "thingspace_callback.qos"
	ours     = "https://qos.example.com/thingspace/callbacks"
	theirs   = "https://other.example.com/hooks"
	password = "listener-password-04cd" // #nosec G101 -- sent to a simulator only
)

// listener is the resource "qos" at url with extra lines.
func listener(url string, extra ...string) string {
	return fmt.Sprintf("resource \"thingspace_callback\" \"qos\" {\n  account_name = %q\n  url = %q\n  %s\n}\n", acctest.Account, url, strings.Join(extra, "\n  "))
}

func credentials(username, password string) string {
	return fmt.Sprintf("username = %q\n  password = %q", username, password)
}

// registered fails unless exactly this is registered for the account.
func registered(w *acctest.World, want ...sandbox.Callback) resource.TestCheckFunc {
	return func(*terraform.State) error {
		for i := range want {
			want[i].AccountName, want[i].ServiceName = acctest.Account, "QoS"
		}
		if diff := cmp.Diff(slices.Concat([]sandbox.Callback(nil), want), w.ThingSpace.Callbacks(acctest.Account)); diff != "" {
			return fmt.Errorf("registered (-want +got):\n%s", diff)
		}
		return nil
	}
}

// destroys runs the steps, and fails unless nothing is registered in the end.
func destroys(t *testing.T, w *acctest.World, steps ...resource.TestStep) {
	t.Helper()
	resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: acctest.Factories(), CheckDestroy: registered(w), Steps: steps})
}

func planned(a plancheck.ResourceActionType) resource.ConfigPlanChecks {
	return resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectResourceAction(address, a)}}
}

func another(url string) sandbox.Callback {
	return sandbox.Callback{AccountName: acctest.Account, ServiceName: "QoS", URL: url, Username: "them", Password: "their-password"}
}

func wantDeregistrations(t *testing.T, w *acctest.World, want int) {
	t.Helper()
	if got := w.ThingSpace.Count(sandbox.OpDeregisterCallback); got != want {
		t.Errorf("%d deregistrations, want %d", got, want)
	}
}

// From creation to destruction, with everything that changes in place.
func TestAccLifecycle(t *testing.T) {
	t.Parallel()
	w := acctest.New(t)
	config := func(url string, extra ...string) string { return w.ProviderConfig() + listener(url, extra...) }
	created := config(ours, credentials("listener", password))
	update := planned(plancheck.ResourceActionUpdate)
	destroys(t, w,
		resource.TestStep{
			Config: created,
			Check:  registered(w, sandbox.Callback{URL: ours, Username: "listener", Password: password}),
			ConfigStateChecks: []statecheck.StateCheck{
				statecheck.ExpectKnownValue(address, tfjsonpath.New("id"), knownvalue.StringExact(acctest.Account+"/QoS")),
				statecheck.ExpectKnownValue(address, tfjsonpath.New("name"), knownvalue.StringExact("QoS")),
				statecheck.ExpectKnownValue(address, tfjsonpath.New("overwrite_existing"), knownvalue.Bool(false)),
				statecheck.ExpectKnownValue(address, tfjsonpath.New("force_destroy"), knownvalue.Bool(false)),
				statecheck.ExpectKnownValue(address, tfjsonpath.New("password_wo_version"), knownvalue.Null()),
			},
		},
		resource.TestStep{Config: created, PlanOnly: true},
		resource.TestStep{
			ResourceName: address, ImportState: true, ImportStateId: acctest.Account + "/QoS",
			ImportStateVerify: true, ImportStateVerifyIgnore: []string{"password"},
		},
		resource.TestStep{
			Config: config(ours+"/v2", credentials("listener", password)), ConfigPlanChecks: update,
			Check: registered(w, sandbox.Callback{URL: ours + "/v2", Username: "listener", Password: password}),
		},
		resource.TestStep{
			Config: config(ours+"/v2", credentials("renamed", password)), ConfigPlanChecks: update,
			Check: registered(w, sandbox.Callback{URL: ours + "/v2", Username: "renamed", Password: password}),
		},
		resource.TestStep{
			Config: config(ours+"/v2", credentials("renamed", "rotated-password-1")), ConfigPlanChecks: update,
			Check: registered(w, sandbox.Callback{URL: ours + "/v2", Username: "renamed", Password: "rotated-password-1"}),
		},
		resource.TestStep{
			Config: config(ours + "/v2"), ConfigPlanChecks: update,
			Check: registered(w, sandbox.Callback{URL: ours + "/v2"}),
		},
		resource.TestStep{
			Config: config(ours+"/v2", "overwrite_existing = true", "force_destroy = true"), ConfigPlanChecks: update,
			Check: registered(w, sandbox.Callback{URL: ours + "/v2"}),
		},
		resource.TestStep{Config: config(ours+"/v2", "overwrite_existing = true", "force_destroy = true"), PlanOnly: true},
	)
	wantDeregistrations(t, w, 1)
	if posts := w.ThingSpace.Count(sandbox.OpRegisterCallback); posts != 5 {
		t.Errorf("%d registrations, want 5: the policies are none of ThingSpace's business", posts)
	}
}

// What was created without a password is imported whole: the plan is empty.
func TestAccImport(t *testing.T) {
	t.Parallel()
	w := acctest.New(t)
	c := acctest.NewCLI(t)
	c.Write(w.ProviderConfig() + listener(ours, `username = "listener"`))
	c.MustRun("apply", "-auto-approve", "-no-color")
	c.MustRun("state", "rm", address)
	for id, want := range map[string]string{
		acctest.Account:              "The import id must be account_name/name",
		acctest.Account + "/":        "The import id must be account_name/name",
		"acme/QoS":                   "The import id must be account_name/name",
		"/QoS":                       "The import id must be account_name/name",
		acctest.Account + "/Nothing": "Error:",
	} {
		if out, err := c.Run("import", "-no-color", "-input=false", address, id); err == nil || !acctest.Words(want).MatchString(out) {
			t.Errorf("import %s: %v, want %q\n%s", id, err, want, out)
		}
	}
	c.MustRun("import", "-no-color", "-input=false", address, acctest.Account+"/QoS")
	if out, changes := c.Plan(); changes {
		t.Errorf("the plan after the import is not empty:\n%s", out)
	}
	if registrations := w.ThingSpace.Count(sandbox.OpRegisterCallback); registrations != 1 {
		t.Errorf("%d registrations, want the first alone", registrations)
	}
}

// A password cannot be read back into the state, so the first apply after an
// import registers the configured one again, in place.
func TestAccImportWithPassword(t *testing.T) {
	t.Parallel()
	w := acctest.New(t)
	w.ThingSpace.SetCallback(another(ours))
	config := w.ProviderConfig() + listener(ours, credentials("them", "their-password"))
	imported := fmt.Sprintf("import {\n  to = %s\n  id = \"%s/QoS\"\n}\n", address, acctest.Account)
	destroys(t, w,
		resource.TestStep{
			Config: imported + config, ConfigPlanChecks: planned(plancheck.ResourceActionUpdate),
			Check: registered(w, sandbox.Callback{URL: ours, Username: "them", Password: "their-password"}),
		},
		resource.TestStep{Config: config, PlanOnly: true},
	)
	wantDeregistrations(t, w, 1)
}

func TestAccAccountAndNameReplace(t *testing.T) {
	t.Parallel()
	const other = "0000123456-00002"
	w := acctest.New(t, func(o *sandbox.Options) { o.Accounts = []string{acctest.Account, other} })
	replace := planned(plancheck.ResourceActionReplace)
	config := w.ProviderConfig() + listener(ours)
	destroys(t, w,
		resource.TestStep{Config: config},
		resource.TestStep{Config: w.ProviderConfig() + listener(ours, `name = "NiddService"`), ConfigPlanChecks: replace},
		resource.TestStep{Config: strings.Replace(config, acctest.Account, other, 1), ConfigPlanChecks: replace, Check: registered(w)},
		resource.TestStep{Config: strings.Replace(config, acctest.Account, other, 1), PlanOnly: true},
	)
	if left := w.ThingSpace.Callbacks(other); len(left) > 0 {
		t.Errorf("left on the other account: %v", left)
	}
}

// A registration to the URL that is wanted is nobody else's: it is taken as it
// is and gets the configured credentials.
func TestAccCreateOverOurOwnURL(t *testing.T) {
	t.Parallel()
	w := acctest.New(t)
	w.ThingSpace.SetCallback(another("https://QOS.example.com:443/thingspace/callbacks/"))
	destroys(t, w, resource.TestStep{
		Config: w.ProviderConfig() + listener(ours, credentials("listener", password)),
		Check:  registered(w, sandbox.Callback{URL: ours, Username: "listener", Password: password}),
	})
}

// A URL that ThingSpace merely spells differently is no change.
func TestAccNormalisedURL(t *testing.T) {
	t.Parallel()
	w := acctest.New(t)
	config := w.ProviderConfig() + listener(ours)
	destroys(t, w,
		resource.TestStep{Config: config},
		resource.TestStep{
			PreConfig: func() {
				w.ThingSpace.SetCallback(sandbox.Callback{AccountName: acctest.Account, ServiceName: "QoS", URL: "HTTPS://QoS.example.com:443/thingspace/callbacks/"})
			},
			Config: config, PlanOnly: true,
		},
		resource.TestStep{
			Config: config,
			Check:  resource.TestCheckResourceAttr(address, "url", ours),
		},
	)
	wantDeregistrations(t, w, 1)
}

func TestAccUsernameDrift(t *testing.T) {
	t.Parallel()
	w := acctest.New(t)
	config := w.ProviderConfig() + listener(ours, credentials("listener", password))
	destroys(t, w,
		resource.TestStep{Config: config},
		resource.TestStep{
			PreConfig: func() { w.ThingSpace.SetCallback(another(ours)) },
			Config:    config, PlanOnly: true, ExpectNonEmptyPlan: true,
		},
		resource.TestStep{
			Config: config, ConfigPlanChecks: planned(plancheck.ResourceActionUpdate),
			Check: registered(w, sandbox.Callback{URL: ours, Username: "listener", Password: password}),
		},
	)
}

// A password that the configuration never had is not lost by a change of
// something else; one that it had is.
func TestAccImportKeepsThePassword(t *testing.T) {
	t.Parallel()
	w := acctest.New(t)
	w.ThingSpace.SetCallback(another(ours))
	config := func(url string, extra ...string) string {
		return w.ProviderConfig() + listener(url, append(extra, `username = "them"`)...)
	}
	imported := fmt.Sprintf("import {\n  to = %s\n  id = \"%s/QoS\"\n}\n", address, acctest.Account)
	update := planned(plancheck.ResourceActionUpdate)
	destroys(t, w,
		resource.TestStep{Config: imported + config(ours), ConfigPlanChecks: planned(plancheck.ResourceActionNoop)},
		resource.TestStep{
			Config: config(ours + "/v2"), ConfigPlanChecks: update,
			Check: registered(w, sandbox.Callback{URL: ours + "/v2", Username: "them", Password: "their-password"}),
		},
		resource.TestStep{
			Config: config(ours+"/v2", fmt.Sprintf("password = %q", password)), ConfigPlanChecks: update,
			Check: registered(w, sandbox.Callback{URL: ours + "/v2", Username: "them", Password: password}),
		},
		resource.TestStep{
			Config: config(ours + "/v2"), ConfigPlanChecks: update,
			Check: registered(w, sandbox.Callback{URL: ours + "/v2", Username: "them"}),
		},
	)
}

// ThingSpace's spelling of the name is the state's and the identity's, also of one
// that was imported in another.
func TestAccImportInAnotherCase(t *testing.T) {
	t.Parallel()
	w := acctest.New(t)
	w.Register()
	c := acctest.NewCLI(t)
	c.Write(w.ProviderConfig() + listener(w.CallbackURL(), fmt.Sprintf("username = %q", acctest.CallbackUsername)))
	c.MustRun("import", "-no-color", "-input=false", address, acctest.Account+"/qos")
	for range 2 {
		c.MustRun("apply", "-refresh-only", "-auto-approve", "-input=false", "-no-color")
	}
	if out, changes := c.Plan(); changes {
		t.Errorf("the plan after the import is not empty:\n%s", out)
	}
}
