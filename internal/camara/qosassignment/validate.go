package qosassignment

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/qosform/terraform-provider-qos/internal/camara/api"
	"github.com/qosform/terraform-provider-qos/internal/camara/attribute"
	"github.com/qosform/terraform-provider-qos/internal/timeout"
)

const summaryInvalid = "Invalid QoS assignment"

// validate checks everything that can be told without the operator's version,
// as far as it is known already.
func (m *model) validate(ctx context.Context, diags *diag.Diagnostics) {
	timeout.Validate(m.Timeouts, diags)
	wanted, more := m.request(ctx)
	diags.Append(more...)
	problems := attribute.Problems{Values: m.values(), Summary: summaryInvalid}
	problems.ReportAlways(func(v api.Version) []*api.FieldError { return wanted.Check(v, false) }, diags)
}

// checkForVersion checks what the operator's version and tokens ask for, if
// those are known, of what is known of the configuration.
func (r *qosAssignmentResource) checkForVersion(ctx context.Context, config *model, diags *diag.Diagnostics) {
	operator, err := r.backend.Operator()
	if err != nil || operator == nil {
		return
	}
	if !operator.ServesAssignments() {
		diags.AddError(summaryInvalid, fmt.Sprintf("Where the operator's QoS provisioning API is does not follow from base_url and API version %s: set qos_provisioning_url in the provider block.", operator.Version()))
		return
	}
	wanted, more := config.request(ctx)
	diags.Append(more...)
	problems := attribute.Problems{Values: config.values(), Summary: summaryInvalid}
	problems.Report(wanted.Check(operator.Version(), operator.DeviceBound()), diags)
	r.backend.CheckDevice(config.Device, wanted.Device, diags)
}
