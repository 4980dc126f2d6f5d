package qodsession

import (
	"context"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/int64planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/listplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/qosform/terraform-provider-qos/internal/camara/attribute"
	"github.com/qosform/terraform-provider-qos/internal/camara/grant"
	"github.com/qosform/terraform-provider-qos/internal/inputs"
)

// Values of on_expiry.
const (
	onExpiryRecreate = "recreate"
	onExpiryIgnore   = "ignore"
)

const defaultTimeout = 5 * time.Minute

func resourceSchema(ctx context.Context) schema.Schema {
	return schema.Schema{
		MarkdownDescription: "A QoD session: a quality of service for the flows between a device and an application server, for a time. " +
			"CAMARA has no update but a longer duration, so everything else replaces when it changes. What a session has come to is read when planning: " +
			"one that has ended is planned anew, unless `on_expiry` says otherwise.",
		Attributes: map[string]schema.Attribute{
			"device": attribute.Device("The device, by one identifier or several. Required with a two-legged token (`oauth` with `client_credentials`), on 0.10, and with the three-legged flows of `oauth`, " +
				"where it says whose token is needed and, from 0.11 on, is not sent. Changing it replaces the session; another way to write the same address does not."),
			"application_server":       applicationServerAttribute(),
			"device_ports":             portsAttribute("Ports of the device, at least one. Default: all of them."),
			"application_server_ports": portsAttribute("Ports of the application server, at least one. Default: all of them."),
			"qos_profile": schema.StringAttribute{
				Required:            true,
				MarkdownDescription: "Name of the QoS profile, as the operator offers it (`camara_qos_profiles` lists them): 3 to 256 letters, digits, dots, dashes or underscores. Changing it replaces the session.",
			},
			"duration": schema.Int64Attribute{
				Optional: true,
				MarkdownDescription: "Seconds to ask for, at least 1. On 0.10 at most 86400, which is also the default there; required from 0.11 on, at most 2147483647 and within what the profile allows. " +
					"A longer one extends an `AVAILABLE` session in place, and replaces one that is not `AVAILABLE`; one that is shorter, also than `granted_duration`, replaces. What the operator grants is `granted_duration`.",
				Validators: []validator.Int64{int64validator.AtLeast(1)},
			},
			"webhook": webhookAttribute(),
			"sink": attribute.Sink("URL that the operator sends notifications to, as CloudEvents (from 0.11 on; from 1.1 on `https` only). " +
				"Terraform itself needs none: it reads the session. Changing it replaces the session."),
			"sink_credential": attribute.SinkCredential(),
			"wait_for": attribute.Policy(grant.WaitForAvailable, "What `apply` waits for: `AVAILABLE` (the network provides the quality) or `REQUESTED` (the operator took the request).",
				grant.WaitForAvailable, grant.WaitForRequested),
			"on_timeout": attribute.Policy(grant.OnTimeoutFail, "What happens when `timeouts.create` passes first: `fail` is an error, and the next apply replaces the session; "+
				"`keep` is a warning, and a later plan shows what has come since. Either way the session stays in the state.", grant.OnTimeoutFail, grant.OnTimeoutKeep),
			"on_expiry": attribute.Policy(onExpiryRecreate, "What a plan does about a session that has ended: `recreate` makes a new one; `ignore` leaves the old one in the state as `UNAVAILABLE`, for sessions that are meant to be "+
				"had once.", onExpiryRecreate, onExpiryIgnore),
			"renew_before": schema.Int64Attribute{
				Optional: true,
				MarkdownDescription: "Seconds before `expires_at` from which on a plan extends the session, so that `duration` remains: at least 1, and less than `duration`. Default: it is not extended. " +
					"Where the operator's limit leaves nothing to extend by, a warning says so and no further plan tries. Changed in place, without a request to the operator.",
				Validators: []validator.Int64{int64validator.AtLeast(1)},
			},
			"timeouts": timeouts.Attributes(ctx, timeouts.Opts{
				Create:            true,
				Update:            true,
				Delete:            true,
				CreateDescription: "How long `apply` may take to create the session and wait for the network, as a duration such as `5m` (the default). Changed in place.",
				UpdateDescription: "How long an extension may take, as a duration such as `5m` (the default). Changed in place.",
				DeleteDescription: "How long `destroy` may take, as a duration such as `5m` (the default). Changed in place.",
			}),
			"id":          attribute.Computed("The same as `session_id`."),
			"session_id":  attribute.Computed("Id that the operator gave the session."),
			"qos_status":  attribute.Computed("`REQUESTED` (the network has not answered yet), `AVAILABLE` (it provides the quality) or `UNAVAILABLE` (it does not, or no longer)."),
			"status_info": attribute.Computed("Why a session is `UNAVAILABLE`: `DURATION_EXPIRED`, `NETWORK_TERMINATED` or `DELETE_REQUESTED` (from 0.11 on); null where the operator does not say."),
			"started_at":  attribute.Computed("When the session became `AVAILABLE`, in RFC 3339 and UTC; null before. 0.10 has a time while `REQUESTED` too: that of the request."),
			"expires_at":  attribute.Computed("When the session ends, or has ended, in RFC 3339 and UTC; null where the operator does not say, as while `REQUESTED` from 0.11 on."),
			"granted_duration": schema.Int64Attribute{
				Computed: true,
				MarkdownDescription: "The session's whole length in seconds as the operator has it, extensions included: it may grant less than `duration`, " +
					"and tells the length that a session really had once it is `UNAVAILABLE`.",
				PlanModifiers: []planmodifier.Int64{int64planmodifier.UseStateForUnknown()},
			},
			"messages": schema.ListNestedAttribute{
				Computed:            true,
				MarkdownDescription: "The operator's remarks on the session (0.10); empty otherwise.",
				PlanModifiers:       []planmodifier.List{listplanmodifier.UseStateForUnknown()},
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"severity":    schema.StringAttribute{Computed: true, MarkdownDescription: "`INFO` or `WARNING`."},
					"description": schema.StringAttribute{Computed: true, MarkdownDescription: "The remark."},
				}},
			},
		},
	}
}

func applicationServerAttribute() schema.SingleNestedAttribute {
	return schema.SingleNestedAttribute{
		Required: true,
		MarkdownDescription: "The other end of the flows: up to one IPv4 and one IPv6 address or subnet or, from 1.2 on, a list of addresses; at least one of them. " +
			"Changing it replaces the session; another way to write the same address does not.",
		Attributes: map[string]schema.Attribute{
			"ipv4_address": schema.StringAttribute{Optional: true, MarkdownDescription: "IPv4 address or subnet, such as `198.51.100.0/24`."},
			"ipv6_address": schema.StringAttribute{Optional: true, MarkdownDescription: "IPv6 address or subnet, such as `2001:db8::/64`."},
			"ip_addresses": schema.SetAttribute{
				ElementType:         types.StringType,
				Optional:            true,
				MarkdownDescription: "1 to 16 single addresses, IPv4 or IPv6, without masks, in place of the others (from 1.2 on).",
			},
		},
	}
}

func portsAttribute(description string) schema.SingleNestedAttribute {
	return schema.SingleNestedAttribute{
		Optional:            true,
		MarkdownDescription: description + " Changing them replaces the session; another order, or the same ports put into other ranges, does not.",
		Attributes: map[string]schema.Attribute{
			"ranges": schema.SetNestedAttribute{
				Optional:            true,
				MarkdownDescription: "Ranges of ports, both ends included.",
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"from": schema.Int64Attribute{Required: true, MarkdownDescription: "Lowest port: at least 0 (from 1.2 on: 1)."},
					"to":   schema.Int64Attribute{Required: true, MarkdownDescription: "Highest port: at most 65535, and not below `from`."},
				}},
			},
			"ports": schema.SetAttribute{ElementType: types.Int64Type, Optional: true, MarkdownDescription: "Single ports, 0 (from 1.2 on: 1) to 65535."},
		},
	}
}

func webhookAttribute() schema.SingleNestedAttribute {
	return schema.SingleNestedAttribute{
		Optional: true,
		MarkdownDescription: "Where the operator sends notifications (0.10 only; later versions have `sink`). Terraform itself needs none: it reads the session. The token is sent when the session is created and at no other time: " +
			"changing `notification_auth_token` alone sends nothing and says so, any other change replaces the session.",
		Attributes: map[string]schema.Attribute{
			"notification_url": schema.StringAttribute{Required: true, MarkdownDescription: "URL that notifications are posted to, with its scheme and host. Changing it replaces the session."},
			"notification_auth_token": schema.StringAttribute{
				Optional:            true,
				Sensitive:           true,
				MarkdownDescription: "The bearer of notifications, 20 to 256 characters. It is kept in the state; `notification_auth_token_wo` is not.",
				Validators: []validator.String{
					inputs.Token(), stringvalidator.ConflictsWith(inputs.Sibling("notification_auth_token_wo")),
					// It takes no expression that is relative.
					stringvalidator.PreferWriteOnlyAttribute(path.MatchRoot("webhook").AtName("notification_auth_token_wo")),
				},
			},
			"notification_auth_token_wo": schema.StringAttribute{
				Optional:  true,
				Sensitive: true,
				WriteOnly: true,
				MarkdownDescription: "The same as `notification_auth_token`, kept in neither plan nor state (Terraform 1.11, OpenTofu 1.11). " +
					"Changing `notification_auth_token_wo_version` replaces the session, which sends another one.",
				Validators: []validator.String{inputs.Token(), stringvalidator.AlsoRequires(inputs.Sibling("notification_auth_token_wo_version"))},
			},
			"notification_auth_token_wo_version": schema.Int64Attribute{
				Optional:            true,
				MarkdownDescription: "Any number; changing it replaces the session, so that the `notification_auth_token_wo` of the configuration is sent.",
				Validators:          []validator.Int64{int64validator.AtLeast(0), int64validator.AlsoRequires(inputs.Sibling("notification_auth_token_wo"))},
			},
		},
	}
}
