package qodsession

import (
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/qosform/terraform-provider-qos/internal/camara/api"
	"github.com/qosform/terraform-provider-qos/internal/camara/grant"
)

// clockTolerance is by how much the clock here may differ from the operator's.
// Within it, the operator's word that a session lives is worth more.
const clockTolerance = 2 * time.Minute

// verdictOf says what a plan must do about the session as it was just read.
func verdictOf(m *model, before verdict, now time.Time) verdict {
	if why := ended(m, now); why != "" {
		return over(why)
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
	if why := grant.Ended(m.QoSStatus.ValueString(), m.StatusInfo.ValueString()); why != "" {
		return why
	}
	if m.expired(now.Add(-clockTolerance)) {
		return fmt.Sprintf("it expired at %s", m.ExpiresAt.ValueString())
	}
	return ""
}

// due reports whether renew_before has been reached.
func due(m *model, now time.Time) bool {
	at, ok := m.expiry()
	return ok && !m.RenewBefore.IsNull() && m.QoSStatus.ValueString() == api.StatusAvailable &&
		at.Sub(now) <= time.Duration(m.RenewBefore.ValueInt64())*time.Second
}

// outlive marks a session that the operator does not have any more, and that
// stays in the state because it is meant to be had once.
func (m *model) outlive(now time.Time, diags *diag.Diagnostics) {
	if m.QoSStatus.ValueString() == api.StatusUnavailable {
		return
	}
	m.QoSStatus, m.StatusInfo = types.StringValue(api.StatusUnavailable), types.StringNull()
	if m.expired(now.Add(clockTolerance)) {
		m.StatusInfo = types.StringValue(api.InfoDurationExpired)
		return
	}
	diags.AddWarning("QoD session is gone", fmt.Sprintf("The operator does not know session %s any more, and whether its time was over cannot be told. With on_expiry = %q it counts as ended and no other is made: "+
		"for another one, run terraform apply -replace=<address>.", m.SessionID.ValueString(), onExpiryIgnore))
}

// limits says where the operator has just granted less than was asked for, and
// returns what later plans must know: a session that ends within renew_before
// even so is not extended any more.
func (m *model) limits(asked bool, now time.Time, diags *diag.Diagnostics) verdict {
	const reached = "the operator's limit for the QoS profile was reached"
	granted := m.GrantedDuration
	if asked && !granted.IsNull() && granted.ValueInt64() < m.requested() {
		diags.AddWarning("The operator granted less", fmt.Sprintf("Of the %d seconds asked for, session %s has %d: %s.", m.requested(), m.SessionID.ValueString(), granted.ValueInt64(), reached))
	}
	if !due(m, now) {
		return verdict{}
	}
	return m.exhausted(reached, diags)
}

// exhausted is the verdict on a session that the operator does not extend, and
// says so.
func (m *model) exhausted(why string, diags *diag.Diagnostics) verdict {
	diags.AddWarning("The session cannot be renewed further", fmt.Sprintf("Session %s ends at %s, which is within renew_before (%d seconds), and it is not extended any more: %s. Once it has ended, on_expiry says what a plan does.",
		m.SessionID.ValueString(), m.ExpiresAt.ValueString(), m.RenewBefore.ValueInt64(), why))
	return verdict{Exhausted: m.ExpiresAt.ValueString()}
}
