package qosassignment_test

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/qosform/terraform-provider-qos/internal/acctest"
	sandbox "github.com/qosform/terraform-provider-qos/internal/sandbox/camara"
)

// A provider block that is pointed at another operator, or speaks for another
// application, loses no assignment: what that one answers says nothing of it.
func TestAccOtherOperator(t *testing.T) {
	t.Parallel()
	a, b := acctest.NewCamara(t, sandbox.Version11), acctest.NewCamara(t, sandbox.Version11)
	home, elsewhere := a.ProviderConfig()+assignment(), b.ProviderConfig()+assignment()
	stranger := strings.Replace(home, acctest.OperatorClientID, "another-client-id", 1)
	refused := acctest.Words("was made at "+a.URLs().QoD+", and the provider is configured for "+b.URLs().QoD, "set base_url back")
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: acctest.CamaraFactories(),
		CheckDestroy:             live(a, 0),
		Steps: []resource.TestStep{
			{Config: home},
			{Config: elsewhere, ExpectError: refused},
			{Config: elsewhere, Destroy: true, ExpectError: refused},
			{Config: stranger, ExpectError: acctest.Words("was made by the application "+acctest.OperatorClientID, "oauth.client_id")},
			{Config: home, ConfigPlanChecks: emptyPlan(), Check: liveInState(a)},
		},
	})
	if sent := b.Operator.Requests(); len(sent) != 0 {
		t.Errorf("%d requests were sent to the other operator", len(sent))
	}
}
