package handover_test

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/qosform/terraform-provider-qos/internal/handover"
)

type (
	mine   struct{ name string }
	theirs struct{}
)

func TestTake(t *testing.T) {
	t.Parallel()
	ours := &mine{"ours"}
	for name, test := range map[string]struct {
		data  any
		want  *mine
		fails bool
	}{
		"not configured yet": {nil, nil, false},
		"alone":              {ours, ours, false},
		"one of several":     {handover.Several{&theirs{}, ours}, ours, false},
		"another's alone":    {&theirs{}, nil, true},
		"not among several":  {handover.Several{&theirs{}}, nil, true},
	} {
		var diags diag.Diagnostics
		if got := handover.Take[*mine](test.data, &diags); got != test.want || diags.HasError() != test.fails {
			t.Errorf("%s: %v, %v", name, got, diags)
		}
	}
}
