package qossubscription

import (
	"context"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/mapplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/setplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/qosform/terraform-provider-qos/internal/thingspace/backend"
)

// Values of the policy attributes.
const (
	waitForAcknowledged = "acknowledged"
	waitForOn           = "on"
	waitForNone         = "none"
	onTimeoutFail       = "fail"
	onTimeoutKeep       = "keep"
	onExistingFail      = "fail"
	onExistingAdopt     = "adopt"
)

const (
	defaultCreateTimeout = 10 * time.Minute
	defaultDeleteTimeout = 10 * time.Minute
)

func resourceSchema(ctx context.Context) schema.Schema {
	return schema.Schema{
		MarkdownDescription: "An elevated quality of service for flows of one or more devices, until it is destroyed. " +
			"ThingSpace acknowledges by callback, has no update and cannot list or read a subscription: what is sent replaces when it changes, and what is known " +
			"comes from the receiver (`receiver_url`). A request stays in the state until all its subscriptions have ended; " +
			"when only some have, the plan shows a replacement.",
		Attributes: map[string]schema.Attribute{
			"account_name": schema.StringAttribute{
				Required: true,
				MarkdownDescription: "Name of the billing account, digits and dash with all leading zeros, such as `0000123456-00001`. Write " +
					"`thingspace_callback.<name>.account_name`, so that the callback is registered first and deregistered last. Changing it replaces the request.",
				Validators:    []validator.String{stringvalidator.RegexMatches(backend.AccountName, backend.AccountNameRule)},
				PlanModifiers: []planmodifier.String{stringplanmodifier.RequiresReplace()},
			},
			"device_info": deviceInfoAttribute(),
			"wait_for": policy(waitForAcknowledged, "What `apply` waits for: `acknowledged` (every device's subscription has its id), `on` (the network reports the elevation as functioning) "+
				"or `none` (ThingSpace took the request).", waitForAcknowledged, waitForOn, waitForNone),
			"on_timeout": policy(onTimeoutFail, "What happens when `timeouts.create` passes first: `fail` is an error, and the next apply replaces the request; "+
				"`keep` is a warning, and a later plan shows what has come since. Either way the request stays in the state.", onTimeoutFail, onTimeoutKeep),
			"on_existing": policy(onExistingFail, "What happens when a live request for the same account, device and flow exists: `fail` is an error that says how to import it; "+
				"`adopt` takes it over if it asks for exactly the same and no Terraform state has it, as after an interrupted run.", onExistingFail, onExistingAdopt),
			"timeouts": timeouts.Attributes(ctx, timeouts.Opts{
				Create:            true,
				Delete:            true,
				CreateDescription: "How long `apply` waits for the network, as a duration such as `10m` (the default). Changed in place.",
				DeleteDescription: "How long `destroy` waits for the network to confirm the end, as a duration such as `10m` (the default). Changed in place.",
			}),
			"id":                  computedString("`account_name/request_id`."),
			"request_id":          computedString("Id that ThingSpace gave the request."),
			"qos_subscription_id": computedString("Subscription id of the first device (by device id, in string order); null until it is acknowledged."),
			"status": computedString("The least favourable status of the request's subscriptions: `REQUESTED`, `ACKNOWLEDGED` or `ON`, `FAILED` or `TERMINATED` " +
				"when one has ended."),
			"last_event":    computedString("The event that the receiver heard last, as ThingSpace spells it; null before the first."),
			"reported_time": computedString("When the network reported that event, as ThingSpace sent it: it has no time zone."),
			"subscriptions": subscriptionsAttribute(),
		},
	}
}

func policy(fallback, description string, values ...string) schema.StringAttribute {
	return schema.StringAttribute{
		Optional:            true,
		Computed:            true,
		Default:             stringdefault.StaticString(fallback),
		MarkdownDescription: description + " Default: `" + fallback + "`. Changed in place, without a request to ThingSpace.",
		Validators:          []validator.String{stringvalidator.OneOf(values...)},
	}
}

// computedString is an attribute that no update changes: an update sends
// nothing to ThingSpace.
func computedString(description string) schema.StringAttribute {
	return schema.StringAttribute{
		Computed:            true,
		MarkdownDescription: description,
		PlanModifiers:       []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
	}
}

func deviceInfoAttribute() schema.SetNestedAttribute {
	return schema.SetNestedAttribute{
		Required: true,
		MarkdownDescription: "The devices and their flows. All devices of one request have the same `kind`. Changing it replaces the request; only the flows of " +
			"an imported request that the receiver did not know, and devices where it knew none, are taken over in place.",
		Validators: []validator.Set{setvalidator.SizeAtLeast(1)},
		PlanModifiers: []planmodifier.Set{setplanmodifier.RequiresReplaceIf(replacesDevices,
			"Replaces, unless the request was imported and its flows or devices are not known.",
			"Replaces, unless the request was imported and its flows or devices are not known.")},
		NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
			"device_id": schema.SingleNestedAttribute{
				Required:            true,
				MarkdownDescription: "The device. Each device appears once; its flows are listed in one `flow_info`.",
				Attributes: map[string]schema.Attribute{
					"id":   schema.StringAttribute{Required: true, MarkdownDescription: "Device identifier, of the form that `kind` says, such as a 10-digit phone number."},
					"kind": schema.StringAttribute{Required: true, MarkdownDescription: "`IMEI`, `MDN`, `MSISDN` or `ICCID`; the same for all devices of the request."},
				},
			},
			"device_ipv6_addr": schema.StringAttribute{Optional: true, MarkdownDescription: "IPv6 address of the device, without a port."},
			"flow_info": schema.SetNestedAttribute{
				Required:            true,
				MarkdownDescription: "The flows to elevate, at least one.",
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"flow_server": schema.StringAttribute{Required: true, MarkdownDescription: "Server end: an IP address, with `:port` unless every port is meant. An IPv6 address is " +
						"in brackets when a port follows, such as `[2001:db8::5]:443`. Both ends are of one IP family."},
					"flow_device":    schema.StringAttribute{Required: true, MarkdownDescription: "Device end, in the same form and IP family as `flow_server`."},
					"flow_direction": schema.StringAttribute{Required: true, MarkdownDescription: "`UPLINK`, `DOWNLINK` or `BIDIRECTION`."},
					"flow_protocol":  schema.StringAttribute{Required: true, MarkdownDescription: "`UDP`, `TCP` or `IP`."},
					"qci_option":     schema.StringAttribute{Required: true, MarkdownDescription: "Quality level: `Premium` or `Standard`."},
				}},
			},
		}},
	}
}

func subscriptionsAttribute() schema.MapNestedAttribute {
	return schema.MapNestedAttribute{
		Computed:            true,
		MarkdownDescription: "What the network says of each device's subscription, by configured device id.",
		PlanModifiers:       []planmodifier.Map{mapplanmodifier.UseStateForUnknown()},
		NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
			"qos_subscription_id": schema.StringAttribute{Computed: true, MarkdownDescription: "Id of the subscription, null until it is acknowledged."},
			"status":              schema.StringAttribute{Computed: true, MarkdownDescription: "`REQUESTED`, `ACKNOWLEDGED`, `ON`, `FAILED` or `TERMINATED`."},
			"reason":              schema.StringAttribute{Computed: true, MarkdownDescription: "Why it failed or ended, in the network's words; null otherwise."},
		}},
	}
}

func identitySchema() identityschema.Schema {
	return identityschema.Schema{Attributes: map[string]identityschema.Attribute{
		"account_name": identityschema.StringAttribute{RequiredForImport: true, Description: "Name of the billing account."},
		"request_id":   identityschema.StringAttribute{RequiredForImport: true, Description: "Id that ThingSpace gave the request."},
	}}
}
