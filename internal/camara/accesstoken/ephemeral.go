// Package accesstoken is camara_access_token: the token that the provider itself
// authorizes its requests with, for others to use in the same run.
package accesstoken

import (
	"context"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/qosform/terraform-provider-qos/internal/camara/attribute"
	"github.com/qosform/terraform-provider-qos/internal/camara/backend"
	"github.com/qosform/terraform-provider-qos/internal/explain"
)

const summaryOpen = "Unable to get access token"

// tokenType is how operators take the provider's tokens (CAMARA, "Security and
// Interoperability Profile"; RFC 6750).
const tokenType = "Bearer"

// accessToken has no Renew, which could not hand on another token, and no Close:
// the resources use the same token, and others may.
type accessToken struct {
	backend *backend.Backend
}

var (
	_ ephemeral.EphemeralResourceWithConfigure      = (*accessToken)(nil)
	_ ephemeral.EphemeralResourceWithValidateConfig = (*accessToken)(nil)
)

// NewEphemeralResource returns camara_access_token.
func NewEphemeralResource() ephemeral.EphemeralResource { return &accessToken{} }

type model struct {
	Device      types.Object `tfsdk:"device"`
	AccessToken types.String `tfsdk:"access_token"`
	TokenType   types.String `tfsdk:"token_type"`
	ExpiresAt   types.String `tfsdk:"expires_at"`
}

func (a *accessToken) Metadata(_ context.Context, _ ephemeral.MetadataRequest, resp *ephemeral.MetadataResponse) {
	resp.TypeName = "camara_access_token"
}

func (a *accessToken) Schema(_ context.Context, _ ephemeral.SchemaRequest, resp *ephemeral.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "An access token for the operator's APIs, kept in neither plan nor state (Terraform 1.10, OpenTofu 1.11). It is the one that the provider's own requests carry: " +
			"with `oauth` it is asked for once and shared, with `access_token` it is that token. It has the scopes of the provider, and is never revoked, " +
			"as others may use it. It is got when planning as well as when applying; with the flow `ciba`, a subscriber may be asked for consent then.",
		Attributes: map[string]schema.Attribute{
			"device":       attribute.DeviceOfEphemeral("The device whose token is needed, by one identifier or several. Required with the three-legged flows of `oauth`; otherwise the token is no device's, and this is not used."),
			"access_token": schema.StringAttribute{Computed: true, Sensitive: true, MarkdownDescription: "The token."},
			"token_type":   schema.StringAttribute{Computed: true, MarkdownDescription: "How it is sent: `Bearer`, in the header `Authorization`."},
			"expires_at":   schema.StringAttribute{Computed: true, MarkdownDescription: "When it ends, in RFC 3339 and UTC; null where that is not known, as for an `access_token` of the provider block. Another one is got by opening this again, in another run."},
		},
	}
}

func (a *accessToken) Configure(_ context.Context, req ephemeral.ConfigureRequest, resp *ephemeral.ConfigureResponse) {
	a.backend = backend.From(req.ProviderData, &resp.Diagnostics)
}

func (a *accessToken) ValidateConfig(ctx context.Context, req ephemeral.ValidateConfigRequest, resp *ephemeral.ValidateConfigResponse) {
	var config model
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if !resp.Diagnostics.HasError() {
		attribute.ValidateDevice(ctx, config.Device, &resp.Diagnostics)
	}
}

func (a *accessToken) Open(ctx context.Context, req ephemeral.OpenRequest, resp *ephemeral.OpenResponse) {
	var config model
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	operator, err := a.backend.Operator()
	if err != nil {
		explain.Error(&resp.Diagnostics, summaryOpen, err)
		return
	}
	device, diags := attribute.DeviceOf(ctx, config.Device)
	resp.Diagnostics.Append(diags...)
	a.backend.CheckSubject(config.Device, device, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	token, expires, err := operator.AccessToken(ctx, a.backend.Subject("", device))
	switch {
	case err != nil:
		explain.Error(&resp.Diagnostics, summaryOpen, err)
		return
	case token == "":
		resp.Diagnostics.AddError(summaryOpen, "The provider has none: its headers alone authorize its requests. Set oauth or access_token in the provider block.")
		return
	}
	config.AccessToken, config.TokenType, config.ExpiresAt = types.StringValue(token), types.StringValue(tokenType), timeValue(expires)
	resp.Diagnostics.Append(resp.Result.Set(ctx, &config)...)
}

func timeValue(t time.Time) types.String {
	if t.IsZero() {
		return types.StringNull()
	}
	return types.StringValue(t.UTC().Format(time.RFC3339))
}
