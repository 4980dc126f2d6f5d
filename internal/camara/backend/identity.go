package backend

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/qosform/terraform-provider-qos/internal/explain"
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

// Import reads what a resource is imported by: an id, with a login hint behind a
// comma where tokens are bound to devices; or an identity. It sets the identity.
func (b *Backend) Import(ctx context.Context, key, summary string, req resource.ImportStateRequest, resp *resource.ImportStateResponse) (id, subject string) {
	operator, err := b.Operator()
	if err != nil {
		explain.Error(&resp.Diagnostics, summary, err)
		return "", ""
	}
	id, subject, _ = strings.Cut(req.ID, ",")
	if req.ID == "" {
		id = b.importIdentity(ctx, key, summary, req, &resp.Diagnostics)
	}
	switch {
	case resp.Diagnostics.HasError():
	case id == "" || strings.ContainsAny(id, "/ \t\r\n"):
		resp.Diagnostics.AddError(summary, fmt.Sprintf("The import id must be the %s alone, such as 3fa85f64-5717-4562-b3fc-2c963f66afa6, got %q.", key, req.ID))
	case operator.DeviceBound() && subject == "":
		resp.Diagnostics.AddError(summary, fmt.Sprintf("Each access token is bound to a device here, so the import id must say whose it is: %[1]s,login_hint, such as %[2]s,tel:+34666666666 "+
			"or %[2]s,ipport:203.0.113.7:59765.", key, id))
	default:
		resp.Diagnostics.Append(b.Identify(ctx, key, id, nil, resp.Identity)...)
	}
	return id, subject
}

func (b *Backend) importIdentity(ctx context.Context, key, summary string, req resource.ImportStateRequest, diags *diag.Diagnostics) string {
	var id, base types.String
	diags.Append(req.Identity.GetAttribute(ctx, path.Root(key), &id)...)
	diags.Append(req.Identity.GetAttribute(ctx, path.Root(keyBaseURL), &base)...)
	if ours := b.operator.BaseURL(); !base.IsNull() && strings.TrimRight(base.ValueString(), "/") != ours {
		diags.AddError(summary, fmt.Sprintf("The %s %s is of the operator at %s, and the provider is configured for %s.", key, id.ValueString(), base.ValueString(), ours))
	}
	return id.ValueString()
}
