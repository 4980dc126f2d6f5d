package qodsession

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/qosform/terraform-provider-qos/internal/camara/grant"
	"github.com/qosform/terraform-provider-qos/internal/explain"
	"github.com/qosform/terraform-provider-qos/internal/privatestate"
)

// ImportState takes an id and, where tokens are bound to devices, whose session
// it is. Read, which follows, asks the operator.
func (r *qodSessionResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	operator, err := r.backend.Operator()
	if err != nil {
		explain.Error(&resp.Diagnostics, summaryImport, err)
		return
	}
	id, subject, _ := strings.Cut(req.ID, ",")
	identity := identityModel{SessionID: types.StringValue(id), BaseURL: types.StringValue(operator.BaseURL())}
	if req.ID == "" {
		var given identityModel
		resp.Diagnostics.Append(req.Identity.Get(ctx, &given)...)
		identity.SessionID, id = given.SessionID, given.SessionID.ValueString()
		if base := given.BaseURL.ValueString(); base != "" && !sameRoot(base, operator.BaseURL()) {
			resp.Diagnostics.AddError(summaryImport, fmt.Sprintf("The session %s was made at %s, and the provider is configured for %s.", id, base, operator.BaseURL()))
		} else if base != "" {
			identity.BaseURL = given.BaseURL
		}
	}
	switch {
	case resp.Diagnostics.HasError():
		return
	case id == "" || strings.ContainsAny(id, "/ \t\r\n"):
		resp.Diagnostics.AddError(summaryImport, fmt.Sprintf("The import id must be a session_id, such as 3fa85f64-5717-4562-b3fc-2c963f66afa6, got %q.", req.ID))
		return
	case operator.DeviceBound() && subject == "":
		resp.Diagnostics.AddError(summaryImport, fmt.Sprintf("Each access token is bound to a device here, so the import id must say whose session it is: session_id,login_hint, such as %s,tel:+34666666666 "+
			"or %s,ipport:203.0.113.7:59765.", id, id))
		return
	}
	values := map[string]any{"id": id, "session_id": id, "wait_for": grant.WaitForAvailable, "on_timeout": grant.OnTimeoutFail, "on_expiry": onExpiryRecreate}
	for name, v := range values {
		resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root(name), v)...)
	}
	resp.Diagnostics.Append(privatestate.Set(ctx, resp.Private, keyOrigin, origin{Subject: subject, Imported: true})...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, identity)...)
}
