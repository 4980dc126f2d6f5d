package callback

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/qosform/terraform-provider-qos/internal/explain"
	"github.com/qosform/terraform-provider-qos/internal/thingspace/api"
	"github.com/qosform/terraform-provider-qos/internal/thingspace/backend"
	"github.com/qosform/terraform-provider-qos/internal/value"
)

const summaryList = "Unable to list callbacks"

type callbacksDataSource struct {
	backend *backend.Backend
}

var _ datasource.DataSourceWithConfigure = (*callbacksDataSource)(nil)

// NewDataSource returns thingspace_callbacks.
func NewDataSource() datasource.DataSource { return &callbacksDataSource{} }

type callbacksModel struct {
	AccountName types.String  `tfsdk:"account_name"`
	Callbacks   []listedModel `tfsdk:"callbacks"`
}

type listedModel struct {
	Name     types.String `tfsdk:"name"`
	URL      types.String `tfsdk:"url"`
	Username types.String `tfsdk:"username"`
}

func listed(callbacks []api.Callback) []listedModel {
	out := make([]listedModel, len(callbacks))
	for i := range callbacks {
		out[i] = listedModel{
			Name:     types.StringValue(callbacks[i].Name),
			URL:      types.StringValue(callbacks[i].URL),
			Username: value.StringOrNull(callbacks[i].Username),
		}
	}
	return out
}

func (d *callbacksDataSource) Metadata(_ context.Context, _ datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = "thingspace_callbacks"
}

func (d *callbacksDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "The callback registrations of an account, of all services. Those made through ThingSpace's older SOAP API are not listed.",
		Attributes: map[string]schema.Attribute{
			"account_name": schema.StringAttribute{
				Required:            true,
				MarkdownDescription: "Name of the billing account, with all leading zeros.",
				Validators:          []validator.String{stringvalidator.RegexMatches(backend.AccountName, backend.AccountNameRule)},
			},
			"callbacks": schema.ListNestedAttribute{
				Computed:            true,
				MarkdownDescription: "The registrations, in ThingSpace's order.",
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"name":     schema.StringAttribute{Computed: true, MarkdownDescription: "Name of the callback service, such as `QoS`."},
					"url":      schema.StringAttribute{Computed: true, MarkdownDescription: "URL that ThingSpace posts to."},
					"username": schema.StringAttribute{Computed: true, MarkdownDescription: "User name that ThingSpace puts into callbacks, null if none. The password is left out."},
				}},
			},
		},
	}
}

func (d *callbacksDataSource) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	d.backend = backend.From(req.ProviderData, &resp.Diagnostics)
}

func (d *callbacksDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var config callbacksModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	thingSpace, err := d.backend.ThingSpace()
	if err != nil {
		explain.Error(&resp.Diagnostics, summaryList, err)
		return
	}
	callbacks, err := thingSpace.Callbacks(ctx, config.AccountName.ValueString())
	if err != nil {
		explain.Error(&resp.Diagnostics, summaryList, err)
		return
	}
	config.Callbacks = listed(callbacks)
	resp.Diagnostics.Append(resp.State.Set(ctx, &config)...)
}
