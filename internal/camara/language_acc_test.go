package camara_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/echoprovider"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/qosform/terraform-provider-qos/internal/acctest"
	"github.com/qosform/terraform-provider-qos/internal/camara/auth"
	sandbox "github.com/qosform/terraform-provider-qos/internal/sandbox/camara"
)

func emptyPlan() resource.ConfigPlanChecks {
	return resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}}
}

func updated(address string) resource.ConfigPlanChecks {
	return resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectResourceAction(address, plancheck.ResourceActionUpdate)}}
}

// The action gives a session time that no plan takes back. What the resource asks
// for later counts from the session as it is then.
func TestAccExtendedSessionPlansEmpty(t *testing.T) {
	t.Parallel()
	for _, version := range []sandbox.Version{sandbox.Version010, sandbox.Version11} {
		t.Run(string(version), func(t *testing.T) {
			t.Parallel()
			d := speak(t, version, atOnce)
			k := kinds()[0]
			config := func(duration int) string {
				return d.ProviderConfig() + strings.Replace(k.block("test"), "3600", fmt.Sprint(duration), 1)
			}
			lasts := func(seconds int64) []statecheck.StateCheck {
				return []statecheck.StateCheck{statecheck.ExpectKnownValue(k.address(), tfjsonpath.New("granted_duration"), knownvalue.Int64Exact(seconds))}
			}
			resource.Test(t, resource.TestCase{
				ProtoV6ProviderFactories: acctest.CamaraFactories(),
				Steps: []resource.TestStep{
					{Config: config(600)},
					{
						PreConfig: func() {
							_, said := d.extend(d.Operator.Live()[0].ID, 300)
							wantNothingSaid(t, said)
						},
						Config: config(600), ConfigPlanChecks: emptyPlan(),
					},
					{RefreshState: true},
					{Config: config(600), ConfigPlanChecks: emptyPlan(), ConfigStateChecks: lasts(900)},
					// It is as long already.
					{Config: config(800), ConfigPlanChecks: updated(k.address()), ConfigStateChecks: lasts(900)},
					{Config: config(1200), ConfigPlanChecks: updated(k.address()), ConfigStateChecks: lasts(1200)},
					{Config: config(1200), ConfigPlanChecks: emptyPlan()},
				},
			})
			if extended := d.Operator.Count(sandbox.OpExtendSession); extended != 2 {
				t.Errorf("%d extensions, want the action's and the resource's", extended)
			}
			k.wantPosts(t, d.CamaraWorld, 1)
		})
	}
}

func TestAccFunctions(t *testing.T) {
	t.Parallel()
	d := speak(t, sandbox.Version11, atOnce)
	session := kinds()[0]
	config := d.ProviderConfig() + strings.Replace(session.block("test"), "3600", `provider::camara::seconds("1h30m")`, 1) + `
output "hint" {
  value = provider::camara::login_hint(camara_qod_session.test.device)
}
output "part" {
  value = provider::camara::login_hint({ ipv4_address = { public_address = "203.0.113.7", public_port = 59765 } })
}
`
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: acctest.CamaraFactories(),
		Steps: []resource.TestStep{
			{Config: config, ConfigStateChecks: []statecheck.StateCheck{
				statecheck.ExpectKnownOutputValue("hint", knownvalue.StringExact(phoneHint)),
				statecheck.ExpectKnownOutputValue("part", knownvalue.StringExact("ipport:203.0.113.7:59765")),
				statecheck.ExpectKnownValue(session.address(), tfjsonpath.New("duration"), knownvalue.Int64Exact(5400)),
			}},
			{Config: config, ConfigPlanChecks: emptyPlan()},
			{Config: strings.Replace(config, "1h30m", "soon", 1), ExpectError: acctest.Words(`"duration"`, "is not a duration such as 90s")},
			{Config: strings.Replace(config, "camara_qod_session.test.device", "null", 1), ExpectError: acctest.Words(`"device"`, "argument must not be null")},
			{Config: strings.Replace(config, "public_port", "port", 1), ExpectError: acctest.Words(`"device"`, `has no attribute "port"`)},
			{Config: config},
		},
	})
}

func TestAccEphemeralAccessToken(t *testing.T) {
	t.Parallel()
	acctest.NeedsEphemeral(t)
	w := acctest.NewCamara(t, sandbox.Version11)
	factories := acctest.CamaraFactories()
	factories["echo"] = echoprovider.NewProviderServer()
	config := w.ProviderConfig() + `
ephemeral "camara_access_token" "test" {}

provider "echo" {
  data = ephemeral.camara_access_token.test
}

resource "echo" "test" {}
`
	data := tfjsonpath.New("data")
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories,
		Steps: []resource.TestStep{{Config: config, ConfigStateChecks: []statecheck.StateCheck{
			statecheck.ExpectKnownValue("echo.test", data.AtMapKey("access_token"), knownvalue.NotNull()),
			statecheck.ExpectKnownValue("echo.test", data.AtMapKey("token_type"), knownvalue.StringExact("Bearer")),
			statecheck.ExpectKnownValue("echo.test", data.AtMapKey("expires_at"), knownvalue.NotNull()),
		}}},
	})
}

// query writes a query for all that a device has of a kind.
func (k kind) query(t *testing.T, c *acctest.CLI) {
	t.Helper()
	text := fmt.Sprintf("list %q \"found\" {\n  provider = camara\n  config {\n    device = { phone_number = %q }\n  }\n}\n", k.resource, phone)
	if err := os.WriteFile(filepath.Join(c.Dir(), "found.tfquery.hcl"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// What there is, is brought under a configuration that the engine writes. With
// tokens bound to devices, the operator does not tell the device, so that the
// import takes it from there.
func TestAccQueryToEmptyPlan(t *testing.T) {
	t.Parallel()
	acctest.NeedsQuery(t)
	for name, test := range map[string]struct {
		speak func(*testing.T) *dialogue
		says  string
	}{
		"two legs": {
			speak: func(t *testing.T) *dialogue { t.Helper(); return speak(t, sandbox.Version11, atOnce) },
			says:  "0 added, 0 changed",
		},
		"three legs": {
			speak: func(t *testing.T) *dialogue {
				t.Helper()
				return speakBound(t, sandbox.Version11, auth.JWTBearer, atOnce)
			},
			says: "0 added, 1 changed",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			forEachKind(t, func(t *testing.T, k kind) {
				t.Helper()
				c := newCLI(t)
				d := test.speak(t)
				if k.create == sandbox.OpCreateSession {
					d.session(t, "203.0.113.5")
				} else {
					d.assignment(t)
				}
				c.Write(d.block)
				k.query(t, c)
				wantSaid(t, c.MustRun("query", "-no-color", "-generate-config-out=generated.tf"), "QOS_E", "AVAILABLE")
				wantSaid(t, c.MustRun("apply", "-auto-approve", "-input=false", "-no-color"), "1 imported", test.says)
				k.wantHeld(t, d.CamaraWorld, c)
				wantEmptyPlan(t, c)
				k.wantDestroyed(t, d.CamaraWorld, c)
			})
		})
	}
}

const extension = `
action "camara_qod_session_extend" "more" {
  config {
    session_id                    = camara_qod_session.test.session_id
    requested_additional_duration = provider::camara::seconds("10m")
  }
}
`

// extendable is a working directory with a session and an action that extends
// it, and what the engine is told to do so.
func extendable(t *testing.T) (w *acctest.CamaraWorld, c *acctest.CLI, invoke []string) {
	t.Helper()
	w, c = acctest.NewCamara(t, sandbox.Version11), newCLI(t)
	c.Write(w.ProviderConfig() + kinds()[0].block("test") + extension)
	c.MustRun("apply", "-auto-approve", "-input=false", "-no-color")
	return w, c, []string{"apply", "-auto-approve", "-input=false", "-no-color", "-invoke=action.camara_qod_session_extend.more"}
}

// wantExtended checks that the session was extended once, and that no plan makes
// anything of it.
func wantExtended(t *testing.T, w *acctest.CamaraWorld, c *acctest.CLI) {
	t.Helper()
	if asked, lasts := w.Operator.Count(sandbox.OpExtendSession), w.Operator.Live()[0].Duration; asked != 1 || lasts != 4200 {
		t.Errorf("it was extended %d times and lasts for %d seconds", asked, lasts)
	}
	wantEmptyPlan(t, c)
	kinds()[0].wantDestroyed(t, w, c)
}

func TestAccInvokeExtend(t *testing.T) {
	t.Parallel()
	acctest.NeedsActions(t)
	w, c, invoke := extendable(t)
	wantSaid(t, c.MustRun(invoke...), "asking for 600 seconds more", "lasts for 4200 seconds in all, until 20")
	wantExtended(t, w, c)
}

// Engines do not show what becomes of an action that was interrupted.
func TestAccInvokeExtendInterrupted(t *testing.T) {
	t.Parallel()
	acctest.NeedsActions(t)
	w, c, invoke := extendable(t)
	hold := acctest.NewHold(http.MethodPost, "/extend")
	w.Gate.Interpose(hold.Wrap)
	process := c.Start(invoke...)
	<-hold.Reached()
	process.Interrupt()
	hold.Release()
	_, _ = process.Wait()
	wantExtended(t, w, c)
}
