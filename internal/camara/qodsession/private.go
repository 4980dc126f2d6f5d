package qodsession

// Keys of the resource's private state.
const (
	keyOrigin  = "origin"
	keyVerdict = "verdict"
)

// origin is what the state must remember of how it came to the session.
type origin struct {
	// Subject is the login hint of the subscriber whose token each request needs,
	// where tokens are bound to devices.
	Subject string `json:"subject,omitempty"`
	// Imported: nothing of the configuration has been applied yet, so what the
	// operator does not tell is taken from it, in place.
	Imported bool `json:"imported,omitempty"`
}

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
