package qodsession

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"

	"github.com/qosform/terraform-provider-qos/internal/camara/api"
	"github.com/qosform/terraform-provider-qos/internal/camara/attribute"
	"github.com/qosform/terraform-provider-qos/internal/camara/grant"
	"github.com/qosform/terraform-provider-qos/internal/privatestate"
	"github.com/qosform/terraform-provider-qos/internal/value"
)

// ModifyPlan turns what Read found into a plan. It looks at Read's verdict
// alone, and at no clock, so that a plan that was saved stays valid.
func (r *qodSessionResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
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
	found, diags := privatestate.Get[verdict](ctx, req.Private, grant.KeyVerdict)
	resp.Diagnostics.Append(diags...)
	origin, diags := privatestate.Get[grant.Origin](ctx, req.Private, grant.KeyOrigin)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	if found.Ended != "" && plan.OnExpiry.ValueString() == onExpiryRecreate {
		resp.Diagnostics.AddWarning("QoD session has ended", fmt.Sprintf("The session %s has ended: %s. The plan deletes what the operator still has of it and makes a new one.",
			state.SessionID.ValueString(), found.Ended))
		resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root("qos_status"), types.StringUnknown())...)
		resp.RequiresReplace = append(resp.RequiresReplace, path.Root("qos_status"))
		return
	}
	planned, diags := planChanges(ctx, &state, &plan, origin)
	resp.Diagnostics.Append(diags...)
	planned.Warn("session "+state.SessionID.ValueString(), &resp.Diagnostics)
	resp.RequiresReplace = append(resp.RequiresReplace, planned.Replacing...)
	if planned.extending || found.Due && renews(&plan, &state) {
		resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root("expires_at"), types.StringUnknown())...)
		resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root("granted_duration"), types.Int64Unknown())...)
		if r.tellsMessages(&state) {
			resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root("messages"), types.ListUnknown(messageType()))...)
		}
	}
}

// tellsMessages reports whether an extension may come with other messages: from
// 0.11 on there are none, but for operators that kept them.
func (r *qodSessionResource) tellsMessages(state *model) bool {
	operator, err := r.backend.Operator()
	return err != nil || operator.Version() == api.V010 || len(state.Messages.Elements()) > 0
}

// renews reports whether a renewal that is due is wanted still.
func renews(plan, state *model) bool {
	return value.Known(plan.RenewBefore) && state.QoSStatus.ValueString() == api.StatusAvailable
}

// changes are what the difference between a plan and the state comes to.
type changes struct {
	attribute.Changes
	// extending: the duration is longer than what is granted.
	extending bool
}

func planChanges(ctx context.Context, state, plan *model, origin grant.Origin) (changes, diag.Diagnostics) {
	var diags diag.Diagnostics
	of := func(change attribute.Change, more diag.Diagnostics) attribute.Change {
		diags.Append(more...)
		return change
	}
	duration, extending := durationChange(state, plan, origin.Imported)
	return changes{extending: extending, Changes: attribute.ChangesOf(origin,
		of(attribute.DeviceChange(ctx, origin, state.Device, plan.Device)),
		of(serverChange(ctx, state.ApplicationServer, plan.ApplicationServer)),
		of(portsChange(ctx, "device_ports", state.DevicePorts, plan.DevicePorts)),
		of(portsChange(ctx, "application_server_ports", state.ApplicationServerPorts, plan.ApplicationServerPorts)),
		attribute.ChangeOf("qos_profile", plan.QoSProfile.Equal(state.QoSProfile), false),
		attribute.ChangeOf("sink", plan.Sink.Equal(state.Sink), state.Sink.IsNull()),
		of(webhookChange(ctx, state.Webhook, plan.Webhook)),
		of(attribute.CredentialChange(ctx, state.SinkCredential, plan.SinkCredential)),
		duration,
	)}, diags
}

func serverChange(ctx context.Context, before, after types.Object) (attribute.Change, diag.Diagnostics) {
	was, diags := serverOf(ctx, before)
	is, more := serverOf(ctx, after)
	diags.Append(more...)
	return attribute.ChangeOf("application_server", attribute.WhollyKnown(after) && sameServer(was, is), before.IsNull()), diags
}

func portsChange(ctx context.Context, name string, before, after types.Object) (attribute.Change, diag.Diagnostics) {
	was, diags := portsOf(ctx, before)
	is, more := portsOf(ctx, after)
	diags.Append(more...)
	return attribute.ChangeOf(name, attribute.WhollyKnown(after) && samePorts(was, is), before.IsNull()), diags
}

// webhookChange compares two webhook attributes. What is not known yet counts as
// different.
func webhookChange(ctx context.Context, before, after types.Object) (attribute.Change, diag.Diagnostics) {
	change := attribute.Change{Name: "webhook", Untold: before.IsNull(), Secret: "webhook.notification_auth_token"}
	switch {
	case after.Equal(before):
		return change, nil
	case before.IsNull() || after.IsNull() || after.IsUnknown():
		change.Difference = attribute.Different
		return change, nil
	}
	var a, b webhookModel
	diags := before.As(ctx, &a, basetypes.ObjectAsOptions{})
	diags.Append(after.As(ctx, &b, basetypes.ObjectAsOptions{})...)
	// The operator tells the URL alone.
	change.Untold = a.NotificationURL.Equal(b.NotificationURL)
	change.Difference = attribute.Unsent
	if !change.Untold || !a.NotificationAuthTokenWOVersion.Equal(b.NotificationAuthTokenWOVersion) {
		change.Difference = attribute.Different
	}
	return change, diags
}

// durationChange compares what is asked for with what is granted. An import takes
// a shorter duration for the one that was asked for then.
func durationChange(state, plan *model, imported bool) (change attribute.Change, extending bool) {
	if plan.Duration.IsUnknown() {
		// It may turn out to be shorter, which needs a replacement.
		return attribute.ChangeOf("duration", false, false), false
	}
	before, after := state.requested(), plan.requested()
	switch {
	case after > max(before, state.granted()):
		extending = state.QoSStatus.ValueString() == api.StatusAvailable
		return attribute.ChangeOf("duration", extending, false), extending
	case after < min(before, state.granted()):
		return attribute.ChangeOf("duration", false, imported), false
	default:
		return attribute.ChangeOf("duration", true, false), false
	}
}
