package backend

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// keyBaseURL is the attribute of each identity that tells the operator.
const keyBaseURL = "base_url"

// Identify sets an identity: an id under its key, and the operator. Once given,
// at create or import, it never changes, whatever the provider is configured for.
func (b *Backend) Identify(ctx context.Context, key, id string, before, after *tfsdk.ResourceIdentity) diag.Diagnostics {
	var diags diag.Diagnostics
	if before != nil && !before.Raw.IsNull() {
		var known types.String
		diags.Append(before.GetAttribute(ctx, path.Root(key), &known)...)
		if !known.IsNull() {
			after.Raw = before.Raw.Copy()
			return diags
		}
	}
	if b.operator == nil {
		return diags
	}
	diags.Append(after.SetAttribute(ctx, path.Root(key), id)...)
	diags.Append(after.SetAttribute(ctx, path.Root(keyBaseURL), b.operator.BaseURL())...)
	return diags
}
