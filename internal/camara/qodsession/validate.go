package qodsession

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/qosform/terraform-provider-qos/internal/camara/api"
	"github.com/qosform/terraform-provider-qos/internal/camara/attribute"
	"github.com/qosform/terraform-provider-qos/internal/timeout"
	"github.com/qosform/terraform-provider-qos/internal/value"
)

const summaryInvalid = "Invalid QoD session"

// validate checks everything that can be told without the operator's version,
// as far as it is known already.
func (m *model) validate(ctx context.Context, diags *diag.Diagnostics) {
	timeout.Validate(m.Timeouts, diags)
	m.validateRenewal(diags)
	if value.Known(m.Webhook) && (value.Known(m.Sink) || value.Known(m.SinkCredential)) {
		diags.AddAttributeError(path.Root("webhook"), summaryInvalid,
			"webhook is how notifications are configured on 0.10, sink and sink_credential are how they are later: no version has both.")
		return
	}
	wanted, more := m.request(ctx)
	diags.Append(more...)
	problems := attribute.Problems{Values: m.values(), Summary: summaryInvalid}
	problems.ReportAlways(func(v api.Version) []*api.FieldError { return wanted.Check(v, false) }, diags)
}

func (m *model) validateRenewal(diags *diag.Diagnostics) {
	if !value.Known(m.RenewBefore) || m.Duration.IsUnknown() {
		return
	}
	if m.RenewBefore.ValueInt64() >= m.requested() {
		diags.AddAttributeError(path.Root("renew_before"), summaryInvalid,
			fmt.Sprintf("renew_before must be less than duration, or the session would renew on every apply: it is %d of %d seconds.", m.RenewBefore.ValueInt64(), m.requested()))
	}
}

// checkForVersion checks what the operator's version and tokens ask for, if
// those are known, of what is known of the configuration.
func (r *qodSessionResource) checkForVersion(ctx context.Context, config *model, diags *diag.Diagnostics) {
	operator, err := r.backend.Operator()
	if err != nil || operator == nil {
		return
	}
	wanted, more := config.request(ctx)
	diags.Append(more...)
	problems := attribute.Problems{Values: config.values(), Summary: summaryInvalid}
	problems.Report(wanted.Check(operator.Version(), operator.DeviceBound()), diags)
	r.backend.CheckDevice(config.Device, wanted.Device, diags)
}
