package qossubscription

import "github.com/qosform/terraform-provider-qos/internal/receiver"

// Keys of the resource's private state.
const (
	keyClaim   = "claim"
	keyVerdict = "verdict"
)

// claim is this state's right to the request: the journal holds the newest
// one, and whoever has an older one has been superseded by an adoption or import.
type claim struct {
	Claim      string `json:"claim"`
	Generation int64  `json:"generation"`
}

// verdict is what Read found that the plan must act on. ModifyPlan uses it
// alone, so a saved plan stays valid.
type verdict struct {
	// Unjournalled: the receiver does not know the request.
	Unjournalled bool `json:"unjournalled,omitempty"`
	// Ended names the devices whose subscriptions have ended while others live.
	Ended string `json:"ended,omitempty"`
}

// superseded reports whether another state has taken the request over since.
// A journal that is older than the claim, such as a restored backup, has not
// superseded anything.
func (c claim) superseded(r *receiver.Request) bool {
	return c.Claim != "" && r.Claim != "" && c.Claim != r.Claim && r.ClaimGeneration >= c.Generation
}

// outdates reports whether the journal holds an older claim than this one.
func (c claim) outdates(r *receiver.Request) bool {
	return c.Claim != "" && c.Claim != r.Claim && r.ClaimGeneration < c.Generation
}

func claimOf(r *receiver.Request) claim {
	return claim{Claim: r.Claim, Generation: r.ClaimGeneration}
}
