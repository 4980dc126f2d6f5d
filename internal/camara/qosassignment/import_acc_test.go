package qosassignment_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
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

// meanwhile is what happens between a plan and its apply.
type meanwhile func()

func (m meanwhile) CheckPlan(context.Context, plancheck.CheckPlanRequest, *plancheck.CheckPlanResponse) {
	m()
}

// credential is a sink with the lines of its credential.
func credential(lines string) string {
	return "sink = \"https://n.example.com\"\n  sink_credential = {\n    access_token_expires_utc = \"2040-01-31T12:00:00Z\"\n    " + lines + "\n  }"
}

// What the operator does not tell is taken from the configuration in place, and
// the assignment stays the same.
func TestAccImportIntoConfiguration(t *testing.T) {
	t.Parallel()
	for _, version := range []sandbox.Version{sandbox.Version11, sandbox.Version12} {
		t.Run(string(version), func(t *testing.T) {
			t.Parallel()
			w := acctest.NewCamara(t, version, func(o *sandbox.Options) { o.Switches.OmitDevice = true })
			config := w.ProviderConfig() + assignment(credential(`access_token = "a-token-of-20-letters"`), `on_timeout = "keep"`)
			var id string
			resource.Test(t, resource.TestCase{
				ProtoV6ProviderFactories: acctest.CamaraFactories(),
				CheckDestroy:             live(w, 0),
				Steps: []resource.TestStep{
					{Config: config, Check: func(s *terraform.State) error {
						id = s.RootModule().Resources[address].Primary.ID
						return nil
					}},
					{Config: w.ProviderConfig() + "removed {\n  from = " + address + "\n  lifecycle {\n    destroy = false\n  }\n}\n"},
					{
						ResourceName: address, Config: config, ImportState: true, ImportStatePersist: true,
						ImportStateIdFunc: func(*terraform.State) (string, error) { return id, nil },
					},
					{Config: config, ConfigPlanChecks: action(plancheck.ResourceActionUpdate), Check: liveInState(w), ConfigStateChecks: []statecheck.StateCheck{
						is("on_timeout", knownvalue.StringExact("keep")),
					}},
					{Config: strings.Replace(config, "666", "777", 1), ConfigPlanChecks: action(plancheck.ResourceActionReplace), Check: liveInState(w)},
				},
			})
			wantPosts(t, w, 2)
		})
	}
}

func TestAccImportRefused(t *testing.T) {
	t.Parallel()
	w := acctest.NewCamara(t, sandbox.Version11)
	config := w.ProviderConfig() + assignment()
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: acctest.CamaraFactories(),
		Steps: []resource.TestStep{
			{ResourceName: address, Config: config, ImportState: true, ImportStateId: "a/b", ExpectError: acctest.Words("must be the assignment_id")},
			{ResourceName: address, Config: config, ImportState: true, ImportStateId: "3fa85f64-5717-4562-b3fc-2c963f66afa6", ExpectError: acctest.Words("non-existent")},
			{Config: config},
		},
	})
}

func TestAccThreeLegged(t *testing.T) {
	t.Parallel()
	for _, flow := range []string{"jwt_bearer", "ciba"} {
		t.Run(flow, func(t *testing.T) {
			t.Parallel()
			w := acctest.NewKeyedCamara(t, sandbox.Version12)
			provider := w.ProviderConfig(flow, w.Scopes(true))
			config := provider + assignment()
			resource.Test(t, resource.TestCase{
				ProtoV6ProviderFactories: acctest.CamaraFactories(),
				CheckDestroy:             live(w.CamaraWorld, 0),
				Steps: []resource.TestStep{
					{Config: provider + strings.Replace(assignment(), "device  ", "# device  ", 1), ExpectError: acctest.Words("device")},
					{Config: config, Check: liveInState(w.CamaraWorld)},
					{ResourceName: address, ImportState: true, ExpectError: acctest.Words("assignment_id,login_hint")},
					{
						ResourceName: address, ImportState: true, ImportStateVerify: true, ImportStateVerifyIgnore: []string{"device"},
						ImportStateIdFunc: func(s *terraform.State) (string, error) {
							return s.RootModule().Resources[address].Primary.ID + ",tel:+34666666666", nil
						},
					},
				},
			})
			for _, r := range w.Operator.Requests() {
				if strings.Contains(string(r.Body), `"device"`) {
					t.Errorf("%s names the device: %s", r.Operation, r.Body)
				}
			}
		})
	}
}

func stateLacks(secret string) resource.TestCheckFunc {
	return func(s *terraform.State) error {
		if strings.Contains(fmt.Sprint(s.RootModule().Resources[address].Primary.Attributes), secret) {
			return errors.New("the state has the secret")
		}
		return nil
	}
}

// sentTokens are the tokens in the creates that the operator got, in their order.
func sentTokens(t *testing.T, w *acctest.CamaraWorld) string {
	t.Helper()
	var tokens []string
	for _, r := range w.Operator.Requests() {
		if r.Operation != sandbox.OpCreateAssignment {
			continue
		}
		var body struct {
			SinkCredential struct{ AccessToken string } `json:"sinkCredential"`
		}
		if err := json.Unmarshal(r.Body, &body); err != nil {
			t.Fatal(err)
		}
		tokens = append(tokens, body.SinkCredential.AccessToken)
	}
	return strings.Join(tokens, " ")
}

func TestAccWriteOnly(t *testing.T) {
	acctest.NeedsWriteOnly(t)
	t.Parallel()
	w := acctest.NewCamara(t, sandbox.Version11)
	config := func(token string, version int) string {
		return w.ProviderConfig() + assignment(credential(fmt.Sprintf("access_token_wo = %q\n    access_token_wo_version = %d", token, version)), `timeouts = { create = "1s" }`)
	}
	kept := func(secret string) resource.TestCheckFunc {
		return resource.ComposeTestCheckFunc(liveInState(w), stateLacks(secret))
	}
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: acctest.CamaraFactories(),
		CheckDestroy:             live(w, 0),
		Steps: []resource.TestStep{
			{
				// What failed keeps its id, though the secret is in no state.
				PreConfig: inject(w, sandbox.Fault{Kind: sandbox.FaultStayRequested, Times: 1}), Config: config("secret-0", 1),
				ExpectError: acctest.Words("timeouts.create"),
			},
			{Config: config("secret-1", 1), ConfigPlanChecks: action(plancheck.ResourceActionReplace), Check: kept("secret-1")},
			{Config: config("secret-2", 1), PlanOnly: true},
			{Config: config("secret-3", 2), ConfigPlanChecks: action(plancheck.ResourceActionReplace), Check: kept("secret-3")},
		},
	})
	if got := sentTokens(t, w); got != "secret-0 secret-1 secret-3" {
		t.Errorf("sent %s", got)
	}
}

func TestAccSecretAlone(t *testing.T) {
	t.Parallel()
	w := acctest.NewCamara(t, sandbox.Version11)
	config := func(lines string) string { return w.ProviderConfig() + assignment(credential(lines)) }
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: acctest.CamaraFactories(),
		CheckDestroy:             live(w, 0),
		Steps: []resource.TestStep{
			{Config: config(`access_token = "secret-1"`)},
			{Config: config(`access_token = "secret-2"`), ConfigPlanChecks: action(plancheck.ResourceActionUpdate)},
			{Config: strings.Replace(config(`access_token = "secret-2"`), "n.example.com", "m.example.com", 1), ConfigPlanChecks: action(plancheck.ResourceActionReplace)},
		},
	})
	if got := sentTokens(t, w); got != "secret-1 secret-2" {
		t.Errorf("sent %s", got)
	}
}
