// Package event is what the provider offers for ThingSpace's QoS callbacks outside
// any resource: a function that reads one.
package event

import (
	"context"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
	"github.com/qosform/terraform-provider-qos/internal/value"
)

type parseEvent struct{}

// NewParseEvent returns the function parse_event.
func NewParseEvent() function.Function { return parseEvent{} }

type callbackModel struct {
	RequestID types.String `tfsdk:"request_id"`
	Events    []eventModel `tfsdk:"events"`
}

type eventModel struct {
	AccountName       types.String  `tfsdk:"account_name"`
	QoSSubscriptionID types.String  `tfsdk:"qos_subscription_id"`
	QoSEvent          types.String  `tfsdk:"qos_event"`
	Status            types.String  `tfsdk:"status"`
	Reason            types.String  `tfsdk:"reason"`
	ReportedTime      types.String  `tfsdk:"reported_time"`
	DeviceIDs         []deviceModel `tfsdk:"device_ids"`
}

type deviceModel struct {
	ID   types.String `tfsdk:"id"`
	Kind types.String `tfsdk:"kind"`
}

func callbackType() map[string]attr.Type {
	device := types.ObjectType{AttrTypes: map[string]attr.Type{"id": types.StringType, "kind": types.StringType}}
	event := types.ObjectType{AttrTypes: map[string]attr.Type{
		"account_name": types.StringType, "qos_subscription_id": types.StringType, "qos_event": types.StringType, "status": types.StringType,
		"reason": types.StringType, "reported_time": types.StringType, "device_ids": types.ListType{ElemType: device},
	}}
	return map[string]attr.Type{"request_id": types.StringType, "events": types.ListType{ElemType: event}}
}

func (parseEvent) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "parse_event"
}

func (parseEvent) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Summary: "Read a QoS callback",
		MarkdownDescription: "Reads the body of a QoS callback as the receiver does, whatever way ThingSpace spells it, into an object of `request_id` and `events`: a list of objects with " +
			"`account_name`, `qos_subscription_id`, `qos_event`, `status`, `reason`, `reported_time` (as sent: it has no time zone) and `device_ids` (objects of `id` and `kind`). " +
			"What the callback leaves out is null, and `device_ids` empty. User name and password are left out.",
		Parameters: []function.Parameter{
			function.StringParameter{Name: "json", MarkdownDescription: "The body of the callback."},
		},
		Return: function.ObjectReturn{AttributeTypes: callbackType()},
	}
}

func (parseEvent) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var body string
	if resp.Error = req.Arguments.Get(ctx, &body); resp.Error != nil {
		return
	}
	callback, err := receiver.ParseCallback([]byte(body), time.Time{})
	if err != nil {
		resp.Error = function.NewArgumentFuncError(0, err.Error())
		return
	}
	resp.Error = resp.Result.Set(ctx, modelOf(callback.Events))
}

// modelOf is a callback's events, of which there is at least one; all have the
// callback's request id.
func modelOf(events []receiver.Event) callbackModel {
	m := callbackModel{RequestID: value.StringOrNull(events[0].RequestID), Events: make([]eventModel, len(events))}
	for i := range events {
		e := &events[i]
		m.Events[i] = eventModel{
			AccountName:       value.StringOrNull(e.AccountName),
			QoSSubscriptionID: value.StringOrNull(e.QoSSubscriptionID),
			QoSEvent:          types.StringValue(e.QoSEvent),
			Status:            value.StringOrNull(e.Status),
			Reason:            value.StringOrNull(e.Reason),
			ReportedTime:      value.StringOrNull(e.ReportedTime),
			DeviceIDs:         devicesOf(e.DeviceIDs),
		}
	}
	return m
}

func devicesOf(devices []receiver.Device) []deviceModel {
	models := make([]deviceModel, len(devices))
	for i, d := range devices {
		models[i] = deviceModel{ID: types.StringValue(d.ID), Kind: value.StringOrNull(d.Kind)}
	}
	return models
}
