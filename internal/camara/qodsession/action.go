package qodsession

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/action/timeouts"
	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/action/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/qosform/terraform-provider-qos/internal/camara/api"
	"github.com/qosform/terraform-provider-qos/internal/camara/attribute"
	"github.com/qosform/terraform-provider-qos/internal/camara/backend"
	"github.com/qosform/terraform-provider-qos/internal/explain"
	"github.com/qosform/terraform-provider-qos/internal/timeout"
	"github.com/qosform/terraform-provider-qos/internal/value"
)

// extendAction asks for more time once. It touches no state: a resource that has
// the session compares what it has asked for with what it asks for, and what it
// was granted is the operator's own.
type extendAction struct {
	backend *backend.Backend
}

var (
	_ action.ActionWithConfigure      = (*extendAction)(nil)
	_ action.ActionWithModifyPlan     = (*extendAction)(nil)
	_ action.ActionWithValidateConfig = (*extendAction)(nil)
)

const (
	summaryInvalidExtension = "Invalid extension"
	keyAdditional           = "requested_additional_duration"
)

// NewExtendAction returns camara_qod_session_extend.
func NewExtendAction() action.Action { return &extendAction{} }

type extendModel struct {
	SessionID          types.String   `tfsdk:"session_id"`
	AdditionalDuration types.Int64    `tfsdk:"requested_additional_duration"`
	Device             types.Object   `tfsdk:"device"`
	Timeouts           timeouts.Value `tfsdk:"timeouts"`
}

func (a *extendAction) Metadata(_ context.Context, _ action.MetadataRequest, resp *action.MetadataResponse) {
	resp.TypeName = "camara_qod_session_extend"
}

func (a *extendAction) Schema(ctx context.Context, _ action.SchemaRequest, resp *action.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Extends a QoD session by some time, once for each invocation (Terraform 1.14): for when a session is to last longer this time, or is in no state. " +
			"The `duration` of a `camara_qod_session` that has it does not change, and no plan takes the time back. To keep a session alive, `renew_before` of the resource is what you want.",
		Attributes: map[string]schema.Attribute{
			"session_id": schema.StringAttribute{
				Required:            true,
				Validators:          []validator.String{stringvalidator.LengthAtLeast(1)},
				MarkdownDescription: "Id of the session, which must be `AVAILABLE`.",
			},
			keyAdditional: schema.Int64Attribute{
				Required:   true,
				Validators: []validator.Int64{int64validator.AtLeast(1)},
				MarkdownDescription: "Seconds to add, at least 1; on 0.10 at most 86399, later 2147483647. The operator grants less where its limit would be passed, and a warning says so: on 0.10 a session can live for 86400 seconds from now, " +
					"later for the longest duration of its profile in all.",
			},
			"device":   attribute.DeviceOfAction("The session's device, such as `camara_qod_session.example.device`. Required with the three-legged flows of `oauth`, where it says whose token is needed; otherwise not used."),
			"timeouts": timeouts.AttributesWithOpts(ctx, timeouts.Opts{InvokeDescription: "How long the extension may take, as a duration such as `5m` (the default)."}),
		},
	}
}

func (a *extendAction) Configure(_ context.Context, req action.ConfigureRequest, resp *action.ConfigureResponse) {
	a.backend = backend.From(req.ProviderData, &resp.Diagnostics)
}

func (a *extendAction) ValidateConfig(ctx context.Context, req action.ValidateConfigRequest, resp *action.ValidateConfigResponse) {
	var config extendModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	timeout.Validate(config.Timeouts, &resp.Diagnostics)
	attribute.ValidateDevice(ctx, config.Device, &resp.Diagnostics)
}

// ModifyPlan refuses what the operator's version and tokens do not allow before
// anything is applied.
func (a *extendAction) ModifyPlan(ctx context.Context, req action.ModifyPlanRequest, resp *action.ModifyPlanResponse) {
	var config extendModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if a.backend == nil || resp.Diagnostics.HasError() {
		return
	}
	a.check(ctx, &config, &resp.Diagnostics)
}

// check reports what cannot be asked of the operator, and returns the session's
// device.
func (a *extendAction) check(ctx context.Context, config *extendModel, diags *diag.Diagnostics) *api.Device {
	device, more := attribute.DeviceOf(ctx, config.Device)
	diags.Append(more...)
	a.backend.CheckSubject(config.Device, device, diags)
	operator, err := a.backend.Operator()
	if err != nil || operator == nil || !value.Known(config.AdditionalDuration) {
		return device
	}
	if most := operator.Version().Features().ExtensionMax; config.AdditionalDuration.ValueInt64() > most {
		diags.AddAttributeError(path.Root(keyAdditional), summaryInvalidExtension, fmt.Sprintf("%s must be at most %d seconds (API version %s).", keyAdditional, most, operator.Version()))
	}
	return device
}

func (a *extendAction) Invoke(ctx context.Context, req action.InvokeRequest, resp *action.InvokeResponse) {
	var config extendModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	device := a.check(ctx, &config, &resp.Diagnostics)
	limit, diags := config.Timeouts.Invoke(ctx, defaultTimeout)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	requester, err := newRequester(a.backend, "", api.CreateSession{Device: device})
	if err != nil {
		explain.Error(&resp.Diagnostics, summaryUpdate, err)
		return
	}
	within, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	more := addition{sessions: requester.sessions, id: config.SessionID.ValueString(), seconds: config.AdditionalDuration.ValueInt64(), tell: func(message string) {
		// After an interrupt, the first event ends the call, while the operator may
		// be answering, and nobody takes the second one.
		if ctx.Err() == nil {
			resp.SendProgress(action.InvokeProgressEvent{Message: message})
		}
	}}
	if err := more.run(within, &resp.Diagnostics); err != nil {
		explain.Error(&resp.Diagnostics, summaryUpdate, timeout.Because(ctx, within, "timeouts.invoke", limit, err))
	}
}

// addition is more time for a session, whoever has created it.
type addition struct {
	sessions *sessions
	id       string
	seconds  int64
	// tell is for who waits.
	tell func(message string)
}

// run asks for the time, and tells what was granted. What is not AVAILABLE is
// refused here already: how operators put that differs.
func (a addition) run(ctx context.Context, diags *diag.Diagnostics) error {
	a.tell("Reading session " + a.id)
	before, err := a.sessions.Read(ctx, a.id)
	switch {
	case api.Gone(err):
		return fmt.Errorf("there is no session %s any more, or never was: %w", a.id, err)
	case err != nil:
		return err
	case before.Status != api.StatusAvailable:
		return errors.New("only an AVAILABLE session can be extended, and " + a.id + " is " + stateOf(before))
	}
	a.tell(fmt.Sprintf("Session %s is AVAILABLE%s; asking for %d seconds more", a.id, until(before), a.seconds))
	after, err := a.sessions.extend(ctx, a.id, a.seconds, before.Duration)
	switch {
	case refused(err):
		return fmt.Errorf("%w. The session may be as long as its QoS profile allows already, or not AVAILABLE any more", err)
	case err != nil:
		return err
	}
	if granted := after.Duration - before.Duration; before.Duration > 0 && after.Duration > 0 && granted < a.seconds {
		diags.AddWarning("The operator granted less", fmt.Sprintf("Of the %d seconds more that were asked for, session %s has got %d: the operator's limit for the QoS profile was reached.", a.seconds, a.id, max(granted, 0)))
	}
	a.tell("Session " + a.id + " is extended" + inAll(after) + until(after))
	return nil
}

// stateOf is a session's status, and why.
func stateOf(s *api.Session) string {
	if s.StatusInfo == "" {
		return s.Status
	}
	return s.Status + " (" + s.StatusInfo + ")"
}

// inAll says how long a session is, where the operator tells.
func inAll(s *api.Session) string {
	if s.Duration == 0 {
		return ""
	}
	return fmt.Sprintf(": it lasts for %d seconds in all", s.Duration)
}

// until says when a session ends, where the operator tells.
func until(s *api.Session) string {
	if s.ExpiresAt == nil {
		return ""
	}
	return ", until " + s.ExpiresAt.UTC().Format(time.RFC3339)
}
