package qossubscription

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
	"github.com/qosform/terraform-provider-qos/internal/thingspace/api"
	"github.com/qosform/terraform-provider-qos/internal/value"
)

type model struct {
	ID                types.String   `tfsdk:"id"`
	AccountName       types.String   `tfsdk:"account_name"`
	DeviceInfo        types.Set      `tfsdk:"device_info"`
	WaitFor           types.String   `tfsdk:"wait_for"`
	OnTimeout         types.String   `tfsdk:"on_timeout"`
	OnExisting        types.String   `tfsdk:"on_existing"`
	Timeouts          timeouts.Value `tfsdk:"timeouts"`
	RequestID         types.String   `tfsdk:"request_id"`
	QoSSubscriptionID types.String   `tfsdk:"qos_subscription_id"`
	Status            types.String   `tfsdk:"status"`
	LastEvent         types.String   `tfsdk:"last_event"`
	ReportedTime      types.String   `tfsdk:"reported_time"`
	Subscriptions     types.Map      `tfsdk:"subscriptions"`
}

type deviceInfoModel struct {
	DeviceID       types.Object `tfsdk:"device_id"`
	DeviceIPv6Addr types.String `tfsdk:"device_ipv6_addr"`
	FlowInfo       types.Set    `tfsdk:"flow_info"`
}

type deviceIDModel struct {
	ID   types.String `tfsdk:"id"`
	Kind types.String `tfsdk:"kind"`
}

type flowInfoModel struct {
	FlowServer    types.String `tfsdk:"flow_server"`
	FlowDevice    types.String `tfsdk:"flow_device"`
	FlowDirection types.String `tfsdk:"flow_direction"`
	FlowProtocol  types.String `tfsdk:"flow_protocol"`
	QCIOption     types.String `tfsdk:"qci_option"`
}

type subscriptionModel struct {
	QoSSubscriptionID types.String `tfsdk:"qos_subscription_id"`
	Status            types.String `tfsdk:"status"`
	Reason            types.String `tfsdk:"reason"`
}

type identityModel struct {
	AccountName types.String `tfsdk:"account_name"`
	RequestID   types.String `tfsdk:"request_id"`
}

func deviceIDType() types.ObjectType {
	return types.ObjectType{AttrTypes: map[string]attr.Type{"id": types.StringType, "kind": types.StringType}}
}

func flowInfoType() types.ObjectType {
	return types.ObjectType{AttrTypes: map[string]attr.Type{
		"flow_server": types.StringType, "flow_device": types.StringType, "flow_direction": types.StringType,
		"flow_protocol": types.StringType, "qci_option": types.StringType,
	}}
}

func deviceInfoType() types.ObjectType {
	return types.ObjectType{AttrTypes: map[string]attr.Type{
		"device_id": deviceIDType(), "device_ipv6_addr": types.StringType, "flow_info": types.SetType{ElemType: flowInfoType()},
	}}
}

func subscriptionType() types.ObjectType {
	return types.ObjectType{AttrTypes: map[string]attr.Type{
		"qos_subscription_id": types.StringType, "status": types.StringType, "reason": types.StringType,
	}}
}

func (m *model) identity() identityModel {
	return identityModel{AccountName: m.AccountName, RequestID: m.RequestID}
}

// devicesOf maps the wholly known device_info to the journal's form, sorted, so
// that the order of a set never shows.
func devicesOf(ctx context.Context, set types.Set) ([]receiver.Device, diag.Diagnostics) {
	var infos []deviceInfoModel
	diags := set.ElementsAs(ctx, &infos, false)
	devices := make([]receiver.Device, 0, len(infos))
	for _, info := range infos {
		var id deviceIDModel
		var flows []flowInfoModel
		diags.Append(info.DeviceID.As(ctx, &id, basetypes.ObjectAsOptions{})...)
		diags.Append(info.FlowInfo.ElementsAs(ctx, &flows, false)...)
		devices = append(devices, receiver.Device{
			ID:          id.ID.ValueString(),
			Kind:        id.Kind.ValueString(),
			IPv6Address: info.DeviceIPv6Addr.ValueString(),
			Flows:       flowsOf(flows),
		})
	}
	slices.SortFunc(devices, func(a, b receiver.Device) int { return strings.Compare(a.ID, b.ID) })
	return devices, diags
}

func flowsOf(models []flowInfoModel) []receiver.Flow {
	flows := make([]receiver.Flow, len(models))
	for i, f := range models {
		flows[i] = receiver.Flow{
			FlowServer:    f.FlowServer.ValueString(),
			FlowDevice:    f.FlowDevice.ValueString(),
			FlowDirection: f.FlowDirection.ValueString(),
			FlowProtocol:  f.FlowProtocol.ValueString(),
			QCIOption:     f.QCIOption.ValueString(),
		}
	}
	slices.SortFunc(flows, compareFlows)
	return flows
}

func compareFlows(a, b receiver.Flow) int {
	key := func(f receiver.Flow) string {
		return strings.Join([]string{f.FlowServer, f.FlowDevice, f.FlowDirection, f.FlowProtocol, f.QCIOption}, "\x00")
	}
	return strings.Compare(key(a), key(b))
}

// deviceInfoOf is the way back, for an import. What is not known, such as flows, is null.
func deviceInfoOf(ctx context.Context, devices []receiver.Device) (types.Set, diag.Diagnostics) {
	var diags diag.Diagnostics
	infos := make([]deviceInfoModel, 0, len(devices))
	for _, d := range devices {
		id, more := types.ObjectValueFrom(ctx, deviceIDType().AttrTypes, deviceIDModel{
			ID: types.StringValue(d.ID), Kind: value.StringOrNull(strings.ToUpper(d.Kind)),
		})
		diags.Append(more...)
		flows := types.SetNull(flowInfoType())
		if len(d.Flows) > 0 {
			flows, more = types.SetValueFrom(ctx, flowInfoType(), flowModels(d.Flows))
			diags.Append(more...)
		}
		infos = append(infos, deviceInfoModel{DeviceID: id, DeviceIPv6Addr: value.StringOrNull(d.IPv6Address), FlowInfo: flows})
	}
	set, more := types.SetValueFrom(ctx, deviceInfoType(), infos)
	diags.Append(more...)
	return set, diags
}

func flowModels(flows []receiver.Flow) []flowInfoModel {
	models := make([]flowInfoModel, len(flows))
	for i, f := range flows {
		models[i] = flowInfoModel{
			FlowServer:    types.StringValue(f.FlowServer),
			FlowDevice:    types.StringValue(f.FlowDevice),
			FlowDirection: types.StringValue(f.FlowDirection),
			FlowProtocol:  types.StringValue(f.FlowProtocol),
			QCIOption:     types.StringValue(f.QCIOption),
		}
	}
	return models
}

// enhanceQoSOf is what is sent to ThingSpace.
func enhanceQoSOf(accountName string, devices []receiver.Device) api.EnhanceQoSRequest {
	infos := make([]api.DeviceInfo, len(devices))
	for i, d := range devices {
		flows := make([]api.FlowInfo, len(d.Flows))
		for j, f := range d.Flows {
			flows[j] = api.FlowInfo(f)
		}
		infos[i] = api.DeviceInfo{DeviceID: api.DeviceID{ID: d.ID, Kind: d.Kind}, DeviceIPv6Addr: d.IPv6Address, FlowInfo: flows}
	}
	return api.EnhanceQoSRequest{AccountName: accountName, DeviceInfo: infos}
}

// policies are what the journal keeps so that an import gets them back.
func (m *model) policies() receiver.Policies {
	return receiver.Policies{
		WaitFor:       m.WaitFor.ValueString(),
		OnTimeout:     m.OnTimeout.ValueString(),
		OnExisting:    m.OnExisting.ValueString(),
		TimeoutCreate: m.timeout("create"),
		TimeoutDelete: m.timeout("delete"),
	}
}

func (m *model) timeout(name string) string {
	text, ok := m.Timeouts.Attributes()[name].(types.String)
	if !ok {
		return ""
	}
	return text.ValueString()
}

// refresh takes over what the receiver knows of the request. Every computed
// value becomes known or null.
func (m *model) refresh(ctx context.Context, r *receiver.Request) diag.Diagnostics {
	m.ID = types.StringValue(r.AccountName + "/" + r.RequestID)
	m.RequestID = types.StringValue(r.RequestID)
	m.Status = types.StringValue(string(r.Status))
	m.LastEvent = value.StringOrNull(r.LastEvent)
	m.ReportedTime = value.StringOrNull(r.ReportedTime)
	m.QoSSubscriptionID = types.StringNull()
	subscriptions := map[string]subscriptionModel{}
	for _, s := range byDevice(r) {
		subscriptions[s.DeviceID] = subscriptionModel{
			QoSSubscriptionID: value.StringOrNull(s.QoSSubscriptionID),
			Status:            types.StringValue(string(s.Status)),
			Reason:            value.StringOrNull(s.Reason),
		}
	}
	if len(r.Devices) > 0 {
		first := slices.MinFunc(r.Devices, func(a, b receiver.Device) int { return strings.Compare(a.ID, b.ID) })
		m.QoSSubscriptionID = subscriptions[first.ID].QoSSubscriptionID
	}
	var diags diag.Diagnostics
	m.Subscriptions, diags = types.MapValueFrom(ctx, subscriptionType(), subscriptions)
	return diags
}

// subscriptionsOf is what the state knows, for a receiver that does not.
func (m *model) subscriptionsOf(ctx context.Context) ([]receiver.Subscription, diag.Diagnostics) {
	var known map[string]subscriptionModel
	diags := m.Subscriptions.ElementsAs(ctx, &known, false)
	out := make([]receiver.Subscription, 0, len(known))
	for device, s := range known {
		out = append(out, receiver.Subscription{
			DeviceID:          device,
			QoSSubscriptionID: s.QoSSubscriptionID.ValueString(),
			Status:            receiver.Status(s.Status.ValueString()),
			Reason:            s.Reason.ValueString(),
		})
	}
	slices.SortFunc(out, func(a, b receiver.Subscription) int { return strings.Compare(a.DeviceID, b.DeviceID) })
	return out, diags
}

// journalled is what the state knows of the request, for the journal.
func (m *model) journalled(ctx context.Context, ours claim) (receiver.NewRequest, diag.Diagnostics) {
	devices, diags := devicesOf(ctx, m.DeviceInfo)
	subscriptions, more := m.subscriptionsOf(ctx)
	diags.Append(more...)
	return receiver.NewRequest{
		AccountName:     m.AccountName.ValueString(),
		Devices:         devices,
		Policies:        m.policies(),
		Claim:           cmp.Or(ours.Claim, uuid.NewString()),
		ClaimGeneration: ours.Generation,
		RequestID:       m.RequestID.ValueString(),
		Subscriptions:   subscriptions,
	}, diags
}
