package backend

import (
	"context"
	"iter"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/list"
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

// Results are the results of a list resource, as many as are wanted.
func (b *Backend) Results(ctx context.Context, req list.ListRequest, all []Found) iter.Seq[list.ListResult] {
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
