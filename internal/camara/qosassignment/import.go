package qosassignment

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/qosform/terraform-provider-qos/internal/camara/attribute"
	"github.com/qosform/terraform-provider-qos/internal/camara/backend"
	"github.com/qosform/terraform-provider-qos/internal/camara/grant"
	"github.com/qosform/terraform-provider-qos/internal/timeout"
)

// identityKey is the attribute of the identity, and of the state, with the id.
const identityKey = "assignment_id"

// identity is that of the assignment with this id.
func identity(id string) backend.Identity {
	return backend.Identity{Key: identityKey, ID: id}
}

// policies are those of an assignment that no configuration has been applied to.
func policies() map[string]string {
	return map[string]string{"wait_for": grant.WaitForAvailable, "on_timeout": grant.OnTimeoutFail}
}

// unmanaged is an assignment that no configuration has been applied to, and of
// which nothing is known.
func unmanaged() *model {
	known := policies()
	return &model{
		SinkCredential: types.ObjectNull(attribute.CredentialType().AttrTypes),
		WaitFor:        types.StringValue(known["wait_for"]),
		OnTimeout:      types.StringValue(known["on_timeout"]),
		Timeouts:       timeout.Null("create", "delete"),
	}
}

// ImportState takes an id and, where tokens are bound to devices, whose
// assignment it is. Read, which follows, asks the operator.
func (r *qosAssignmentResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	r.backend.ImportState(ctx, backend.Import{Key: identityKey, Summary: summaryImport, Policies: policies()}, req, resp)
}
