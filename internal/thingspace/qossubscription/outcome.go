package qossubscription

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/qosform/terraform-provider-qos/internal/explain"
	"github.com/qosform/terraform-provider-qos/internal/receiver"
)

// outcome is what a create has come to when its wait is over. The request is in
// the state whatever is reported.
type outcome struct {
	request   *receiver.Request
	waitFor   string
	onTimeout string
	timeout   time.Duration
	// turnedAway is how many callbacks about it the receiver refused for their
	// credentials.
	turnedAway int
}

// report adds what there is to say. An error taints the resource, so that the
// next apply replaces it; a warning leaves it as it is.
func (o outcome) report(ctx, within context.Context, err error, diags *diag.Diagnostics) {
	if gone := ended(o.request); len(gone) > 0 {
		diags.AddError(summaryCreate, o.failed(gone))
		return
	}
	switch {
	case err == nil:
	case ctx.Err() != nil:
		diags.AddWarning("Interrupted while waiting for the network", fmt.Sprintf("Request %s on account %s was sent and is in the state, now %s. "+
			"The next plan shows what has come since.", o.request.Name(), o.request.AccountName, o.request.Status))
	case within.Err() == nil:
		diags.AddWarning("Unable to follow QoS subscription", fmt.Sprintf("Request %s on account %s was sent and is in the state, now %s, but the receiver could not be asked what has come of it: %v. "+
			"The next plan shows it, once that is mended.", o.request.Name(), o.request.AccountName, o.request.Status, err))
	case o.onTimeout == onTimeoutKeep:
		diags.AddWarning("The network has not answered yet", explain.Sentence(o.late(err))+" It stays in the state (on_timeout = \"keep\"), and the next plan shows what has come since.")
	default:
		diags.AddError(summaryCreate, explain.Sentence(o.late(err))+" It stays in the state, so that it can be stopped, and is marked as tainted: the next apply replaces it. "+
			"If the network needs longer, raise timeouts.create; to keep the request once it is granted, run `terraform untaint` on the resource before the next apply.")
	}
}

func (o outcome) failed(gone []receiver.Subscription) string {
	text := fmt.Sprintf("Request %s on account %s did not get what it asked for: %s.", o.request.Name(), o.request.AccountName, describeEnded(gone))
	if o.request.Ended() {
		return text + " Nothing of it is live."
	}
	return text + " The state keeps the others, which are live: the next apply stops them and makes a new request, destroy stops them."
}

func (o outcome) late(err error) string {
	text := fmt.Sprintf("request %s on account %s is %s, and was not %s within %s (timeouts.create)",
		o.request.Name(), o.request.AccountName, o.request.Status, o.waitFor, o.timeout)
	if errors.Is(err, receiver.ErrUnreachable) {
		text += fmt.Sprintf(". The receiver could not be reached: %v", err)
	}
	if o.turnedAway > 0 {
		text += fmt.Sprintf(". The receiver turned %d of its callbacks away for wrong credentials and holds them in quarantine: username and password of the "+
			"thingspace_callback must be the receiver's --callback-username and --callback-password", o.turnedAway)
	}
	return text
}
