// Package camara is the Terraform provider for CAMARA's Quality-on-Demand API
// and its siblings, at any operator.
package camara

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/float64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/mapvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"
	"github.com/jonboulle/clockwork"

	"github.com/qosform/terraform-provider-qos/internal/camara/accesstoken"
	"github.com/qosform/terraform-provider-qos/internal/camara/auth"
	"github.com/qosform/terraform-provider-qos/internal/camara/backend"
	"github.com/qosform/terraform-provider-qos/internal/camara/functions"
	"github.com/qosform/terraform-provider-qos/internal/camara/qodsession"
	"github.com/qosform/terraform-provider-qos/internal/camara/qosassignment"
	"github.com/qosform/terraform-provider-qos/internal/camara/qosprofile"
	"github.com/qosform/terraform-provider-qos/internal/inputs"
	"github.com/qosform/terraform-provider-qos/internal/settings"
)

// Option changes how a provider is made.
type Option func(*Provider)

// WithEnvironment replaces the process environment, which fills in provider
// attributes that the configuration leaves out.
func WithEnvironment(getenv func(string) string) Option {
	return func(p *Provider) { p.process.getenv = getenv }
}

// WithClock replaces the clock that expiry is judged by and waits are paced with.
func WithClock(clock clockwork.Clock) Option {
	return func(p *Provider) { p.process.clock = clock }
}

// Provider is the camara provider. Beside what the framework asks for, it has
// what another provider needs to serve the same resources with the same
// attributes nested in its own.
type Provider struct {
	process process
}

var (
	_ provider.ProviderWithActions            = (*Provider)(nil)
	_ provider.ProviderWithEphemeralResources = (*Provider)(nil)
	_ provider.ProviderWithFunctions          = (*Provider)(nil)
	_ provider.ProviderWithListResources      = (*Provider)(nil)
	_ provider.ProviderWithValidateConfig     = (*Provider)(nil)
)

// New returns the camara provider.
func New(version string, options ...Option) *Provider {
	p := &Provider{process: thisProcess(version)}
	for _, option := range options {
		option(p)
	}
	return p
}

// Metadata implements provider.Provider.
func (p *Provider) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName = "camara"
	resp.Version = p.process.version
}

// Schema implements provider.Provider.
func (p *Provider) Schema(_ context.Context, _ provider.SchemaRequest, resp *provider.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Quality of service on demand in the networks of operators that offer CAMARA's Quality-on-Demand API, versions 0.10, 0.11, 1.0, 1.1 and 1.2, " +
			"and its siblings for QoS profiles and QoS provisioning.",
		Attributes: p.SchemaAttributes(),
	}
}

// SchemaAttributes are those of the provider block.
func (p *Provider) SchemaAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"base_url": schema.StringAttribute{
			Optional:   true,
			Validators: []validator.String{inputs.WebURL()},
			MarkdownDescription: "Root of the operator's Quality-on-Demand API with its path, such as `https://api.example.com/quality-on-demand/v1` or `https://api.example.com/qod/v0`. " +
				"Required. Environment: `CAMARA_BASE_URL`.",
		},
		"api_version": schema.StringAttribute{
			Optional:   true,
			Validators: []validator.String{stringvalidator.OneOf(versionNames()...)},
			MarkdownDescription: "Version of that API: `0.10`, `0.11`, `1.0`, `1.1` or `1.2`. Default: what the path says, where `/qod/v0` is 0.10, `/v0.11` is 0.11, and `/v1`, which serves three versions alike, " +
				"is taken for 1.1; with any other path it is required. Environment: `CAMARA_API_VERSION`.",
		},
		"qos_profiles_url": schema.StringAttribute{
			Optional:   true,
			Validators: []validator.String{inputs.WebURL()},
			MarkdownDescription: "Root of the QoS profiles API. Default: `base_url` on 0.10; from 0.11 on `base_url` with `/qos-profiles/` in place of `/quality-on-demand/`, where it has that. " +
				"Another URL than `base_url` on 0.10 is that of an API of its own, as from 0.11 on. " +
				"Environment: `CAMARA_QOS_PROFILES_URL`.",
		},
		"qos_provisioning_url": schema.StringAttribute{
			Optional:   true,
			Validators: []validator.String{inputs.WebURL()},
			MarkdownDescription: "Root of the QoS provisioning API: 0.4 beside an `api_version` of 1.2, 0.3 beside the others. Default: `base_url` with `/qos-provisioning/v0.3` (1.1) or `/qos-provisioning/v0.4` (1.2) in place of `/quality-on-demand/…`, where it has that; " +
				"before 1.1, there is none. Environment: `CAMARA_QOS_PROVISIONING_URL`.",
		},
		"access_token": schema.StringAttribute{
			Optional:            true,
			Sensitive:           true,
			Validators:          []validator.String{inputs.Token()},
			MarkdownDescription: "A bearer token that is used as it is, in place of `oauth`: one of them may be set. It is not renewed. Environment: `CAMARA_ACCESS_TOKEN`.",
		},
		"oauth": oauthAttribute(),
		"headers": schema.MapAttribute{
			ElementType: types.StringType,
			Optional:    true,
			Sensitive:   true,
			Validators:  []validator.Map{mapvalidator.KeysAre(inputs.Token()), mapvalidator.ValueStringsAre(inputs.SingleLine())},
			MarkdownDescription: "Header fields that are sent with every request to the operator's APIs, such as an API key. They may be all that authorizes the requests. " +
				"`Accept`, `Content-Type`, `X-Correlator` and what belongs to the connection are the provider's own. " +
				"Environment: `CAMARA_HEADERS`, as a JSON object.",
		},
		"receiver_url": schema.StringAttribute{
			Optional:   true,
			Validators: []validator.String{inputs.WebURL()},
			MarkdownDescription: "Root URL of a `qos-receiver` that the operator notifies, as Terraform reaches it. Waiting is over as soon as a notification has come, instead of with the next poll, and on 0.10 " +
				"a session whose answer was lost is found. It works for what has the receiver's `/camara/notifications` for its `sink`, or `webhook.notification_url`. Environment: `CAMARA_RECEIVER_URL`.",
		},
		"receiver_token": schema.StringAttribute{
			Optional:            true,
			Sensitive:           true,
			Validators:          []validator.String{inputs.Token()},
			MarkdownDescription: "Bearer token for the receiver that may read (`--read-token`). It is not the one that the operator notifies with (`--camara-token`). Environment: `CAMARA_RECEIVER_TOKEN`.",
		},
		"max_requests_per_second": schema.Float64Attribute{
			Optional:            true,
			Validators:          []validator.Float64{float64validator.AtLeast(leastRequestsPerSecond)},
			MarkdownDescription: "Upper limit of requests to the operator's APIs, per second, for all resources together; up to a second's worth may go at once. At least 0.01. Default: `10`. Environment: `CAMARA_MAX_REQUESTS_PER_SECOND`.",
		},
		"max_retries": schema.Int64Attribute{
			Optional:   true,
			Validators: []validator.Int64{int64validator.Between(0, mostRetries)},
			MarkdownDescription: "How often a request is repeated after a 408, 500, 502 to 504 or a lost connection; a POST that creates or extends only if it certainly did not run. " +
				"A rate limit (429) is waited out besides. 0 to 100. Default: `4`. Environment: `CAMARA_MAX_RETRIES`.",
		},
	}
}

func oauthAttribute() schema.SingleNestedAttribute {
	line := []validator.String{inputs.SingleLine()}
	return schema.SingleNestedAttribute{
		Optional: true,
		MarkdownDescription: "How access tokens are got, in place of `access_token`. Each of its attributes comes also from the environment, as `CAMARA_OAUTH_…`; where `oauth` and `access_token` are left out, " +
			"`CAMARA_OAUTH_FLOW` in the environment stands for it.",
		Attributes: map[string]schema.Attribute{
			"flow": schema.StringAttribute{
				Optional:   true,
				Validators: []validator.String{stringvalidator.OneOf(string(auth.ClientCredentials), string(auth.JWTBearer), string(auth.CIBA))},
				MarkdownDescription: "`client_credentials` (two-legged: one token, and each request names its device), `jwt_bearer` or `ciba` (three-legged: a token for each device's subscriber). " +
					"Which one is agreed with the operator. Required. Environment: `CAMARA_OAUTH_FLOW`.",
			},
			"token_url": schema.StringAttribute{
				Optional:            true,
				Validators:          []validator.String{inputs.WebURL()},
				MarkdownDescription: "Token endpoint. Required. Environment: `CAMARA_OAUTH_TOKEN_URL`.",
			},
			"backchannel_url": schema.StringAttribute{
				Optional:            true,
				Validators:          []validator.String{inputs.WebURL()},
				MarkdownDescription: "Backchannel authentication endpoint, such as `…/bc-authorize`. Required for `ciba`. Environment: `CAMARA_OAUTH_BACKCHANNEL_URL`.",
			},
			"client_id": schema.StringAttribute{
				Optional:            true,
				Validators:          line,
				MarkdownDescription: "Id of the application at the operator. Required. Environment: `CAMARA_OAUTH_CLIENT_ID`.",
			},
			"client_secret": schema.StringAttribute{
				Optional:            true,
				Sensitive:           true,
				Validators:          append([]validator.String{stringvalidator.ConflictsWith(inputs.Sibling("private_key"))}, line...),
				MarkdownDescription: "Secret of the application, sent with HTTP Basic. This or `private_key` is required. Environment: `CAMARA_OAUTH_CLIENT_SECRET`.",
			},
			"private_key": schema.StringAttribute{
				Optional:   true,
				Sensitive:  true,
				Validators: []validator.String{stringvalidator.LengthAtLeast(1)},
				MarkdownDescription: "Private key of the application, in place of `client_secret`: it signs client assertions (`private_key_jwt`). PEM (PKCS #1, PKCS #8 or SEC 1), not encrypted; RSA from 2048 bits, or EC on P-256, P-384 or P-521. Required for `jwt_bearer`. " +
					"Environment: `CAMARA_OAUTH_PRIVATE_KEY`.",
			},
			"key_id": schema.StringAttribute{
				Optional:            true,
				Validators:          line,
				MarkdownDescription: "The `kid` under which the operator knows the key, if it has one. Environment: `CAMARA_OAUTH_KEY_ID`.",
			},
			"scopes": schema.ListAttribute{
				ElementType: types.StringType,
				Optional:    true,
				Validators:  []validator.List{listvalidator.ValueStringsAre(inputs.Token())},
				MarkdownDescription: "Scopes to ask for, with their purpose, such as `dpv:RequestedServiceProvision`. Default: those of all operations on sessions in `api_version`, with `openid` and that purpose in the three-legged flows, and none with " +
					"`client_credentials` on 0.10. The APIs for profiles and assignments have scopes of their own. Environment: `CAMARA_OAUTH_SCOPES`, separated by blanks.",
			},
		},
	}
}

// ValidateConfig implements provider.ProviderWithValidateConfig.
func (p *Provider) ValidateConfig(ctx context.Context, req provider.ValidateConfigRequest, resp *provider.ValidateConfigResponse) {
	var config types.Object
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	p.ValidateAttributes(ctx, path.Empty(), config, &resp.Diagnostics)
}

// ValidateAttributes checks what SchemaAttributes cannot check one by one. At is where
// config is.
func (p *Provider) ValidateAttributes(ctx context.Context, at path.Path, config types.Object, diags *diag.Diagnostics) {
	if m, ok := decode(ctx, config, diags); ok {
		m.validate(p.reader(at, m, diags), diags)
	}
}

// Configure implements provider.Provider.
func (p *Provider) Configure(ctx context.Context, req provider.ConfigureRequest, resp *provider.ConfigureResponse) {
	var config types.Object
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	made := p.Backend(ctx, path.Empty(), config, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	resp.ResourceData = made
	resp.DataSourceData = made
	resp.EphemeralResourceData = made
	resp.ListResourceData = made
	resp.ActionData = made
}

// Backend makes what the resources need, without network I/O. At is where config is.
func (p *Provider) Backend(ctx context.Context, at path.Path, config types.Object, diags *diag.Diagnostics) any {
	m, ok := decode(ctx, config, diags)
	if !ok {
		return nil
	}
	return m.backend(ctx, p.process, p.reader(at, m, diags))
}

// WithoutBackend is handed on in place of a backend; every use of it fails with
// that error.
func (p *Provider) WithoutBackend(why error) any {
	return backend.New(nil, why, backend.Application{}, p.process.clock)
}

// Resources implements provider.Provider.
func (p *Provider) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{qodsession.NewResource, qosassignment.NewResource}
}

// DataSources implements provider.Provider.
func (p *Provider) DataSources(context.Context) []func() datasource.DataSource {
	return []func() datasource.DataSource{qodsession.NewDataSource, qosprofile.NewDataSource, qosprofile.NewListDataSource}
}

// EphemeralResources implements provider.ProviderWithEphemeralResources.
func (p *Provider) EphemeralResources(context.Context) []func() ephemeral.EphemeralResource {
	return []func() ephemeral.EphemeralResource{accesstoken.NewEphemeralResource}
}

// ListResources implements provider.ProviderWithListResources.
func (p *Provider) ListResources(context.Context) []func() list.ListResource {
	return []func() list.ListResource{qodsession.NewListResource, qosassignment.NewListResource}
}

// Actions implements provider.ProviderWithActions.
func (p *Provider) Actions(context.Context) []func() action.Action {
	return []func() action.Action{qodsession.NewExtendAction}
}

// Functions implements provider.ProviderWithFunctions.
func (p *Provider) Functions(context.Context) []func() function.Function {
	return []func() function.Function{functions.NewLoginHint, functions.NewSeconds}
}

func (p *Provider) reader(at path.Path, m *model, diags *diag.Diagnostics) *settings.Reader {
	return &settings.Reader{
		Configured: map[string]types.String{
			"base_url": m.BaseURL, "api_version": m.APIVersion, "qos_profiles_url": m.QoSProfilesURL,
			"qos_provisioning_url": m.QoSProvisioningURL, "access_token": m.AccessToken,
			"receiver_url": m.ReceiverURL, "receiver_token": m.ReceiverToken,
		},
		Prefix: environmentPrefix, Getenv: p.process.getenv, At: at, Summary: summaryConfigure, Diags: diags,
	}
}

func decode(ctx context.Context, config types.Object, diags *diag.Diagnostics) (*model, bool) {
	var m model
	problems := config.As(ctx, &m, basetypes.ObjectAsOptions{})
	diags.Append(problems...)
	return &m, !problems.HasError()
}
