package qossubscription

import (
	"context"
	"fmt"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/qosform/terraform-provider-qos/internal/explain"
	"github.com/qosform/terraform-provider-qos/internal/receiver"
	"github.com/qosform/terraform-provider-qos/internal/thingspace/backend"
)

// listPage is how many requests are asked for at once, so that the first are
// shown soon.
const listPage = 100

// qosSubscriptionList shares name and configuration with the resource that it
// lists.
type qosSubscriptionList struct {
	qosSubscriptionResource
}

var _ list.ListResourceWithConfigure = (*qosSubscriptionList)(nil)

// NewListResource returns the list of thingspace_qos_subscription.
func NewListResource() list.ListResource { return &qosSubscriptionList{} }

type queryModel struct {
	AccountName types.String `tfsdk:"account_name"`
	Status      types.List   `tfsdk:"status"`
	DeviceID    types.String `tfsdk:"device_id"`
	Unclaimed   types.Bool   `tfsdk:"unclaimed"`
}

// filter selects what can be imported: requests with an id of which something
// may be live.
func (m *queryModel) filter(ctx context.Context, limit int64) (receiver.Filter, diag.Diagnostics) {
	f := receiver.Filter{
		AccountName: m.AccountName.ValueString(),
		DeviceID:    m.DeviceID.ValueString(),
		Unclaimed:   m.Unclaimed.ValueBool(),
		State:       []receiver.State{receiver.StateAccepted},
		Live:        true,
		Limit:       listPage,
	}
	if limit > 0 && limit < listPage {
		f.Limit = int(limit)
	}
	if m.Status.IsNull() {
		return f, nil
	}
	return f, m.Status.ElementsAs(ctx, &f.Status, false)
}

func (l *qosSubscriptionList) ListResourceConfigSchema(_ context.Context, _ list.ListResourceSchemaRequest, resp *list.ListResourceSchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "The QoS subscriptions that the receiver knows to be live, or about to be once ThingSpace's request id is known, to import them: what Terraform requested through it, and what it " +
			"heard of in callbacks. One result is one request, with all its devices. A query claims nothing. **An import, and already its plan, takes a request away from the Terraform state that has it**: " +
			"ask with `unclaimed = true` unless that is what you want. A request that no Terraform made is known from callbacks alone: in what is generated, `flow_info` is null, and `device_info` " +
			"empty where the callbacks name no device. Fill them in, and the first apply takes the request over without one to ThingSpace. One whose display name ends in `part has ended` " +
			"is planned as a replacement once it is imported: stop the rest with the action `thingspace_qos_subscription_stop` instead. One that is `not vouched for` is known only from callbacks " +
			"without credentials, which anybody may have sent. Needs Terraform 1.14.",
		Attributes: map[string]schema.Attribute{
			"account_name": schema.StringAttribute{
				Required:            true,
				MarkdownDescription: "Name of the billing account, with all leading zeros.",
				Validators:          []validator.String{stringvalidator.RegexMatches(backend.AccountName, backend.AccountNameRule)},
			},
			"status": schema.ListAttribute{
				ElementType: types.StringType,
				Optional:    true,
				MarkdownDescription: "Only requests with one of these statuses, as the attribute `status` of the resource has them: `REQUESTED`, `ACKNOWLEDGED`, `ON`, or " +
					"`FAILED` and `TERMINATED` when that became of some of the devices.",
				Validators: []validator.List{
					listvalidator.SizeAtLeast(1),
					listvalidator.ValueStringsAre(stringvalidator.OneOf(statuses()...)),
				},
			},
			"device_id": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "Only requests for the device with this identifier.",
				Validators:          []validator.String{stringvalidator.LengthAtLeast(1)},
			},
			"unclaimed": schema.BoolAttribute{
				Optional: true,
				MarkdownDescription: "With `true`, only requests that no Terraform state is known to have: what an interrupted run or a script left behind. Otherwise also those of other states, " +
					"which lose them by an import; their display names end in `in a Terraform state`.",
			},
		},
	}
}

// List implements list.ListResource. It asks the receiver for a page when the
// results before it have been taken.
func (l *qosSubscriptionList) List(ctx context.Context, req list.ListRequest, stream *list.ListResultsStream) {
	var query queryModel
	diags := req.Config.Get(ctx, &query)
	filter, more := query.filter(ctx, req.Limit)
	diags.Append(more...)
	journal, err := l.backend.Journal()
	if err != nil {
		explain.Error(&diags, summaryList, err)
	}
	if diags.HasError() {
		stream.Results = list.ListResultsStreamDiagnostics(diags)
		return
	}
	stream.Results = func(push func(list.ListResult) bool) {
		var listed int64
		for request, err := range journal.AllRequests(ctx, filter) {
			if !push(resultOf(ctx, req, request, err)) {
				return
			}
			listed++
			if listed == req.Limit {
				return // going on would ask for the next page
			}
		}
	}
}

func resultOf(ctx context.Context, req list.ListRequest, request *receiver.Request, err error) list.ListResult {
	if err != nil {
		failed := list.ListResult{}
		explain.Error(&failed.Diagnostics, summaryList, err)
		return failed
	}
	found, diags := importedModel(ctx, request)
	r := req.NewListResult(ctx)
	r.DisplayName = displayName(request)
	r.Diagnostics.Append(diags...)
	r.Diagnostics.Append(r.Identity.Set(ctx, found.identity())...)
	if req.IncludeResource {
		r.Diagnostics.Append(r.Resource.Set(ctx, &found)...)
	}
	return r
}

// displayName is by what people know a request: whose devices it is for, and how
// it is about it.
func displayName(r *receiver.Request) string {
	const shown = 2
	name := describeDevices(r.Devices[:min(shown, len(r.Devices))])
	if left := len(r.Devices) - shown; left > 0 {
		name += fmt.Sprintf(" and %d more", left)
	}
	if name == "" {
		name = "request " + r.Name()
	}
	return name + ", " + string(r.Status) + caveats(r)
}

// caveats is what to know of a request before it is imported.
func caveats(r *receiver.Request) string {
	var text string
	if slices.ContainsFunc(r.Subscriptions, func(s receiver.Subscription) bool { return s.Status.Ended() }) {
		text += ", part has ended"
	}
	if !r.Authenticated {
		text += ", not vouched for"
	}
	switch {
	case r.Unclaimed:
		text += ", unclaimed"
	case r.ReturnedAt != nil, r.LastReadAt != nil:
		text += ", in a Terraform state"
	}
	return text
}
