package privatestate_test

import (
	"context"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/qosform/terraform-provider-qos/internal/privatestate"
)

type store map[string][]byte

func (s store) GetKey(_ context.Context, key string) ([]byte, diag.Diagnostics) { return s[key], nil }

func (s store) SetKey(_ context.Context, key string, value []byte) diag.Diagnostics {
	s[key] = value
	return nil
}

type kept struct{ Text string }

func TestThereAndBack(t *testing.T) {
	t.Parallel()
	s := store{"broken": []byte("[")}
	if diags := privatestate.Set(t.Context(), s, "key", kept{"x"}); diags.HasError() {
		t.Fatal(diags)
	}
	if got, diags := privatestate.Get[kept](t.Context(), s, "key"); got.Text != "x" || diags.HasError() {
		t.Errorf("%v, %v", got, diags)
	}
	if got, diags := privatestate.Get[kept](t.Context(), s, "missing"); got != (kept{}) || diags.HasError() {
		t.Errorf("missing: %v, %v", got, diags)
	}
	if _, diags := privatestate.Get[kept](t.Context(), s, "broken"); !diags.HasError() {
		t.Error("what cannot be read is no error")
	}
	if diags := privatestate.Set(t.Context(), s, "key", func() {}); !diags.HasError() {
		t.Error("what cannot be written is no error")
	}
}
