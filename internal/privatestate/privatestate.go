// Package privatestate keeps values of Go types in a resource's private state,
// which Terraform stores for the provider and shows to nobody.
package privatestate

import (
	"context"
	"encoding/json"

	"github.com/hashicorp/terraform-plugin-framework/diag"
)

// Reader is the private state in a request.
type Reader interface {
	GetKey(ctx context.Context, key string) ([]byte, diag.Diagnostics)
}

// Writer is the private state in a response.
type Writer interface {
	SetKey(ctx context.Context, key string, value []byte) diag.Diagnostics
}

// Get reads a key; a missing one is the zero value.
func Get[T any](ctx context.Context, from Reader, key string) (value T, diags diag.Diagnostics) {
	raw, diags := from.GetKey(ctx, key)
	if len(raw) == 0 || diags.HasError() {
		return value, diags
	}
	if err := json.Unmarshal(raw, &value); err != nil {
		diags.AddError("Unable to read private state", "The private state of the resource is not what this provider wrote: "+err.Error())
	}
	return value, diags
}

// Set writes a key.
func Set(ctx context.Context, to Writer, key string, value any) (diags diag.Diagnostics) {
	raw, err := json.Marshal(value)
	if err != nil {
		diags.AddError("Unable to write private state", err.Error())
		return diags
	}
	return to.SetKey(ctx, key, raw)
}
