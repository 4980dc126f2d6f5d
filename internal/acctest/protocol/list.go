package protocol

import (
	"iter"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// Listed is one result of a list resource, or what went wrong instead.
type Listed struct {
	DisplayName string
	Identity    Object
	// Resource is nil unless it was asked for.
	Resource    Object
	Diagnostics Diagnostics
}

// Query is what `terraform query` asks of a list resource.
type Query struct {
	Config Object
	// Limit is how many results the engine takes, 100 where the user says nothing.
	Limit           int64
	IncludeResource bool
}

// List asks a list resource for its results, one by one as they are wanted. A
// configuration that is not valid is the only result then.
func (s *Server) List(typeName string, q Query) iter.Seq[Listed] {
	s.t.Helper()
	schema, found := s.schema.ListResourceSchemas[typeName]
	server, able := s.server.(tfprotov6.ListResourceServer)
	if !found || !able {
		s.t.Fatalf("the provider has no list resource %s", typeName)
	}
	config := s.dynamic(schema.ValueType(), q.Config)
	validated, err := server.ValidateListResourceConfig(s.t.Context(), &tfprotov6.ValidateListResourceConfigRequest{
		TypeName: typeName, Config: config,
		IncludeResourceObject: s.dynamic(tftypes.Bool, q.IncludeResource), Limit: s.dynamic(tftypes.Number, q.Limit),
	})
	if err != nil {
		s.t.Fatal(err)
	}
	if refused := Diagnostics(validated.Diagnostics); len(refused.Errors()) > 0 {
		return func(yield func(Listed) bool) { yield(Listed{Diagnostics: refused}) }
	}
	stream, err := server.ListResource(s.t.Context(), &tfprotov6.ListResourceRequest{
		TypeName: typeName, Config: config, IncludeResource: q.IncludeResource, Limit: q.Limit,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return func(yield func(Listed) bool) {
		for result := range stream.Results {
			if !yield(s.listed(typeName, result)) {
				return
			}
		}
	}
}

func (s *Server) listed(typeName string, r tfprotov6.ListResourceResult) Listed {
	s.t.Helper()
	return Listed{
		DisplayName: r.DisplayName,
		Identity:    s.identity(typeName, r.Identity),
		Resource:    s.object(s.schema.ResourceSchemas[typeName].ValueType(), r.Resource),
		Diagnostics: r.Diagnostics,
	}
}

func (s *Server) identity(typeName string, data *tfprotov6.ResourceIdentityData) Object {
	s.t.Helper()
	if data == nil || data.IdentityData == nil {
		return nil
	}
	return s.object(s.identities[typeName].ValueType(), data.IdentityData)
}
