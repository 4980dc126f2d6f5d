// Package thingspace is the Terraform provider for Verizon ThingSpace's Quality
// of Service API.
package thingspace

import (
	"context"
	"os"

	"github.com/hashicorp/terraform-plugin-framework-validators/float64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/qosform/terraform-provider-qos/internal/thingspace/callback"
	"github.com/qosform/terraform-provider-qos/internal/thingspace/qossubscription"
)

// Option changes how a provider is made.
type Option func(*thingSpaceProvider)

// WithEnvironment replaces the process environment, which fills in provider
// attributes that the configuration leaves out.
func WithEnvironment(getenv func(string) string) Option {
	return func(p *thingSpaceProvider) { p.getenv = getenv }
}

type thingSpaceProvider struct {
	version string
	getenv  func(string) string
}

var _ provider.ProviderWithValidateConfig = (*thingSpaceProvider)(nil)

// New returns the thingspace provider.
func New(version string, options ...Option) provider.Provider {
	p := &thingSpaceProvider{version: version, getenv: os.Getenv}
	for _, option := range options {
		option(p)
	}
	return p
}

func (p *thingSpaceProvider) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName = "thingspace"
	resp.Version = p.version
}

func (p *thingSpaceProvider) Schema(_ context.Context, _ provider.SchemaRequest, resp *provider.SchemaResponse) {
	notEmpty := []validator.String{stringvalidator.LengthAtLeast(1)}
	resp.Schema = schema.Schema{
		MarkdownDescription: "Quality of service in Verizon's network through the ThingSpace API. " +
			"ThingSpace answers by callback only and cannot list or read a QoS subscription, so the provider works with a " +
			"receiver (`qos-receiver`) that takes the callbacks and keeps a journal of every request.",
		Attributes: map[string]schema.Attribute{
			"base_url": schema.StringAttribute{
				Optional:            true,
				Validators:          []validator.String{webURL{}},
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
				Validators:          []validator.String{token{}, stringvalidator.ConflictsWith(path.MatchRoot("client_id"), path.MatchRoot("client_secret"))},
				MarkdownDescription: "A bearer token that is used as it is, in place of `client_id` and `client_secret`; it is not renewed. Environment: `THINGSPACE_ACCESS_TOKEN`.",
			},
			"username": schema.StringAttribute{
				Optional:            true,
				Validators:          []validator.String{singleLine{}},
				MarkdownDescription: "User name of the ThingSpace (UWS) login, with `password`. Environment: `THINGSPACE_USERNAME`.",
			},
			"password": schema.StringAttribute{
				Optional:   true,
				Sensitive:  true,
				Validators: []validator.String{singleLine{}},
				MarkdownDescription: "Password of the ThingSpace (UWS) login, with `username`. Five refused logins in a row lock the user, so the provider " +
					"stops after two. Environment: `THINGSPACE_PASSWORD`.",
			},
			"session_token": schema.StringAttribute{
				Optional:            true,
				Sensitive:           true,
				Validators:          []validator.String{token{}, stringvalidator.ConflictsWith(path.MatchRoot("username"), path.MatchRoot("password"))},
				MarkdownDescription: "A VZ-M2M session token that is used as it is, in place of `username` and `password`; it is not renewed. Environment: `THINGSPACE_SESSION_TOKEN`.",
			},
			"receiver_url": schema.StringAttribute{
				Optional:   true,
				Validators: []validator.String{webURL{}},
				MarkdownDescription: "Root URL of the receiver's own API, as Terraform reaches it. Needed for `thingspace_qos_subscription`. " +
					"Environment: `THINGSPACE_RECEIVER_URL`.",
			},
			"receiver_token": schema.StringAttribute{
				Optional:   true,
				Sensitive:  true,
				Validators: []validator.String{token{}},
				MarkdownDescription: "Bearer token for the receiver that may write its journal (`--journal-token`, or `--read-token` where there is no other). " +
					"Environment: `THINGSPACE_RECEIVER_TOKEN`.",
			},
			"enhance_qos_path": schema.StringAttribute{
				Optional:   true,
				Validators: []validator.String{absolutePath{}},
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
				MarkdownDescription: "How often a request is repeated after a 429, a 5xx or a lost connection. A POST is repeated only if it certainly did not run. " +
					"Default: `4`. Environment: `THINGSPACE_MAX_RETRIES`.",
			},
		},
	}
}

func (p *thingSpaceProvider) ValidateConfig(ctx context.Context, req provider.ValidateConfigRequest, resp *provider.ValidateConfigResponse) {
	var config model
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	config.validatePairs(p.getenv, &resp.Diagnostics)
}

func (p *thingSpaceProvider) Configure(ctx context.Context, req provider.ConfigureRequest, resp *provider.ConfigureResponse) {
	var config model
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	made := config.backend(p.getenv, p.version, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	resp.ResourceData = made
	resp.DataSourceData = made
}

func (p *thingSpaceProvider) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{callback.NewResource, qossubscription.NewResource}
}

func (p *thingSpaceProvider) DataSources(context.Context) []func() datasource.DataSource {
	return []func() datasource.DataSource{callback.NewDataSource, qossubscription.NewDataSource}
}
