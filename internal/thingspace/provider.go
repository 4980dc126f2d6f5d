// Package thingspace is the Terraform provider for Verizon ThingSpace's Quality
// of Service API.
package thingspace

import (
	"context"
	"os"

	"github.com/hashicorp/terraform-plugin-framework-validators/float64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
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

	"github.com/qosform/terraform-provider-qos/internal/inputs"
	"github.com/qosform/terraform-provider-qos/internal/thingspace/backend"
	"github.com/qosform/terraform-provider-qos/internal/thingspace/callback"
	"github.com/qosform/terraform-provider-qos/internal/thingspace/event"
	"github.com/qosform/terraform-provider-qos/internal/thingspace/qossubscription"
	"github.com/qosform/terraform-provider-qos/internal/thingspace/session"
)

// Option changes how a provider is made.
type Option func(*Provider)

// WithEnvironment replaces the process environment, which fills in provider
// attributes that the configuration leaves out.
func WithEnvironment(getenv func(string) string) Option {
	return func(p *Provider) { p.getenv = getenv }
}

// Provider is the thingspace provider. Beside what the framework asks for, it
// has what another provider needs to serve the same resources with the same
// attributes nested in its own.
type Provider struct {
	version string
	getenv  func(string) string
}

var (
	_ provider.ProviderWithActions            = (*Provider)(nil)
	_ provider.ProviderWithEphemeralResources = (*Provider)(nil)
	_ provider.ProviderWithFunctions          = (*Provider)(nil)
	_ provider.ProviderWithListResources      = (*Provider)(nil)
	_ provider.ProviderWithValidateConfig     = (*Provider)(nil)
)

// New returns the thingspace provider.
func New(version string, options ...Option) *Provider {
	p := &Provider{version: version, getenv: os.Getenv}
	for _, option := range options {
		option(p)
	}
	return p
}

// Metadata implements provider.Provider.
func (p *Provider) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName = "thingspace"
	resp.Version = p.version
}

// Schema implements provider.Provider.
func (p *Provider) Schema(_ context.Context, _ provider.SchemaRequest, resp *provider.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Quality of service in Verizon's network through the ThingSpace API. " +
			"ThingSpace answers by callback only and cannot list or read a QoS subscription, so the provider works with a " +
			"receiver (`qos-receiver`) that takes the callbacks and keeps a journal of every request.",
		Attributes: p.SchemaAttributes(),
	}
}

// SchemaAttributes are those of the provider block.
func (p *Provider) SchemaAttributes() map[string]schema.Attribute {
	notEmpty := []validator.String{stringvalidator.LengthAtLeast(1)}
	return map[string]schema.Attribute{
		"base_url": schema.StringAttribute{
			Optional:            true,
			Validators:          []validator.String{inputs.WebURL()},
			MarkdownDescription: "Root of the ThingSpace API. Default: `" + defaultBaseURL + "`. Environment: `THINGSPACE_BASE_URL`.",
		},
		"client_id": schema.StringAttribute{
			Optional:            true,
			Validators:          notEmpty,
			MarkdownDescription: "Application key for OAuth 2.0 client credentials, with `client_secret`. Environment: `THINGSPACE_CLIENT_ID`.",
		},
		"client_secret": schema.StringAttribute{
			Optional:            true,
			Sensitive:           true,
			Validators:          notEmpty,
			MarkdownDescription: "Application secret for OAuth 2.0 client credentials, with `client_id`. Environment: `THINGSPACE_CLIENT_SECRET`.",
		},
		"access_token": schema.StringAttribute{
			Optional:            true,
			Sensitive:           true,
			Validators:          []validator.String{inputs.Token(), stringvalidator.ConflictsWith(inputs.Sibling("client_id"), inputs.Sibling("client_secret"))},
			MarkdownDescription: "A bearer token that is used as it is, in place of `client_id` and `client_secret`; it is not renewed. Environment: `THINGSPACE_ACCESS_TOKEN`.",
		},
		"username": schema.StringAttribute{
			Optional:            true,
			Validators:          []validator.String{inputs.SingleLine()},
			MarkdownDescription: "User name of the ThingSpace (UWS) login, with `password`. Environment: `THINGSPACE_USERNAME`.",
		},
		"password": schema.StringAttribute{
			Optional:   true,
			Sensitive:  true,
			Validators: []validator.String{inputs.SingleLine()},
			MarkdownDescription: "Password of the ThingSpace (UWS) login, with `username`. Five refused logins in a row lock the user, so the provider " +
				"stops after two. Environment: `THINGSPACE_PASSWORD`.",
		},
		"session_token": schema.StringAttribute{
			Optional:            true,
			Sensitive:           true,
			Validators:          []validator.String{inputs.Token(), stringvalidator.ConflictsWith(inputs.Sibling("username"), inputs.Sibling("password"))},
			MarkdownDescription: "A VZ-M2M session token that is used as it is, in place of `username` and `password`; it is not renewed. Environment: `THINGSPACE_SESSION_TOKEN`.",
		},
		"receiver_url": schema.StringAttribute{
			Optional:   true,
			Validators: []validator.String{inputs.WebURL()},
			MarkdownDescription: "Root URL of the receiver's own API, as Terraform reaches it. Needed for `thingspace_qos_subscription`. " +
				"Environment: `THINGSPACE_RECEIVER_URL`.",
		},
		"receiver_token": schema.StringAttribute{
			Optional:   true,
			Sensitive:  true,
			Validators: []validator.String{inputs.Token()},
			MarkdownDescription: "Bearer token for the receiver that may write its journal (`--journal-token`, or `--read-token` where there is no other). " +
				"Environment: `THINGSPACE_RECEIVER_TOKEN`.",
		},
		"enhance_qos_path": schema.StringAttribute{
			Optional:   true,
			Validators: []validator.String{inputs.AbsolutePath()},
			MarkdownDescription: "Path of the QoS endpoint. Default: `" + defaultEnhanceQoSPath + "`, the documented one. Where the gateway answers that there is no such resource, " +
				"the form with `/devices/` is tried once. Environment: `THINGSPACE_ENHANCE_QOS_PATH`.",
		},
		"max_requests_per_second": schema.Float64Attribute{
			Optional:            true,
			Validators:          []validator.Float64{float64validator.AtLeast(leastRequestsPerSecond)},
			MarkdownDescription: "Upper limit of requests to ThingSpace, per second. Default: `10`. Environment: `THINGSPACE_MAX_REQUESTS_PER_SECOND`.",
		},
		"max_retries": schema.Int64Attribute{
			Optional:   true,
			Validators: []validator.Int64{int64validator.Between(0, mostRetries)},
			MarkdownDescription: "How often a request is repeated after a 408, a 5xx or a lost connection; a POST that subscribes only if it certainly did not run. A 429 is not counted: it is waited out until the resource's timeout or, where there is none, for 5 minutes. " +
				"Default: `4`. Environment: `THINGSPACE_MAX_RETRIES`.",
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
		validatePairs(m.reader(p.getenv, at, diags))
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
	return m.backend(p.getenv, p.version, at, diags)
}

// WithoutBackend is handed on in place of a backend; every use of it fails with
// that error.
func (p *Provider) WithoutBackend(why error) any { return backend.New(nil, why, nil, why) }

func decode(ctx context.Context, config types.Object, diags *diag.Diagnostics) (*model, bool) {
	var m model
	problems := config.As(ctx, &m, basetypes.ObjectAsOptions{})
	diags.Append(problems...)
	return &m, !problems.HasError()
}

// Resources implements provider.Provider.
func (p *Provider) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{callback.NewResource, qossubscription.NewResource}
}

// DataSources implements provider.Provider.
func (p *Provider) DataSources(context.Context) []func() datasource.DataSource {
	return []func() datasource.DataSource{callback.NewDataSource, qossubscription.NewDataSource}
}

// EphemeralResources implements provider.ProviderWithEphemeralResources.
func (p *Provider) EphemeralResources(context.Context) []func() ephemeral.EphemeralResource {
	return []func() ephemeral.EphemeralResource{session.NewEphemeralResource}
}

// ListResources implements provider.ProviderWithListResources.
func (p *Provider) ListResources(context.Context) []func() list.ListResource {
	return []func() list.ListResource{callback.NewListResource, qossubscription.NewListResource}
}

// Actions implements provider.ProviderWithActions.
func (p *Provider) Actions(context.Context) []func() action.Action {
	return []func() action.Action{callback.NewTestAction, qossubscription.NewStopAction}
}

// Functions implements provider.ProviderWithFunctions.
func (p *Provider) Functions(context.Context) []func() function.Function {
	return []func() function.Function{qossubscription.NewFlowEndpoint, qossubscription.NewParseFlowEndpoint, event.NewParseEvent}
}
