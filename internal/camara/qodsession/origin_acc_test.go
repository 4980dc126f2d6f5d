package qodsession_test

import (
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/qosform/terraform-provider-qos/internal/acctest"
	sandbox "github.com/qosform/terraform-provider-qos/internal/sandbox/camara"
)

// A provider block that is pointed at another operator, or speaks for another
// application, loses no session: what that one answers says nothing of it.
func TestAccOtherOperator(t *testing.T) {
	t.Parallel()
	a, b := acctest.NewCamara(t, sandbox.Version11), acctest.NewCamara(t, sandbox.Version11)
	config := session(`duration = 600`)
	home, elsewhere := a.ProviderConfig()+config, b.ProviderConfig()+config
	stranger := replace(home, acctest.OperatorClientID, "another-client-id")
	refused := acctest.Words("was made at "+a.URLs().QoD+", and the provider is configured for "+b.URLs().QoD, "set base_url back", "terraform state rm")
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: acctest.CamaraFactories(),
		CheckDestroy:             nothingLive(a),
		Steps: []resource.TestStep{
			{Config: home},
			{Config: elsewhere, ExpectError: refused},
			{Config: elsewhere, Destroy: true, ExpectError: refused},
			{Config: stranger, ExpectError: acctest.Words("was made by the application "+acctest.OperatorClientID+", and the provider is configured for the application another-client-id", "oauth.client_id")},
			{Config: home, ConfigPlanChecks: emptyPlan(), Check: liveMatchesState(a)},
		},
	})
	if sent := b.Operator.Requests(); len(sent) != 0 {
		t.Errorf("%d requests were sent to the other operator", len(sent))
	}
}

// An import that was complete at once is over after a day: what the configuration
// adds from then on has to reach the operator.
func TestAccImportEnds(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		age  time.Duration
		want plancheck.ResourceActionType
	}{
		"soon": {time.Hour, plancheck.ResourceActionUpdate},
		"late": {24 * time.Hour, plancheck.ResourceActionReplace},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newClockWorld(t, sandbox.Version11, func(o *sandbox.Options) {
				o.Profiles = []sandbox.Profile{{Name: "QOS_E", Status: sandbox.ProfileActive, MaxDuration: &sandbox.Quantity{Value: 7, Unit: "Days"}}}
			})
			config := w.ProviderConfig() + session(`duration = 604800`)
			var id string
			w.run(t,
				resource.TestStep{Config: config, Check: func(s *terraform.State) error {
					id = s.RootModule().Resources[address].Primary.ID
					return nil
				}},
				resource.TestStep{Config: w.ProviderConfig() + "removed {\n  from = camara_qod_session.test\n  lifecycle {\n    destroy = false\n  }\n}\n"},
				resource.TestStep{
					ResourceName: address, Config: config, ImportState: true, ImportStatePersist: true,
					ImportStateIdFunc: func(*terraform.State) (string, error) { return id, nil },
				},
				resource.TestStep{PreConfig: w.later(time.Minute), Config: config, PlanOnly: true},
				resource.TestStep{
					PreConfig: w.later(test.age), Config: w.ProviderConfig() + session(`duration = 604800`, `sink = "https://n.example.com"`),
					ConfigPlanChecks: action(test.want), Check: liveMatchesState(w.CamaraWorld),
				},
			)
		})
	}
}
