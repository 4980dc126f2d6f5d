package protocol

import (
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

// Ephemeral is an ephemeral resource that is open, or could not be opened.
type Ephemeral struct {
	// Result is nil if it could not be opened.
	Result Object
	// RenewAt is zero for one that is not to be renewed.
	RenewAt     time.Time
	Diagnostics Diagnostics

	server   *Server
	typeName string
	private  []byte
}

// Open opens an ephemeral resource.
func (s *Server) Open(typeName string, config Object) *Ephemeral {
	s.t.Helper()
	schema, found := s.schema.EphemeralResourceSchemas[typeName]
	if !found {
		s.t.Fatalf("the provider has no ephemeral resource %s", typeName)
	}
	encoded := s.dynamic(schema.ValueType(), config)
	validated, err := s.server.ValidateEphemeralResourceConfig(s.t.Context(), &tfprotov6.ValidateEphemeralResourceConfigRequest{TypeName: typeName, Config: encoded})
	if err != nil {
		s.t.Fatal(err)
	}
	e := &Ephemeral{server: s, typeName: typeName, Diagnostics: validated.Diagnostics}
	if len(e.Diagnostics.Errors()) > 0 {
		return e
	}
	opened, err := s.server.OpenEphemeralResource(s.t.Context(), &tfprotov6.OpenEphemeralResourceRequest{TypeName: typeName, Config: encoded})
	if err != nil {
		s.t.Fatal(err)
	}
	e.Diagnostics = append(e.Diagnostics, opened.Diagnostics...)
	e.RenewAt, e.private = opened.RenewAt, opened.Private
	if len(e.Diagnostics.Errors()) == 0 {
		e.Result = s.object(schema.ValueType(), opened.Result)
	}
	return e
}

// Renew does what an engine does at RenewAt, and moves that on.
func (e *Ephemeral) Renew() Diagnostics {
	e.server.t.Helper()
	renewed, err := e.server.server.RenewEphemeralResource(e.server.t.Context(), &tfprotov6.RenewEphemeralResourceRequest{TypeName: e.typeName, Private: e.private})
	if err != nil {
		e.server.t.Fatal(err)
	}
	e.RenewAt, e.private = renewed.RenewAt, renewed.Private
	return renewed.Diagnostics
}

// Close ends its use.
func (e *Ephemeral) Close() Diagnostics {
	e.server.t.Helper()
	closed, err := e.server.server.CloseEphemeralResource(e.server.t.Context(), &tfprotov6.CloseEphemeralResourceRequest{TypeName: e.typeName, Private: e.private})
	if err != nil {
		e.server.t.Fatal(err)
	}
	return closed.Diagnostics
}
