package protocol

import (
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// Instance is a resource as a state holds it.
type Instance struct {
	server   *Server
	typeName string
	schema   *tfprotov6.Schema
	state    tftypes.Value
	identity *tfprotov6.ResourceIdentityData
	private  []byte
}

// State is the instance's state, nil once it is gone.
func (i *Instance) State() Object {
	i.server.t.Helper()
	state, _ := i.server.plain(i.state).(Object)
	return state
}

// Identity is the instance's identity, nil if it has none yet.
func (i *Instance) Identity() Object {
	i.server.t.Helper()
	return i.server.identity(i.typeName, i.identity)
}

// Validate checks the configuration of a resource as an engine does that knows
// write-only arguments.
func (s *Server) Validate(typeName string, config Object) Diagnostics {
	s.t.Helper()
	answer, err := s.server.ValidateResourceConfig(s.t.Context(), &tfprotov6.ValidateResourceConfigRequest{
		TypeName: typeName, Config: s.dynamic(s.resource(typeName).ValueType(), config),
		ClientCapabilities: &tfprotov6.ValidateResourceConfigClientCapabilities{WriteOnlyAttributesAllowed: true},
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return answer.Diagnostics
}

// Import imports by an id and reads what came, twice. There is no instance if either
// failed.
func (s *Server) Import(typeName, id string) (*Instance, Diagnostics) {
	s.t.Helper()
	return s.imported(&tfprotov6.ImportResourceStateRequest{TypeName: typeName, ID: id})
}

// ImportByIdentity imports by an identity and reads what came, twice.
func (s *Server) ImportByIdentity(typeName string, identity Object) (*Instance, Diagnostics) {
	s.t.Helper()
	schema, found := s.identities[typeName]
	if !found {
		s.t.Fatalf("resource %s has no identity", typeName)
	}
	data := &tfprotov6.ResourceIdentityData{IdentityData: s.dynamic(schema.ValueType(), identity)}
	return s.imported(&tfprotov6.ImportResourceStateRequest{TypeName: typeName, Identity: data})
}

func (s *Server) imported(request *tfprotov6.ImportResourceStateRequest) (*Instance, Diagnostics) {
	s.t.Helper()
	schema := s.resource(request.TypeName)
	answer, err := s.server.ImportResourceState(s.t.Context(), request)
	if err != nil {
		s.t.Fatal(err)
	}
	diagnostics := Diagnostics(answer.Diagnostics)
	if len(diagnostics.Errors()) > 0 || len(answer.ImportedResources) != 1 {
		return nil, diagnostics
	}
	found := answer.ImportedResources[0]
	i := &Instance{
		server: s, typeName: request.TypeName, schema: schema,
		state: s.decode(schema.ValueType(), found.State), identity: found.Identity, private: found.Private,
	}
	// The second as at every refresh from then on: only the first may change the
	// identity.
	for range 2 {
		diagnostics = append(diagnostics, i.Read()...)
		if len(diagnostics.Errors()) > 0 {
			return nil, diagnostics
		}
	}
	return i, diagnostics
}

// Read refreshes the instance.
func (i *Instance) Read() Diagnostics {
	s := i.server
	s.t.Helper()
	answer, err := s.server.ReadResource(s.t.Context(), &tfprotov6.ReadResourceRequest{
		TypeName: i.typeName, CurrentState: s.encode(i.schema.ValueType(), i.state), Private: i.private, CurrentIdentity: i.identity,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	if len(Diagnostics(answer.Diagnostics).Errors()) == 0 {
		i.state, i.private, i.identity = s.decode(i.schema.ValueType(), answer.NewState), answer.Private, answer.NewIdentity
	}
	return answer.Diagnostics
}

// GeneratedConfig is the configuration that the provider makes of the state, as
// `terraform query -generate-config-out` writes it.
func (i *Instance) GeneratedConfig() Object {
	s := i.server
	s.t.Helper()
	answer, err := s.server.GenerateResourceConfig(s.t.Context(), &tfprotov6.GenerateResourceConfigRequest{
		TypeName: i.typeName, State: s.encode(i.schema.ValueType(), i.state),
	})
	if err != nil {
		s.t.Fatal(err)
	}
	s.must(answer.Diagnostics)
	return s.object(i.schema.ValueType(), answer.Config)
}

// Plan is what a configuration would make of the instance.
type Plan struct {
	// Changes are the names of the attributes that would change.
	Changes []string
	// Replaces are the paths that make it a replacement.
	Replaces    []string
	Diagnostics Diagnostics
}

// Plan plans a configuration of attributes without nested computed ones.
func (i *Instance) Plan(config Object) Plan {
	s := i.server
	s.t.Helper()
	kind := i.schema.ValueType()
	configured := s.decode(kind, s.dynamic(kind, config))
	answer, err := s.server.PlanResourceChange(s.t.Context(), &tfprotov6.PlanResourceChangeRequest{
		TypeName: i.typeName, PriorState: s.encode(kind, i.state), Config: s.encode(kind, configured),
		ProposedNewState: s.encode(kind, i.proposed(configured)), PriorPrivate: i.private, PriorIdentity: i.identity,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	plan := Plan{Diagnostics: answer.Diagnostics}
	if len(plan.Diagnostics.Errors()) > 0 {
		return plan
	}
	planned, before := as[map[string]tftypes.Value](s, s.decode(kind, answer.PlannedState)), as[map[string]tftypes.Value](s, i.state)
	for _, attribute := range i.schema.Block.Attributes {
		if !planned[attribute.Name].Equal(before[attribute.Name]) {
			plan.Changes = append(plan.Changes, attribute.Name)
		}
	}
	for _, path := range answer.RequiresReplace {
		plan.Replaces = append(plan.Replaces, path.String())
	}
	return plan
}

// proposed is the state that the engine proposes: what is configured, and what
// the provider has computed where nothing is.
func (i *Instance) proposed(config tftypes.Value) tftypes.Value {
	i.server.t.Helper()
	values, before := as[map[string]tftypes.Value](i.server, config), as[map[string]tftypes.Value](i.server, i.state)
	for _, attribute := range i.schema.Block.Attributes {
		if attribute.Computed && values[attribute.Name].IsNull() {
			values[attribute.Name] = before[attribute.Name]
		}
	}
	return tftypes.NewValue(i.schema.ValueType(), values)
}

func (s *Server) resource(typeName string) *tfprotov6.Schema {
	s.t.Helper()
	schema, found := s.schema.ResourceSchemas[typeName]
	if !found {
		s.t.Fatalf("the provider has no resource %s", typeName)
	}
	return schema
}
