// Package backend is what the thingspace resources need of the world outside
// Terraform: the ThingSpace API, the receiver's journal, and the check that the
// two will find each other.
package backend

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/jonboulle/clockwork"
	"golang.org/x/sync/singleflight"

	"github.com/qosform/terraform-provider-qos/internal/handover"
	"github.com/qosform/terraform-provider-qos/internal/receiver"
	"github.com/qosform/terraform-provider-qos/internal/thingspace/api"
)

// Backend is made once per provider process and shared by all its resources.
// Making it does no network I/O.
type Backend struct {
	thingSpace    *api.Client
	thingSpaceErr error
	journal       *receiver.Client
	journalErr    error
	waiter        *receiver.Waiter
	clock         clockwork.Clock

	listeners singleflight.Group
	checked   sync.Map // account name → time.Time when its listener was found right
}

// ErrNoReceiver means that the provider was not given a receiver_url.
var ErrNoReceiver = errors.New("the provider has no receiver_url. A QoS subscription can only be followed and stopped " +
	"through a receiver: set receiver_url in the provider block, or THINGSPACE_RECEIVER_URL")

// listenerFresh is how long a listener that was found right is taken to be so. A
// run with hundreds of requests looks once a minute, and one that had to wait
// looks again.
const listenerFresh = time.Minute

// New returns a backend over its parts. A part that could not be made is nil,
// and its error is what every use of it returns; without any error a nil
// journal means that none was configured.
func New(thingSpace *api.Client, thingSpaceErr error, journal *receiver.Client, journalErr error) *Backend {
	b := &Backend{thingSpace: thingSpace, thingSpaceErr: thingSpaceErr, journal: journal, journalErr: journalErr, clock: clockwork.NewRealClock()}
	if journal == nil && journalErr == nil {
		b.journalErr = ErrNoReceiver
	}
	if journal != nil {
		b.waiter = receiver.NewWaiter(journal)
	}
	return b
}

// ThingSpace returns the API client, or why there is none.
func (b *Backend) ThingSpace() (*api.Client, error) { return b.thingSpace, b.thingSpaceErr }

// Journal returns the receiver's client, or why there is none; ErrNoReceiver
// when it is not configured.
func (b *Backend) Journal() (*receiver.Client, error) { return b.journal, b.journalErr }

// Waiter returns the waiter that all resources share; nil without a journal.
func (b *Backend) Waiter() *receiver.Waiter { return b.waiter }

// CheckListener makes sure, before the first POST for an account, that what
// ThingSpace will have to say about it reaches the receiver. The answer comes by
// callback only, and a subscription whose callback is lost cannot be stopped. A
// good result holds for listenerFresh; a bad one is a *ListenerError.
func (b *Backend) CheckListener(ctx context.Context, accountName string) error {
	if at, ok := b.checked.Load(accountName); ok {
		if at, ok := at.(time.Time); ok && b.clock.Since(at) < listenerFresh {
			return nil
		}
	}
	result := b.listeners.DoChan(accountName, func() (any, error) {
		err := b.checkListener(context.WithoutCancel(ctx), accountName)
		if err == nil {
			b.checked.Store(accountName, b.clock.Now())
		}
		return nil, err
	})
	select {
	case r := <-result:
		return r.Err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (b *Backend) checkListener(ctx context.Context, accountName string) error {
	thingSpace, err := b.ThingSpace()
	if err != nil {
		return err
	}
	journal, err := b.Journal()
	if err != nil {
		return err
	}
	info, err := journal.Info(ctx)
	if err != nil {
		return fmt.Errorf("asking the receiver: %w", err)
	}
	callbacks, err := thingSpace.Callbacks(ctx, accountName)
	if err != nil {
		return fmt.Errorf("listing the account's callbacks: %w", err)
	}
	return judgeListener(accountName, info, callbacks)
}

// From returns the provider's backend as the framework hands it to resources
// and data sources; nil while the provider is not configured.
func From(providerData any, diags *diag.Diagnostics) *Backend {
	return handover.Take[*Backend](providerData, diags)
}
