package timeout_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/qosform/terraform-provider-qos/internal/timeout"
)

func TestValidate(t *testing.T) {
	t.Parallel()
	for text, valid := range map[string]bool{"10m": true, "1ms": true, "0s": false, "-1m": false, "ten": false, "10": false} {
		var diags diag.Diagnostics
		timeout.Validate(timeouts.Value{Object: types.ObjectValueMust(
			map[string]attr.Type{"create": types.StringType, "delete": types.StringType, "update": types.StringType},
			map[string]attr.Value{"create": types.StringValue(text), "delete": types.StringNull(), "update": types.StringUnknown()},
		)}, &diags)
		if diags.HasError() == valid || !valid && !strings.HasPrefix(diags[0].Detail(), "timeouts.create must be") {
			t.Errorf("%s: %v", text, diags)
		}
	}
	var diags diag.Diagnostics
	timeout.Validate(timeout.Null("create"), &diags)
	if diags.HasError() {
		t.Errorf("null: %v", diags)
	}
}

func TestBecause(t *testing.T) {
	t.Parallel()
	failure := errors.New("failure")
	over, cancel := context.WithCancel(t.Context())
	cancel()
	for name, test := range map[string]struct {
		ctx, within context.Context
		err         error
		want        string
	}{
		"no error":    {over, over, nil, ""},
		"interrupted": {over, over, failure, "interrupted: failure"},
		"timed out":   {t.Context(), over, failure, "timed out after 1m0s (timeouts.create): failure"},
		"neither":     {t.Context(), t.Context(), failure, "failure"},
	} {
		err := timeout.Because(test.ctx, test.within, "timeouts.create", time.Minute, test.err)
		if test.want == "" && err == nil {
			continue
		}
		if err == nil || err.Error() != test.want || !errors.Is(err, failure) {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
}
