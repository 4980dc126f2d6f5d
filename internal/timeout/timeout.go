// Package timeout holds what resources do with their `timeouts` attribute beyond
// reading it.
package timeout

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/qosform/terraform-provider-qos/internal/value"
)

// Null is a `timeouts` that is not configured, of an attribute with these names.
func Null(names ...string) timeouts.Value {
	attributeTypes := make(map[string]attr.Type, len(names))
	for _, name := range names {
		attributeTypes[name] = types.StringType
	}
	return timeouts.Value{Object: types.ObjectNull(attributeTypes)}
}

// Values are the durations of a `timeouts` attribute, of a resource or an action.
type Values interface {
	Attributes() map[string]attr.Value
}

// Validate refuses what would time out at once. The attribute itself checks the
// form of a duration as well, but does not name the attribute.
func Validate(configured Values, diags *diag.Diagnostics) {
	for name, attribute := range configured.Attributes() {
		text, ok := attribute.(types.String)
		if !ok || !value.Known(text) {
			continue
		}
		if d, err := time.ParseDuration(text.ValueString()); err != nil || d <= 0 {
			diags.AddAttributeError(path.Root("timeouts").AtName(name), "Invalid timeout",
				fmt.Sprintf("timeouts.%s must be a duration longer than nothing, such as 10m, got %q.", name, text.ValueString()))
		}
	}
}

// Because says why err came: the caller was interrupted, or the time of the
// named attribute was over. Within is ctx with that time.
func Because(ctx, within context.Context, attribute string, limit time.Duration, err error) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return fmt.Errorf("interrupted: %w", err)
	case within.Err() != nil:
		return fmt.Errorf("timed out after %s (%s): %w", limit, attribute, err)
	default:
		return err
	}
}
