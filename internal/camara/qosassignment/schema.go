package qosassignment

import (
	"context"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"

	"github.com/qosform/terraform-provider-qos/internal/camara/attribute"
	"github.com/qosform/terraform-provider-qos/internal/camara/grant"
)

const defaultTimeout = 5 * time.Minute

func resourceSchema(ctx context.Context) schema.Schema {
	return schema.Schema{
		MarkdownDescription: "A QoS profile assigned to all of a device's flows until it is destroyed (CAMARA QoS provisioning, 0.3 and 0.4). A device has one at most. " +
			"CAMARA has no update, so what is sent replaces when it changes; an assignment that the network has ended is planned anew.",
		Attributes: map[string]schema.Attribute{
			"device": attribute.Device("The device, by one identifier or several. Required with a two-legged token (`oauth` with `client_credentials`), and with the three-legged flows of `oauth`, " +
				"where it says whose token is needed and is not sent. Changing it replaces the assignment; another way to write the same address does not."),
			"qos_profile": schema.StringAttribute{
				Required:            true,
				MarkdownDescription: "Name of the QoS profile, as the operator offers it (`camara_qos_profiles` lists them): 3 to 256 letters, digits, dots, dashes or underscores. Changing it replaces the assignment.",
			},
			"sink": attribute.Sink("URL that the operator sends notifications to, as CloudEvents; `https` only. " +
				"Terraform itself needs none: it reads the assignment. Changing it replaces the assignment."),
			"sink_credential": attribute.SinkCredential(),
			"wait_for": attribute.Policy(grant.WaitForAvailable, "What `apply` waits for: `AVAILABLE` (the network provides the quality) or `REQUESTED` (the operator took the request).",
				grant.WaitForAvailable, grant.WaitForRequested),
			"on_timeout": attribute.Policy(grant.OnTimeoutFail, "What happens when `timeouts.create` passes first: `fail` is an error, and the next apply replaces the assignment; "+
				"`keep` is a warning, and a later plan shows what has come since. Either way the assignment stays in the state.", grant.OnTimeoutFail, grant.OnTimeoutKeep),
			"timeouts": timeouts.Attributes(ctx, timeouts.Opts{
				Create:            true,
				Delete:            true,
				CreateDescription: "How long `apply` may take to create the assignment and wait for the network, as a duration such as `5m` (the default). Changed in place.",
				DeleteDescription: "How long `destroy` waits until the operator has revoked the assignment, as a duration such as `5m` (the default). Changed in place.",
			}),
			"id":            attribute.Computed("The same as `assignment_id`."),
			"assignment_id": attribute.Computed("Id that the operator gave the assignment."),
			"status":        attribute.Computed("`REQUESTED` (the network has not answered yet), `AVAILABLE` (it provides the quality) or `UNAVAILABLE` (it does not, or no longer)."),
			"status_info":   attribute.Computed("Why an assignment is `UNAVAILABLE`: `NETWORK_TERMINATED` or `DELETE_REQUESTED`; null where the operator does not say."),
			"started_at":    attribute.Computed("When the assignment became `AVAILABLE`, in RFC 3339 and UTC; null before."),
		},
	}
}
