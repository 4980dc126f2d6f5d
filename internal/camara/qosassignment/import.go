package qosassignment

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/qosform/terraform-provider-qos/internal/camara/backend"
	"github.com/qosform/terraform-provider-qos/internal/camara/grant"
)

// identityKey is the attribute of the identity, and of the state, with the id.
const identityKey = "assignment_id"

// ImportState takes an id and, where tokens are bound to devices, whose
// assignment it is. Read, which follows, asks the operator.
func (r *qosAssignmentResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	r.backend.ImportState(ctx, backend.Import{Key: identityKey, Summary: summaryImport, Policies: map[string]string{
		"wait_for": grant.WaitForAvailable, "on_timeout": grant.OnTimeoutFail,
	}}, req, resp)
}
