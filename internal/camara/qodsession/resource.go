// Package qodsession is camara_qod_session: a quality of service on demand for
// the flows of a device, for a time.
package qodsession

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/qosform/terraform-provider-qos/internal/camara/api"
	"github.com/qosform/terraform-provider-qos/internal/camara/attribute"
	"github.com/qosform/terraform-provider-qos/internal/camara/backend"
	"github.com/qosform/terraform-provider-qos/internal/camara/grant"
	"github.com/qosform/terraform-provider-qos/internal/explain"
	"github.com/qosform/terraform-provider-qos/internal/privatestate"
	"github.com/qosform/terraform-provider-qos/internal/timeout"
)

type qodSessionResource struct {
	backend *backend.Backend
}

var (
	_ resource.ResourceWithConfigure      = (*qodSessionResource)(nil)
	_ resource.ResourceWithIdentity       = (*qodSessionResource)(nil)
	_ resource.ResourceWithImportState    = (*qodSessionResource)(nil)
	_ resource.ResourceWithModifyPlan     = (*qodSessionResource)(nil)
	_ resource.ResourceWithValidateConfig = (*qodSessionResource)(nil)
)

const (
	summaryCreate = "Unable to create QoD session"
	summaryRead   = "Unable to read QoD session"
	summaryUpdate = "Unable to extend QoD session"
	summaryDelete = "Unable to delete QoD session"
	summaryImport = "Unable to import QoD session"
)

// NewResource returns camara_qod_session.
func NewResource() resource.Resource { return &qodSessionResource{} }

func (r *qodSessionResource) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = "camara_qod_session"
}

func (r *qodSessionResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = resourceSchema(ctx)
}

func (r *qodSessionResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = backend.IdentitySchema(identityKey, "session")
}

func (r *qodSessionResource) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	r.backend = backend.From(req.ProviderData, &resp.Diagnostics)
}

func (r *qodSessionResource) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	var config model
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	config.validate(ctx, &resp.Diagnostics)
}

func (r *qodSessionResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan, config model
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	r.checkForVersion(ctx, &config, &resp.Diagnostics)
	limit, diags := plan.Timeouts.Create(ctx, defaultTimeout)
	resp.Diagnostics.Append(diags...)
	wanted, diags := config.request(ctx)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	requester, err := newRequester(r.backend, "", wanted)
	if err != nil {
		explain.Error(&resp.Diagnostics, summaryCreate, err)
		return
	}
	policy := grant.Policy{WaitFor: plan.WaitFor.ValueString(), OnTimeout: plan.OnTimeout.ValueString(), Timeout: limit, Summary: summaryCreate}
	origin := r.backend.Origin(r.backend.Subject("", wanted.Device))
	save := func(session *api.Session) bool {
		plan.refresh(session)
		origin = origin.Created(r.backend.Now())
		resp.Diagnostics.Append(privatestate.Set(ctx, resp.Private, grant.KeyOrigin, origin)...)
		resp.Diagnostics.Append(r.backend.Identify(ctx, identity(session.ID), nil, resp.Identity)...)
		resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
		return !resp.Diagnostics.HasError()
	}
	if there := requester.Provision(ctx, policy, save, &resp.Diagnostics); !there {
		resp.State.RemoveResource(ctx)
		return
	}
	found := plan.limits(!plan.Duration.IsNull(), r.backend.Now(), &resp.Diagnostics)
	resp.Diagnostics.Append(privatestate.Set(ctx, resp.Private, grant.KeyVerdict, found)...)
}

func (r *qodSessionResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state model
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	before, diags := privatestate.Get[verdict](ctx, req.Private, grant.KeyVerdict)
	resp.Diagnostics.Append(diags...)
	requester, origin := r.existing(ctx, &state, req.Private, summaryRead, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	id := state.SessionID.ValueString()
	session, err := requester.sessions.Read(ctx, id)
	now := r.backend.Now()
	resp.Diagnostics.Append(r.backend.Identify(ctx, identity(id), req.Identity, resp.Identity)...)
	switch {
	case api.Gone(err) && origin.Fresh(now) && ended(&state, now) == "":
		grant.WarnUnseen(requester.Kind, id, err, &resp.Diagnostics)
	case api.Gone(err) && state.OnExpiry.ValueString() == onExpiryIgnore:
		state.outlive(now, &resp.Diagnostics)
	case api.Gone(err):
		resp.Diagnostics.AddWarning("QoD session is gone", fmt.Sprintf("The operator does not know session %s any more, so it was removed from the state: %v.", id, err))
		resp.State.RemoveResource(ctx)
		return
	case err != nil:
		explain.Error(&resp.Diagnostics, summaryRead, grant.ReadError(err))
		return
	default:
		if origin.FillsIn(state.QoSProfile.IsNull()) {
			state.fill(session, requester.sessions.operator.Version())
		}
		state.refresh(session)
	}
	resp.Diagnostics.Append(privatestate.Set(ctx, resp.Private, grant.KeyVerdict, verdictOf(&state, before, now))...)
	resp.Diagnostics.Append(privatestate.Set(ctx, resp.Private, grant.KeyOrigin, origin.Aged(now))...)
	resp.Diagnostics.Append(resp.State.Set(ctx, &state)...)
}

// Update extends the session if the plan says so. Whatever else changes in
// place is the provider's own.
func (r *qodSessionResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan, state model
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	found, diags := privatestate.Get[verdict](ctx, req.Private, grant.KeyVerdict)
	resp.Diagnostics.Append(diags...)
	requester, origin := r.existing(ctx, &state, req.Private, summaryUpdate, &resp.Diagnostics)
	limit, diags := plan.Timeouts.Update(ctx, defaultTimeout)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	if plan.GrantedDuration.IsUnknown() {
		within, cancel := context.WithTimeout(ctx, limit)
		defer cancel()
		e := extension{requester: requester, state: &state, plan: &plan, now: r.backend.Now, renew: found.Due && renews(&plan, &state)}
		after, err := e.run(within, &resp.Diagnostics)
		if err != nil {
			explain.Error(&resp.Diagnostics, summaryUpdate, timeout.Because(ctx, within, "timeouts.update", limit, err))
			return
		}
		found = after
	} else if found.Exhausted == "" && due(&plan, r.backend.Now()) {
		resp.Diagnostics.AddWarning("A renewal is due", fmt.Sprintf("Session %s ends at %s, which is within renew_before (%d seconds) already: the next plan extends it.",
			plan.SessionID.ValueString(), plan.ExpiresAt.ValueString(), plan.RenewBefore.ValueInt64()))
	}
	resp.Diagnostics.Append(privatestate.Set(ctx, resp.Private, grant.KeyVerdict, found)...)
	resp.Diagnostics.Append(privatestate.Set(ctx, resp.Private, grant.KeyOrigin, origin.Applied())...)
	resp.Diagnostics.Append(r.backend.Identify(ctx, identity(plan.SessionID.ValueString()), req.Identity, resp.Identity)...)
	resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
}

func (r *qodSessionResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state model
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	limit, diags := state.Timeouts.Delete(ctx, defaultTimeout)
	resp.Diagnostics.Append(diags...)
	requester, _ := r.existing(ctx, &state, req.Private, summaryDelete, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	within, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	if err := requester.Delete(within, state.SessionID.ValueString()); err != nil {
		explain.Error(&resp.Diagnostics, summaryDelete, timeout.Because(ctx, within, "timeouts.delete", limit, err))
	}
}

// existing returns what reaches the session of a state.
func (r *qodSessionResource) existing(ctx context.Context, state *model, private privatestate.Reader, summary string, diags *diag.Diagnostics) (*requester, grant.Origin) {
	origin, more := privatestate.Get[grant.Origin](ctx, private, grant.KeyOrigin)
	diags.Append(more...)
	device, more := attribute.DeviceOf(ctx, state.Device)
	diags.Append(more...)
	if diags.HasError() {
		return nil, origin
	}
	if err := r.backend.CheckOrigin("QoD session "+state.SessionID.ValueString(), origin); err != nil {
		explain.Error(diags, summary, err)
		return nil, origin
	}
	requester, err := newRequester(r.backend, origin.Subject, api.CreateSession{Device: device, Duration: state.Duration.ValueInt64()})
	if err != nil {
		explain.Error(diags, summary, err)
	}
	return requester, origin
}
