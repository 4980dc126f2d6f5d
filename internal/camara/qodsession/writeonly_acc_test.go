package qodsession_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/qosform/terraform-provider-qos/internal/acctest"
	sandbox "github.com/qosform/terraform-provider-qos/internal/sandbox/camara"
)

// credential is a sink with the lines of its credential.
func credential(lines string) string {
	return "duration = 600\n  sink = \"https://n.example.com\"\n  sink_credential = {\n    access_token_expires_utc = \"2040-01-31T12:00:00Z\"\n    " + lines + "\n  }"
}

// sentTokens are the tokens in the creates that the operator got, in their order.
func sentTokens(t *testing.T, w *acctest.CamaraWorld) []string {
	t.Helper()
	var tokens []string
	for _, r := range w.Operator.Requests() {
		if r.Operation != sandbox.OpCreateSession {
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
	return tokens
}

func stateLacks(secret string) resource.TestCheckFunc {
	return func(s *terraform.State) error {
		if strings.Contains(fmt.Sprint(s.RootModule().Resources[address].Primary.Attributes), secret) {
			return errors.New("the state has the secret")
		}
		return nil
	}
}

func TestAccWriteOnly(t *testing.T) {
	acctest.NeedsWriteOnly(t)
	t.Parallel()
	w := acctest.NewCamara(t, sandbox.Version11)
	config := func(token string, version int) string {
		return w.ProviderConfig() + session(credential(fmt.Sprintf("access_token_wo = %q\n    access_token_wo_version = %d", token, version)), `timeouts = { create = "2s" }`)
	}
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: acctest.CamaraFactories(),
		CheckDestroy:             nothingLive(w),
		Steps: []resource.TestStep{
			{
				// What failed keeps its id, though the secret is in no state.
				PreConfig:   inject(w, sandbox.Fault{Kind: sandbox.FaultStayRequested, Times: 1}),
				Config:      config("secret-0", 1),
				ExpectError: acctest.Words("timeouts.create"),
			},
			{Config: config("secret-1", 1), ConfigPlanChecks: action(plancheck.ResourceActionReplace), Check: resource.ComposeTestCheckFunc(liveMatchesState(w), stateLacks("secret-1"))},
			{Config: config("secret-2", 1), PlanOnly: true},
			{Config: config("secret-3", 2), ConfigPlanChecks: action(plancheck.ResourceActionReplace), Check: resource.ComposeTestCheckFunc(liveMatchesState(w), stateLacks("secret-3"))},
		},
	})
	if got := strings.Join(sentTokens(t, w), " "); got != "secret-0 secret-1 secret-3" {
		t.Errorf("sent %s", got)
	}
}

func TestAccSecretAlone(t *testing.T) {
	t.Parallel()
	w := acctest.NewCamara(t, sandbox.Version11)
	config := func(lines string) string { return w.ProviderConfig() + session(credential(lines)) }
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: acctest.CamaraFactories(),
		CheckDestroy:             nothingLive(w),
		Steps: []resource.TestStep{
			{Config: config(`access_token = "secret-1"`)},
			{Config: config(`access_token = "secret-2"`), ConfigPlanChecks: action(plancheck.ResourceActionUpdate)},
			{Config: replace(config(`access_token = "secret-2"`), "n.example.com", "m.example.com"), ConfigPlanChecks: action(plancheck.ResourceActionReplace)},
		},
	})
	if got := strings.Join(sentTokens(t, w), " "); got != "secret-1 secret-2" {
		t.Errorf("sent %s", got)
	}
}
