// Package backend is what the camara resources need of the world outside
// Terraform: the operator's APIs, whose subscriber a token is for, and a clock.
package backend

import (
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/jonboulle/clockwork"

	"github.com/qosform/terraform-provider-qos/internal/camara/api"
	"github.com/qosform/terraform-provider-qos/internal/camara/grant"
	"github.com/qosform/terraform-provider-qos/internal/handover"
)

// Backend is made once per provider process and shared by all its resources.
// Making it does no network I/O.
type Backend struct {
	operator    *api.Client
	operatorErr error
	application Application
	listener    grant.Listener
	clock       clockwork.Clock
}

// Application is who the operator takes the provider for.
type Application struct {
	// ClientID is empty where tokens do not come from an OAuth server.
	ClientID string
	// TwoLegged says that tokens surely name no device, so that each request has to.
	TwoLegged bool
}

// New returns a backend over its parts. A client that could not be made is nil,
// and its error is what every use of it returns.
func New(operator *api.Client, operatorErr error, application Application, clock clockwork.Clock) *Backend {
	return &Backend{operator: operator, operatorErr: operatorErr, application: application, clock: clock}
}

// Hearing returns the backend with a listener to the operator's notifications.
func (b *Backend) Hearing(listener grant.Listener) *Backend {
	with := *b
	with.listener = listener
	return &with
}

// Listener hears what the operator notifies a sink of; nil where the provider has
// nobody to ask, or there is no sink.
func (b *Backend) Listener(sink string) grant.Listener {
	if sink == "" {
		return nil
	}
	return b.listener
}

// Operator returns the API client, or why there is none.
func (b *Backend) Operator() (*api.Client, error) { return b.operator, b.operatorErr }

// Clock is what waits are paced with.
func (b *Backend) Clock() clockwork.Clock { return b.clock }

// Now is what expiry is judged by: the time as the operator's newest answer has
// it, so that a clock which is wrong here ends nothing.
func (b *Backend) Now() time.Time {
	if b.operator == nil {
		return b.clock.Now()
	}
	return b.clock.Now().Add(b.operator.Skew())
}

// Subject names the subscriber whose token a request for the device needs; ""
// where tokens are not bound to devices. Known is the one that a state or an
// import has, and goes before the device's.
func (b *Backend) Subject(known string, device *api.Device) string {
	if b.operator == nil || !b.operator.DeviceBound() {
		return ""
	}
	if known != "" || device == nil {
		return known
	}
	hint, _ := api.LoginHint(*device)
	return hint
}

// From returns the provider's backend as the framework hands it to resources
// and data sources; nil while the provider is not configured.
func From(providerData any, diags *diag.Diagnostics) *Backend {
	return handover.Take[*Backend](providerData, diags)
}
