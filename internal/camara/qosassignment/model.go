package qosassignment

import (
	"context"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/qosform/terraform-provider-qos/internal/camara/api"
	"github.com/qosform/terraform-provider-qos/internal/camara/attribute"
	"github.com/qosform/terraform-provider-qos/internal/camara/grant"
	"github.com/qosform/terraform-provider-qos/internal/value"
)

type model struct {
	ID             types.String   `tfsdk:"id"`
	AssignmentID   types.String   `tfsdk:"assignment_id"`
	Device         types.Object   `tfsdk:"device"`
	QoSProfile     types.String   `tfsdk:"qos_profile"`
	Sink           types.String   `tfsdk:"sink"`
	SinkCredential types.Object   `tfsdk:"sink_credential"`
	WaitFor        types.String   `tfsdk:"wait_for"`
	OnTimeout      types.String   `tfsdk:"on_timeout"`
	Timeouts       timeouts.Value `tfsdk:"timeouts"`
	Status         types.String   `tfsdk:"status"`
	StatusInfo     types.String   `tfsdk:"status_info"`
	StartedAt      types.String   `tfsdk:"started_at"`
}

// values are the configured attributes that end up in a request.
func (m *model) values() map[string]attr.Value {
	return map[string]attr.Value{"device": m.Device, "qos_profile": m.QoSProfile, "sink": m.Sink, "sink_credential": m.SinkCredential}
}

// request maps a configuration to what is sent. It takes the configuration, and
// not the plan, because write-only values are there alone. What is not known yet
// is left out.
func (m *model) request(ctx context.Context) (api.CreateAssignment, diag.Diagnostics) {
	device, diags := attribute.DeviceOf(ctx, m.Device)
	credential, more := attribute.CredentialOf(ctx, m.SinkCredential)
	diags.Append(more...)
	return api.CreateAssignment{Device: device, QoSProfile: m.QoSProfile.ValueString(), Sink: m.Sink.ValueString(), SinkCredential: credential}, diags
}

// refresh takes over what the operator alone says of the assignment. What is
// configured never changes at the operator, and stays as it was written.
func (m *model) refresh(a *api.Assignment) {
	m.ID = types.StringValue(a.ID)
	m.AssignmentID = types.StringValue(a.ID)
	m.Status = value.StringOrNull(a.Status)
	m.StatusInfo = value.StringOrNull(a.StatusInfo)
	m.StartedAt = types.StringNull()
	if a.StartedAt != nil {
		m.StartedAt = types.StringValue(a.StartedAt.UTC().Format(time.RFC3339))
	}
}

// ended says why the assignment is over, or about to be; "" if it is not.
func (m *model) ended() string {
	return grant.Ended(m.Status.ValueString(), m.StatusInfo.ValueString())
}

// fill takes over what an import can know of the configuration.
func (m *model) fill(a *api.Assignment) {
	m.Device = attribute.DeviceValue(a.Device)
	m.QoSProfile = types.StringValue(a.QoSProfile)
	m.Sink = value.StringOrNull(a.Sink)
}
