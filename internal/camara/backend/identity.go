package backend

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// keyBaseURL is what each identity has beside its id.
const keyBaseURL = "base_url"

// Identity is what identifies a grant at an operator.
type Identity struct {
	// Key is the attribute of the identity, and of the state, with the id.
	Key, ID string
}

// IdentitySchema is that of a grant, in words like "session".
func IdentitySchema(key, noun string) identityschema.Schema {
	return identityschema.Schema{Attributes: map[string]identityschema.Attribute{
		key:        identityschema.StringAttribute{RequiredForImport: true, Description: "Id that the operator gave the " + noun + "; to import with the three-legged flows of oauth, with whose it is behind a comma, such as " + exampleID + ",tel:+34666666666."},
		keyBaseURL: identityschema.StringAttribute{OptionalForImport: true, Description: "Root of the operator's Quality-on-Demand API (the provider's base_url) that the " + noun + " was made with."},
	}}
}

// Identify sets an identity: an id under its key, and the operator. Once given, at
// create or import, it never changes, whatever the provider is configured for.
func (b *Backend) Identify(ctx context.Context, i Identity, before, after *tfsdk.ResourceIdentity) diag.Diagnostics {
	var diags diag.Diagnostics
	if before != nil && !before.Raw.IsNull() {
		var known types.String
		diags.Append(before.GetAttribute(ctx, path.Root(i.Key), &known)...)
		if !known.IsNull() {
			after.Raw = before.Raw.Copy()
			return diags
		}
	}
	if b.operator == nil {
		return diags
	}
	diags.Append(after.SetAttribute(ctx, path.Root(i.Key), i.ID)...)
	diags.Append(after.SetAttribute(ctx, path.Root(keyBaseURL), b.operator.BaseURL())...)
	return diags
}
