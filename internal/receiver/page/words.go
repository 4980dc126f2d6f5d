package page

import (
	"fmt"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
)

func originWords(o receiver.Origin) string {
	switch o {
	case receiver.OriginIntent:
		return "Terraform, journalled before it was sent"
	case receiver.OriginCallback:
		return "Something else than Terraform: first heard of in a callback, so its flows are not known"
	case receiver.OriginState:
		return "A Terraform state, which told this store of it"
	}
	return string(o)
}

func sourceWords(s receiver.Source) string {
	switch s {
	case receiver.SourceAnswer:
		return "from ThingSpace's answer"
	case receiver.SourceInferred:
		return "inferred: the only acknowledgement that fits"
	case receiver.SourceOperator:
		return "an operator's word"
	case receiver.SourceCallback:
		return "from a callback"
	case receiver.SourceState:
		return "from a Terraform state"
	}
	return string(s)
}

// claimWords say who may stop the request, without the claim that proves it.
func claimWords(r *receiver.Request) string {
	switch {
	case r.State == receiver.StateRefused || r.State == receiver.StateVoid:
		return "Nothing to hold: it never came to be"
	case r.Unclaimed:
		return "Unclaimed: no Terraform state has asked about it since it was made"
	case r.LeaseRunning():
		return "A Terraform run is at work on it"
	case r.ClaimGeneration > 1:
		return fmt.Sprintf("A Terraform state holds it (claim %d: it has changed hands)", r.ClaimGeneration)
	case r.ClaimGeneration == 1:
		return "A Terraform state holds it"
	default:
		return "Nobody has claimed it"
	}
}

func policyFacts(p receiver.Policies) []fact {
	var facts []fact
	for _, f := range []fact{
		{"wait_for", p.WaitFor},
		{"on_timeout", p.OnTimeout},
		{"on_existing", p.OnExisting},
		{"timeouts.create", p.TimeoutCreate},
		{"timeouts.delete", p.TimeoutDelete},
	} {
		if f.Value != "" {
			facts = append(facts, f)
		}
	}
	return facts
}
