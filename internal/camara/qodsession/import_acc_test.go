package qodsession_test

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/qosform/terraform-provider-qos/internal/acctest"
	sandbox "github.com/qosform/terraform-provider-qos/internal/sandbox/camara"
)

// boundWorld is an operator whose tokens are bound to devices, and the lines of
// a provider block that get them.
func boundWorld(t *testing.T, version sandbox.Version, flow string) (w *acctest.CamaraWorld, provider string) {
	t.Helper()
	keyed := acctest.NewKeyedCamara(t, version)
	return keyed.CamaraWorld, keyed.ProviderConfig(flow)
}

func importID(address, suffix string) resource.ImportStateIdFunc {
	return func(s *terraform.State) (string, error) {
		return s.RootModule().Resources[address].Primary.ID + suffix, nil
	}
}

func TestAccThreeLegged(t *testing.T) {
	t.Parallel()
	fleet := acctest.Fleet[*acctest.CamaraWorld]{}
	for _, flow := range []string{"jwt_bearer", "ciba"} {
		for _, version := range []sandbox.Version{sandbox.Version010, sandbox.Version011, sandbox.Version10, sandbox.Version12} {
			w, provider := boundWorld(t, version, flow)
			fleet[flow+" "+string(version)] = acctest.Member[*acctest.CamaraWorld]{World: w, Provider: provider}
		}
	}
	config := fleet.Config(session(`duration = 600`))
	imports := acctest.Each(fleet, address, func(address string) []resource.TestStep {
		return []resource.TestStep{
			{ResourceName: address, ImportState: true, ImportStateIdFunc: importID(address, ""), ExpectError: acctest.Words("session_id,login_hint")},
			{
				ResourceName: address, ImportState: true, ImportStateIdFunc: importID(address, ",tel:+34666666666"), ImportStateVerify: true,
				ImportStateVerifyIgnore: []string{"device"},
			},
		}
	})
	steps := append([]resource.TestStep{{Config: config, Check: fleet.Check(address, oneIsLive)}}, imports...)
	steps = append(steps, resource.TestStep{
		Config: strings.ReplaceAll(config, "= 600", "= 900"), ConfigPlanChecks: planned(fleet, plancheck.ResourceActionUpdate),
	})
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: fleet.Factories(acctest.CamaraFactories()), Steps: steps, CheckDestroy: fleet.Check(address, noneIsLive),
	})
	for name, member := range fleet {
		for _, r := range member.World.Operator.Requests() {
			if r.Operation == sandbox.OpCreateSession && strings.Contains(string(r.Body), `"device":`) != strings.HasSuffix(name, string(sandbox.Version010)) {
				t.Errorf("%s: the create is %s", name, r.Body)
			}
		}
	}
}

// What the operator does not tell is taken from the configuration in place, and
// the session stays the same.
func TestAccImportIntoConfiguration(t *testing.T) {
	t.Parallel()
	for _, version := range []sandbox.Version{sandbox.Version010, sandbox.Version12} {
		t.Run(string(version), func(t *testing.T) {
			t.Parallel()
			w := acctest.NewCamara(t, version, func(o *sandbox.Options) { o.Switches.OmitDevice, o.Switches.Normalize = true, true })
			notifications := `webhook = { notification_url = "https://n.example.com", notification_auth_token = "a-token-of-20-letters" }`
			if version != sandbox.Version010 {
				notifications = "sink = \"https://n.example.com\"\n  sink_credential = { access_token = \"a-token-of-20-letters\", access_token_expires_utc = \"2040-01-31T12:00:00Z\" }"
			}
			config := w.ProviderConfig() + replace(session(`duration = 600`, `on_expiry = "ignore"`, notifications), `ipv4_address = "203.0.113.0/24"`, `ipv6_address = "2001:DB8:0::5"`)
			var id string
			resource.Test(t, resource.TestCase{
				ProtoV6ProviderFactories: acctest.CamaraFactories(),
				CheckDestroy:             nothingLive(w),
				Steps: []resource.TestStep{
					{Config: config, Check: func(s *terraform.State) error {
						id = s.RootModule().Resources[address].Primary.ID
						return nil
					}},
					{Config: w.ProviderConfig() + "removed {\n  from = camara_qod_session.test\n  lifecycle {\n    destroy = false\n  }\n}\n"},
					{
						ResourceName: address, Config: config, ImportState: true, ImportStatePersist: true,
						ImportStateIdFunc: func(*terraform.State) (string, error) { return id, nil },
					},
					{Config: config, ConfigPlanChecks: action(plancheck.ResourceActionUpdate), Check: liveMatchesState(w), ConfigStateChecks: []statecheck.StateCheck{
						is("on_expiry", knownvalue.StringExact("ignore")),
					}},
					{Config: replace(config, "666", "777"), ConfigPlanChecks: action(plancheck.ResourceActionReplace), Check: liveMatchesState(w)},
				},
			})
			if got := w.Operator.Count(sandbox.OpCreateSession); got != 2 {
				t.Errorf("%d POSTs, want 2", got)
			}
		})
	}
}

func TestAccImportRefused(t *testing.T) {
	t.Parallel()
	w := acctest.NewCamara(t, sandbox.Version11)
	config := w.ProviderConfig() + session(`duration = 600`)
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: acctest.CamaraFactories(),
		Steps: []resource.TestStep{
			{ResourceName: address, Config: config, ImportState: true, ImportStateId: "a/b", ExpectError: acctest.Words("must be the session_id")},
			{ResourceName: address, Config: config, ImportState: true, ImportStateId: "3fa85f64-5717-4562-b3fc-2c963f66afa6,+34666666666", ExpectError: acctest.Words("The login_hint behind the comma must be like tel:+34666666666")},
			{ResourceName: address, Config: config, ImportState: true, ImportStateId: "3fa85f64-5717-4562-b3fc-2c963f66afa6", ExpectError: acctest.Words("non-existent")},
			{Config: config},
		},
	})
}
