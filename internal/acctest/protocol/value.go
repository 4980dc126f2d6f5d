package protocol

import (
	"math/big"

	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// Unknown stands for a value that is known after apply.
type Unknown struct{}

// plain is the value in Go's own types.
func (s *Server) plain(v tftypes.Value) any {
	s.t.Helper()
	switch {
	case !v.IsKnown():
		return Unknown{}
	case v.IsNull():
		return nil
	case v.Type().Is(tftypes.String):
		return as[string](s, v)
	case v.Type().Is(tftypes.Bool):
		return as[bool](s, v)
	case v.Type().Is(tftypes.Number):
		number := as[big.Float](s, v)
		f, _ := number.Float64()
		return f
	case v.Type().Is(tftypes.Object{}), v.Type().Is(tftypes.Map{}):
		object := Object{}
		for name, member := range as[map[string]tftypes.Value](s, v) {
			object[name] = s.plain(member)
		}
		return object
	default:
		list := []any{}
		for _, element := range as[[]tftypes.Value](s, v) {
			list = append(list, s.plain(element))
		}
		return list
	}
}

func as[T any](s *Server, v tftypes.Value) T {
	s.t.Helper()
	var to T
	if err := v.As(&to); err != nil {
		s.t.Fatal(err)
	}
	return to
}
