package attribute

import (
	"context"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
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

// ValidateDevice checks a device that is looked for, or whose token is needed, as
// far as that can be done without the operator's version.
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
