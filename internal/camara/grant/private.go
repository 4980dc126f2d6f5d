package grant

// Keys of a resource's private state.
const (
	KeyOrigin  = "origin"
	KeyVerdict = "verdict"
)

// Verdict is what Read found that the plan must act on. Plans use it alone, so
// one that was saved stays valid.
type Verdict struct {
	// Ended says why the grant is over.
	Ended string `json:"ended,omitempty"`
}
