package qodsession

import (
	"fmt"
	"time"

	"github.com/qosform/terraform-provider-qos/internal/camara/api"
	"github.com/qosform/terraform-provider-qos/internal/camara/grant"
)

// judge says what a plan must do about the session as it was just read.
func judge(m *model, before verdict, now time.Time) verdict {
	if why := ended(m, now); why != "" {
		return verdict{Ended: why}
	}
	v := verdict{Exhausted: before.Exhausted}
	if v.Exhausted != m.ExpiresAt.ValueString() {
		v.Exhausted = ""
	}
	v.Due = v.Exhausted == "" && due(m, now)
	return v
}

// ended says why a session is over, "" if it is not.
func ended(m *model, now time.Time) string {
	switch {
	case m.QoSStatus.ValueString() == api.StatusUnavailable:
		return grant.Ended(m.StatusInfo.ValueString())
	case m.expired(now):
		return fmt.Sprintf("it expired at %s", m.ExpiresAt.ValueString())
	default:
		return ""
	}
}

// due reports whether renew_before has been reached.
func due(m *model, now time.Time) bool {
	at, ok := m.expiry()
	return ok && !m.RenewBefore.IsNull() && m.QoSStatus.ValueString() == api.StatusAvailable &&
		at.Sub(now) <= time.Duration(m.RenewBefore.ValueInt64())*time.Second
}

// additional is by how many seconds to extend: to the planned duration in all
// where that is longer than the state's and, where a renewal is due, so that as
// much remains as is asked for.
func additional(state, plan *model, renew bool, now time.Time) int64 {
	var more int64
	if plan.requested() > state.requested() {
		more = plan.requested() - state.granted()
	}
	if at, ok := state.expiry(); ok && renew {
		remaining := max(int64(at.Sub(now)/time.Second), 0)
		more = max(more, plan.requested()-remaining, 1)
	}
	return more
}
