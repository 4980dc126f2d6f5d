// Package session is thingspace_session: the tokens that the provider's own calls
// carry, lent to what else a configuration does at ThingSpace.
package session

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/jonboulle/clockwork"

	"github.com/qosform/terraform-provider-qos/internal/explain"
	"github.com/qosform/terraform-provider-qos/internal/privatestate"
	"github.com/qosform/terraform-provider-qos/internal/thingspace/api"
	"github.com/qosform/terraform-provider-qos/internal/thingspace/backend"
)

const (
	summaryOpen  = "Unable to open ThingSpace session"
	summaryRenew = "Unable to keep ThingSpace session in use"

	// renewAfter leaves the engine, which may be busy, as much time again before
	// the session ends.
	renewAfter = api.SessionIdle / 2
	// retryAfter is when a renewal is tried again that failed for what may pass. An
	// engine takes an error for the end of all renewals.
	retryAfter = time.Minute

	keyHeld = "held"
)

type sessionResource struct {
	backend *backend.Backend
	clock   clockwork.Clock
}

var (
	_ ephemeral.EphemeralResourceWithConfigure = (*sessionResource)(nil)
	_ ephemeral.EphemeralResourceWithRenew     = (*sessionResource)(nil)
)

// NewEphemeralResource returns thingspace_session. It has no Close: the provider's
// calls, and others with the same credentials, go on with the same tokens.
func NewEphemeralResource() ephemeral.EphemeralResource {
	return &sessionResource{clock: clockwork.NewRealClock()}
}

type model struct {
	AccountName          types.String `tfsdk:"account_name"`
	AccessToken          types.String `tfsdk:"access_token"`
	AccessTokenExpiresAt types.String `tfsdk:"access_token_expires_at"`
	SessionToken         types.String `tfsdk:"session_token"`
}

// held is what a renewal must know of what was opened. None of it is secret.
type held struct {
	AccountName           string `json:"account_name"`
	Generation            uint64 `json:"generation"`
	AccessTokenGeneration uint64 `json:"access_token_generation"`
}

func heldOf(accountName string, s api.Session) held {
	return held{AccountName: accountName, Generation: s.Generation, AccessTokenGeneration: s.AccessTokenGeneration}
}

func (r *sessionResource) Metadata(_ context.Context, _ ephemeral.MetadataRequest, resp *ephemeral.MetadataResponse) {
	resp.TypeName = "thingspace_session"
}

func (r *sessionResource) Schema(_ context.Context, _ ephemeral.SchemaRequest, resp *ephemeral.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "The access token and the session that the provider itself uses at ThingSpace, for other calls in the same configuration. " +
			"They are in neither plan nor state. The provider logs in once for all its resources and this, stops after two refused logins, and never revokes the token " +
			"or logs out, since others may share them. Needs Terraform 1.10 or OpenTofu 1.11.",
		Attributes: map[string]schema.Attribute{
			"account_name": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "Name of a billing account whose callbacks are listed to check the session when it is opened, and every 10 minutes to keep it in use. " +
					"ThingSpace ends a session after 20 minutes without a call; without `account_name`, a run that is longer has to make its own.",
				Validators: []validator.String{stringvalidator.RegexMatches(backend.AccountName, backend.AccountNameRule)},
			},
			"access_token": schema.StringAttribute{
				Computed: true, Sensitive: true,
				MarkdownDescription: "Bearer token, for the header `Authorization`.",
			},
			"access_token_expires_at": schema.StringAttribute{
				Computed: true,
				MarkdownDescription: "When the access token expires (RFC 3339); null where ThingSpace did not say, or the provider was given the token. " +
					"ThingSpace hands out one token for an hour, so little may be left of it. It is not replaced in a run that is longer.",
			},
			"session_token": schema.StringAttribute{
				Computed: true, Sensitive: true,
				MarkdownDescription: "Session token, for the header `VZ-M2M-Token`. It ends after 20 minutes without a call.",
			},
		},
	}
}

func (r *sessionResource) Configure(_ context.Context, req ephemeral.ConfigureRequest, resp *ephemeral.ConfigureResponse) {
	r.backend = backend.From(req.ProviderData, &resp.Diagnostics)
}

func (r *sessionResource) Open(ctx context.Context, req ephemeral.OpenRequest, resp *ephemeral.OpenResponse) {
	var config model
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	now := r.clock.Now()
	opened, err := r.use(ctx, config.AccountName.ValueString())
	if err != nil {
		explain.Error(&resp.Diagnostics, summaryOpen, err)
		return
	}
	resp.Diagnostics.Append(resp.Result.Set(ctx, resultOf(config.AccountName, opened))...)
	if config.AccountName.IsNull() {
		return
	}
	resp.RenewAt = now.Add(renewAfter)
	resp.Diagnostics.Append(privatestate.Set(ctx, resp.Private, keyHeld, heldOf(config.AccountName.ValueString(), opened))...)
}

// Renew keeps the session in use. It cannot hand out another one, nor another
// access token.
func (r *sessionResource) Renew(ctx context.Context, req ephemeral.RenewRequest, resp *ephemeral.RenewResponse) {
	opened, diags := privatestate.Get[held](ctx, req.Private, keyHeld)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	now := r.clock.Now()
	current, err := r.use(ctx, opened.AccountName)
	if api.Passing(err) {
		resp.Diagnostics.AddWarning(summaryRenew, explain.Sentence(err.Error())+" It is tried again in a minute.")
		resp.RenewAt = now.Add(retryAfter)
		return
	}
	if err != nil {
		explain.Error(&resp.Diagnostics, summaryRenew, err)
		return
	}
	if current.Generation != opened.Generation {
		resp.Diagnostics.AddWarning("ThingSpace session was replaced", fmt.Sprintf("ThingSpace ended the session that thingspace_session opened, as it may at any time, "+
			"and the provider has logged in again. What was given the old session_token must be run again, if it fails now. Account: %s.", opened.AccountName))
		return
	}
	if current.AccessTokenGeneration != opened.AccessTokenGeneration {
		resp.Diagnostics.AddWarning("ThingSpace access token was replaced", fmt.Sprintf("The access token that thingspace_session lent has expired, or ThingSpace no longer accepts it, "+
			"and the provider has got another one. What was given the old access_token must be run again, if it fails now. Account: %s.", opened.AccountName))
		resp.Diagnostics.Append(privatestate.Set(ctx, resp.Private, keyHeld, heldOf(opened.AccountName, current))...)
	}
	resp.RenewAt = now.Add(renewAfter)
}

// use makes a call that shows the session to be good, where there is an account
// to make it about, and returns the session after it.
func (r *sessionResource) use(ctx context.Context, accountName string) (api.Session, error) {
	thingSpace, err := r.backend.ThingSpace()
	if err != nil {
		return api.Session{}, err
	}
	if accountName != "" {
		if _, err := thingSpace.Callbacks(ctx, accountName); err != nil {
			return api.Session{}, err
		}
	}
	return thingSpace.Session(ctx)
}

func resultOf(accountName types.String, s api.Session) model {
	result := model{
		AccountName:          accountName,
		AccessToken:          types.StringValue(s.AccessToken),
		AccessTokenExpiresAt: types.StringNull(),
		SessionToken:         types.StringValue(s.SessionToken),
	}
	if !s.AccessTokenExpires.IsZero() {
		result.AccessTokenExpiresAt = types.StringValue(s.AccessTokenExpires.UTC().Format(time.RFC3339))
	}
	return result
}
