package qodsession

// Keys of the resource's private state.
const (
	keyOrigin  = "origin"
	keyVerdict = "verdict"
)

// verdict is what Read found, by the clock, that the plan must act on.
// ModifyPlan uses it alone, so a saved plan stays valid.
type verdict struct {
	// Ended says why the session is over.
	Ended string `json:"ended,omitempty"`
	// Due: renew_before has been reached.
	Due bool `json:"due,omitempty"`
	// Exhausted is the expires_at beyond which the operator extends no more.
	Exhausted string `json:"exhausted,omitempty"`
}
