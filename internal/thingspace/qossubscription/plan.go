package qossubscription

import (
	"context"
	"errors"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/setplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"

	"github.com/qosform/terraform-provider-qos/internal/explain"
	"github.com/qosform/terraform-provider-qos/internal/privatestate"
	"github.com/qosform/terraform-provider-qos/internal/receiver"
	"github.com/qosform/terraform-provider-qos/internal/thingspace/backend"
)

// ModifyPlan turns what Read found into a plan. It looks at Read's verdict
// alone, so that a plan that was saved stays valid.
func (r *qosSubscriptionResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() {
		return
	}
	if r.backend != nil {
		if _, err := r.backend.Journal(); errors.Is(err, backend.ErrNoReceiver) {
			explain.Error(&resp.Diagnostics, "Unable to plan QoS subscription", err)
			return
		}
	}
	if req.State.Raw.IsNull() {
		return
	}
	found, diags := privatestate.Get[verdict](ctx, req.Private, keyVerdict)
	resp.Diagnostics.Append(diags...)
	if found.Unjournalled {
		for _, attribute := range []string{"qos_subscription_id", "status", "last_event", "reported_time"} {
			resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root(attribute), types.StringUnknown())...)
		}
		resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root("subscriptions"), types.MapUnknown(subscriptionType()))...)
	}
	if found.Ended != "" {
		resp.Diagnostics.AddWarning("Part of the QoS subscription has ended", explain.Sentence(found.Ended)+" ThingSpace has no update, so the plan stops the rest and makes a new request.")
		resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root("subscriptions"), types.MapUnknown(subscriptionType()))...)
		resp.RequiresReplace = append(resp.RequiresReplace, path.Root("subscriptions"))
	}
}

// replacesDevices lets the flows of an imported request that nobody knew, and the
// devices where no callback named any, be taken from the configuration in place;
// any other change replaces.
func replacesDevices(ctx context.Context, req planmodifier.SetRequest, resp *setplanmodifier.RequiresReplaceIfFuncResponse) {
	resp.RequiresReplace = true
	before, ok := identifiersOf(ctx, req.StateValue)
	if !ok || req.StateValue.IsNull() {
		return
	}
	if len(before) == 0 {
		resp.RequiresReplace = false // no configuration has none: only an import makes such a state
		return
	}
	for _, d := range before {
		if len(d.Flows) > 0 {
			return
		}
	}
	after, ok := identifiersOf(ctx, req.PlanValue)
	resp.RequiresReplace = !ok || !sameIdentifiers(before, after)
}

// identifiersOf reads the device ids of a set whose flows may be unknown or
// null; it fails where an id is unknown. Flows are only counted.
func identifiersOf(ctx context.Context, set types.Set) ([]receiver.Device, bool) {
	if set.IsUnknown() {
		return nil, false
	}
	devices := make([]receiver.Device, 0, len(set.Elements()))
	for _, element := range set.Elements() {
		object, ok := element.(types.Object)
		if !ok || object.IsUnknown() {
			return nil, false
		}
		var info deviceInfoModel
		var id deviceIDModel
		if object.As(ctx, &info, basetypes.ObjectAsOptions{}).HasError() || info.DeviceID.IsUnknown() ||
			info.DeviceID.As(ctx, &id, basetypes.ObjectAsOptions{}).HasError() || id.ID.IsUnknown() || id.Kind.IsUnknown() {
			return nil, false
		}
		devices = append(devices, receiver.Device{ID: id.ID.ValueString(), Kind: id.Kind.ValueString(), Flows: make([]receiver.Flow, len(info.FlowInfo.Elements()))})
	}
	return devices, true
}
