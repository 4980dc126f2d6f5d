package protocol

import (
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// Call calls a function. An argument for a dynamic parameter is a tftypes.Value;
// others may be as well.
func (s *Server) Call(name string, arguments ...any) (any, *tfprotov6.FunctionError) {
	s.t.Helper()
	definition, found := s.schema.Functions[name]
	if !found {
		s.t.Fatalf("the provider has no function %s", name)
	}
	if len(arguments) != len(definition.Parameters) {
		s.t.Fatalf("function %s takes %d arguments", name, len(definition.Parameters))
	}
	encoded := make([]*tfprotov6.DynamicValue, len(arguments))
	for i, argument := range arguments {
		encoded[i] = s.dynamic(definition.Parameters[i].Type, argument)
	}
	answer, err := s.server.CallFunction(s.t.Context(), &tfprotov6.CallFunctionRequest{Name: name, Arguments: encoded})
	if err != nil {
		s.t.Fatal(err)
	}
	if answer.Error != nil {
		return nil, answer.Error
	}
	return s.plain(s.decode(definition.Return.Type, answer.Result)), nil
}

// Text is a string as an argument for a dynamic parameter.
func Text(text string) tftypes.Value { return tftypes.NewValue(tftypes.String, text) }

// Record is an object of strings as an argument for a dynamic parameter.
func Record(members map[string]string) tftypes.Value {
	types, values := map[string]tftypes.Type{}, map[string]tftypes.Value{}
	for name, member := range members {
		types[name], values[name] = tftypes.String, Text(member)
	}
	return tftypes.NewValue(tftypes.Object{AttributeTypes: types}, values)
}
