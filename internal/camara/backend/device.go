package backend

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/qosform/terraform-provider-qos/internal/camara/api"
	"github.com/qosform/terraform-provider-qos/internal/camara/attribute"
	"github.com/qosform/terraform-provider-qos/internal/explain"
)

const summaryDevice = "Invalid device"

// CheckDevice reports where the kind of token asks for a device that the
// configuration does not have, or not in a way that tells its subscriber. What
// is not known yet passes.
func (b *Backend) CheckDevice(configured types.Object, device *api.Device, diags *diag.Diagnostics) {
	if b.operator == nil || !attribute.WhollyKnown(configured) {
		return
	}
	switch {
	case device == nil && b.application.TwoLegged:
		diags.AddAttributeError(path.Root("device"), summaryDevice, "device is required: the tokens of oauth.flow \"client_credentials\" name no device, so each request has to.")
	case device != nil:
		b.CheckSubject(configured, device, diags)
	}
}

// CheckSubject reports where tokens are bound to devices and the configuration
// does not tell whose token is needed. What is not known yet passes.
func (b *Backend) CheckSubject(configured types.Object, device *api.Device, diags *diag.Diagnostics) {
	if b.operator == nil || !b.operator.DeviceBound() || !attribute.WhollyKnown(configured) {
		return
	}
	if device == nil {
		diags.AddAttributeError(path.Root("device"), summaryDevice, "device is required: each access token is bound to a device here, and device says whose is needed.")
		return
	}
	if _, ok := api.LoginHint(*device); !ok {
		diags.AddAttributeError(path.Root("device"), summaryDevice, "device must have a phone_number, an ipv4_address with its public_address, or an ipv6_address: "+
			"a three-legged token is asked for its subscriber.")
	}
}

// Search is where to look for what a device has.
type Search struct {
	Operator *api.Client
	// Device is nil where the token alone is to tell it.
	Device *api.Device
	// Subject is whose token the request needs, where tokens are bound to devices.
	Subject string
}

// Search reads a device attribute that says what to list. It reports false, and
// why, where that cannot be asked for.
func (b *Backend) Search(ctx context.Context, configured types.Object, summary string, diags *diag.Diagnostics) (Search, bool) {
	operator, err := b.Operator()
	if err != nil {
		explain.Error(diags, summary, err)
		return Search{}, false
	}
	device, more := attribute.DeviceOf(ctx, configured)
	diags.Append(more...)
	b.CheckDevice(configured, device, diags)
	if device == nil {
		b.CheckSubject(configured, device, diags)
	}
	return Search{Operator: operator, Device: device, Subject: b.Subject("", device)}, !diags.HasError()
}
