// Package qossubscription is thingspace_qos_subscription: an elevated quality of
// service, requested from ThingSpace and followed through the receiver.
package qossubscription

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/qosform/terraform-provider-qos/internal/explain"
	"github.com/qosform/terraform-provider-qos/internal/privatestate"
	"github.com/qosform/terraform-provider-qos/internal/receiver"
	"github.com/qosform/terraform-provider-qos/internal/thingspace/backend"
	"github.com/qosform/terraform-provider-qos/internal/timeout"
)

type qosSubscriptionResource struct {
	backend *backend.Backend
}

var (
	_ resource.ResourceWithConfigure      = (*qosSubscriptionResource)(nil)
	_ resource.ResourceWithIdentity       = (*qosSubscriptionResource)(nil)
	_ resource.ResourceWithImportState    = (*qosSubscriptionResource)(nil)
	_ resource.ResourceWithModifyPlan     = (*qosSubscriptionResource)(nil)
	_ resource.ResourceWithValidateConfig = (*qosSubscriptionResource)(nil)
)

const (
	summaryCreate = "Unable to create QoS subscription"
	summaryRead   = "Unable to read QoS subscription"
	summaryUpdate = "Unable to update QoS subscription"
	summaryDelete = "Unable to stop QoS subscription"
	summaryImport = "Unable to import QoS subscription"
	summaryList   = "Unable to list QoS subscriptions"
)

// NewResource returns thingspace_qos_subscription.
func NewResource() resource.Resource { return &qosSubscriptionResource{} }

func (r *qosSubscriptionResource) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = "thingspace_qos_subscription"
}

func (r *qosSubscriptionResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = resourceSchema(ctx)
}

func (r *qosSubscriptionResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identitySchema()
}

func (r *qosSubscriptionResource) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	r.backend = backend.From(req.ProviderData, &resp.Diagnostics)
}

func (r *qosSubscriptionResource) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	var config model
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	validateDeviceInfo(ctx, config.DeviceInfo, &resp.Diagnostics)
	timeout.Validate(config.Timeouts, &resp.Diagnostics)
}

func (r *qosSubscriptionResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan model
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() {
		return
	}
	limit, diags := plan.Timeouts.Create(ctx, defaultCreateTimeout)
	resp.Diagnostics.Append(diags...)
	devices, diags := devicesOf(ctx, plan.DeviceInfo)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	q, err := newRequester(r.backend)
	if err != nil {
		explain.Error(&resp.Diagnostics, summaryCreate, err)
		return
	}
	within, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	intent := receiver.NewRequest{AccountName: plan.AccountName.ValueString(), Devices: devices, Policies: plan.policies(), Claim: uuid.NewString()}
	request, err := q.create(within, intent)
	if err != nil {
		explain.Error(&resp.Diagnostics, summaryCreate, because(ctx, within, "timeouts.create", limit, err))
		return
	}
	save := func(request *receiver.Request) bool {
		resp.Diagnostics.Append(plan.refresh(ctx, request)...)
		resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
		resp.Diagnostics.Append(resp.Identity.Set(ctx, plan.identity())...)
		return !resp.Diagnostics.HasError()
	}
	// The state has the request id before anything is waited for.
	resp.Diagnostics.Append(privatestate.Set(ctx, resp.Private, keyClaim, claimOf(request))...)
	if !save(request) {
		return
	}
	defer q.returned(ctx, request, intent.Claim)
	latest, err := q.await(within, request, intent.Claim, plan.WaitFor.ValueString())
	if !save(latest) {
		return
	}
	result := outcome{request: latest, waitFor: plan.WaitFor.ValueString(), onTimeout: plan.OnTimeout.ValueString(), timeout: limit}
	if err != nil && ctx.Err() == nil {
		result.turnedAway = q.turnedAway(ctx, latest)
	}
	result.report(ctx, within, err, &resp.Diagnostics)
	if latest.Ended() {
		resp.State.RemoveResource(ctx)
	}
}

func (r *qosSubscriptionResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state model
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	ours, diags := privatestate.Get[claim](ctx, req.Private, keyClaim)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	q, err := newRequester(r.backend)
	if err != nil {
		explain.Error(&resp.Diagnostics, summaryRead, err)
		return
	}
	request, err := q.find(ctx, state.AccountName.ValueString(), state.RequestID.ValueString(), ours.Claim)
	if err != nil {
		explain.Error(&resp.Diagnostics, summaryRead, fmt.Errorf("%w. The state is kept as it is: only the receiver knows what became of request %s", err, state.RequestID.ValueString()))
		return
	}
	resp.Diagnostics.Append(resp.Identity.Set(ctx, state.identity())...)
	switch {
	case request == nil || ours.outdates(request):
		resp.Diagnostics.AddWarning("The receiver does not know the QoS subscription", fmt.Sprintf("Request %s on account %s is in the state, but not (or only as it once was) in the "+
			"receiver's journal: a restored backup, or another store. The state is kept as it is, and the next apply journals the request again.",
			state.RequestID.ValueString(), state.AccountName.ValueString()))
		resp.Diagnostics.Append(privatestate.Set(ctx, resp.Private, keyVerdict, verdict{Unjournalled: true})...)
		return
	case ours.superseded(request):
		resp.Diagnostics.AddWarning("QoS subscription taken over", supersededText(request)+" It was removed from this state.")
		resp.State.RemoveResource(ctx)
		return
	case request.Ended():
		resp.Diagnostics.AddWarning("QoS subscription has ended", fmt.Sprintf("All of request %s has ended, so it was removed from the state: %s.",
			request.Name(), describeEnded(request.Subscriptions)))
		resp.State.RemoveResource(ctx)
		return
	}
	resp.Diagnostics.Append(privatestate.Set(ctx, resp.Private, keyVerdict, verdict{Ended: describeEnded(ended(request))})...)
	resp.Diagnostics.Append(state.refresh(ctx, request)...)
	resp.Diagnostics.Append(resp.State.Set(ctx, &state)...)
}

// Update sends nothing to ThingSpace, which has no update: it journals the
// policies, and what an import or an older journal did not know.
func (r *qosSubscriptionResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan, state model
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	ours, diags := privatestate.Get[claim](ctx, req.Private, keyClaim)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	q, err := newRequester(r.backend)
	if err != nil {
		explain.Error(&resp.Diagnostics, summaryUpdate, err)
		return
	}
	next := state
	next.DeviceInfo, next.WaitFor, next.OnTimeout, next.OnExisting, next.Timeouts = plan.DeviceInfo, plan.WaitFor, plan.OnTimeout, plan.OnExisting, plan.Timeouts
	journalled, diags := next.journalled(ctx, ours)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	request, err := q.journalState(ctx, journalled)
	if err != nil {
		explain.Error(&resp.Diagnostics, summaryUpdate, err)
		return
	}
	if plan.Status.IsUnknown() {
		resp.Diagnostics.Append(next.refresh(ctx, request)...)
	}
	resp.Diagnostics.Append(privatestate.Set(ctx, resp.Private, keyClaim, claimOf(request))...)
	resp.Diagnostics.Append(privatestate.Set(ctx, resp.Private, keyVerdict, verdict{})...)
	resp.Diagnostics.Append(resp.State.Set(ctx, &next)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, next.identity())...)
}

func (r *qosSubscriptionResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state model
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	limit, diags := state.Timeouts.Delete(ctx, defaultDeleteTimeout)
	resp.Diagnostics.Append(diags...)
	ours, diags := privatestate.Get[claim](ctx, req.Private, keyClaim)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	q, err := newRequester(r.backend)
	if err != nil {
		explain.Error(&resp.Diagnostics, summaryDelete, err)
		return
	}
	request, err := q.find(ctx, state.AccountName.ValueString(), state.RequestID.ValueString(), ours.Claim)
	if err == nil && (request == nil || ours.outdates(request)) {
		journalled, diags := state.journalled(ctx, ours)
		resp.Diagnostics.Append(diags...)
		request, err = q.journalState(ctx, journalled)
	}
	if err != nil {
		explain.Error(&resp.Diagnostics, summaryDelete, err)
		return
	}
	if ours.superseded(request) {
		resp.Diagnostics.AddWarning("QoS subscription was not stopped", supersededText(request)+" It was removed from this state, and nothing was stopped.")
		return
	}
	within, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	if err := q.stop(within, request, request.Claim); err != nil {
		explain.Error(&resp.Diagnostics, summaryDelete, because(ctx, within, "timeouts.delete", limit, err))
	}
}

func supersededText(r *receiver.Request) string {
	return fmt.Sprintf("Another Terraform state has imported or adopted request %s on account %s since, and may stop it alone.", r.Name(), r.AccountName)
}
