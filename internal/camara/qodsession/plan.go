package qodsession

import (
	"context"
	"fmt"
	"strings"

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
	found, diags := privatestate.Get[verdict](ctx, req.Private, keyVerdict)
	resp.Diagnostics.Append(diags...)
	from, diags := privatestate.Get[grant.Origin](ctx, req.Private, keyOrigin)
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
	c := changes{state: &state, plan: &plan, origin: from, diags: &resp.Diagnostics}
	c.judge(ctx)
	if len(c.unsent) > 0 && len(c.replacing) == 0 && !from.Imported {
		attribute.WarnUnsent(strings.Join(c.unsent, " and "), &resp.Diagnostics)
	}
	resp.RequiresReplace = append(resp.RequiresReplace, c.replacing...)
	if c.extending || found.Due && renews(&plan, &state) {
		resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root("expires_at"), types.StringUnknown())...)
		resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root("granted_duration"), types.Int64Unknown())...)
		resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root("messages"), types.ListUnknown(messageType()))...)
	}
}

// renews reports whether a renewal that is due is wanted still.
func renews(plan, state *model) bool {
	return value.Known(plan.RenewBefore) && state.QoSStatus.ValueString() == api.StatusAvailable
}

// changes judge what the difference between plan and state comes to.
type changes struct {
	state  *model
	plan   *model
	origin grant.Origin
	diags  *diag.Diagnostics

	replacing []path.Path
	// unsent are attributes whose change does not reach the operator.
	unsent []string
	// extending: the duration is longer than what is granted.
	extending bool
}

func (c *changes) judge(ctx context.Context) {
	c.replace("device", c.replacesDevice(ctx))
	c.replace("application_server", c.replacesServer(ctx))
	c.replace("device_ports", c.replacesPorts(ctx, c.state.DevicePorts, c.plan.DevicePorts))
	c.replace("application_server_ports", c.replacesPorts(ctx, c.state.ApplicationServerPorts, c.plan.ApplicationServerPorts))
	c.replace("qos_profile", !c.plan.QoSProfile.Equal(c.state.QoSProfile))
	c.replace("sink", !c.plan.Sink.Equal(c.state.Sink) && !c.origin.FillsIn(c.state.Sink.IsNull()))
	webhook, diags := webhookChange(ctx, c.state.Webhook, c.plan.Webhook)
	c.diags.Append(diags...)
	c.secret("webhook", "webhook.notification_auth_token", webhook, c.state.Webhook.IsNull() || c.sameWebhookURL(ctx))
	credential, diags := attribute.CredentialChange(ctx, c.state.SinkCredential, c.plan.SinkCredential)
	c.diags.Append(diags...)
	c.secret("sink_credential", "sink_credential.access_token or its expiry", credential, c.state.SinkCredential.IsNull())
	c.judgeDuration()
}

func (c *changes) replace(name string, needed bool) {
	if needed {
		c.replacing = append(c.replacing, path.Root(name))
	}
}

func (c *changes) secret(name, part string, change attribute.SecretChange, untold bool) {
	switch change {
	case attribute.Same:
	case attribute.Unsent:
		c.unsent = append(c.unsent, part)
	case attribute.Different:
		c.replace(name, !c.origin.FillsIn(untold))
	}
}

func (c *changes) replacesDevice(ctx context.Context) bool {
	if !attribute.WhollyKnown(c.plan.Device) {
		return true
	}
	before, diags := attribute.DeviceOf(ctx, c.state.Device)
	c.diags.Append(diags...)
	after, diags := attribute.DeviceOf(ctx, c.plan.Device)
	c.diags.Append(diags...)
	return c.origin.Replaces(before, after)
}

func (c *changes) replacesServer(ctx context.Context) bool {
	if !attribute.WhollyKnown(c.plan.ApplicationServer) {
		return true
	}
	before, diags := serverOf(ctx, c.state.ApplicationServer)
	c.diags.Append(diags...)
	after, diags := serverOf(ctx, c.plan.ApplicationServer)
	c.diags.Append(diags...)
	return !sameServer(before, after)
}

func (c *changes) replacesPorts(ctx context.Context, state, plan types.Object) bool {
	if !attribute.WhollyKnown(plan) {
		return true
	}
	before, diags := portsOf(ctx, state)
	c.diags.Append(diags...)
	after, diags := portsOf(ctx, plan)
	c.diags.Append(diags...)
	return !samePorts(before, after)
}

func (c *changes) sameWebhookURL(ctx context.Context) bool {
	before, diags := webhookOf(ctx, c.state.Webhook)
	c.diags.Append(diags...)
	after, diags := webhookOf(ctx, c.plan.Webhook)
	c.diags.Append(diags...)
	return before != nil && after != nil && before.NotificationURL == after.NotificationURL
}

// judgeDuration compares what is asked for. A duration that is not known yet may
// turn out to be shorter, which needs a replacement.
func (c *changes) judgeDuration() {
	before, after := c.state.requested(), c.plan.requested()
	switch {
	case c.plan.Duration.IsUnknown():
		c.replace("duration", true)
	case after < before:
		c.replace("duration", !c.origin.Imported)
	case after == before || after <= c.state.granted():
	case c.state.QoSStatus.ValueString() != api.StatusAvailable:
		c.replace("duration", true)
	default:
		c.extending = true
	}
}

// webhookChange compares two webhook attributes. What is not known yet counts as
// different.
func webhookChange(ctx context.Context, before, after types.Object) (attribute.SecretChange, diag.Diagnostics) {
	switch {
	case after.Equal(before):
		return attribute.Same, nil
	case before.IsNull() || after.IsNull() || after.IsUnknown():
		return attribute.Different, nil
	}
	var a, b webhookModel
	diags := before.As(ctx, &a, basetypes.ObjectAsOptions{})
	diags.Append(after.As(ctx, &b, basetypes.ObjectAsOptions{})...)
	if !a.NotificationURL.Equal(b.NotificationURL) || !a.NotificationAuthTokenWOVersion.Equal(b.NotificationAuthTokenWOVersion) {
		return attribute.Different, diags
	}
	return attribute.Unsent, diags
}
