package qossubscription

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/qosform/terraform-provider-qos/internal/explain"
	"github.com/qosform/terraform-provider-qos/internal/receiver"
	"github.com/qosform/terraform-provider-qos/internal/thingspace/backend"
	"github.com/qosform/terraform-provider-qos/internal/value"
)

type qosSubscriptionsDataSource struct {
	backend *backend.Backend
}

var _ datasource.DataSourceWithConfigure = (*qosSubscriptionsDataSource)(nil)

// NewDataSource returns thingspace_qos_subscriptions.
func NewDataSource() datasource.DataSource { return &qosSubscriptionsDataSource{} }

type listModel struct {
	AccountName   types.String  `tfsdk:"account_name"`
	Status        types.String  `tfsdk:"status"`
	DeviceID      types.String  `tfsdk:"device_id"`
	Unclaimed     types.Bool    `tfsdk:"unclaimed"`
	Subscriptions []listedModel `tfsdk:"subscriptions"`
}

type listedModel struct {
	AccountName       types.String `tfsdk:"account_name"`
	RequestID         types.String `tfsdk:"request_id"`
	QoSSubscriptionID types.String `tfsdk:"qos_subscription_id"`
	DeviceID          types.String `tfsdk:"device_id"`
	Kind              types.String `tfsdk:"kind"`
	Status            types.String `tfsdk:"status"`
	Reason            types.String `tfsdk:"reason"`
	LastEvent         types.String `tfsdk:"last_event"`
	ReportedTime      types.String `tfsdk:"reported_time"`
	Unclaimed         types.Bool   `tfsdk:"unclaimed"`
}

// statuses are those that a subscription can have.
func statuses() []string {
	return []string{
		string(receiver.StatusRequested), string(receiver.StatusAcknowledged), string(receiver.StatusOn),
		string(receiver.StatusFailed), string(receiver.StatusTerminated),
	}
}

func (m *listModel) filter() receiver.SubscriptionFilter {
	f := receiver.SubscriptionFilter{
		AccountName: m.AccountName.ValueString(),
		DeviceID:    m.DeviceID.ValueString(),
		Unclaimed:   m.Unclaimed.ValueBool(),
	}
	if !m.Status.IsNull() {
		f.Status = []receiver.Status{receiver.Status(m.Status.ValueString())}
	}
	return f
}

func listedOf(s *receiver.SubscriptionView) listedModel {
	return listedModel{
		AccountName:       types.StringValue(s.AccountName),
		RequestID:         value.StringOrNull(s.RequestID),
		QoSSubscriptionID: value.StringOrNull(s.QoSSubscriptionID),
		DeviceID:          types.StringValue(s.DeviceID),
		Kind:              value.StringOrNull(s.DeviceKind),
		Status:            types.StringValue(string(s.Status)),
		Reason:            value.StringOrNull(s.Reason),
		LastEvent:         value.StringOrNull(s.LastEvent),
		ReportedTime:      value.StringOrNull(s.ReportedTime),
		Unclaimed:         types.BoolValue(s.Unclaimed),
	}
}

func (d *qosSubscriptionsDataSource) Metadata(_ context.Context, _ datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = "thingspace_qos_subscriptions"
}

func (d *qosSubscriptionsDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "The QoS subscriptions that the receiver knows: what Terraform requested through it, and what it heard of in callbacks. " +
			"ThingSpace itself cannot list them.",
		Attributes: map[string]schema.Attribute{
			"account_name": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "Only those of this billing account.",
				Validators:          []validator.String{stringvalidator.RegexMatches(backend.AccountName, backend.AccountNameRule)},
			},
			"status": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "Only those with this status: `REQUESTED`, `ACKNOWLEDGED`, `ON`, `FAILED` or `TERMINATED`.",
				Validators:          []validator.String{stringvalidator.OneOf(statuses()...)},
			},
			"device_id": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "Only those of the device with this identifier.",
				Validators:          []validator.String{stringvalidator.LengthAtLeast(1)},
			},
			"unclaimed": schema.BoolAttribute{
				Optional: true,
				MarkdownDescription: "With `true`, only those that no Terraform state is known to have: what an interrupted run or a script left behind. " +
					"Each can be imported as `account_name/request_id`.",
			},
			"subscriptions": schema.ListNestedAttribute{
				Computed:            true,
				MarkdownDescription: "The subscriptions, oldest request first.",
				NestedObject:        schema.NestedAttributeObject{Attributes: listedAttributes()},
			},
		},
	}
}

func listedAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"account_name":        schema.StringAttribute{Computed: true, MarkdownDescription: "Name of the billing account."},
		"request_id":          schema.StringAttribute{Computed: true, MarkdownDescription: "Id that ThingSpace gave the request, null while its answer is outstanding."},
		"qos_subscription_id": schema.StringAttribute{Computed: true, MarkdownDescription: "Id of the subscription, null until it is acknowledged."},
		"device_id":           schema.StringAttribute{Computed: true, MarkdownDescription: "Identifier of the device."},
		"kind":                schema.StringAttribute{Computed: true, MarkdownDescription: "Kind of the identifier, as configured or as the callback spelled it."},
		"status":              schema.StringAttribute{Computed: true, MarkdownDescription: "`REQUESTED`, `ACKNOWLEDGED`, `ON`, `FAILED` or `TERMINATED`."},
		"reason":              schema.StringAttribute{Computed: true, MarkdownDescription: "Why it failed or ended, in the network's words."},
		"last_event":          schema.StringAttribute{Computed: true, MarkdownDescription: "The event that gave the status."},
		"reported_time":       schema.StringAttribute{Computed: true, MarkdownDescription: "When the network reported it, as sent: it has no time zone."},
		"unclaimed":           schema.BoolAttribute{Computed: true, MarkdownDescription: "Whether no Terraform state is known to have the request."},
	}
}

func (d *qosSubscriptionsDataSource) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	d.backend = backend.From(req.ProviderData, &resp.Diagnostics)
}

func (d *qosSubscriptionsDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var config listModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	journal, err := d.backend.Journal()
	if err != nil {
		explain.Error(&resp.Diagnostics, summaryList, err)
		return
	}
	subscriptions, err := journal.Subscriptions(ctx, config.filter())
	if err != nil {
		explain.Error(&resp.Diagnostics, summaryList, err)
		return
	}
	config.Subscriptions = make([]listedModel, len(subscriptions))
	for i := range subscriptions {
		config.Subscriptions[i] = listedOf(&subscriptions[i])
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &config)...)
}
