// Package qos is the Terraform provider that serves the thingspace and the
// camara resources at one address. It has nothing of its own but the nesting of
// their provider blocks.
package qos

import (
	"context"
	"fmt"

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
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/qosform/terraform-provider-qos/internal/camara"
	"github.com/qosform/terraform-provider-qos/internal/handover"
	"github.com/qosform/terraform-provider-qos/internal/settings"
	"github.com/qosform/terraform-provider-qos/internal/thingspace"
)

// family is a provider whose block can be nested in another's.
type family interface {
	provider.ProviderWithActions
	provider.ProviderWithEphemeralResources
	provider.ProviderWithFunctions
	provider.ProviderWithListResources
	SchemaAttributes() map[string]schema.Attribute
	ValidateAttributes(ctx context.Context, at path.Path, config types.Object, diags *diag.Diagnostics)
	Backend(ctx context.Context, at path.Path, config types.Object, diags *diag.Diagnostics) any
	WithoutBackend(why error) any
}

// member is a family under the name of the attribute that configures it.
type member struct {
	name, description string
	family            family
}

type qosProvider struct {
	version string
	members []member
}

var (
	_ provider.ProviderWithActions            = (*qosProvider)(nil)
	_ provider.ProviderWithEphemeralResources = (*qosProvider)(nil)
	_ provider.ProviderWithFunctions          = (*qosProvider)(nil)
	_ provider.ProviderWithListResources      = (*qosProvider)(nil)
	_ provider.ProviderWithValidateConfig     = (*qosProvider)(nil)
)

// New returns the provider that serves both of the given ones.
func New(version string, thingSpace *thingspace.Provider, operators *camara.Provider) provider.Provider {
	return &qosProvider{version: version, members: []member{
		{"thingspace", "Verizon ThingSpace: the same attributes as in `provider \"thingspace\"`, each also from its `THINGSPACE_…` variable in the environment. Needed for the `thingspace_…` resources; may be `{}`.", thingSpace},
		{"camara", "An operator with CAMARA APIs: the same attributes as in `provider \"camara\"`, each also from its `CAMARA_…` variable in the environment. Needed for the `camara_…` resources; may be `{}`.", operators},
	}}
}

func (p *qosProvider) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName = "qos"
	resp.Version = p.version
}

func (p *qosProvider) Schema(_ context.Context, _ provider.SchemaRequest, resp *provider.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "The resources of the providers `thingspace` and `camara` at one address. Terraform finds a resource's provider by the beginning of its name, " +
			"so each block has to say `provider = qos`: of one that does not, `init` says that it cannot find `hashicorp/thingspace` or `hashicorp/camara`.",
		Attributes: make(map[string]schema.Attribute, len(p.members)),
	}
	for _, m := range p.members {
		resp.Schema.Attributes[m.name] = schema.SingleNestedAttribute{Optional: true, MarkdownDescription: m.description, Attributes: m.family.SchemaAttributes()}
	}
}

func (p *qosProvider) ValidateConfig(ctx context.Context, req provider.ValidateConfigRequest, resp *provider.ValidateConfigResponse) {
	for _, m := range p.members {
		var config types.Object
		at := path.Root(m.name)
		resp.Diagnostics.Append(req.Config.GetAttribute(ctx, at, &config)...)
		if !config.IsNull() && !config.IsUnknown() {
			m.family.ValidateAttributes(ctx, at, config, &resp.Diagnostics)
		}
	}
}

func (p *qosProvider) Configure(ctx context.Context, req provider.ConfigureRequest, resp *provider.ConfigureResponse) {
	var backends handover.Several
	for _, m := range p.members {
		var config types.Object
		resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root(m.name), &config)...)
		backends = append(backends, m.backend(ctx, config, &resp.Diagnostics))
	}
	if resp.Diagnostics.HasError() {
		return
	}
	resp.ResourceData = backends
	resp.DataSourceData = backends
	resp.EphemeralResourceData = backends
	resp.ListResourceData = backends
	resp.ActionData = backends
}

// backend makes a family's; one that is not configured fails at its first use,
// as the other family's resources do not need it.
func (m member) backend(ctx context.Context, config types.Object, diags *diag.Diagnostics) any {
	switch {
	case config.IsUnknown():
		return m.family.WithoutBackend(&settings.UnknownError{Attributes: []string{m.name}})
	case config.IsNull():
		return m.family.WithoutBackend(fmt.Errorf("the provider qos has no %[1]s attribute, which the %[1]s_… resources need: write %[1]s = { … } in the provider block", m.name))
	default:
		return m.family.Backend(ctx, path.Root(m.name), config, diags)
	}
}

func (p *qosProvider) Resources(ctx context.Context) []func() resource.Resource {
	return served(p, func(f family) []func() resource.Resource { return f.Resources(ctx) })
}

func (p *qosProvider) DataSources(ctx context.Context) []func() datasource.DataSource {
	return served(p, func(f family) []func() datasource.DataSource { return f.DataSources(ctx) })
}

func (p *qosProvider) EphemeralResources(ctx context.Context) []func() ephemeral.EphemeralResource {
	return served(p, func(f family) []func() ephemeral.EphemeralResource { return f.EphemeralResources(ctx) })
}

func (p *qosProvider) ListResources(ctx context.Context) []func() list.ListResource {
	return served(p, func(f family) []func() list.ListResource { return f.ListResources(ctx) })
}

func (p *qosProvider) Actions(ctx context.Context) []func() action.Action {
	return served(p, func(f family) []func() action.Action { return f.Actions(ctx) })
}

func (p *qosProvider) Functions(ctx context.Context) []func() function.Function {
	return served(p, func(f family) []func() function.Function { return f.Functions(ctx) })
}

// served is what all families serve of one kind.
func served[T any](p *qosProvider, of func(family) []func() T) []func() T {
	var all []func() T
	for _, m := range p.members {
		all = append(all, of(m.family)...)
	}
	return all
}
