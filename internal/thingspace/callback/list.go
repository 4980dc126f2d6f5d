package callback

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/qosform/terraform-provider-qos/internal/explain"
	"github.com/qosform/terraform-provider-qos/internal/thingspace/api"
	"github.com/qosform/terraform-provider-qos/internal/thingspace/backend"
)

// callbackList shares name and configuration with the resource that it lists.
type callbackList struct {
	callbackResource
}

var _ list.ListResourceWithConfigure = (*callbackList)(nil)

// NewListResource returns the list of thingspace_callback.
func NewListResource() list.ListResource { return &callbackList{} }

type queryModel struct {
	AccountName types.String `tfsdk:"account_name"`
}

func (l *callbackList) ListResourceConfigSchema(_ context.Context, _ list.ListResourceSchemaRequest, resp *list.ListResourceSchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "The callback registrations of an account, of all services, to import them. Passwords are left out of what is generated: where one is registered, `password_wo_version` is " +
			"there and `password_wo` is to be filled in. Without both, the registered password stays. Needs Terraform 1.14.",
		Attributes: map[string]schema.Attribute{
			"account_name": schema.StringAttribute{
				Required:            true,
				MarkdownDescription: "Name of the billing account, with all leading zeros.",
				Validators:          []validator.String{stringvalidator.RegexMatches(backend.AccountName, backend.AccountNameRule)},
			},
		},
	}
}

// List implements list.ListResource. ThingSpace has all of an account's
// registrations in one answer.
func (l *callbackList) List(ctx context.Context, req list.ListRequest, stream *list.ListResultsStream) {
	var query queryModel
	if diags := req.Config.Get(ctx, &query); diags.HasError() {
		stream.Results = list.ListResultsStreamDiagnostics(diags)
		return
	}
	stream.Results = func(push func(list.ListResult) bool) {
		callbacks, err := l.callbacks(ctx, query.AccountName.ValueString())
		if err != nil {
			failed := list.ListResult{}
			explain.Error(&failed.Diagnostics, summaryList, err)
			push(failed)
			return
		}
		if req.Limit > 0 {
			callbacks = callbacks[:min(int64(len(callbacks)), req.Limit)]
		}
		for i := range callbacks {
			if !push(result(ctx, req, query.AccountName.ValueString(), &callbacks[i])) {
				return
			}
		}
	}
}

func result(ctx context.Context, req list.ListRequest, accountName string, c *api.Callback) list.ListResult {
	found := importedModel(accountName, c.Name)
	found.refresh(c)
	if c.Password != "" {
		found.PasswordWOVersion = types.Int64Value(1) // requires the password, so that the gap shows
	}
	r := req.NewListResult(ctx)
	r.DisplayName = fmt.Sprintf("%s to %s", c.Name, backend.Printable(c.URL))
	r.Diagnostics.Append(r.Identity.Set(ctx, found.identity())...)
	if req.IncludeResource {
		r.Diagnostics.Append(r.Resource.Set(ctx, &found)...)
	}
	return r
}
