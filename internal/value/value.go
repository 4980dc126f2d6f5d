// Package value converts between what Terraform keeps and plain Go values.
package value

import (
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// StringOrNull is s, or null for what a server left out.
func StringOrNull(s string) types.String {
	if s == "" {
		return types.StringNull()
	}
	return types.StringValue(s)
}

// StringOr is s, or else fallback.
func StringOr(s, fallback string) types.String {
	if s == "" {
		s = fallback
	}
	return types.StringValue(s)
}

// Int64OrNull is n, or null for what a server left out.
func Int64OrNull(n int64) types.Int64 {
	if n == 0 {
		return types.Int64Null()
	}
	return types.Int64Value(n)
}

// Known reports whether v has a value now.
func Known(v attr.Value) bool { return !v.IsNull() && !v.IsUnknown() }
