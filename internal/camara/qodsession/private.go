package qodsession

import "github.com/qosform/terraform-provider-qos/internal/camara/grant"

// verdict is what Read found, by the clock, that the plan must act on.
type verdict struct {
	grant.Verdict
	// Due: renew_before has been reached.
	Due bool `json:"due,omitempty"`
	// Exhausted is the expires_at beyond which the operator extends no more.
	Exhausted string `json:"exhausted,omitempty"`
}

func over(why string) verdict { return verdict{Verdict: grant.Verdict{Ended: why}} }
