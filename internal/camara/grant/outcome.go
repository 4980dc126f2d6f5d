package grant

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/qosform/terraform-provider-qos/internal/camara/api"
	"github.com/qosform/terraform-provider-qos/internal/explain"
)

// Outcome is what a create has come to when its wait is over. The grant is in
// the state by then.
type Outcome[T any] struct {
	Requester *Requester[T]
	Granted   *T
	WaitFor   string
	OnTimeout string
	Timeout   time.Duration
	Summary   string
}

// Report adds what there is to say. An error taints the resource, so that the
// next apply replaces it; a warning leaves it as it is. Gone means that nothing
// is left of the grant, so that the state must not have it either.
func (o Outcome[T]) Report(ctx, within context.Context, err error, diags *diag.Diagnostics) (gone bool) {
	kind, v := o.Requester.Kind, o.Requester.Remote.View(o.Granted)
	switch {
	case v.Status == api.StatusUnavailable:
		return o.discard(within, fmt.Sprintf("The network does not provide the %s that was asked for: %s.", kind.Noun, v.describe()), diags)
	case errors.Is(err, errGone):
		return o.discard(within, fmt.Sprintf("The %s %s was created, and before it was %s, %v.", kind.Noun, v.ID, o.WaitFor, err), diags)
	case err == nil:
	case ctx.Err() != nil:
		diags.AddWarning("Interrupted while waiting for the network", fmt.Sprintf("The %s %s was created and is in the state, now %s. "+
			"The next plan shows what has come since.", kind.Noun, v.ID, v.Status))
	case within.Err() == nil:
		diags.AddWarning("Unable to follow "+kind.Noun, fmt.Sprintf("The %s %s was created and is in the state, now %s, but what has come of it could not be read: %v. "+
			"The next plan shows it, once that is mended.", kind.Noun, v.ID, v.Status, err))
	case o.OnTimeout == OnTimeoutKeep:
		diags.AddWarning("The network has not answered yet", explain.Sentence(o.late(v, err))+" It stays in the state (on_timeout = \"keep\"), and the next plan shows what has come since.")
	default:
		diags.AddError(o.Summary, explain.Sentence(o.late(v, err))+" It stays in the state, so that it can be deleted, and is marked as tainted: the next apply replaces it. "+
			"If the network needs longer, raise timeouts.create; to keep it once it is granted, run `terraform untaint` on the resource before the next apply.")
	}
	return false
}

func (o Outcome[T]) late(v View, err error) string {
	text := fmt.Sprintf("the %s %s is %s, and was not %s within %s (timeouts.create)", o.Requester.Kind.Noun, v.ID, v.Status, o.WaitFor, o.Timeout)
	if answer, ok := errors.AsType[*api.Error](err); ok {
		text += fmt.Sprintf(". The last answer was: %v", answer)
	}
	return text
}

// discard deletes what the network does not provide: it would stand in the way
// of the next one.
func (o Outcome[T]) discard(ctx context.Context, why string, diags *diag.Diagnostics) (gone bool) {
	if err := o.Requester.Delete(ctx, o.Requester.Remote.View(o.Granted).ID); err != nil {
		diags.AddError(o.Summary, why+" Deleting it failed, so it stays in the state and the next apply deletes it: "+explain.Sentence(err.Error()))
		return false
	}
	diags.AddError(o.Summary, why+" It was deleted, and nothing is left of it.")
	return true
}
