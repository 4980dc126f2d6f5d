package qosassignment

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/qosform/terraform-provider-qos/internal/camara/grant"
	"github.com/qosform/terraform-provider-qos/internal/privatestate"
)

// identityKey is the attribute of the identity, and of the state, with the id.
const identityKey = "assignment_id"

// ImportState takes an id and, where tokens are bound to devices, whose
// assignment it is. Read, which follows, asks the operator.
func (r *qosAssignmentResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	id, subject := r.backend.Import(ctx, identityKey, summaryImport, req, resp)
	if resp.Diagnostics.HasError() {
		return
	}
	values := map[string]any{"id": id, identityKey: id, "wait_for": grant.WaitForAvailable, "on_timeout": grant.OnTimeoutFail}
	for name, v := range values {
		resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root(name), v)...)
	}
	resp.Diagnostics.Append(privatestate.Set(ctx, resp.Private, keyOrigin, grant.Origin{Subject: subject, Imported: true})...)
}
