package protocol

import (
	"context"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

// Invoke plans and invokes an action as `terraform apply -invoke` does. Progress
// are the messages on the way.
func (s *Server) Invoke(typeName string, config Object) (progress []string, diagnostics Diagnostics) {
	s.t.Helper()
	return s.InvokeIn(s.t.Context(), typeName, config)
}

// InvokeIn is Invoke that is interrupted when ctx ends. An event after that fails
// the test, because the plugin's server would end the invocation there, whatever
// it is at. The diagnostics are returned all the same, though no engine gets them.
func (s *Server) InvokeIn(ctx context.Context, typeName string, config Object) (progress []string, diagnostics Diagnostics) {
	s.t.Helper()
	schema, found := s.schema.ActionSchemas[typeName]
	server, able := s.server.(tfprotov6.ActionServer)
	if !found || !able {
		s.t.Fatalf("the provider has no action %s", typeName)
	}
	encoded := s.dynamic(schema.Schema.ValueType(), config)
	validated, err := server.ValidateActionConfig(ctx, &tfprotov6.ValidateActionConfigRequest{ActionType: typeName, Config: encoded})
	if err != nil {
		s.t.Fatal(err)
	}
	diagnostics = append(diagnostics, validated.Diagnostics...)
	if len(diagnostics.Errors()) > 0 {
		return nil, diagnostics
	}
	planned, err := server.PlanAction(ctx, &tfprotov6.PlanActionRequest{ActionType: typeName, Config: encoded})
	if err != nil {
		s.t.Fatal(err)
	}
	diagnostics = append(diagnostics, planned.Diagnostics...)
	if len(diagnostics.Errors()) > 0 {
		return nil, diagnostics
	}
	stream, err := server.InvokeAction(ctx, &tfprotov6.InvokeActionRequest{ActionType: typeName, Config: encoded})
	if err != nil {
		s.t.Fatal(err)
	}
	completed := false
	for event := range stream.Events {
		switch e := event.Type.(type) {
		case tfprotov6.ProgressInvokeActionEventType:
			if ctx.Err() != nil {
				s.t.Errorf("action %s sends an event after the interrupt: %s", typeName, e.Message)
			}
			progress = append(progress, e.Message)
		case tfprotov6.CompletedInvokeActionEventType:
			completed = true
			diagnostics = append(diagnostics, e.Diagnostics...)
		}
	}
	if !completed {
		s.t.Fatalf("action %s ended without saying so", typeName)
	}
	return progress, diagnostics
}
