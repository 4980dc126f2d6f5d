package qodsession

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/qosform/terraform-provider-qos/internal/camara/api"
	"github.com/qosform/terraform-provider-qos/internal/camara/attribute"
	"github.com/qosform/terraform-provider-qos/internal/camara/backend"
	"github.com/qosform/terraform-provider-qos/internal/explain"
	"github.com/qosform/terraform-provider-qos/internal/value"
)

type qodSessionsDataSource struct {
	backend *backend.Backend
}

var (
	_ datasource.DataSourceWithConfigure      = (*qodSessionsDataSource)(nil)
	_ datasource.DataSourceWithValidateConfig = (*qodSessionsDataSource)(nil)
)

// NewDataSource returns camara_qod_sessions.
func NewDataSource() datasource.DataSource { return &qodSessionsDataSource{} }

type listModel struct {
	Device   types.Object  `tfsdk:"device"`
	Sessions []listedModel `tfsdk:"sessions"`
}

type listedModel struct {
	SessionID              types.String `tfsdk:"session_id"`
	QoSProfile             types.String `tfsdk:"qos_profile"`
	QoSStatus              types.String `tfsdk:"qos_status"`
	StatusInfo             types.String `tfsdk:"status_info"`
	StartedAt              types.String `tfsdk:"started_at"`
	ExpiresAt              types.String `tfsdk:"expires_at"`
	GrantedDuration        types.Int64  `tfsdk:"granted_duration"`
	Device                 types.Object `tfsdk:"device"`
	ApplicationServer      types.Object `tfsdk:"application_server"`
	DevicePorts            types.Object `tfsdk:"device_ports"`
	ApplicationServerPorts types.Object `tfsdk:"application_server_ports"`
	Sink                   types.String `tfsdk:"sink"`
}

func listedOf(s *api.Session) listedModel {
	return listedModel{
		SessionID:              types.StringValue(s.ID),
		QoSProfile:             value.StringOrNull(s.QoSProfile),
		QoSStatus:              value.StringOrNull(s.Status),
		StatusInfo:             value.StringOrNull(s.StatusInfo),
		StartedAt:              timeValue(s.StartedAt),
		ExpiresAt:              timeValue(s.ExpiresAt),
		GrantedDuration:        value.Int64OrNull(s.Duration),
		Device:                 attribute.DeviceValue(s.Device),
		ApplicationServer:      serverValue(s.ApplicationServer),
		DevicePorts:            portsValue(s.DevicePorts),
		ApplicationServerPorts: portsValue(s.ApplicationServerPorts),
		Sink:                   value.StringOrNull(s.Sink),
	}
}

func (d *qodSessionsDataSource) Metadata(_ context.Context, _ datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = "camara_qod_sessions"
}

func (d *qodSessionsDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "The QoD sessions of a device that this application, and no other, has made. From 0.11 on; some operators with 0.10 have it too.",
		Attributes: map[string]schema.Attribute{
			"device": attribute.DeviceFilter(true, "The device, by one identifier or several. With the three-legged flows of `oauth` it says whose token is needed."),
			"sessions": schema.ListNestedAttribute{
				Computed:            true,
				MarkdownDescription: "The sessions, in the operator's order; none is an empty list. Each can be imported by its `session_id`. What the operator does not tell of a session is null.",
				NestedObject:        schema.NestedAttributeObject{Attributes: listedAttributes()},
			},
		},
	}
}

func listedAttributes() map[string]schema.Attribute {
	text := func(description string) schema.StringAttribute {
		return schema.StringAttribute{Computed: true, MarkdownDescription: description}
	}
	return map[string]schema.Attribute{
		"session_id":       text("Id of the session."),
		"qos_profile":      text("Name of its QoS profile."),
		"qos_status":       text("`REQUESTED`, `AVAILABLE` or `UNAVAILABLE`."),
		"status_info":      text("Why it is `UNAVAILABLE`: `DURATION_EXPIRED`, `NETWORK_TERMINATED` or `DELETE_REQUESTED`."),
		"started_at":       text("When it became `AVAILABLE`, in RFC 3339 and UTC."),
		"expires_at":       text("When it ends, or has ended, in RFC 3339 and UTC."),
		"granted_duration": schema.Int64Attribute{Computed: true, MarkdownDescription: "Its whole length in seconds, extensions included."},
		"device":           attribute.DeviceResult("The device, as far as the operator tells it."),
		"application_server": schema.SingleNestedAttribute{Computed: true, MarkdownDescription: "The other end of the flows.", Attributes: map[string]schema.Attribute{
			"ipv4_address": text("IPv4 address or subnet."),
			"ipv6_address": text("IPv6 address or subnet."),
			"ip_addresses": schema.SetAttribute{ElementType: types.StringType, Computed: true, MarkdownDescription: "Addresses, in place of the others (from 1.2 on)."},
		}},
		"device_ports":             listedPorts("Ports of the device; null is all of them."),
		"application_server_ports": listedPorts("Ports of the application server; null is all of them."),
		"sink":                     text("URL that notifications are sent to."),
	}
}

func listedPorts(description string) schema.SingleNestedAttribute {
	return schema.SingleNestedAttribute{Computed: true, MarkdownDescription: description, Attributes: map[string]schema.Attribute{
		"ranges": schema.SetNestedAttribute{
			Computed:            true,
			MarkdownDescription: "Ranges of ports, both ends included.",
			NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
				"from": schema.Int64Attribute{Computed: true, MarkdownDescription: "Lowest port."},
				"to":   schema.Int64Attribute{Computed: true, MarkdownDescription: "Highest port."},
			}},
		},
		"ports": schema.SetAttribute{ElementType: types.Int64Type, Computed: true, MarkdownDescription: "Single ports."},
	}}
}

func (d *qodSessionsDataSource) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	d.backend = backend.From(req.ProviderData, &resp.Diagnostics)
}

func (d *qodSessionsDataSource) ValidateConfig(ctx context.Context, req datasource.ValidateConfigRequest, resp *datasource.ValidateConfigResponse) {
	var config listModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if !resp.Diagnostics.HasError() {
		attribute.ValidateDevice(ctx, config.Device, &resp.Diagnostics)
	}
}

func (d *qodSessionsDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var config listModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	device, diags := attribute.DeviceOf(ctx, config.Device)
	resp.Diagnostics.Append(diags...)
	d.backend.CheckDevice(config.Device, device, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	const summary = "Unable to list QoD sessions"
	operator, err := d.backend.Operator()
	if err != nil {
		explain.Error(&resp.Diagnostics, summary, err)
		return
	}
	sessions, err := operator.RetrieveSessions(ctx, d.backend.Subject("", device), device)
	if err != nil {
		explain.Error(&resp.Diagnostics, summary, err)
		return
	}
	config.Sessions = make([]listedModel, len(sessions))
	for i := range sessions {
		config.Sessions[i] = listedOf(&sessions[i])
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &config)...)
}
