package backend

import (
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/qosform/terraform-provider-qos/internal/camara/api"
	"github.com/qosform/terraform-provider-qos/internal/camara/attribute"
)

// CheckDevice reports where the kind of token asks for a device that the
// configuration does not have, or not in a way that tells its subscriber. What
// is not known yet passes.
func (b *Backend) CheckDevice(configured types.Object, device *api.Device, diags *diag.Diagnostics) {
	const summary = "Invalid device"
	if b.operator == nil || !attribute.WhollyKnown(configured) {
		return
	}
	switch {
	case device == nil && b.application.TwoLegged:
		diags.AddAttributeError(path.Root("device"), summary, "device is required: the tokens of oauth.flow \"client_credentials\" name no device, so each request has to.")
	case device != nil && b.operator.DeviceBound():
		if _, ok := api.LoginHint(*device); !ok {
			diags.AddAttributeError(path.Root("device"), summary, "device must have a phone_number, an ipv4_address with its public_address, or an ipv6_address: "+
				"a three-legged token is asked for its subscriber.")
		}
	}
}
