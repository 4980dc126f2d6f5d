// Package qosassignment is camara_qos_assignment: a quality of service for all
// flows of a device, without an end.
package qosassignment

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

type qosAssignmentResource struct {
	backend *backend.Backend
}

var (
	_ resource.ResourceWithConfigure      = (*qosAssignmentResource)(nil)
	_ resource.ResourceWithIdentity       = (*qosAssignmentResource)(nil)
	_ resource.ResourceWithImportState    = (*qosAssignmentResource)(nil)
	_ resource.ResourceWithModifyPlan     = (*qosAssignmentResource)(nil)
	_ resource.ResourceWithValidateConfig = (*qosAssignmentResource)(nil)
)

const (
	summaryCreate = "Unable to create QoS assignment"
	summaryRead   = "Unable to read QoS assignment"
	summaryUpdate = "Unable to update QoS assignment"
	summaryDelete = "Unable to delete QoS assignment"
	summaryImport = "Unable to import QoS assignment"
)

// NewResource returns camara_qos_assignment.
func NewResource() resource.Resource { return &qosAssignmentResource{} }

func (r *qosAssignmentResource) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = "camara_qos_assignment"
}

func (r *qosAssignmentResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = resourceSchema(ctx)
}

func (r *qosAssignmentResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = backend.IdentitySchema(identityKey, "assignment")
}

func (r *qosAssignmentResource) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	r.backend = backend.From(req.ProviderData, &resp.Diagnostics)
}

func (r *qosAssignmentResource) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	var config model
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	config.validate(ctx, &resp.Diagnostics)
}

func (r *qosAssignmentResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
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
	save := func(assignment *api.Assignment) bool {
		plan.refresh(assignment)
		origin = origin.Created(r.backend.Now())
		resp.Diagnostics.Append(privatestate.Set(ctx, resp.Private, grant.KeyOrigin, origin)...)
		resp.Diagnostics.Append(r.backend.Identify(ctx, identity(assignment.ID), nil, resp.Identity)...)
		resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
		return !resp.Diagnostics.HasError()
	}
	if there := requester.Provision(ctx, policy, save, &resp.Diagnostics); !there {
		resp.State.RemoveResource(ctx)
	}
}

func (r *qosAssignmentResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state model
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	requester, origin := r.existing(ctx, &state, req.Private, summaryRead, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	id := state.AssignmentID.ValueString()
	assignment, err := requester.Remote.Read(ctx, id)
	now := r.backend.Now()
	resp.Diagnostics.Append(r.backend.Identify(ctx, identity(id), req.Identity, resp.Identity)...)
	switch {
	case api.Gone(err) && origin.Fresh(now) && state.ended() == "":
		grant.WarnUnseen(requester.Kind, id, err, &resp.Diagnostics)
	case api.Gone(err):
		resp.Diagnostics.AddWarning("QoS assignment is gone", fmt.Sprintf("The operator does not know assignment %s any more, so it was removed from the state: %v.", id, err))
		resp.State.RemoveResource(ctx)
		return
	case err != nil:
		explain.Error(&resp.Diagnostics, summaryRead, grant.ReadError(err))
		return
	default:
		if origin.FillsIn(state.QoSProfile.IsNull()) {
			state.fill(assignment)
		}
		state.refresh(assignment)
	}
	resp.Diagnostics.Append(privatestate.Set(ctx, resp.Private, grant.KeyVerdict, grant.Verdict{Ended: state.ended()})...)
	resp.Diagnostics.Append(privatestate.Set(ctx, resp.Private, grant.KeyOrigin, origin.Aged(now))...)
	resp.Diagnostics.Append(resp.State.Set(ctx, &state)...)
}

// Update sends nothing to the operator, whose API has no update: what changes in
// place is the provider's own, or what an import did not know.
func (r *qosAssignmentResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan, state model
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	_, origin := r.existing(ctx, &state, req.Private, summaryUpdate, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(privatestate.Set(ctx, resp.Private, grant.KeyOrigin, origin.Applied())...)
	resp.Diagnostics.Append(r.backend.Identify(ctx, identity(plan.AssignmentID.ValueString()), req.Identity, resp.Identity)...)
	resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
}

func (r *qosAssignmentResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
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
	if err := requester.Delete(within, state.AssignmentID.ValueString()); err != nil {
		explain.Error(&resp.Diagnostics, summaryDelete, timeout.Because(ctx, within, "timeouts.delete", limit, err))
	}
}

// existing returns what reaches the assignment of a state.
func (r *qosAssignmentResource) existing(ctx context.Context, state *model, private privatestate.Reader, summary string, diags *diag.Diagnostics) (*requester, grant.Origin) {
	origin, more := privatestate.Get[grant.Origin](ctx, private, grant.KeyOrigin)
	diags.Append(more...)
	device, more := attribute.DeviceOf(ctx, state.Device)
	diags.Append(more...)
	if diags.HasError() {
		return nil, origin
	}
	if err := r.backend.CheckOrigin("QoS assignment "+state.AssignmentID.ValueString(), origin); err != nil {
		explain.Error(diags, summary, err)
		return nil, origin
	}
	requester, err := newRequester(r.backend, origin.Subject, api.CreateAssignment{Device: device})
	if err != nil {
		explain.Error(diags, summary, err)
	}
	return requester, origin
}
