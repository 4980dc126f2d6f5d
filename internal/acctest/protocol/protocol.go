// Package protocol drives a provider over Terraform's plugin protocol within the
// test's process, as an engine does. It is for what only newer engines than the
// one at hand can ask for: list resources, actions, import by identity. (The
// schemas are compared with golden files in package providerschema, for all
// providers.)
//
// Values are Go's own: objects are maps, numbers float64, null is nil.
package protocol

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// engineVersion is the engine that the provider is told to serve.
const engineVersion = "1.16.0"

// Object is the value of a block or of an object; what it leaves out is null.
type Object = map[string]any

// Server is a provider that a test speaks to.
type Server struct {
	t          *testing.T
	server     tfprotov6.ProviderServer
	schema     *tfprotov6.GetProviderSchemaResponse
	identities map[string]*tfprotov6.ResourceIdentitySchema
}

// Serve serves a provider that is not configured yet.
func Serve(t *testing.T, p provider.Provider) *Server {
	t.Helper()
	s := &Server{t: t, server: providerserver.NewProtocol6(p)()}
	schema, err := s.server.GetProviderSchema(t.Context(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		t.Fatal(err)
	}
	s.must(schema.Diagnostics)
	identities, err := s.server.GetResourceIdentitySchemas(t.Context(), &tfprotov6.GetResourceIdentitySchemasRequest{})
	if err != nil {
		t.Fatal(err)
	}
	s.must(identities.Diagnostics)
	s.schema, s.identities = schema, identities.IdentitySchemas
	return s
}

// Configure hands a provider block over, which must be valid.
func (s *Server) Configure(config Object) *Server {
	s.t.Helper()
	block := s.dynamic(s.schema.Provider.ValueType(), config)
	validated, err := s.server.ValidateProviderConfig(s.t.Context(), &tfprotov6.ValidateProviderConfigRequest{Config: block})
	if err != nil {
		s.t.Fatal(err)
	}
	s.must(validated.Diagnostics)
	configured, err := s.server.ConfigureProvider(s.t.Context(), &tfprotov6.ConfigureProviderRequest{TerraformVersion: engineVersion, Config: block})
	if err != nil {
		s.t.Fatal(err)
	}
	s.must(configured.Diagnostics)
	return s
}

// Diagnostics are what the provider says to the user.
type Diagnostics []*tfprotov6.Diagnostic

// String is a line for each, with the path that it is about.
func (d Diagnostics) String() string {
	var lines []string
	for _, one := range d {
		line := one.Severity.String() + ": " + one.Summary + ": " + one.Detail
		if one.Attribute != nil {
			line += " (at " + one.Attribute.String() + ")"
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

// Errors are those that fail the operation.
func (d Diagnostics) Errors() Diagnostics { return d.of(tfprotov6.DiagnosticSeverityError) }

// Warnings are the others.
func (d Diagnostics) Warnings() Diagnostics { return d.of(tfprotov6.DiagnosticSeverityWarning) }

func (d Diagnostics) of(severity tfprotov6.DiagnosticSeverity) Diagnostics {
	var found Diagnostics
	for _, one := range d {
		if one.Severity == severity {
			found = append(found, one)
		}
	}
	return found
}

func (s *Server) must(diagnostics Diagnostics) {
	s.t.Helper()
	if errs := diagnostics.Errors(); len(errs) > 0 {
		s.t.Fatal(errs)
	}
}

// dynamic encodes a Go value as the type.
func (s *Server) dynamic(kind tftypes.Type, value any) *tfprotov6.DynamicValue {
	s.t.Helper()
	if v, ok := value.(tftypes.Value); ok {
		return s.encode(kind, v)
	}
	raw, err := json.Marshal(value)
	if err != nil {
		s.t.Fatal(err)
	}
	return &tfprotov6.DynamicValue{JSON: raw}
}

func (s *Server) encode(kind tftypes.Type, value tftypes.Value) *tfprotov6.DynamicValue {
	s.t.Helper()
	encoded, err := tfprotov6.NewDynamicValue(kind, value)
	if err != nil {
		s.t.Fatal(err)
	}
	return &encoded
}

func (s *Server) decode(kind tftypes.Type, value *tfprotov6.DynamicValue) tftypes.Value {
	s.t.Helper()
	if value == nil {
		return tftypes.NewValue(kind, nil)
	}
	decoded, err := value.Unmarshal(kind)
	if err != nil {
		s.t.Fatal(err)
	}
	return decoded
}

// object decodes an object, nil for null.
func (s *Server) object(kind tftypes.Type, value *tfprotov6.DynamicValue) Object {
	s.t.Helper()
	object, _ := s.plain(s.decode(kind, value)).(Object)
	return object
}
