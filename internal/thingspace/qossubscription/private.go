package qossubscription

import (
	"context"
	"encoding/json"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
)

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

type privateReader interface {
	GetKey(ctx context.Context, key string) ([]byte, diag.Diagnostics)
}

type privateWriter interface {
	SetKey(ctx context.Context, key string, value []byte) diag.Diagnostics
}

// privateValue reads a key; a missing one is the zero value.
func privateValue[T any](ctx context.Context, from privateReader, key string) (value T, diags diag.Diagnostics) {
	raw, diags := from.GetKey(ctx, key)
	if len(raw) == 0 || diags.HasError() {
		return value, diags
	}
	if err := json.Unmarshal(raw, &value); err != nil {
		diags.AddError("Unable to read private state", "The private state of the resource is not what this provider wrote: "+err.Error())
	}
	return value, diags
}

func setPrivate(ctx context.Context, to privateWriter, key string, value any) (diags diag.Diagnostics) {
	raw, err := json.Marshal(value)
	if err != nil {
		diags.AddError("Unable to write private state", err.Error())
		return diags
	}
	return to.SetKey(ctx, key, raw)
}
