package qossubscription

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/qosform/terraform-provider-qos/internal/explain"
	"github.com/qosform/terraform-provider-qos/internal/privatestate"
	"github.com/qosform/terraform-provider-qos/internal/receiver"
	"github.com/qosform/terraform-provider-qos/internal/thingspace/backend"
	"github.com/qosform/terraform-provider-qos/internal/value"
)

// importWait is how long an import waits for a process that died with the
// request to lose its lease.
const importWait = 30 * time.Second

// ImportState takes a request over from whatever held it. The engine imports
// while it plans when it meets an import block, so the plan alone moves the claim.
func (r *qosSubscriptionResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	accountName, id, ok := strings.Cut(req.ID, "/")
	if req.ID == "" {
		var identity identityModel
		resp.Diagnostics.Append(req.Identity.Get(ctx, &identity)...)
		accountName, id, ok = identity.AccountName.ValueString(), identity.RequestID.ValueString(), true
	}
	if resp.Diagnostics.HasError() {
		return
	}
	if !ok || id == "" || !backend.AccountName.MatchString(accountName) {
		resp.Diagnostics.AddError(summaryImport, fmt.Sprintf("The import id must be account_name/request_id or account_name/qos_subscription_id, "+
			"such as 0000123456-00001/be36accb-0a9a-4367-93ab-0af6c4ed256a, got %q.", req.ID))
		return
	}
	q, err := newRequester(r.backend)
	if err != nil {
		explain.Error(&resp.Diagnostics, summaryImport, err)
		return
	}
	within, cancel := context.WithTimeout(ctx, importWait)
	defer cancel()
	request, err := q.takeOver(within, accountName, id)
	if err != nil {
		explain.Error(&resp.Diagnostics, summaryImport, err)
		return
	}
	imported, diags := importedModel(ctx, request)
	resp.Diagnostics.Append(diags...)
	resp.Diagnostics.Append(privatestate.Set(ctx, resp.Private, keyClaim, claimOf(request))...)
	resp.Diagnostics.Append(resp.State.Set(ctx, &imported)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, imported.identity())...)
}

// takeOver gives the request a new claim, which supersedes that of any other
// state.
func (q *requester) takeOver(ctx context.Context, accountName, id string) (*receiver.Request, error) {
	for {
		request, err := q.importable(ctx, accountName, id)
		if err != nil {
			return nil, err
		}
		if request.LeaseRunning() {
			if err := q.pause(ctx); err != nil {
				return nil, fmt.Errorf("another process is at work on request %s: %w", request.Name(), err)
			}
			continue
		}
		taken, err := q.journal.ChangeRequest(ctx, request.ID, receiver.Change{
			Kind: receiver.ChangeClaim, Claim: request.Claim, NewClaim: uuid.NewString(),
		})
		var conflict *receiver.ConflictError
		if errors.As(err, &conflict) && q.pause(ctx) == nil {
			continue
		}
		return taken, wrap("taking the request over at the receiver", err)
	}
}

func (q *requester) importable(ctx context.Context, accountName, id string) (*receiver.Request, error) {
	request, err := q.find(ctx, accountName, id, "")
	if err == nil && request == nil {
		request, err = q.findSubscription(ctx, accountName, id)
	}
	switch {
	case err != nil:
		return nil, err
	case request == nil:
		return nil, fmt.Errorf("the receiver knows neither a request nor a subscription %s on account %s. It knows what it was told in callbacks: "+
			"was QoS registered to this receiver when the request was made? The data source thingspace_qos_subscriptions lists what it knows", id, accountName)
	case request.Ended():
		return nil, fmt.Errorf("request %s has ended, so there is nothing to import: %s", request.Name(), describeEnded(request.Subscriptions))
	}
	return request, nil
}

// importedModel is the state of an imported request: configuration and policies
// as the journal has them, the defaults where it has none.
func importedModel(ctx context.Context, r *receiver.Request) (model, diag.Diagnostics) {
	devices, diags := deviceInfoOf(ctx, r.Devices)
	imported := model{
		AccountName: types.StringValue(r.AccountName),
		DeviceInfo:  devices,
		WaitFor:     value.StringOr(r.Policies.WaitFor, waitForAcknowledged),
		OnTimeout:   value.StringOr(r.Policies.OnTimeout, onTimeoutFail),
		OnExisting:  value.StringOr(r.Policies.OnExisting, onExistingFail),
		Timeouts:    timeoutsOf(r.Policies),
	}
	diags.Append(imported.refresh(ctx, r)...)
	return imported, diags
}

func timeoutsOf(p receiver.Policies) timeouts.Value {
	attributeTypes := map[string]attr.Type{"create": types.StringType, "delete": types.StringType}
	if p.TimeoutCreate == "" && p.TimeoutDelete == "" {
		return timeouts.Value{Object: types.ObjectNull(attributeTypes)}
	}
	return timeouts.Value{Object: types.ObjectValueMust(attributeTypes, map[string]attr.Value{
		"create": value.StringOrNull(p.TimeoutCreate), "delete": value.StringOrNull(p.TimeoutDelete),
	})}
}
