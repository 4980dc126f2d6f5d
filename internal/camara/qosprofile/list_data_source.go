package qosprofile

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/qosform/terraform-provider-qos/internal/camara/api"
	"github.com/qosform/terraform-provider-qos/internal/camara/attribute"
	"github.com/qosform/terraform-provider-qos/internal/camara/backend"
	"github.com/qosform/terraform-provider-qos/internal/explain"
)

type qosProfilesDataSource struct {
	backend *backend.Backend
}

var (
	_ datasource.DataSourceWithConfigure      = (*qosProfilesDataSource)(nil)
	_ datasource.DataSourceWithValidateConfig = (*qosProfilesDataSource)(nil)
)

// NewListDataSource returns camara_qos_profiles.
func NewListDataSource() datasource.DataSource { return &qosProfilesDataSource{} }

type listModel struct {
	Device   types.Object   `tfsdk:"device"`
	Name     types.String   `tfsdk:"name"`
	Status   types.String   `tfsdk:"status"`
	Profiles []profileModel `tfsdk:"profiles"`
}

func (d *qosProfilesDataSource) Metadata(_ context.Context, _ datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = "camara_qos_profiles"
}

func (d *qosProfilesDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	attributes := profileAttributes()
	attributes["name"] = schema.StringAttribute{Computed: true, MarkdownDescription: "Name of the profile."}
	resp.Schema = schema.Schema{
		MarkdownDescription: "The QoS profiles that the operator offers.",
		Attributes: map[string]schema.Attribute{
			"device": attribute.DeviceFilter(false, "Only those that are available for this device (from 0.11 on). With the three-legged flows of `oauth` it is required, and says whose token is needed."),
			"name": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "Only the one with this name: 3 to 256 letters, digits, dots, dashes or underscores.",
				Validators:          []validator.String{stringvalidator.LengthBetween(3, 256)},
			},
			"status": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "Only those with this status: `ACTIVE`, `INACTIVE` or `DEPRECATED`.",
				Validators:          []validator.String{stringvalidator.OneOf(api.ProfileActive, api.ProfileInactive, api.ProfileDeprecated)},
			},
			"profiles": schema.ListNestedAttribute{
				Computed:            true,
				MarkdownDescription: "The profiles, in the operator's order; none is an empty list. What the operator does not tell of a profile is null.",
				NestedObject:        schema.NestedAttributeObject{Attributes: attributes},
			},
		},
	}
}

func (d *qosProfilesDataSource) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	d.backend = backend.From(req.ProviderData, &resp.Diagnostics)
}

func (d *qosProfilesDataSource) ValidateConfig(ctx context.Context, req datasource.ValidateConfigRequest, resp *datasource.ValidateConfigResponse) {
	var config listModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if !resp.Diagnostics.HasError() {
		attribute.ValidateDevice(ctx, config.Device, &resp.Diagnostics)
	}
}

func (d *qosProfilesDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var config listModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	device, diags := attribute.DeviceOf(ctx, config.Device)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	const summary = "Unable to list QoS profiles"
	operator, err := d.backend.Operator()
	if err != nil {
		explain.Error(&resp.Diagnostics, summary, err)
		return
	}
	subject, query := d.backend.Subject("", device), api.ProfileQuery{Device: device, Name: config.Name.ValueString(), Status: config.Status.ValueString()}
	switch {
	case device == nil || !operator.Version().Features().ProfilesInSameAPI:
	case operator.DeviceBound():
		query.Device = nil // it served to find whose token is needed
	default:
		resp.Diagnostics.AddAttributeError(path.Root("device"), summary, "device is not part of this version: profiles are listed for all devices (API version "+string(operator.Version())+").")
		return
	}
	profiles, err := operator.Profiles(ctx, subject, query)
	if err != nil {
		explain.Error(&resp.Diagnostics, summary, err)
		return
	}
	config.Profiles = make([]profileModel, len(profiles))
	for i := range profiles {
		config.Profiles[i] = profileOf(&profiles[i])
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &config)...)
}
