package qodsession

import (
	"context"
	"slices"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"

	"github.com/qosform/terraform-provider-qos/internal/camara/api"
	"github.com/qosform/terraform-provider-qos/internal/camara/attribute"
	"github.com/qosform/terraform-provider-qos/internal/value"
)

type model struct {
	ID                     types.String   `tfsdk:"id"`
	SessionID              types.String   `tfsdk:"session_id"`
	Device                 types.Object   `tfsdk:"device"`
	ApplicationServer      types.Object   `tfsdk:"application_server"`
	DevicePorts            types.Object   `tfsdk:"device_ports"`
	ApplicationServerPorts types.Object   `tfsdk:"application_server_ports"`
	QoSProfile             types.String   `tfsdk:"qos_profile"`
	Duration               types.Int64    `tfsdk:"duration"`
	Webhook                types.Object   `tfsdk:"webhook"`
	Sink                   types.String   `tfsdk:"sink"`
	SinkCredential         types.Object   `tfsdk:"sink_credential"`
	WaitFor                types.String   `tfsdk:"wait_for"`
	OnTimeout              types.String   `tfsdk:"on_timeout"`
	OnExpiry               types.String   `tfsdk:"on_expiry"`
	RenewBefore            types.Int64    `tfsdk:"renew_before"`
	Timeouts               timeouts.Value `tfsdk:"timeouts"`
	QoSStatus              types.String   `tfsdk:"qos_status"`
	StatusInfo             types.String   `tfsdk:"status_info"`
	StartedAt              types.String   `tfsdk:"started_at"`
	ExpiresAt              types.String   `tfsdk:"expires_at"`
	GrantedDuration        types.Int64    `tfsdk:"granted_duration"`
	Messages               types.List     `tfsdk:"messages"`
}

type serverModel struct {
	IPv4Address types.String `tfsdk:"ipv4_address"`
	IPv6Address types.String `tfsdk:"ipv6_address"`
	IPAddresses types.Set    `tfsdk:"ip_addresses"`
}

type portsModel struct {
	Ranges types.Set `tfsdk:"ranges"`
	Ports  types.Set `tfsdk:"ports"`
}

type rangeModel struct {
	From types.Int64 `tfsdk:"from"`
	To   types.Int64 `tfsdk:"to"`
}

type webhookModel struct {
	NotificationURL                types.String `tfsdk:"notification_url"`
	NotificationAuthToken          types.String `tfsdk:"notification_auth_token"`
	NotificationAuthTokenWO        types.String `tfsdk:"notification_auth_token_wo"`
	NotificationAuthTokenWOVersion types.Int64  `tfsdk:"notification_auth_token_wo_version"`
}

func serverType() types.ObjectType {
	return types.ObjectType{AttrTypes: map[string]attr.Type{
		"ipv4_address": types.StringType, "ipv6_address": types.StringType, "ip_addresses": types.SetType{ElemType: types.StringType},
	}}
}

func rangeType() types.ObjectType {
	return types.ObjectType{AttrTypes: map[string]attr.Type{"from": types.Int64Type, "to": types.Int64Type}}
}

func portsType() types.ObjectType {
	return types.ObjectType{AttrTypes: map[string]attr.Type{
		"ranges": types.SetType{ElemType: rangeType()}, "ports": types.SetType{ElemType: types.Int64Type},
	}}
}

func webhookType() types.ObjectType {
	return types.ObjectType{AttrTypes: map[string]attr.Type{
		"notification_url": types.StringType, "notification_auth_token": types.StringType,
		"notification_auth_token_wo": types.StringType, "notification_auth_token_wo_version": types.Int64Type,
	}}
}

func messageType() types.ObjectType {
	return types.ObjectType{AttrTypes: map[string]attr.Type{"severity": types.StringType, "description": types.StringType}}
}

// values are the configured attributes that end up in a request.
func (m *model) values() map[string]attr.Value {
	return map[string]attr.Value{
		"device": m.Device, "application_server": m.ApplicationServer, "device_ports": m.DevicePorts,
		"application_server_ports": m.ApplicationServerPorts, "qos_profile": m.QoSProfile, "duration": m.Duration,
		"webhook": m.Webhook, "sink": m.Sink, "sink_credential": m.SinkCredential,
	}
}

// request maps a configuration to what is sent. It takes the configuration, and
// not the plan, because write-only values are there alone. What is not known yet
// is left out.
func (m *model) request(ctx context.Context) (api.CreateSession, diag.Diagnostics) {
	device, diags := attribute.DeviceOf(ctx, m.Device)
	server, more := serverOf(ctx, m.ApplicationServer)
	diags.Append(more...)
	devicePorts, more := portsOf(ctx, m.DevicePorts)
	diags.Append(more...)
	serverPorts, more := portsOf(ctx, m.ApplicationServerPorts)
	diags.Append(more...)
	webhook, more := webhookOf(ctx, m.Webhook)
	diags.Append(more...)
	credential, more := attribute.CredentialOf(ctx, m.SinkCredential)
	diags.Append(more...)
	return api.CreateSession{
		Device:                 device,
		ApplicationServer:      server,
		DevicePorts:            devicePorts,
		ApplicationServerPorts: serverPorts,
		QoSProfile:             m.QoSProfile.ValueString(),
		Duration:               m.Duration.ValueInt64(),
		Webhook:                webhook,
		Sink:                   m.Sink.ValueString(),
		SinkCredential:         credential,
	}, diags
}

func serverOf(ctx context.Context, object types.Object) (*api.ApplicationServer, diag.Diagnostics) {
	if !value.Known(object) {
		return nil, nil
	}
	var m serverModel
	diags := object.As(ctx, &m, basetypes.ObjectAsOptions{})
	server := &api.ApplicationServer{IPv4Address: m.IPv4Address.ValueString(), IPv6Address: m.IPv6Address.ValueString()}
	for _, element := range m.IPAddresses.Elements() {
		if address, ok := element.(types.String); ok && value.Known(address) {
			server.IPAddresses = append(server.IPAddresses, address.ValueString())
		}
	}
	slices.Sort(server.IPAddresses)
	return server, diags
}

func serverValue(s *api.ApplicationServer) types.Object {
	if s == nil {
		return types.ObjectNull(serverType().AttrTypes)
	}
	addresses := types.SetNull(types.StringType)
	if len(s.IPAddresses) > 0 {
		elements := make([]attr.Value, len(s.IPAddresses))
		for i, address := range s.IPAddresses {
			elements[i] = types.StringValue(address)
		}
		addresses = types.SetValueMust(types.StringType, elements)
	}
	return types.ObjectValueMust(serverType().AttrTypes, map[string]attr.Value{
		"ipv4_address": value.StringOrNull(s.IPv4Address), "ipv6_address": value.StringOrNull(s.IPv6Address), "ip_addresses": addresses,
	})
}

// portsOf sorts what a set holds, so that its order never shows.
func portsOf(ctx context.Context, object types.Object) (*api.Ports, diag.Diagnostics) {
	if !value.Known(object) {
		return nil, nil
	}
	var m portsModel
	diags := object.As(ctx, &m, basetypes.ObjectAsOptions{})
	ports := &api.Ports{}
	for _, element := range m.Ranges.Elements() {
		var r rangeModel
		if between, ok := element.(types.Object); ok && attribute.WhollyKnown(between) {
			diags.Append(between.As(ctx, &r, basetypes.ObjectAsOptions{})...)
			ports.Ranges = append(ports.Ranges, api.PortRange{From: r.From.ValueInt64(), To: r.To.ValueInt64()})
		}
	}
	for _, element := range m.Ports.Elements() {
		if port, ok := element.(types.Int64); ok && value.Known(port) {
			ports.Ports = append(ports.Ports, port.ValueInt64())
		}
	}
	sortPorts(ports)
	return ports, diags
}

func portsValue(p *api.Ports) types.Object {
	if p == nil {
		return types.ObjectNull(portsType().AttrTypes)
	}
	ranges, ports := types.SetNull(rangeType()), types.SetNull(types.Int64Type)
	if len(p.Ranges) > 0 {
		elements := make([]attr.Value, len(p.Ranges))
		for i, r := range p.Ranges {
			elements[i] = types.ObjectValueMust(rangeType().AttrTypes, map[string]attr.Value{"from": types.Int64Value(r.From), "to": types.Int64Value(r.To)})
		}
		ranges = types.SetValueMust(rangeType(), elements)
	}
	if len(p.Ports) > 0 {
		elements := make([]attr.Value, len(p.Ports))
		for i, port := range p.Ports {
			elements[i] = types.Int64Value(port)
		}
		ports = types.SetValueMust(types.Int64Type, elements)
	}
	return types.ObjectValueMust(portsType().AttrTypes, map[string]attr.Value{"ranges": ranges, "ports": ports})
}

func webhookOf(ctx context.Context, object types.Object) (*api.Webhook, diag.Diagnostics) {
	if !value.Known(object) {
		return nil, nil
	}
	var m webhookModel
	diags := object.As(ctx, &m, basetypes.ObjectAsOptions{})
	return &api.Webhook{
		NotificationURL:       m.NotificationURL.ValueString(),
		NotificationAuthToken: attribute.Secret(m.NotificationAuthToken, m.NotificationAuthTokenWO),
	}, diags
}

func webhookValue(notificationURL string) types.Object {
	if notificationURL == "" {
		return types.ObjectNull(webhookType().AttrTypes)
	}
	return types.ObjectValueMust(webhookType().AttrTypes, map[string]attr.Value{
		"notification_url": types.StringValue(notificationURL), "notification_auth_token": types.StringNull(),
		"notification_auth_token_wo": types.StringNull(), "notification_auth_token_wo_version": types.Int64Null(),
	})
}

// webhookToFillIn is a webhook of whose token the operator tells nothing: a
// configuration with it is not valid before someone has said what it is.
func webhookToFillIn(notificationURL string) types.Object {
	values := webhookValue(notificationURL).Attributes()
	values["notification_auth_token_wo_version"] = types.Int64Value(1)
	return types.ObjectValueMust(webhookType().AttrTypes, values)
}

// refresh takes over what the operator alone says of the session. What is
// configured never changes at the operator, and stays as it was written.
func (m *model) refresh(s *api.Session) {
	m.ID = types.StringValue(s.ID)
	m.SessionID = types.StringValue(s.ID)
	m.QoSStatus = value.StringOrNull(s.Status)
	m.StatusInfo = value.StringOrNull(s.StatusInfo)
	m.StartedAt = timeValue(s.StartedAt)
	m.refreshDuration(s)
}

// refreshDuration takes over what an extension changes.
func (m *model) refreshDuration(s *api.Session) {
	m.ExpiresAt = timeValue(s.ExpiresAt)
	m.GrantedDuration = value.Int64OrNull(s.Duration)
	messages := make([]attr.Value, len(s.Messages))
	for i, message := range s.Messages {
		messages[i] = types.ObjectValueMust(messageType().AttrTypes, map[string]attr.Value{
			"severity": value.StringOrNull(message.Severity), "description": value.StringOrNull(message.Description),
		})
	}
	m.Messages = types.ListValueMust(messageType(), messages)
}

// fill takes over what an import can know of the configuration.
func (m *model) fill(s *api.Session, version api.Version) {
	m.Device = attribute.DeviceValue(s.Device)
	m.ApplicationServer = serverValue(s.ApplicationServer)
	m.DevicePorts = portsValue(s.DevicePorts)
	m.ApplicationServerPorts = portsValue(s.ApplicationServerPorts)
	m.QoSProfile = types.StringValue(s.QoSProfile)
	m.Duration = value.Int64OrNull(s.Duration)
	if features := version.Features(); !features.DurationRequired && s.Duration == features.DurationMax {
		m.Duration = types.Int64Null() // as where it was left out
	}
	m.Webhook = webhookValue(s.NotificationURL)
	m.Sink = value.StringOrNull(s.Sink)
}

func timeValue(t *time.Time) types.String {
	if t == nil {
		return types.StringNull()
	}
	return types.StringValue(t.UTC().Format(time.RFC3339))
}

// expiry is the time in expires_at; false where there is none.
func (m *model) expiry() (time.Time, bool) {
	at, err := time.Parse(time.RFC3339, m.ExpiresAt.ValueString())
	return at, err == nil
}

// expired reports whether expires_at has come.
func (m *model) expired(now time.Time) bool {
	at, ok := m.expiry()
	return ok && !now.Before(at)
}

// defaultDuration is what 0.10 takes a missing duration for, in seconds.
const defaultDuration = 86400

// requested is the duration asked for, in seconds.
func (m *model) requested() int64 {
	if m.Duration.IsNull() {
		return defaultDuration
	}
	return m.Duration.ValueInt64()
}

// granted is the session's whole length, in seconds; what was asked for where
// the operator does not tell.
func (m *model) granted() int64 {
	if m.GrantedDuration.IsNull() {
		return m.requested()
	}
	return m.GrantedDuration.ValueInt64()
}

func sortPorts(p *api.Ports) {
	slices.Sort(p.Ports)
	slices.SortFunc(p.Ranges, func(a, b api.PortRange) int {
		if a.From != b.From {
			return int(a.From - b.From)
		}
		return int(a.To - b.To)
	})
}
