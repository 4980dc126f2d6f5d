package qodsession

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/qosform/terraform-provider-qos/internal/camara/api"
)

// extension makes a session longer, because its duration has changed, because a
// renewal is due, or both.
type extension struct {
	requester   *requester
	state, plan *model
	renew       bool
	// now is the operator's time.
	now func() time.Time
}

// run extends and puts the result into the plan. It goes by the session as it is
// now: the state may be of before an extension whose answer was lost. An operator
// that has a limit grants less, or refuses a renewal; both come back as warnings.
func (e *extension) run(ctx context.Context, diags *diag.Diagnostics) (verdict, error) {
	id, messages := e.state.SessionID.ValueString(), e.plan.Messages
	session, err := e.requester.sessions.Read(ctx, id)
	switch {
	case api.Gone(err):
		return verdict{}, inactive(err)
	case err != nil:
		return verdict{}, err
	case session.Status != api.StatusAvailable:
		return verdict{}, inactive(fmt.Errorf("the session %s is %s", id, session.Status))
	}
	e.take(session, messages)
	more := e.additional(session)
	if more <= 0 {
		return verdict{}, nil
	}
	session, err = e.requester.sessions.extend(ctx, id, more, session.Duration)
	switch {
	case err == nil:
		e.take(session, messages)
		return e.plan.limits(e.longer(), e.now(), diags), nil
	case e.renew && !e.longer() && refused(err):
		return e.plan.exhausted(err.Error(), diags), nil
	case api.Conflict(err), api.Gone(err):
		return verdict{}, inactive(err)
	default:
		return verdict{}, err
	}
}

// take puts the session's length into the plan. Messages that were planned stay,
// as a plan must come true; the next read has the session's.
func (e *extension) take(session *api.Session, planned types.List) {
	e.plan.refreshDuration(session)
	if !planned.IsUnknown() {
		e.plan.Messages = planned
	}
}

// longer reports whether more is asked for than a renewal.
func (e *extension) longer() bool { return e.plan.requested() > e.state.requested() }

// additional is by how many seconds to extend the session as it was just read: to
// the planned duration in all and, where a renewal is due, so that as much
// remains. It is at most 0 where the session is long enough.
func (e *extension) additional(session *api.Session) int64 {
	current, now := *e.state, e.now()
	current.refresh(session)
	current.RenewBefore = e.plan.RenewBefore
	more := e.plan.requested() - current.granted()
	if at, ok := current.expiry(); ok && e.renew && due(&current, now) {
		remaining := max(int64(at.Sub(now)/time.Second), 0)
		more = max(more, e.plan.requested()-remaining, 1)
	}
	return more
}

// refused reports whether an operator will not extend an AVAILABLE session,
// however often it is asked. How it says that it is at its limit differs; a lack
// of rights is for the user to mend.
func refused(err error) bool {
	return api.Declined(err) && !api.Forbidden(err) && !api.NotFound(err)
}

func inactive(err error) error {
	return fmt.Errorf("%w. Only an AVAILABLE session can be extended: the next plan shows what has become of this one", err)
}
