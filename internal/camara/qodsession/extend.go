package qodsession

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/qosform/terraform-provider-qos/internal/camara/api"
)

// extension makes a session longer, because its duration has changed, because a
// renewal is due, or both.
type extension struct {
	requester   *requester
	state, plan *model
	renew       bool

	exhausted string
}

// run extends and puts the result into the plan. An operator that has a limit
// grants less, or refuses a renewal; both come back as warnings.
func (e *extension) run(ctx context.Context, diags *diag.Diagnostics) error {
	more := additional(e.state, e.plan, e.renew, e.requester.Clock.Now())
	session, err := e.requester.sessions.extend(ctx, e.state.SessionID.ValueString(), more, e.state.granted())
	switch {
	case err == nil:
		e.plan.refreshDuration(session)
	case e.renew && e.plan.requested() <= e.state.requested() && atLimit(err):
		e.plan.ExpiresAt, e.plan.GrantedDuration, e.plan.Messages = e.state.ExpiresAt, e.state.GrantedDuration, e.state.Messages
	case api.Conflict(err), api.NotFound(err):
		return fmt.Errorf("%w. Only an AVAILABLE session can be extended: the next plan shows what has become of this one", err)
	default:
		return err
	}
	e.judge(diags)
	return nil
}

// atLimit reports whether an operator refuses to extend what has its longest
// duration already.
func atLimit(err error) bool {
	return api.HasCode(err, api.CodeOutOfRange) || api.HasCode(err, api.CodeDurationOutOfRange)
}

func (e *extension) judge(diags *diag.Diagnostics) {
	granted := e.plan.GrantedDuration.ValueInt64()
	if e.plan.requested() > e.state.requested() && granted < e.plan.requested() {
		diags.AddWarning("The operator granted less", fmt.Sprintf("Of the %d seconds asked for, session %s has %d: the operator's limit for the QoS profile was reached.",
			e.plan.requested(), e.plan.SessionID.ValueString(), granted))
	}
	if !e.renew || !due(e.plan, e.requester.Clock.Now()) {
		return
	}
	e.exhausted = e.plan.ExpiresAt.ValueString()
	diags.AddWarning("The session cannot be renewed further", fmt.Sprintf("The operator's limit for the QoS profile was reached: session %s ends at %s, which is within renew_before (%d seconds) still. "+
		"It is not extended any more; once it has ended, on_expiry says what a plan does.", e.plan.SessionID.ValueString(), e.exhausted, e.plan.RenewBefore.ValueInt64()))
}

// verdict replaces Read's, which has been acted on.
func (e *extension) verdict() verdict { return verdict{Exhausted: e.exhausted} }
