package qosassignment

// Keys of the resource's private state.
const (
	keyOrigin  = "origin"
	keyVerdict = "verdict"
)

// verdict is what Read found that the plan must act on. ModifyPlan uses it
// alone, so a saved plan stays valid.
type verdict struct {
	// Ended says why the assignment is over.
	Ended string `json:"ended,omitempty"`
}
