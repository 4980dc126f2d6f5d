package backend

import (
	"context"
	"iter"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/qosform/terraform-provider-qos/internal/camara/attribute"
	"github.com/qosform/terraform-provider-qos/internal/explain"
)

// Found is what a list resource tells of one grant.
type Found struct {
	// Name is what a person recognises it by.
	Name     string
	Identity Identity
	// Subject is the login hint of the subscriber whose token it takes to import
	// it; "" where tokens are not bound to devices.
	Subject string
	// State is what an import has in the state, with what the query knows besides.
	State any
}

// Query is the configuration of a list resource: whose grants to list.
type Query struct {
	Device types.Object `tfsdk:"device"`
}

// ValidateQuery checks the configuration of a list resource.
func ValidateQuery(ctx context.Context, req list.ValidateConfigRequest, resp *list.ValidateConfigResponse) {
	var config Query
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if !resp.Diagnostics.HasError() {
		attribute.ValidateDevice(ctx, config.Device, &resp.Diagnostics)
	}
}

// Find asks the operator for what is searched for, all at once: CAMARA lists what a
// device has whole.
type Find func(ctx context.Context, search Search) ([]Found, error)

// List answers a query with what is found. Summary is that of errors.
func (b *Backend) List(ctx context.Context, req list.ListRequest, stream *list.ListResultsStream, summary string, find Find) {
	var config Query
	diags := req.Config.Get(ctx, &config)
	if diags.HasError() {
		stream.Results = list.ListResultsStreamDiagnostics(diags)
		return
	}
	search, ok := b.Search(ctx, config.Device, summary, &diags)
	if !ok {
		stream.Results = list.ListResultsStreamDiagnostics(diags)
		return
	}
	found, err := find(ctx, search)
	if err != nil {
		explain.Error(&diags, summary, err)
		stream.Results = list.ListResultsStreamDiagnostics(diags)
		return
	}
	stream.Results = b.results(ctx, req, found)
}

// results are as many as are wanted.
func (b *Backend) results(ctx context.Context, req list.ListRequest, all []Found) iter.Seq[list.ListResult] {
	if req.Limit > 0 && int64(len(all)) > req.Limit {
		all = all[:req.Limit]
	}
	return func(push func(list.ListResult) bool) {
		for _, found := range all {
			if !push(b.result(ctx, req, found)) {
				return
			}
		}
	}
}

// importable is the identity to import by. It has no operator's token in it:
// identities are shown, and that is a credential.
func (f Found) importable() Identity {
	if strings.HasPrefix(f.Subject, hintOperatorToken+":") {
		return f.Identity
	}
	return Identity{Key: f.Identity.Key, ID: ImportID(f.Identity.ID, f.Subject)}
}

func (b *Backend) result(ctx context.Context, req list.ListRequest, found Found) list.ListResult {
	result := req.NewListResult(ctx)
	result.DisplayName = found.Name
	result.Diagnostics.Append(b.Identify(ctx, found.importable(), nil, result.Identity)...)
	if req.IncludeResource {
		result.Diagnostics.Append(result.Resource.Set(ctx, found.State)...)
	}
	return result
}
