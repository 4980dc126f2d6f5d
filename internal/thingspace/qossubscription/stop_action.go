package qossubscription

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/action/timeouts"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/action/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/qosform/terraform-provider-qos/internal/explain"
	"github.com/qosform/terraform-provider-qos/internal/receiver"
	"github.com/qosform/terraform-provider-qos/internal/thingspace/backend"
	"github.com/qosform/terraform-provider-qos/internal/timeout"
)

type stopAction struct {
	backend *backend.Backend
}

var (
	_ action.ActionWithConfigure      = (*stopAction)(nil)
	_ action.ActionWithValidateConfig = (*stopAction)(nil)
)

// NewStopAction returns thingspace_qos_subscription_stop.
func NewStopAction() action.Action { return &stopAction{} }

type stopModel struct {
	AccountName       types.String   `tfsdk:"account_name"`
	QoSSubscriptionID types.String   `tfsdk:"qos_subscription_id"`
	Force             types.Bool     `tfsdk:"force"`
	Timeouts          timeouts.Value `tfsdk:"timeouts"`
}

func (a *stopAction) Metadata(_ context.Context, _ action.MetadataRequest, resp *action.MetadataResponse) {
	resp.TypeName = "thingspace_qos_subscription_stop"
}

func (a *stopAction) Schema(ctx context.Context, _ action.SchemaRequest, resp *action.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Stops one QoS subscription that is in no Terraform state, such as what a script or an interrupted run left, and waits until the network has confirmed the end. " +
			"The stop is journalled at the receiver before it is sent, as `destroy` does it. One that has ended already is no error. What is in a state is stopped by `destroy`. " +
			"After an interrupt, Terraform does not show what became of the stop: ask the data source `thingspace_qos_subscriptions`, or invoke the action again. Needs Terraform 1.14.",
		Attributes: map[string]schema.Attribute{
			"account_name": schema.StringAttribute{
				Required:            true,
				MarkdownDescription: "Name of the billing account, with all leading zeros.",
				Validators:          []validator.String{stringvalidator.RegexMatches(backend.AccountName, backend.AccountNameRule)},
			},
			"qos_subscription_id": schema.StringAttribute{
				Required:            true,
				MarkdownDescription: "Id of the subscription, as the data source `thingspace_qos_subscriptions` shows it. Other subscriptions of the same request are left alone.",
				Validators:          []validator.String{stringvalidator.LengthAtLeast(1)},
			},
			"force": schema.BoolAttribute{
				Optional: true,
				MarkdownDescription: "Whether to stop the subscription even if a Terraform state is known to have it, whose next plan then makes it anew, or if the receiver does not know it, so that nobody " +
					"can say. The stop is then sent also where its outcome will not reach the receiver, and the action fails since nobody confirms the end. Default: `false`.",
			},
			"timeouts": timeouts.AttributesWithOpts(ctx, timeouts.Opts{
				InvokeDescription: "How long to wait for the network to confirm the end, as a duration such as `10m` (the default).",
			}),
		},
	}
}

func (a *stopAction) Configure(_ context.Context, req action.ConfigureRequest, resp *action.ConfigureResponse) {
	a.backend = backend.From(req.ProviderData, &resp.Diagnostics)
}

func (a *stopAction) ValidateConfig(ctx context.Context, req action.ValidateConfigRequest, resp *action.ValidateConfigResponse) {
	var config stopModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if !resp.Diagnostics.HasError() {
		timeout.Validate(config.Timeouts, &resp.Diagnostics)
	}
}

func (a *stopAction) Invoke(ctx context.Context, req action.InvokeRequest, resp *action.InvokeResponse) {
	var config stopModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	limit, diags := config.Timeouts.Invoke(ctx, defaultDeleteTimeout)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	q, err := newRequester(a.backend)
	if err != nil {
		explain.Error(&resp.Diagnostics, summaryDelete, err)
		return
	}
	order := stopOrder{
		accountName:    config.AccountName.ValueString(),
		subscriptionID: config.QoSSubscriptionID.ValueString(),
		force:          config.Force.ValueBool(),
		progress: func(message string) {
			// After an interrupt, an event would end the invocation, and this process,
			// before the journal has the answer.
			if ctx.Err() == nil {
				resp.SendProgress(action.InvokeProgressEvent{Message: message})
			}
		},
	}
	within, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	err = q.stopOne(within, order)
	if unheard, ok := errors.AsType[*unheardError](err); ok {
		explain.Error(&resp.Diagnostics, "Unable to confirm the end of the QoS subscription", unheard)
		return
	}
	if err != nil {
		explain.Error(&resp.Diagnostics, summaryDelete, because(ctx, within, "timeouts.invoke", limit, err))
	}
}

// stopOrder is the stop of one subscription that is, as far as anybody knows, in
// no state.
type stopOrder struct {
	accountName, subscriptionID string
	// force stops also what a state has, or may have.
	force    bool
	progress func(message string)
}

// rumoured is the answer to an end that is known from callbacks without
// credentials alone, which anybody may send: nil by force.
func (o stopOrder) rumoured() error {
	if o.force {
		return nil
	}
	return fmt.Errorf("the receiver has heard that subscription %s has ended, but only from callbacks without credentials, which anybody may have sent. "+
		"With force = true the stop is sent all the same", o.subscriptionID)
}

// stopOne stops one subscription and returns when its end is confirmed.
func (q *requester) stopOne(ctx context.Context, order stopOrder) error {
	request, subscription, err := q.stoppable(ctx, order)
	switch {
	case err != nil:
		return err
	case subscription == nil:
		return q.stopUnheardOf(ctx, order)
	case subscription.Status.Ended():
		order.progress(fmt.Sprintf("Nothing to stop: subscription %s has ended (%s)", order.subscriptionID, describeEnded([]receiver.Subscription{*subscription})))
		return nil
	}
	order.progress(fmt.Sprintf("Stopping subscription %s of request %s, for device %s, which is %s", order.subscriptionID, request.Name(), subscription.DeviceID, subscription.Status))
	s := q.newStopping(request.Claim)
	s.only, s.again, s.progress = order.subscriptionID, "Invoke the action again to go on", order.progress
	if err := s.run(ctx, request); err != nil {
		return err
	}
	order.progress(fmt.Sprintf("The network has confirmed the end of subscription %s", order.subscriptionID))
	return nil
}

// stoppable finds the subscription and its request, neither if the receiver knows
// none that it can vouch for, and makes sure that it may be stopped. A process
// that died with the request is waited out.
func (q *requester) stoppable(ctx context.Context, order stopOrder) (*receiver.Request, *receiver.Subscription, error) {
	for {
		request, err := q.findSubscription(ctx, order.accountName, order.subscriptionID)
		if err != nil {
			return nil, nil, wrap("asking the receiver", err)
		}
		subscription := subscriptionOf(request, order.subscriptionID)
		switch {
		case subscription == nil && !order.force:
			return nil, nil, fmt.Errorf("the receiver knows no subscription %s on account %s, so nobody can say whether a Terraform state has it. It knows what it was told in callbacks; "+
				"the data source thingspace_qos_subscriptions lists that. With force = true the stop is sent all the same", order.subscriptionID, order.accountName)
		case subscription == nil:
			return nil, nil, nil
		case subscription.Status.Ended() && !request.Authenticated:
			return nil, nil, order.rumoured()
		case order.force, request.Unclaimed, subscription.Status.Ended():
			return request, subscription, nil
		case !request.LeaseRunning():
			return nil, nil, fmt.Errorf("a Terraform state has request %s of subscription %s%s: destroy it there. If that state is lost, "+
				"import the request as %s/%s, or set force = true", request.Name(), order.subscriptionID, lastRead(request), request.AccountName, request.RequestID)
		}
		if err := q.pause(ctx); err != nil {
			return nil, nil, fmt.Errorf("another process is at work on request %s: %w", request.Name(), err)
		}
	}
}

func subscriptionOf(r *receiver.Request, subscriptionID string) *receiver.Subscription {
	if r == nil {
		return nil
	}
	at := slices.IndexFunc(r.Subscriptions, func(s receiver.Subscription) bool { return s.QoSSubscriptionID == subscriptionID })
	if at < 0 {
		return nil
	}
	return &r.Subscriptions[at]
}

func lastRead(r *receiver.Request) string {
	if r.LastReadAt == nil {
		return ""
	}
	return " (it read it last around " + r.LastReadAt.UTC().Format(time.RFC3339) + ")"
}
