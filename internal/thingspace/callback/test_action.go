package callback

import (
	"context"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/action/timeouts"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/action/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/jonboulle/clockwork"

	"github.com/qosform/terraform-provider-qos/internal/explain"
	"github.com/qosform/terraform-provider-qos/internal/thingspace/backend"
	"github.com/qosform/terraform-provider-qos/internal/thingspace/probe"
	"github.com/qosform/terraform-provider-qos/internal/timeout"
	"github.com/qosform/terraform-provider-qos/internal/value"
)

const (
	summaryTest = "Unable to test callback"

	// defaultTestTimeout is how long a receiver may take to show an event: one whose
	// database is away keeps it aside and stores it later.
	defaultTestTimeout = 30 * time.Second

	// explainLimit bounds what is asked only to explain a failure.
	explainLimit = 5 * time.Second
)

type testAction struct {
	backend *backend.Backend
}

var (
	_ action.ActionWithConfigure      = (*testAction)(nil)
	_ action.ActionWithValidateConfig = (*testAction)(nil)
)

// NewTestAction returns thingspace_callback_test.
func NewTestAction() action.Action { return &testAction{} }

type testModel struct {
	AccountName types.String   `tfsdk:"account_name"`
	Name        types.String   `tfsdk:"name"`
	Username    types.String   `tfsdk:"username"`
	Password    types.String   `tfsdk:"password"`
	Timeouts    timeouts.Value `tfsdk:"timeouts"`
}

func (a *testAction) Metadata(_ context.Context, _ action.MetadataRequest, resp *action.MetadataResponse) {
	resp.TypeName = "thingspace_callback_test"
}

func (a *testAction) Schema(ctx context.Context, _ action.SchemaRequest, resp *action.SchemaResponse) {
	credential := []validator.String{stringvalidator.UTF8LengthBetween(1, credentialLength)}
	resp.Schema = schema.Schema{
		MarkdownDescription: "Posts a test event to the URL that an account's callback is registered to, as ThingSpace posts events, and follows it to the receiver (`receiver_url`). " +
			"The receiver keeps the event, marked as a test, concludes nothing from it, and passes it on as any other where `--forward-to` says so. The event is sent from where Terraform runs, not from Verizon's network: a firewall or " +
			"`--allow-source` may treat the two differently. Needs Terraform 1.14.",
		Attributes: map[string]schema.Attribute{
			"account_name": schema.StringAttribute{
				Required:            true,
				MarkdownDescription: "Name of the billing account, with all leading zeros.",
				Validators:          []validator.String{stringvalidator.RegexMatches(backend.AccountName, backend.AccountNameRule)},
			},
			"name": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "Name of the callback service. Default: `QoS`. The event has the form of a QoS callback whatever the service: name one that is registered to the receiver.",
				Validators:          []validator.String{stringvalidator.LengthAtLeast(1)},
			},
			"username": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "User name to put into the event, with `password`. Default: the registered one, as ThingSpace lists it.",
				Validators:          append([]validator.String{stringvalidator.AlsoRequires(path.MatchRoot("password"))}, credential...),
			},
			// Not write-only: the framework refuses every value of such an attribute of an action.
			"password": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "Password to put into the event, with `username`. Default: the registered one, as ThingSpace lists it, which is the better test. " +
					"Terraform prints it in the plan unless it comes from a sensitive or ephemeral variable, and keeps what is not ephemeral in a saved plan, though in no state.",
				Validators: append([]validator.String{stringvalidator.AlsoRequires(path.MatchRoot("username"))}, credential...),
			},
			"timeouts": timeouts.AttributesWithOpts(ctx, timeouts.Opts{
				InvokeDescription: "How long to wait for the event at the receiver, as a duration such as `30s` (the default).",
			}),
		},
	}
}

func (a *testAction) Configure(_ context.Context, req action.ConfigureRequest, resp *action.ConfigureResponse) {
	a.backend = backend.From(req.ProviderData, &resp.Diagnostics)
}

func (a *testAction) ValidateConfig(ctx context.Context, req action.ValidateConfigRequest, resp *action.ValidateConfigResponse) {
	var config testModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if !resp.Diagnostics.HasError() {
		timeout.Validate(config.Timeouts, &resp.Diagnostics)
	}
}

func (a *testAction) Invoke(ctx context.Context, req action.InvokeRequest, resp *action.InvokeResponse) {
	var config testModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	limit, diags := config.Timeouts.Invoke(ctx, defaultTestTimeout)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	journal, err := a.backend.Journal()
	if err != nil {
		explain.Error(&resp.Diagnostics, summaryTest, err)
		return
	}
	thingSpace, err := a.backend.ThingSpace()
	if err != nil {
		explain.Error(&resp.Diagnostics, summaryTest, err)
		return
	}
	within, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	t := tester{
		thingSpace: thingSpace,
		journal:    journal,
		sender:     probe.Sender{UserAgent: "terraform-provider-thingspace"},
		clock:      clockwork.NewRealClock(),
		progress: func(message string) {
			if ctx.Err() == nil { // after an interrupt, an event would end the invocation without a result
				resp.SendProgress(action.InvokeProgressEvent{Message: message})
			}
		},
	}
	err = t.run(within, trial{
		accountName: config.AccountName.ValueString(),
		name:        value.StringOr(config.Name.ValueString(), backend.ServiceName).ValueString(),
		username:    config.Username.ValueString(),
		password:    config.Password.ValueString(),
	})
	if err != nil {
		explain.Error(&resp.Diagnostics, summaryTest, timeout.Because(ctx, within, "timeouts.invoke", limit, err))
	}
}
