package attribute

import (
	"context"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	datasource "github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"

	"github.com/qosform/terraform-provider-qos/internal/camara/api"
	"github.com/qosform/terraform-provider-qos/internal/value"
)

type deviceModel struct {
	PhoneNumber             types.String `tfsdk:"phone_number"`
	NetworkAccessIdentifier types.String `tfsdk:"network_access_identifier"`
	IPv4Address             types.Object `tfsdk:"ipv4_address"`
	IPv6Address             types.String `tfsdk:"ipv6_address"`
}

type deviceIPv4Model struct {
	PublicAddress  types.String `tfsdk:"public_address"`
	PrivateAddress types.String `tfsdk:"private_address"`
	PublicPort     types.Int64  `tfsdk:"public_port"`
}

// What the attributes of a device say, for the schemas of resources and of data
// sources alike.
const (
	phoneText   = "Phone number in international format, such as `+34666666666`: `+` and 5 to 15 digits, the first of them not 0. 0.10 takes it without the `+` too."
	naiText     = "Network access identifier, such as `123456789@example.com`. Operators may not support it (from 1.1 on CAMARA does not allow its use for now), and with the three-legged flows of `oauth` it does not tell whose token is needed."
	ipv4Text    = "IPv4 address as the application server sees it: `public_address`, with `private_address` or `public_port` to tell apart the devices behind it."
	publicText  = "The public address. Required."
	privateText = "The device's own address; where there is no address translation, the public one again."
	portText    = "The public port, as the operator's address translation has it: 0 (from 1.2 on: 1) to 65535."
	ipv6Text    = "Any one IPv6 address of the device's subnet; the whole subnet is meant."
)

// Device is the attribute of a resource; its changes are judged by the resource.
func Device(description string) schema.SingleNestedAttribute {
	return schema.SingleNestedAttribute{
		Optional:            true,
		MarkdownDescription: description,
		Attributes: map[string]schema.Attribute{
			"phone_number":              schema.StringAttribute{Optional: true, MarkdownDescription: phoneText},
			"network_access_identifier": schema.StringAttribute{Optional: true, MarkdownDescription: naiText},
			"ipv4_address": schema.SingleNestedAttribute{
				Optional:            true,
				MarkdownDescription: ipv4Text,
				Attributes: map[string]schema.Attribute{
					"public_address":  schema.StringAttribute{Optional: true, MarkdownDescription: publicText},
					"private_address": schema.StringAttribute{Optional: true, MarkdownDescription: privateText},
					"public_port":     schema.Int64Attribute{Optional: true, MarkdownDescription: portText},
				},
			},
			"ipv6_address": schema.StringAttribute{Optional: true, MarkdownDescription: ipv6Text},
		},
	}
}

// DeviceFilter is the attribute of a data source.
func DeviceFilter(required bool, description string) datasource.SingleNestedAttribute {
	return datasource.SingleNestedAttribute{
		Required:            required,
		Optional:            !required,
		MarkdownDescription: description,
		Attributes:          deviceOfDataSource(false),
	}
}

// DeviceResult is the computed attribute of a data source.
func DeviceResult(description string) datasource.SingleNestedAttribute {
	return datasource.SingleNestedAttribute{Computed: true, MarkdownDescription: description, Attributes: deviceOfDataSource(true)}
}

func deviceOfDataSource(computed bool) map[string]datasource.Attribute {
	text := func(description string) datasource.StringAttribute {
		return datasource.StringAttribute{Computed: computed, Optional: !computed, MarkdownDescription: description}
	}
	return map[string]datasource.Attribute{
		"phone_number":              text(phoneText),
		"network_access_identifier": text(naiText),
		"ipv4_address": datasource.SingleNestedAttribute{
			Computed:            computed,
			Optional:            !computed,
			MarkdownDescription: ipv4Text,
			Attributes: map[string]datasource.Attribute{
				"public_address":  text(publicText),
				"private_address": text(privateText),
				"public_port":     datasource.Int64Attribute{Computed: computed, Optional: !computed, MarkdownDescription: portText},
			},
		},
		"ipv6_address": text(ipv6Text),
	}
}

// DeviceType is the type of the device attributes.
func DeviceType() types.ObjectType {
	return types.ObjectType{AttrTypes: map[string]attr.Type{
		"phone_number": types.StringType, "network_access_identifier": types.StringType,
		"ipv4_address": deviceIPv4Type(), "ipv6_address": types.StringType,
	}}
}

func deviceIPv4Type() types.ObjectType {
	return types.ObjectType{AttrTypes: map[string]attr.Type{
		"public_address": types.StringType, "private_address": types.StringType, "public_port": types.Int64Type,
	}}
}

// DeviceOf maps the attribute to what is sent; nil for null. What is not known
// is left out.
func DeviceOf(ctx context.Context, object types.Object) (*api.Device, diag.Diagnostics) {
	if !value.Known(object) {
		return nil, nil
	}
	var m deviceModel
	diags := object.As(ctx, &m, basetypes.ObjectAsOptions{})
	device := &api.Device{
		PhoneNumber:             m.PhoneNumber.ValueString(),
		NetworkAccessIdentifier: m.NetworkAccessIdentifier.ValueString(),
		IPv6Address:             m.IPv6Address.ValueString(),
	}
	if value.Known(m.IPv4Address) {
		var ipv4 deviceIPv4Model
		diags.Append(m.IPv4Address.As(ctx, &ipv4, basetypes.ObjectAsOptions{})...)
		device.IPv4Address = &api.DeviceIPv4{
			PublicAddress:  ipv4.PublicAddress.ValueString(),
			PrivateAddress: ipv4.PrivateAddress.ValueString(),
		}
		if value.Known(ipv4.PublicPort) {
			device.IPv4Address.PublicPort = ipv4.PublicPort.ValueInt64Pointer()
		}
	}
	return device, diags
}

// DeviceValue is the way back; null for nil.
func DeviceValue(d *api.Device) types.Object {
	if d == nil {
		return types.ObjectNull(DeviceType().AttrTypes)
	}
	ipv4 := types.ObjectNull(deviceIPv4Type().AttrTypes)
	if a := d.IPv4Address; a != nil {
		ipv4 = types.ObjectValueMust(deviceIPv4Type().AttrTypes, map[string]attr.Value{
			"public_address":  value.StringOrNull(a.PublicAddress),
			"private_address": value.StringOrNull(a.PrivateAddress),
			"public_port":     types.Int64PointerValue(a.PublicPort),
		})
	}
	return types.ObjectValueMust(DeviceType().AttrTypes, map[string]attr.Value{
		"phone_number":              value.StringOrNull(d.PhoneNumber),
		"network_access_identifier": value.StringOrNull(d.NetworkAccessIdentifier),
		"ipv4_address":              ipv4,
		"ipv6_address":              value.StringOrNull(d.IPv6Address),
	})
}

// ValidateDevice checks a data source's device, as far as that can be done
// without the operator's version.
func ValidateDevice(ctx context.Context, object types.Object, diags *diag.Diagnostics) {
	device, more := DeviceOf(ctx, object)
	diags.Append(more...)
	if device == nil {
		return
	}
	problems := Problems{Values: map[string]attr.Value{"device": object}, Summary: "Invalid device"}
	problems.ReportAlways(func(v api.Version) []*api.FieldError {
		return slices.DeleteFunc(api.CreateSession{Device: device}.Check(v, false), func(e *api.FieldError) bool { return rootOf(e.Field) != "device" })
	}, diags)
}
