// Package qosprofile is camara_qos_profile and camara_qos_profiles: the
// qualities of service that an operator offers.
package qosprofile

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/qosform/terraform-provider-qos/internal/camara/attribute"
	"github.com/qosform/terraform-provider-qos/internal/camara/backend"
	"github.com/qosform/terraform-provider-qos/internal/explain"
)

type qosProfileDataSource struct {
	backend *backend.Backend
}

var (
	_ datasource.DataSourceWithConfigure      = (*qosProfileDataSource)(nil)
	_ datasource.DataSourceWithValidateConfig = (*qosProfileDataSource)(nil)
)

// NewDataSource returns camara_qos_profile.
func NewDataSource() datasource.DataSource { return &qosProfileDataSource{} }

type oneModel struct {
	Device types.Object `tfsdk:"device"`
	profileModel
}

func (d *qosProfileDataSource) Metadata(_ context.Context, _ datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = "camara_qos_profile"
}

func (d *qosProfileDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	attributes := profileAttributes()
	attributes["name"] = schema.StringAttribute{
		Required:            true,
		MarkdownDescription: "Name of the profile: 3 to 256 letters, digits, dots, dashes or underscores. One that there is not is an error.",
		Validators:          []validator.String{stringvalidator.LengthBetween(3, 256)},
	}
	attributes["device"] = attribute.DeviceFilter(false, "A device whose token to use, required with the three-legged flows of `oauth`. It does not restrict which profiles are found.")
	resp.Schema = schema.Schema{MarkdownDescription: "A QoS profile that the operator offers, by its name. What the operator does not tell of it is null.", Attributes: attributes}
}

func (d *qosProfileDataSource) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	d.backend = backend.From(req.ProviderData, &resp.Diagnostics)
}

func (d *qosProfileDataSource) ValidateConfig(ctx context.Context, req datasource.ValidateConfigRequest, resp *datasource.ValidateConfigResponse) {
	var device types.Object
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("device"), &device)...)
	if !resp.Diagnostics.HasError() {
		attribute.ValidateDevice(ctx, device, &resp.Diagnostics)
	}
}

func (d *qosProfileDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var config oneModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	device, diags := attribute.DeviceOf(ctx, config.Device)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	const summary = "Unable to read QoS profile"
	operator, err := d.backend.Operator()
	if err != nil {
		explain.Error(&resp.Diagnostics, summary, err)
		return
	}
	profile, err := operator.Profile(ctx, d.backend.Subject("", device), config.Name.ValueString())
	if err != nil {
		explain.Error(&resp.Diagnostics, summary, err)
		return
	}
	name := config.Name
	config.profileModel = profileOf(profile)
	config.Name = name
	resp.Diagnostics.Append(resp.State.Set(ctx, &config)...)
}
