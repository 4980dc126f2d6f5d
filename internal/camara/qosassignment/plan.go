package qosassignment

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/qosform/terraform-provider-qos/internal/camara/attribute"
	"github.com/qosform/terraform-provider-qos/internal/camara/grant"
	"github.com/qosform/terraform-provider-qos/internal/privatestate"
)

// ModifyPlan turns what Read found into a plan. It looks at Read's verdict
// alone, so that a plan that was saved stays valid.
func (r *qosAssignmentResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() || r.backend == nil {
		return
	}
	if req.State.Raw.IsNull() {
		var config model
		resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
		if !resp.Diagnostics.HasError() {
			r.checkForVersion(ctx, &config, &resp.Diagnostics)
		}
		return
	}
	var plan, state model
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	found, diags := privatestate.Get[grant.Verdict](ctx, req.Private, grant.KeyVerdict)
	resp.Diagnostics.Append(diags...)
	origin, diags := privatestate.Get[grant.Origin](ctx, req.Private, grant.KeyOrigin)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	if found.Ended != "" {
		resp.Diagnostics.AddWarning("QoS assignment has ended", fmt.Sprintf("The assignment %s has ended: %s. The plan deletes what the operator still has of it and makes a new one.",
			state.AssignmentID.ValueString(), found.Ended))
		resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root("status"), types.StringUnknown())...)
		resp.RequiresReplace = append(resp.RequiresReplace, path.Root("status"))
		return
	}
	planned, diags := planChanges(ctx, &state, &plan, origin)
	resp.Diagnostics.Append(diags...)
	planned.Warn("assignment "+state.AssignmentID.ValueString(), &resp.Diagnostics)
	resp.RequiresReplace = append(resp.RequiresReplace, planned.Replacing...)
}

func planChanges(ctx context.Context, state, plan *model, origin grant.Origin) (attribute.Changes, diag.Diagnostics) {
	device, diags := attribute.DeviceChange(ctx, origin, state.Device, plan.Device)
	credential, more := attribute.CredentialChange(ctx, state.SinkCredential, plan.SinkCredential)
	diags.Append(more...)
	return attribute.ChangesOf(origin,
		device,
		attribute.ChangeOf("qos_profile", plan.QoSProfile.Equal(state.QoSProfile), false),
		attribute.ChangeOf("sink", plan.Sink.Equal(state.Sink), state.Sink.IsNull()),
		credential,
	), diags
}
