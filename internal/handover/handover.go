// Package handover carries what a provider's Configure has made to its resources
// and data sources, also where one provider serves several families of them.
package handover

import (
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
)

// Several are the backends of a provider that serves several families.
type Several []any

// Take finds the backend of type T in what the framework hands to a resource or
// data source; the zero value while the provider is not configured.
func Take[T any](providerData any, diags *diag.Diagnostics) T {
	var none T
	if providerData == nil {
		return none
	}
	candidates, ok := providerData.(Several)
	if !ok {
		candidates = Several{providerData}
	}
	for _, candidate := range candidates {
		if found, ok := candidate.(T); ok {
			return found
		}
	}
	diags.AddError("Unable to configure", fmt.Sprintf("The provider handed on a %T without a %T in it. This is a defect of the provider: please report it.", providerData, none))
	return none
}
