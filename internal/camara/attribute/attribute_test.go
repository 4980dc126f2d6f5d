package attribute

import (
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/qosform/terraform-provider-qos/internal/camara/api"
)

func TestDeviceThereAndBack(t *testing.T) {
	t.Parallel()
	port := int64(59765)
	for _, want := range []*api.Device{
		nil,
		{},
		{PhoneNumber: "+34666666666"},
		{NetworkAccessIdentifier: "x@example.com", IPv6Address: "2001:db8::1"},
		{IPv4Address: &api.DeviceIPv4{PublicAddress: "203.0.113.7", PublicPort: &port}},
		{IPv4Address: &api.DeviceIPv4{PublicAddress: "203.0.113.7", PrivateAddress: "10.0.0.1"}},
	} {
		got, diags := DeviceOf(t.Context(), DeviceValue(want))
		if diff := cmp.Diff(want, got); diff != "" || diags.HasError() {
			t.Errorf("(-want +got):\n%s%v", diff, diags)
		}
	}
}

func object(t types.ObjectType, values map[string]attr.Value) types.Object {
	all := make(map[string]attr.Value, len(t.AttrTypes))
	for name, kind := range t.AttrTypes {
		all[name] = null(kind)
	}
	maps.Copy(all, values)
	return types.ObjectValueMust(t.AttrTypes, all)
}

func null(kind attr.Type) attr.Value {
	switch kind := kind.(type) {
	case types.ObjectType:
		return types.ObjectNull(kind.AttrTypes)
	default:
		if kind.Equal(types.Int64Type) {
			return types.Int64Null()
		}
		return types.StringNull()
	}
}

func TestCredential(t *testing.T) {
	t.Parallel()
	text := types.StringValue
	got, diags := CredentialOf(t.Context(), object(CredentialType(), map[string]attr.Value{
		"access_token_wo": text("written"), "access_token_expires_utc": text("2030-01-31T12:00:00Z"),
	}))
	if diags.HasError() || got.AccessToken != "written" || got.AccessTokenExpiresUTC != "2030-01-31T12:00:00Z" || got.CredentialType != "" {
		t.Errorf("%#v, %v", got, diags)
	}
	padded, _ := CredentialOf(t.Context(), object(CredentialType(), map[string]attr.Value{"access_token": text(" from-a-file\n")}))
	if padded.AccessToken != "from-a-file" {
		t.Errorf("a token from a file is sent as %q", padded.AccessToken)
	}
	if got, _ := CredentialOf(t.Context(), types.ObjectNull(CredentialType().AttrTypes)); got != nil {
		t.Errorf("of null: %v", got)
	}
}

func TestCredentialChange(t *testing.T) {
	t.Parallel()
	text, none := types.StringValue, types.ObjectNull(CredentialType().AttrTypes)
	of := func(values map[string]attr.Value) types.Object { return object(CredentialType(), values) }
	token := of(map[string]attr.Value{"access_token": text("a"), "access_token_expires_utc": text("x")})
	for name, test := range map[string]struct {
		before, after types.Object
		want          Difference
	}{
		"none":                  {none, none, Same},
		"the same":              {token, token, Same},
		"a default spelled out": {token, of(map[string]attr.Value{"credential_type": text("ACCESSTOKEN"), "access_token_type": text("bearer"), "access_token": text("a"), "access_token_expires_utc": text("x")}), Same},
		"another token":         {token, of(map[string]attr.Value{"access_token": text("b"), "access_token_expires_utc": text("x")}), Unsent},
		"another expiry":        {token, of(map[string]attr.Value{"access_token": text("a"), "access_token_expires_utc": text("y")}), Unsent},
		"a token not known yet": {token, of(map[string]attr.Value{"access_token": types.StringUnknown(), "access_token_expires_utc": text("x")}), Unsent},
		"another version":       {token, of(map[string]attr.Value{"access_token_wo_version": types.Int64Value(2), "access_token_expires_utc": text("x")}), Different},
		"another type":          {token, of(map[string]attr.Value{"credential_type": text("PRIVATE_KEY_JWT")}), Different},
		"another client":        {token, of(map[string]attr.Value{"access_token": text("a"), "access_token_expires_utc": text("x"), "client_id": text("c")}), Different},
		"added":                 {none, token, Different},
		"removed":               {token, none, Different},
		"not known yet":         {token, types.ObjectUnknown(CredentialType().AttrTypes), Different},
	} {
		got, diags := CredentialChange(t.Context(), test.before, test.after)
		if got.Difference != test.want || diags.HasError() {
			t.Errorf("%s: %v, %v", name, got, diags)
		}
	}
}

func TestTerraformWords(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"sinkCredential.accessTokenExpiresUtc": "sink_credential.access_token_expires_utc",
		"applicationServer.ipAddresses[3]":     "application_server.ip_addresses[3]",
		"ipv4Address":                          "ipv4_address",
		"give sink and sinkCredential instead": "give sink and sink_credential instead",
		`must match ^\+[1-9][0-9]{4,14}$`:      `must match ^\+[1-9][0-9]{4,14}$`,
		"belongs to PRIVATE_KEY_JWT":           "belongs to PRIVATE_KEY_JWT",
	} {
		if got := terraformWords(text); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
}

func reported(diags diag.Diagnostics) string {
	var lines []string
	for _, d := range diags {
		at := ""
		if d, ok := d.(diag.DiagnosticWithPath); ok {
			at = d.Path().String()
		}
		lines = append(lines, at+": "+d.Detail())
	}
	return strings.Join(lines, "\n")
}

func TestProblems(t *testing.T) {
	t.Parallel()
	device := DeviceValue(&api.Device{PhoneNumber: "x"})
	partly := object(DeviceType(), map[string]attr.Value{"phone_number": types.StringUnknown()})
	refused := []*api.FieldError{
		{Field: "device.phoneNumber", Version: api.V110, Problem: "must be a phoneNumber"},
		{Field: "devicePorts.ports[2]", Version: api.V110, Problem: "must be a port"},
		{Field: "webhook", Version: api.V110, Problem: "is not part of this version: give sinkCredential instead", Absent: true},
	}
	for name, test := range map[string]struct {
		values map[string]attr.Value
		want   []string
	}{
		"known": {map[string]attr.Value{"device": device, "device_ports": types.StringValue(""), "webhook": device}, []string{
			"device.phone_number: device.phone_number must be a phone_number (API version 1.1).",
			"device_ports.ports: device_ports.ports[2] must be a port (API version 1.1).",
			"webhook: webhook is not part of this version: give sink_credential instead (API version 1.1).",
		}},
		"partly known": {map[string]attr.Value{"device": partly, "device_ports": types.StringUnknown(), "webhook": partly}, []string{
			"webhook: webhook is not part of this version: give sink_credential instead (API version 1.1).",
		}},
		"unknown": {map[string]attr.Value{"device": types.StringUnknown(), "device_ports": types.StringUnknown(), "webhook": types.StringUnknown()}, nil},
	} {
		var diags diag.Diagnostics
		Problems{Values: test.values, Summary: "Invalid"}.Report(refused, &diags)
		if diff := cmp.Diff(strings.Join(test.want, "\n"), reported(diags)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestProblemsOfEveryVersion(t *testing.T) {
	t.Parallel()
	problem := func(field string) *api.FieldError { return &api.FieldError{Field: field, Problem: "is wrong"} }
	absent := &api.FieldError{Field: "sink", Problem: "is not part of this version", Absent: true}
	values := map[string]attr.Value{"device": types.StringNull(), "duration": types.StringNull(), "sink": types.StringNull()}
	for name, test := range map[string]struct {
		oldest, others []*api.FieldError
		want           string
	}{
		"nothing":                         {},
		"one version allows it":           {others: []*api.FieldError{problem("device")}},
		"all refuse the same":             {[]*api.FieldError{problem("device")}, []*api.FieldError{problem("device"), problem("duration")}, "device: device is wrong."},
		"each refuses something else":     {[]*api.FieldError{problem("device")}, []*api.FieldError{problem("duration")}, ""},
		"one does not have the attribute": {[]*api.FieldError{absent}, []*api.FieldError{problem("duration")}, "duration: duration is wrong."},
		"none has the attribute":          {[]*api.FieldError{absent}, []*api.FieldError{absent, problem("duration")}, ""},
	} {
		var diags diag.Diagnostics
		Problems{Values: values}.ReportAlways(func(v api.Version) []*api.FieldError {
			if v == api.V010 {
				return test.oldest
			}
			return test.others
		}, &diags)
		if got := reported(diags); got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}

func TestWhollyKnown(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		value attr.Value
		want  bool
	}{
		"null":            {types.StringNull(), true},
		"unknown":         {types.StringUnknown(), false},
		"object":          {DeviceValue(&api.Device{PhoneNumber: "x"}), true},
		"unknown inside":  {object(DeviceType(), map[string]attr.Value{"ipv4_address": object(deviceIPv4Type(), map[string]attr.Value{"public_port": types.Int64Unknown()})}), false},
		"set":             {types.SetValueMust(types.Int64Type, []attr.Value{types.Int64Value(1)}), true},
		"unknown element": {types.SetValueMust(types.Int64Type, []attr.Value{types.Int64Unknown()}), false},
	} {
		if got := WhollyKnown(test.value); got != test.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
