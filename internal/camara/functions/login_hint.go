// Package functions has the camara provider's functions. They are called without
// a provider block, and send nothing.
package functions

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/qosform/terraform-provider-qos/internal/camara/api"
	"github.com/qosform/terraform-provider-qos/internal/camara/attribute"
)

type loginHint struct{}

var _ function.Function = loginHint{}

// NewLoginHint returns login_hint.
func NewLoginHint() function.Function { return loginHint{} }

func (loginHint) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "login_hint"
}

func (loginHint) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Summary: "The login hint of a device's subscriber",
		MarkdownDescription: "Returns how an authorization server is told whose token is needed, such as `tel:+34666666666`, `ipport:203.0.113.7:59765` or `ipport:[2001:db8::1]`: by the first of phone number, public IPv4 address and IPv6 address " +
			"that the device has. With the three-legged flows of `oauth`, an import needs it: `id = \"${session_id},${provider::camara::login_hint(device)}\"`, or the same as the `session_id` of an `identity`.",
		Parameters: []function.Parameter{function.DynamicParameter{
			Name:               "device",
			AllowUnknownValues: true,
			MarkdownDescription: "An object like the `device` of `camara_qod_session` and `camara_qos_assignment`, whole or with some of its attributes only: `{ phone_number = \"+34666666666\" }`. " +
				"Of `ipv4_address`, the `public_address` is enough.",
		}},
		Return: function.StringReturn{},
	}
}

func (loginHint) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var device types.Dynamic
	if resp.Error = req.Arguments.Get(ctx, &device); resp.Error != nil {
		return
	}
	hint, err := hintOf(ctx, device)
	if err != nil {
		resp.Error = function.NewArgumentFuncError(0, err.Error())
		return
	}
	resp.Error = resp.Result.Set(ctx, hint)
}

// hintOf returns a device's login hint; unknown, if that depends on what is not
// known yet.
func hintOf(ctx context.Context, given types.Dynamic) (types.String, error) {
	value, err := conform(ctx, attribute.DeviceType(), "device", given)
	if err != nil {
		return types.StringNull(), err
	}
	object, ok := value.(types.Object)
	if !ok || object.IsUnknown() {
		return types.StringUnknown(), nil
	}
	device, diags := attribute.DeviceOf(ctx, object)
	if diags.HasError() || device == nil {
		return types.StringNull(), errors.New("device must be an object with the identifiers of a device")
	}
	hint, found := api.LoginHint(*device)
	byPhone := strings.HasPrefix(hint, "tel:")
	switch {
	case device.PhoneNumber != "" && !byPhone:
		return types.StringNull(), fmt.Errorf("device.phone_number must be in international format, such as +34666666666, got %q", device.PhoneNumber)
	case !byPhone && !attribute.WhollyKnown(object):
		return types.StringUnknown(), nil
	case !found:
		return types.StringNull(), errors.New("device must have a phone_number, an ipv4_address with a valid public_address, or a valid ipv6_address: its subscriber is found by one of them")
	default:
		return types.StringValue(hint), nil
	}
}

// conform makes a value that may lack attributes one of the type that it is to
// be of; at is where it is, for errors.
func conform(ctx context.Context, kind attr.Type, at string, given attr.Value) (attr.Value, error) {
	if dynamic, is := given.(types.Dynamic); is && dynamic.UnderlyingValue() != nil {
		given = dynamic.UnderlyingValue()
	}
	var raw any
	switch {
	case given == nil || given.IsNull():
	case given.IsUnknown():
		raw = tftypes.UnknownValue
	default:
		if object, is := kind.(types.ObjectType); is {
			return conformObject(ctx, object, at, given)
		}
		return conformPrimitive(ctx, kind, at, given)
	}
	return kind.ValueFromTerraform(ctx, tftypes.NewValue(kind.TerraformType(ctx), raw))
}

func conformObject(ctx context.Context, kind types.ObjectType, at string, given attr.Value) (attr.Value, error) {
	var members map[string]attr.Value
	switch given := given.(type) {
	case types.Object:
		members = given.Attributes()
	case types.Map:
		members = given.Elements()
	default:
		return nil, fmt.Errorf("%s must be an object with the attributes %s", at, namesOf(kind))
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if _, has := kind.AttrTypes[name]; !has {
			return nil, fmt.Errorf("%s has no attribute %q: it has %s", at, name, namesOf(kind))
		}
	}
	values := make(map[string]attr.Value, len(kind.AttrTypes))
	for _, name := range slices.Sorted(maps.Keys(kind.AttrTypes)) {
		value, err := conform(ctx, kind.AttrTypes[name], at+"."+name, members[name])
		if err != nil {
			return nil, err
		}
		values[name] = value
	}
	return types.ObjectValueMust(kind.AttrTypes, values), nil
}

func conformPrimitive(ctx context.Context, kind attr.Type, at string, given attr.Value) (attr.Value, error) {
	raw, err := given.ToTerraformValue(ctx)
	if err == nil {
		if value, err := kind.ValueFromTerraform(ctx, raw); err == nil {
			return value, nil
		}
	}
	what := "a string"
	if kind.Equal(types.Int64Type) {
		what = "a whole number"
	}
	return nil, fmt.Errorf("%s must be %s", at, what)
}

func namesOf(kind types.ObjectType) string {
	return strings.Join(slices.Sorted(maps.Keys(kind.AttrTypes)), ", ")
}
