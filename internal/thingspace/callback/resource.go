// Package callback is thingspace_callback: the registration of the URL that
// ThingSpace posts an account's QoS events to.
package callback

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/qosform/terraform-provider-qos/internal/detach"
	"github.com/qosform/terraform-provider-qos/internal/explain"
	"github.com/qosform/terraform-provider-qos/internal/receiver"
	"github.com/qosform/terraform-provider-qos/internal/thingspace/api"
	"github.com/qosform/terraform-provider-qos/internal/thingspace/backend"
)

type callbackResource struct {
	backend *backend.Backend
}

var (
	_ resource.ResourceWithConfigure   = (*callbackResource)(nil)
	_ resource.ResourceWithImportState = (*callbackResource)(nil)
	_ resource.ResourceWithIdentity    = (*callbackResource)(nil)
)

// NewResource returns thingspace_callback.
func NewResource() resource.Resource { return &callbackResource{} }

func (r *callbackResource) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = "thingspace_callback"
}

func (r *callbackResource) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = resourceSchema()
}

func (r *callbackResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identitySchema()
}

func (r *callbackResource) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	r.backend = backend.From(req.ProviderData, &resp.Diagnostics)
}

func (r *callbackResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan, config model
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	if err := r.register(ctx, &plan, plan.registration(config.PasswordWO), &plan); err != nil {
		explain.Error(&resp.Diagnostics, "Unable to create callback", err)
		return
	}
	plan.ID = types.StringValue(idOf(plan.AccountName.ValueString(), plan.Name.ValueString()))
	resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, plan.identity())...)
}

func (r *callbackResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state model
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() {
		return
	}
	registered, err := r.registered(ctx, &state)
	if err != nil {
		explain.Error(&resp.Diagnostics, "Unable to read callback", err)
		return
	}
	// Also what is removed keeps its identity to the end of the read.
	resp.Diagnostics.Append(resp.Identity.Set(ctx, state.identity())...)
	imported := state.URL.IsNull()
	switch {
	case registered == nil:
		resp.State.RemoveResource(ctx)
		resp.Diagnostics.AddWarning("Callback is gone", fmt.Sprintf("No %s callback is registered on account %s any more, so it was removed from the state.",
			state.Name.ValueString(), state.AccountName.ValueString()))
		return
	case !imported && !receiver.SameURL(registered.URL, state.URL.ValueString()):
		resp.State.RemoveResource(ctx)
		resp.Diagnostics.AddWarning("Callback belongs to another system", fmt.Sprintf("The %s callback of account %s is now registered to %s, "+
			"so it was removed from the state. QoS events no longer reach %s. To take it back, apply with overwrite_existing = true.",
			state.Name.ValueString(), state.AccountName.ValueString(), backend.Printable(registered.URL), backend.Printable(state.URL.ValueString())))
		return
	}
	if imported {
		state.Name = types.StringValue(registered.Name)
		state.ID = types.StringValue(idOf(state.AccountName.ValueString(), registered.Name))
		// No later read may change the identity, and each takes it from the state.
		resp.Diagnostics.Append(resp.Identity.Set(ctx, state.identity())...)
	}
	state.refresh(registered)
	resp.Diagnostics.Append(resp.State.Set(ctx, &state)...)
}

func (r *callbackResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan, state, config model
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	if !plan.registersSame(&state) {
		if err := r.register(ctx, &plan, plan.registration(config.PasswordWO), &state); err != nil {
			explain.Error(&resp.Diagnostics, "Unable to update callback", err)
			return
		}
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, plan.identity())...)
}

func (r *callbackResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state model
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() {
		return
	}
	const summary = "Unable to delete callback"
	registered, err := r.registered(ctx, &state)
	if err != nil {
		explain.Error(&resp.Diagnostics, summary, err)
		return
	}
	if registered == nil {
		return
	}
	if !receiver.SameURL(registered.URL, state.URL.ValueString()) {
		resp.Diagnostics.AddWarning("Callback left in place", fmt.Sprintf("The %s callback of account %s is registered to %s, which is not this resource's URL, so it was not deregistered.",
			state.Name.ValueString(), state.AccountName.ValueString(), backend.Printable(registered.URL)))
		return
	}
	if err := r.refuseWhileLive(ctx, &state); err != nil {
		explain.Error(&resp.Diagnostics, summary, err)
		return
	}
	if err := r.deregister(ctx, &state, registered.Name); err != nil {
		explain.Error(&resp.Diagnostics, summary, err)
	}
}

func (r *callbackResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	accountName, name, ok := strings.Cut(req.ID, "/")
	if req.ID == "" {
		var identity identityModel
		resp.Diagnostics.Append(req.Identity.Get(ctx, &identity)...)
		accountName, name, ok = identity.AccountName.ValueString(), identity.Name.ValueString(), true
	}
	if resp.Diagnostics.HasError() {
		return
	}
	if !ok || name == "" || !backend.AccountName.MatchString(accountName) {
		resp.Diagnostics.AddError("Unable to import callback", fmt.Sprintf("The import id must be account_name/name, such as 0000123456-00001/QoS, got %q.", req.ID))
		return
	}
	imported := importedModel(accountName, name)
	resp.Diagnostics.Append(resp.State.Set(ctx, &imported)...)
}

// registered returns what ThingSpace has for the model's service, nil when nothing.
func (r *callbackResource) registered(ctx context.Context, m *model) (*api.Callback, error) {
	callbacks, err := r.callbacks(ctx, m.AccountName.ValueString())
	if err != nil {
		return nil, err
	}
	return find(callbacks, m.Name.ValueString()), nil
}

func (r *callbackResource) callbacks(ctx context.Context, accountName string) ([]api.Callback, error) {
	thingSpace, err := r.backend.ThingSpace()
	if err != nil {
		return nil, err
	}
	return thingSpace.Callbacks(ctx, accountName)
}

// register makes the service call the planned URL, as wanted. It displaces a
// registration only if that is to the URL of the state or the planned one, or
// overwriting is allowed. A resource that is created has its plan for a state.
func (r *callbackResource) register(ctx context.Context, plan *model, wanted api.CallbackRegistration, state *model) error {
	registered, err := r.registered(ctx, plan)
	if err != nil {
		return err
	}
	ours := registered != nil && (receiver.SameURL(registered.URL, state.URL.ValueString()) || receiver.SameURL(registered.URL, wanted.URL))
	if registered != nil && !ours && !plan.OverwriteExisting.ValueBool() {
		return fmt.Errorf("the %s service of account %s is already registered to %s, and there is only one per account. "+
			"Deregister it there, import it (terraform import … %s), or set overwrite_existing = true to take it over",
			plan.Name.ValueString(), plan.AccountName.ValueString(), backend.Printable(registered.URL), idOf(plan.AccountName.ValueString(), plan.Name.ValueString()))
	}
	thingSpace, err := r.backend.ThingSpace()
	if err != nil {
		return err
	}
	mutating, cancel := detach.Outlast(ctx, detach.Grace)
	defer cancel()
	if ours && wanted.Password == "" && !state.hasPassword() && wanted.Username == registered.Username {
		// Nobody has given one here, as after an import: without it, the receiver would
		// refuse what it took before.
		wanted.Password = registered.Password
	}
	err = thingSpace.RegisterCallback(mutating, plan.AccountName.ValueString(), wanted)
	// ThingSpace documents no code for a service that is taken.
	if registered == nil || !api.Rejected(err) {
		return err
	}
	return displace(mutating, thingSpace, plan.AccountName.ValueString(), registered, wanted)
}

// displace deregisters first, for an API that refuses to register a service
// twice. When the new registration is refused as well, the old one is put back:
// without any, every callback would be lost.
func displace(ctx context.Context, thingSpace *api.Client, accountName string, old *api.Callback, wanted api.CallbackRegistration) error {
	if err := thingSpace.DeregisterCallback(ctx, accountName, old.Name); err != nil {
		return fmt.Errorf("deregistering the old URL first: %w", err)
	}
	err := thingSpace.RegisterCallback(ctx, accountName, wanted)
	if err == nil {
		return nil
	}
	restored := thingSpace.RegisterCallback(ctx, accountName, api.CallbackRegistration{Name: old.Name, URL: old.URL, Username: old.Username, Password: old.Password})
	if restored != nil {
		return fmt.Errorf("%w. The old registration to %s could not be put back (%w): the account has no %s callback now, and what the network says is lost until it has: mend the configuration and apply again",
			err, backend.Printable(old.URL), restored, old.Name)
	}
	return err
}

// deregister removes a registration. Where nothing is registered afterwards, a
// refusal is no failure: the answer to an earlier attempt was lost on its way.
func (r *callbackResource) deregister(ctx context.Context, m *model, name string) error {
	thingSpace, err := r.backend.ThingSpace()
	if err != nil {
		return err
	}
	mutating, cancel := detach.Outlast(ctx, detach.Grace)
	defer cancel()
	refusal := thingSpace.DeregisterCallback(mutating, m.AccountName.ValueString(), name)
	if refusal == nil {
		return nil
	}
	if left, err := r.registered(mutating, m); err == nil && left == nil {
		return nil
	}
	return refusal
}

// refuseWhileLive keeps the listener while something would still be heard of
// through it.
func (r *callbackResource) refuseWhileLive(ctx context.Context, state *model) error {
	if state.ForceDestroy.ValueBool() || !strings.EqualFold(state.Name.ValueString(), backend.ServiceName) {
		return nil
	}
	journal, err := r.backend.Journal()
	if errors.Is(err, backend.ErrNoReceiver) {
		return nil
	}
	if err != nil {
		return err
	}
	page, err := journal.Requests(ctx, receiver.Filter{AccountName: state.AccountName.ValueString(), Live: true, Limit: 5})
	if err != nil {
		return fmt.Errorf("asking the receiver for live subscriptions: %w. With force_destroy = true it is not asked", err)
	}
	if len(page.Requests) == 0 {
		return nil
	}
	names := make([]string, len(page.Requests))
	for i := range page.Requests {
		names[i] = fmt.Sprintf("%s (%s)", page.Requests[i].Name(), page.Requests[i].Status)
	}
	return fmt.Errorf("the receiver knows live subscriptions on account %s, whose end would go unheard: %s. "+
		"Destroy them first, or set force_destroy = true and apply before destroying", state.AccountName.ValueString(), strings.Join(names, ", "))
}
