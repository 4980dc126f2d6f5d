package camara_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/qosform/terraform-provider-qos/internal/acctest"
	"github.com/qosform/terraform-provider-qos/internal/acctest/protocol"
	"github.com/qosform/terraform-provider-qos/internal/camara/auth"
	sandbox "github.com/qosform/terraform-provider-qos/internal/sandbox/camara"
)

// idKey is the attribute of a kind's identity with the id.
func (k kind) idKey() string {
	if k.create == sandbox.OpCreateSession {
		return "session_id"
	}
	return "assignment_id"
}

// Three ways lead to the same state. The identity is given once.
func TestAccImportInThreeWays(t *testing.T) {
	t.Parallel()
	acctest.NeedsIdentity(t)
	forEachKind(t, func(t *testing.T, k kind) {
		t.Helper()
		w := acctest.NewCamara(t, sandbox.Version11)
		config := w.ProviderConfig() + k.block("test")
		identified := []statecheck.StateCheck{
			statecheck.ExpectIdentity(k.address(), map[string]knownvalue.Check{
				k.idKey(): knownvalue.NotNull(), "base_url": knownvalue.StringExact(w.URLs().QoD),
			}),
			statecheck.ExpectIdentityValueMatchesState(k.address(), tfjsonpath.New(k.idKey())),
		}
		id := func(s *terraform.State) (string, error) { return s.RootModule().Resources[k.address()].Primary.ID, nil }
		resource.Test(t, resource.TestCase{
			ProtoV6ProviderFactories: acctest.CamaraFactories(),
			Steps: []resource.TestStep{
				{Config: config, ConfigStateChecks: identified},
				{ResourceName: k.address(), ImportState: true, ImportStateKind: resource.ImportCommandWithID, ImportStateIdFunc: id, ImportStateVerify: true},
				{ResourceName: k.address(), ImportState: true, ImportStateKind: resource.ImportBlockWithID, ImportStateIdFunc: id},
				{ResourceName: k.address(), ImportState: true, ImportStateKind: resource.ImportBlockWithResourceIdentity},
				{Config: config, ConfigPlanChecks: emptyPlan(), ConfigStateChecks: identified},
			},
		})
	})
}

// What an import is told of the operator is kept, and what it is not told is
// filled in. Whose token it takes is no part of the identity.
func TestIdentityIsWrittenOnce(t *testing.T) {
	t.Parallel()
	d := speakBound(t, sandbox.Version11, auth.JWTBearer, atOnce)
	for typeName, of := range map[string]struct{ key, id string }{
		sessionType:    {"session_id", d.session(t, "203.0.113.5").ID},
		assignmentType: {"assignment_id", d.assignment(t).ID},
	} {
		imported, said := d.provider.ImportByIdentity(typeName, protocol.Object{of.key: of.id + "," + phoneHint})
		wantNothingSaid(t, said)
		identity := protocol.Object{of.key: of.id, "base_url": d.URLs().QoD}
		for range 2 {
			if diff := cmp.Diff(identity, imported.Identity()); diff != "" {
				t.Errorf("%s: identity (-want +got):\n%s", typeName, diff)
			}
			wantNothingSaid(t, imported.Read())
		}
		identity[of.key] = of.id + "," + phoneHint
		identity["base_url"] = "https://another.example.com/quality-on-demand/v1"
		_, said = d.provider.ImportByIdentity(typeName, identity)
		wantErrorSaid(t, said, "is of the operator at https://another.example.com")
	}
}
