package callback

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// importing is what the framework passes to an import: an empty state, and an
// identity where the engine knows of identities.
func importing(t *testing.T, id string, identity *identityModel) (resource.ImportStateRequest, *resource.ImportStateResponse) {
	t.Helper()
	state := tfsdk.State{Schema: resourceSchema()}
	state.Raw = tftypes.NewValue(state.Schema.Type().TerraformType(t.Context()), nil)
	request := resource.ImportStateRequest{ID: id}
	if identity != nil {
		schema := identitySchema()
		request.Identity = &tfsdk.ResourceIdentity{Schema: schema, Raw: tftypes.NewValue(schema.Type().TerraformType(t.Context()), nil)}
		if diags := request.Identity.Set(t.Context(), identity); diags.HasError() {
			t.Fatal(diags)
		}
	}
	return request, &resource.ImportStateResponse{State: state}
}

func TestImportState(t *testing.T) {
	t.Parallel()
	const account = "0000123456-00001"
	for name, test := range map[string]struct {
		id       string
		identity *identityModel
		want     string // the id in the state, empty for a refusal
	}{
		"by id":                  {id: account + "/QoS", want: account + "/QoS"},
		"by identity":            {identity: &identityModel{AccountName: types.StringValue(account), Name: types.StringValue("QoS")}, want: account + "/QoS"},
		"id without a name":      {id: account},
		"id with an empty name":  {id: account + "/"},
		"id without an account":  {id: "/QoS"},
		"id with another form":   {id: "acme/QoS"},
		"identity of no account": {identity: &identityModel{AccountName: types.StringValue("acme"), Name: types.StringValue("QoS")}},
		"identity without name":  {identity: &identityModel{AccountName: types.StringValue(account), Name: types.StringValue("")}},
	} {
		req, resp := importing(t, test.id, test.identity)
		(&callbackResource{}).ImportState(t.Context(), req, resp)
		if resp.Diagnostics.HasError() != (test.want == "") {
			t.Errorf("%s: %v", name, resp.Diagnostics)
			continue
		}
		if test.want == "" {
			continue
		}
		var got model
		if diags := resp.State.Get(t.Context(), &got); diags.HasError() {
			t.Fatal(diags)
		}
		want := model{
			ID: types.StringValue(test.want), AccountName: types.StringValue(account), Name: types.StringValue("QoS"),
			OverwriteExisting: types.BoolValue(false), ForceDestroy: types.BoolValue(false),
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
