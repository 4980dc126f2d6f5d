package backend

import (
	"context"
	"fmt"
	"net/netip"
	"regexp"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/qosform/terraform-provider-qos/internal/camara/grant"
	"github.com/qosform/terraform-provider-qos/internal/explain"
	"github.com/qosform/terraform-provider-qos/internal/privatestate"
)

// exampleID is an id in the errors of an import.
const exampleID = "3fa85f64-5717-4562-b3fc-2c963f66afa6"

// Import is how a resource is imported.
type Import struct {
	// Key is the attribute of the identity, and of the state, with the id.
	Key string
	// Summary is that of errors.
	Summary string
	// Policies are the attributes that are the provider's own, with their defaults.
	Policies map[string]string
}

// ImportState takes an id, with a login hint behind a comma where tokens are
// bound to devices, as such or in an identity. It sets the identity, and as much
// of the state as Read, which follows, needs to ask the operator.
func (b *Backend) ImportState(ctx context.Context, i Import, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	if _, err := b.Operator(); err != nil {
		explain.Error(&resp.Diagnostics, i.Summary, err)
		return
	}
	id, subject := b.importID(ctx, i, req, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(b.Identify(ctx, Identity{Key: i.Key, ID: id}, nil, resp.Identity)...)
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("id"), id)...)
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root(i.Key), id)...)
	for name, value := range i.Policies {
		resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root(name), value)...)
	}
	resp.Diagnostics.Append(privatestate.Set(ctx, resp.Private, grant.KeyOrigin, b.Origin(subject).Import(b.Now()))...)
}

// ImportID is what ImportState takes; subject is empty where tokens are not bound
// to devices.
func ImportID(id, subject string) string {
	if subject == "" {
		return id
	}
	return id + "," + subject
}

// importID reads what the resource is imported by.
func (b *Backend) importID(ctx context.Context, i Import, req resource.ImportStateRequest, diags *diag.Diagnostics) (id, subject string) {
	given := req.ID
	if given == "" {
		given = b.importIdentity(ctx, i, req, diags)
	}
	id, subject, hinted := strings.Cut(given, ",")
	switch {
	case diags.HasError():
	case id == "" || strings.ContainsAny(id, "/ \t\r\n"):
		diags.AddError(i.Summary, fmt.Sprintf("The import id must be the %s alone, such as %s, got %q.", i.Key, exampleID, given))
	case hinted && !validHint(subject):
		diags.AddError(i.Summary, "The login_hint behind the comma must be like tel:+34666666666, ipport:203.0.113.7:59765, ipport:[2001:db8::1] or operatortoken:….")
	case !hinted && b.operator.DeviceBound():
		diags.AddError(i.Summary, fmt.Sprintf("Each access token is bound to a device here, so the import id is %[1]s,login_hint, such as %[2]s,tel:+34666666666 "+
			"or %[2]s,ipport:203.0.113.7:59765. An identity has the same as its %[1]s.", i.Key, id))
	}
	return id, subject
}

func (b *Backend) importIdentity(ctx context.Context, i Import, req resource.ImportStateRequest, diags *diag.Diagnostics) string {
	var known, base types.String
	diags.Append(req.Identity.GetAttribute(ctx, path.Root(i.Key), &known)...)
	diags.Append(req.Identity.GetAttribute(ctx, path.Root(keyBaseURL), &base)...)
	if ours := b.operator.BaseURL(); !base.IsNull() && strings.TrimRight(base.ValueString(), "/") != ours {
		diags.AddError(i.Summary, fmt.Sprintf("The %s %s is of the operator at %s, and the provider is configured for %s.", i.Key, known.ValueString(), base.ValueString(), ours))
	}
	return known.ValueString()
}

// hintOperatorToken is the kind of login hint that an operator has signed (TS.43).
const hintOperatorToken = "operatortoken"

// telHint is a phone number as a login hint.
var telHint = regexp.MustCompile(`^\+[0-9]{5,15}$`)

// validHint checks the forms of CAMARA, "Security and Interoperability Profile",
// login_hint.
func validHint(hint string) bool {
	kind, text, _ := strings.Cut(hint, ":")
	switch kind {
	case "tel":
		return telHint.MatchString(text)
	case "ipport":
		_, errBoth := netip.ParseAddrPort(text)
		address, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(text, "["), "]"))
		return errBoth == nil || err == nil && address.Is6() == strings.HasPrefix(text, "[")
	case hintOperatorToken:
		return text != ""
	default:
		return false
	}
}
