package callback

import (
	"context"
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/qosform/terraform-provider-qos/internal/thingspace/backend"
)

// credentialLength is the longest user name or password that ThingSpace takes
// for a callback (ThingSpace, "Callback Best Practices").
const credentialLength = 40

// refusedCharacters are those that ThingSpace takes nowhere in a request
// (ThingSpace, "Synchronous Error Messages"), and blanks.
const refusedCharacters = "<>'\\ "

func resourceSchema() schema.Schema {
	credential := []validator.String{stringvalidator.UTF8LengthBetween(1, credentialLength)}
	return schema.Schema{
		MarkdownDescription: "Where ThingSpace sends an account's QoS callbacks: the receiver. There is one registration per account and service, " +
			"so creating it refuses to displace another system's unless `overwrite_existing` is set. A changed `url`, `username` or password " +
			"is registered again in place, so that no callback is lost meanwhile.",
		Attributes: map[string]schema.Attribute{
			"id": schema.StringAttribute{
				Computed:            true,
				MarkdownDescription: "`account_name/name`.",
				PlanModifiers:       []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
			},
			"account_name": schema.StringAttribute{
				Required:            true,
				MarkdownDescription: "Name of the billing account, digits and dash with all leading zeros, such as `0000123456-00001`. Changing it replaces the registration.",
				Validators:          []validator.String{stringvalidator.RegexMatches(backend.AccountName, backend.AccountNameRule)},
				PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()},
			},
			"name": schema.StringAttribute{
				Optional:            true,
				Computed:            true,
				Default:             stringdefault.StaticString(backend.ServiceName),
				MarkdownDescription: "Name of the callback service. Default: `QoS`. Changing it replaces the registration.",
				Validators:          []validator.String{stringvalidator.RegexMatches(regexp.MustCompile(`^[A-Za-z0-9]+$`), "must be letters and digits, such as QoS")},
				PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()},
			},
			"url": schema.StringAttribute{
				Required: true,
				MarkdownDescription: "URL that ThingSpace posts to: the receiver's public URL with the path `/thingspace/callbacks`. ThingSpace calls ports 80, 443, " +
					"9001-9006, 28200-28220 and 50551-50559 only, and HTTPS needs a certificate of a public authority. Changed in place.",
				Validators: []validator.String{listenerURL{}},
			},
			"username": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "User name that ThingSpace puts into the body of callbacks, 40 characters at most; not that of the ThingSpace login. Changed in place.",
				Validators:          credential,
			},
			"password": schema.StringAttribute{
				Optional:  true,
				Sensitive: true,
				MarkdownDescription: "Password that ThingSpace puts into the body of callbacks, 40 characters at most. It is kept in the state; `password_wo` is not. " +
					"Anyone with the account's API credentials can read it back from ThingSpace. Of an imported registration with the same `username`, the registered password stays until one is set here. Changed in place.",
				Validators: append([]validator.String{
					stringvalidator.AlsoRequires(path.MatchRoot("username")),
					stringvalidator.ConflictsWith(path.MatchRoot("password_wo")),
					stringvalidator.PreferWriteOnlyAttribute(path.MatchRoot("password_wo")),
				}, credential...),
			},
			"password_wo": schema.StringAttribute{
				Optional:            true,
				Sensitive:           true,
				WriteOnly:           true,
				MarkdownDescription: "The same as `password`, kept in neither plan nor state (Terraform 1.11, OpenTofu 1.11). Raise `password_wo_version` to send another one.",
				Validators: append([]validator.String{
					stringvalidator.AlsoRequires(path.MatchRoot("username"), path.MatchRoot("password_wo_version")),
				}, credential...),
			},
			"password_wo_version": schema.Int64Attribute{
				Optional:            true,
				MarkdownDescription: "Any number; changing it registers the `password_wo` of the configuration again, in place.",
				Validators:          []validator.Int64{int64validator.AtLeast(0), int64validator.AlsoRequires(path.MatchRoot("password_wo"))},
			},
			"overwrite_existing": schema.BoolAttribute{
				Optional:            true,
				Computed:            true,
				Default:             booldefault.StaticBool(false),
				MarkdownDescription: "Whether to take the service over when it is registered to another URL. Default: `false`.",
			},
			"force_destroy": schema.BoolAttribute{
				Optional: true,
				Computed: true,
				Default:  booldefault.StaticBool(false),
				MarkdownDescription: "Whether to delete the registration even while the receiver knows live subscriptions on the account, whose end would then go unheard. " +
					"Default: `false`.",
			},
		},
	}
}

func identitySchema() identityschema.Schema {
	return identityschema.Schema{Attributes: map[string]identityschema.Attribute{
		"account_name": identityschema.StringAttribute{RequiredForImport: true, Description: "Name of the billing account."},
		"name":         identityschema.StringAttribute{RequiredForImport: true, Description: "Name of the callback service, such as QoS."},
	}}
}

// listenerURL accepts what ThingSpace can post to, and warns of a port that it
// does not call.
type listenerURL struct{}

func (listenerURL) Description(context.Context) string {
	return "must be an http or https URL with a host and without credentials"
}
func (v listenerURL) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (listenerURL) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	raw := req.ConfigValue.ValueString()
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Hostname() == "" || (u.Scheme != "http" && u.Scheme != "https") || strings.ContainsAny(raw, refusedCharacters):
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid callback URL",
			fmt.Sprintf("%s must be an http or https URL with a host, such as https://qos.example.com/thingspace/callbacks.", req.Path))
	case u.User != nil:
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid callback URL",
			fmt.Sprintf("%s must not carry a user or password: ThingSpace puts username and password into the body.", req.Path))
	case !documentedPort(u):
		resp.Diagnostics.AddAttributeWarning(req.Path, "ThingSpace may not call this port",
			fmt.Sprintf("ThingSpace's documents allow callbacks to ports 80, 443, 9001-9006, 28200-28220 and 50551-50559; %s has port %s.", req.Path, u.Port()))
	}
}
