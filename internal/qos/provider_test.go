package qos_test

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/path"
	frameworkprovider "github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/qosform/terraform-provider-qos/internal/camara"
	"github.com/qosform/terraform-provider-qos/internal/qos"
	"github.com/qosform/terraform-provider-qos/internal/thingspace"
)

// texts are attributes of a family's block, by name; nested ones are texts too.
type texts map[string]any

// Errors are about the nested attribute, which editors and JSON output point at.
func TestErrorsNameTheNestedAttribute(t *testing.T) {
	t.Parallel()
	client := texts{"flow": "client_credentials", "token_url": "http://127.0.0.1:1/token", "client_id": "id", "client_secret": "secret"}
	for name, test := range map[string]struct {
		block map[string]texts
		at    path.Path
		says  string
	}{
		"no base_url":           {map[string]texts{"camara": {}}, path.Root("camara").AtName("base_url"), "Set base_url"},
		"bad base_url":          {map[string]texts{"camara": {"base_url": "nonsense"}}, path.Root("camara").AtName("base_url"), "http"},
		"no version in the URL": {map[string]texts{"camara": {"base_url": "http://127.0.0.1:1/x", "access_token": "t"}}, path.Root("camara").AtName("api_version"), "set api_version"},
		"bad version":           {map[string]texts{"camara": {"api_version": "9"}}, path.Root("camara").AtName("api_version"), "9"},
		"two authorizations":    {map[string]texts{"camara": {"access_token": "t", "oauth": client}}, path.Root("camara").AtName("access_token"), "set one of them"},
		"no authorization":      {map[string]texts{"camara": {"base_url": "http://127.0.0.1:1/qod/v0"}}, path.Root("camara").AtName("access_token"), "CAMARA_ACCESS_TOKEN"},
		"no flow":               {map[string]texts{"camara": {"base_url": "http://127.0.0.1:1/qod/v0", "oauth": texts{}}}, path.Root("camara").AtName("oauth"), "flow"},
		"bad flow":              {map[string]texts{"camara": {"oauth": texts{"flow": "magic"}}}, path.Root("camara").AtName("oauth").AtName("flow"), "magic"},
		"bad token_url":         {map[string]texts{"camara": {"oauth": texts{"token_url": "x"}}}, path.Root("camara").AtName("oauth").AtName("token_url"), "http"},
		"ThingSpace's base_url": {map[string]texts{"thingspace": {"base_url": "nonsense"}}, path.Root("thingspace").AtName("base_url"), "http"},
		"half a client":         {map[string]texts{"thingspace": {"client_id": "id"}}, path.Root("thingspace").AtName("client_id"), "THINGSPACE_CLIENT_SECRET"},
		"two clients":           {map[string]texts{"thingspace": {"client_id": "id", "access_token": "t"}}, path.Root("thingspace").AtName("access_token"), "thingspace.client_id"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var found []string
			for _, d := range configure(t, test.block) {
				at := attributePath(d.Attribute)
				if at == test.at.String() && strings.Contains(d.Detail, test.says) && d.Severity == tfprotov6.DiagnosticSeverityError {
					return
				}
				found = append(found, at+": "+d.Summary+": "+d.Detail)
			}
			t.Errorf("want an error about %s that says %q, got\n%s", test.at, test.says, strings.Join(found, "\n"))
		})
	}
}

func TestEachFamilyIsConfiguredByItself(t *testing.T) {
	t.Parallel()
	operator := texts{"base_url": "http://127.0.0.1:1/qod/v0", "access_token": "t"}
	verizon := texts{"client_id": "id", "client_secret": "secret", "username": "user", "password": "password", "receiver_url": "http://127.0.0.1:1", "receiver_token": "t"}
	for name, block := range map[string]map[string]texts{
		"neither":    {},
		"camara":     {"camara": operator},
		"thingspace": {"thingspace": verizon},
		"both":       {"camara": operator, "thingspace": verizon},
	} {
		for _, d := range configure(t, block) {
			t.Errorf("%s: %s: %s", name, d.Summary, d.Detail)
		}
	}
}

// configure validates and configures the provider as an engine does, without an
// environment.
func configure(t *testing.T, block map[string]texts) []*tfprotov6.Diagnostic {
	t.Helper()
	empty := func(string) string { return "" }
	provider := qos.New("test", thingspace.New("test", thingspace.WithEnvironment(empty)), camara.New("test", camara.WithEnvironment(empty)))
	var schema frameworkprovider.SchemaResponse
	provider.Schema(t.Context(), frameworkprovider.SchemaRequest{}, &schema)
	blockType := schema.Schema.Type().TerraformType(t.Context())
	config, err := tfprotov6.NewDynamicValue(blockType, valueOf(t, blockType, block))
	if err != nil {
		t.Fatal(err)
	}
	server := providerserver.NewProtocol6(provider)()
	validated, err := server.ValidateProviderConfig(t.Context(), &tfprotov6.ValidateProviderConfigRequest{Config: &config})
	if err != nil {
		t.Fatal(err)
	}
	if len(validated.Diagnostics) > 0 {
		return validated.Diagnostics
	}
	configured, err := server.ConfigureProvider(t.Context(), &tfprotov6.ConfigureProviderRequest{Config: &config})
	if err != nil {
		t.Fatal(err)
	}
	return configured.Diagnostics
}

// valueOf is an object of that type with the given attributes; the others are null.
func valueOf[V any](t *testing.T, kind tftypes.Type, given map[string]V) tftypes.Value {
	t.Helper()
	object, ok := kind.(tftypes.Object)
	if !ok {
		t.Fatalf("%s is no object", kind)
	}
	values := map[string]tftypes.Value{}
	for name, attribute := range object.AttributeTypes {
		values[name] = tftypes.NewValue(attribute, nil)
	}
	for name, value := range given {
		switch value := any(value).(type) {
		case texts:
			values[name] = valueOf(t, object.AttributeTypes[name], value)
		default:
			values[name] = tftypes.NewValue(object.AttributeTypes[name], value)
		}
	}
	return tftypes.NewValue(object, values)
}

// attributePath writes a path as the framework's own do.
func attributePath(at *tftypes.AttributePath) string {
	var names []string
	for _, step := range at.Steps() {
		if name, ok := step.(tftypes.AttributeName); ok {
			names = append(names, string(name))
		}
	}
	return strings.Join(names, ".")
}
