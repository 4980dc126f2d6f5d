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
	found, diags := privatestate.Get[verdict](ctx, req.Private, keyVerdict)
	resp.Diagnostics.Append(diags...)
	from, diags := privatestate.Get[grant.Origin](ctx, req.Private, keyOrigin)
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
	resp.RequiresReplace = append(resp.RequiresReplace, replacing(ctx, &state, &plan, from, &resp.Diagnostics)...)
}

// replacing are the attributes whose change needs another assignment.
func replacing(ctx context.Context, state, plan *model, from grant.Origin, diags *diag.Diagnostics) path.Paths {
	var paths path.Paths
	if replacesDevice(ctx, state, plan, from, diags) {
		paths = append(paths, path.Root("device"))
	}
	if !plan.QoSProfile.Equal(state.QoSProfile) {
		paths = append(paths, path.Root("qos_profile"))
	}
	if !plan.Sink.Equal(state.Sink) && !from.FillsIn(state.Sink.IsNull()) {
		paths = append(paths, path.Root("sink"))
	}
	change, more := attribute.CredentialChange(ctx, state.SinkCredential, plan.SinkCredential)
	diags.Append(more...)
	switch {
	case change == attribute.Different && !from.FillsIn(state.SinkCredential.IsNull()):
		paths = append(paths, path.Root("sink_credential"))
	case change == attribute.Unsent && len(paths) == 0:
		attribute.WarnUnsent("sink_credential.access_token or its expiry", diags)
	}
	return paths
}

func replacesDevice(ctx context.Context, state, plan *model, from grant.Origin, diags *diag.Diagnostics) bool {
	if !attribute.WhollyKnown(plan.Device) {
		return true
	}
	before, more := attribute.DeviceOf(ctx, state.Device)
	diags.Append(more...)
	after, more := attribute.DeviceOf(ctx, plan.Device)
	diags.Append(more...)
	return from.Replaces(before, after)
}
