package grant

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/qosform/terraform-provider-qos/internal/camara/api"
	"github.com/qosform/terraform-provider-qos/internal/explain"
	"github.com/qosform/terraform-provider-qos/internal/timeout"
)

// Policy is what a configuration says of how a grant is provisioned.
type Policy struct {
	// WaitFor is WaitForAvailable or WaitForRequested.
	WaitFor string
	// OnTimeout is OnTimeoutFail or OnTimeoutKeep.
	OnTimeout string
	// Timeout is timeouts.create.
	Timeout time.Duration
	// Summary is that of errors.
	Summary string
}

// Provision creates the grant and waits until it has got where the policy says.
// It hands each newest one to save, which puts it into the state and reports
// whether it could: the first before anything is waited for, so that nothing is
// lost whatever comes then. What there is to say is added to diags; an error
// taints what is in the state, so that the next apply replaces it, and a warning
// does not. It returns whether there is a grant, so that the state must have it.
func (q *Requester[T]) Provision(ctx context.Context, p Policy, save func(*T) bool, diags *diag.Diagnostics) (there bool) {
	within, cancel := context.WithTimeout(ctx, p.Timeout)
	defer cancel()
	created, err := q.Create(within)
	if err != nil {
		explain.Error(diags, p.Summary, timeout.Because(ctx, within, "timeouts.create", p.Timeout, err))
		return false
	}
	if !save(created.Grant) {
		return true
	}
	if created.Lost != nil {
		q.warnFound(created, diags)
	}
	latest, err := q.Await(within, created.Grant, p.WaitFor)
	q.warnDeaf(diags)
	if !save(latest) {
		return true
	}
	o := outcome[T]{requester: q, policy: p, granted: latest}
	return !o.report(ctx, within, err, diags)
}

// warnFound says that a grant was taken for the one that was asked for.
func (q *Requester[T]) warnFound(created Created[T], diags *diag.Diagnostics) {
	how := "It lists"
	if created.Notified {
		how = "It has notified of"
	}
	diags.AddWarning("The answer was lost", fmt.Sprintf("The operator's answer to the request was lost: %v. %s %s %s, which was not there before and is what was asked for, so that is in the state now. "+
		"Should another configuration have asked for the same at the same moment, check that it does not have this one too: destroying it here would end it there.",
		created.Lost, how, q.Kind.Noun, q.Remote.View(created.Grant).describe()))
}

// warnDeaf says that the receiver was of no help.
func (q *Requester[T]) warnDeaf(diags *diag.Diagnostics) {
	if q.Listener == nil {
		return
	}
	if trouble := q.Listener.Trouble(); trouble != nil {
		diags.AddWarning("The receiver could not be asked", fmt.Sprintf("The operator was asked again and again, as without receiver_url. A create whose answer was lost could not have been found through notifications. "+
			"This is said once, for all resources: %s", explain.Sentence(trouble.Error())))
	}
}

// outcome is what a create has come to when its wait is over. The grant is in
// the state by then.
type outcome[T any] struct {
	requester *Requester[T]
	policy    Policy
	granted   *T
}

// report adds what there is to say. Gone means that nothing is left of the
// grant, so that the state must not have it either.
func (o outcome[T]) report(ctx, within context.Context, err error, diags *diag.Diagnostics) (gone bool) {
	kind, v := o.requester.Kind, o.requester.Remote.View(o.granted)
	switch {
	case v.Ending():
		return o.discard(within, fmt.Sprintf("The network does not provide the %s that was asked for: %s.", kind.Noun, v.describe()), diags)
	case errors.Is(err, errGone):
		return o.discard(within, fmt.Sprintf("The %s %s was created, and before it was %s, %v.", kind.Noun, v.ID, o.policy.WaitFor, err), diags)
	case err == nil:
	case ctx.Err() != nil:
		diags.AddWarning("Interrupted while waiting for the network", fmt.Sprintf("The %s %s was created and is in the state, now %s. "+
			"The next plan shows what has come since.", kind.Noun, v.ID, v.Status))
	case within.Err() == nil:
		diags.AddWarning("Unable to follow "+kind.Noun, fmt.Sprintf("The %s %s was created and is in the state, now %s, but what has come of it could not be read: %v. "+
			"The next plan shows it, once that is mended.", kind.Noun, v.ID, v.Status, err))
	case o.policy.OnTimeout == OnTimeoutKeep:
		diags.AddWarning("The network has not answered yet", explain.Sentence(o.late(v, err))+" It stays in the state (on_timeout = \"keep\"), and the next plan shows what has come since.")
	default:
		diags.AddError(o.policy.Summary, explain.Sentence(o.late(v, err))+" It stays in the state, so that it can be deleted, and is marked as tainted: the next apply replaces it. "+
			"If the network needs longer, raise timeouts.create; to keep it once it is granted, run `terraform untaint` on the resource before the next apply.")
	}
	return false
}

func (o outcome[T]) late(v View, err error) string {
	text := fmt.Sprintf("the %s %s is %s, and was not %s within %s (timeouts.create)", o.requester.Kind.Noun, v.ID, v.Status, o.policy.WaitFor, o.policy.Timeout)
	if answer, ok := errors.AsType[*api.Error](err); ok {
		text += fmt.Sprintf(". The last answer was: %v", answer)
	}
	return text
}

// discard deletes what the network does not provide: it would stand in the way
// of the next one.
func (o outcome[T]) discard(ctx context.Context, why string, diags *diag.Diagnostics) (gone bool) {
	if err := o.requester.Delete(ctx, o.requester.Remote.View(o.granted).ID); err != nil {
		diags.AddError(o.policy.Summary, why+" Deleting it failed, so it stays in the state and the next apply deletes it: "+explain.Sentence(err.Error()))
		return false
	}
	diags.AddError(o.policy.Summary, why+" It was deleted, and nothing is left of it.")
	return true
}
