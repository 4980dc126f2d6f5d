package spool

import (
	"context"
	"sync"
	"time"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
)

// behind is the store behind the spool, which may not be open yet. Then all that
// needs it fails with ErrAway.
type behind struct {
	remembered identity

	mu       sync.RWMutex
	opened   Backing // nil until it is open
	watchers []watcher
}

// watcher is one who wants to hear of changes once the store is open.
type watcher struct {
	ctx context.Context //nolint:containedctx // It belongs to fn, which is called later.
	fn  func(ids []string)
}

// use lets the store be asked from now on. Who waits to hear of changes does so
// before anything can change.
func (b *behind) use(opened Backing) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, w := range b.watchers {
		opened.Watch(w.ctx, w.fn)
	}
	b.opened, b.watchers = opened, nil
}

func (b *behind) store() (Backing, error) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	if b.opened == nil {
		return nil, ErrAway
	}
	return b.opened, nil
}

// ask gives the store's answer, or says that it is away.
func ask[T any](b *behind, question func(Backing) (T, error)) (T, error) {
	opened, err := b.store()
	if err != nil {
		var none T
		return none, err
	}
	return question(opened)
}

// tell is ask for what has no answer.
func (b *behind) tell(what func(Backing) error) error {
	opened, err := b.store()
	if err != nil {
		return err
	}
	return what(opened)
}

// place is how far which store has come; the remembered ones as long as it is not open.
func (b *behind) place() identity {
	if opened, err := b.store(); err == nil {
		return identity{opened.StoreID(), opened.Known()}
	}
	return b.remembered
}

// StoreID is the remembered one as long as the store is not open.
func (b *behind) StoreID() string { return b.place().StoreID }

// Known is the remembered place as long as the store is not open.
func (b *behind) Known() int64 { return b.place().Known }

// Watch implements receiver.Store. What changes before the store is open is for
// nobody: nobody can have asked about it.
func (b *behind) Watch(ctx context.Context, fn func(ids []string)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.opened == nil {
		b.watchers = append(b.watchers, watcher{ctx, fn})
		return
	}
	b.opened.Watch(ctx, fn)
}

func (b *behind) Create(ctx context.Context, n receiver.NewRequest) (*receiver.Request, error) {
	return ask(b, func(s Backing) (*receiver.Request, error) { return s.Create(ctx, n) })
}

func (b *behind) Change(ctx context.Context, id string, c receiver.Change) (*receiver.Request, error) {
	return ask(b, func(s Backing) (*receiver.Request, error) { return s.Change(ctx, id, c) })
}

func (b *behind) Requests(ctx context.Context, f receiver.Filter) (*receiver.Page, error) {
	return ask(b, func(s Backing) (*receiver.Page, error) { return s.Requests(ctx, f) })
}

func (b *behind) Revised(ctx context.Context, items []receiver.WaitItem) (changed []receiver.Request, missing []string, err error) {
	err = b.tell(func(s Backing) (err error) {
		changed, missing, err = s.Revised(ctx, items)
		return err
	})
	return changed, missing, err
}

func (b *behind) Renew(ctx context.Context, items []receiver.WaitItem) error {
	return b.tell(func(s Backing) error { return s.Renew(ctx, items) })
}

func (b *behind) Record(ctx context.Context, events []receiver.Event) error {
	return b.tell(func(s Backing) error { return s.Record(ctx, events) })
}

func (b *behind) RecordSince(ctx context.Context, callbacks []receiver.LateEvents) error {
	return b.tell(func(s Backing) error { return s.RecordSince(ctx, callbacks) })
}

func (b *behind) Events(ctx context.Context, after int64, limit int) ([]receiver.Event, error) {
	return ask(b, func(s Backing) ([]receiver.Event, error) { return s.Events(ctx, after, limit) })
}

func (b *behind) EventsOf(ctx context.Context, requestID string, after int64, limit int) ([]receiver.Event, error) {
	return ask(b, func(s Backing) ([]receiver.Event, error) { return s.EventsOf(ctx, requestID, after, limit) })
}

func (b *behind) History(ctx context.Context, id string, after int64, limit int) ([]receiver.Event, error) {
	return ask(b, func(s Backing) ([]receiver.Event, error) { return s.History(ctx, id, after, limit) })
}

func (b *behind) Statistics(ctx context.Context) (*receiver.Statistics, error) {
	return ask(b, func(s Backing) (*receiver.Statistics, error) { return s.Statistics(ctx) })
}

func (b *behind) Resolve(ctx context.Context, r receiver.Resolution) (*receiver.Request, error) {
	return ask(b, func(s Backing) (*receiver.Request, error) { return s.Resolve(ctx, r) })
}

func (b *behind) Quarantine(ctx context.Context, q receiver.Quarantined) error {
	return b.tell(func(s Backing) error { return s.Quarantine(ctx, q) })
}

func (b *behind) Quarantined(ctx context.Context, f receiver.QuarantineFilter) (*receiver.QuarantinePage, error) {
	return ask(b, func(s Backing) (*receiver.QuarantinePage, error) { return s.Quarantined(ctx, f) })
}

func (b *behind) Release(ctx context.Context, id string) error {
	return b.tell(func(s Backing) error { return s.Release(ctx, id) })
}

func (b *behind) RecordNotifications(ctx context.Context, notifications []receiver.Notification) error {
	return b.tell(func(s Backing) error { return s.RecordNotifications(ctx, notifications) })
}

func (b *behind) Notifications(ctx context.Context, f receiver.NotificationFilter) (*receiver.NotificationList, error) {
	return ask(b, func(s Backing) (*receiver.NotificationList, error) { return s.Notifications(ctx, f) })
}

func (b *behind) Sessions(ctx context.Context, f receiver.SessionFilter) (*receiver.SessionPage, error) {
	return ask(b, func(s Backing) (*receiver.SessionPage, error) { return s.Sessions(ctx, f) })
}

func (b *behind) Recognizes(ctx context.Context, events []receiver.Event) (bool, error) {
	return ask(b, func(s Backing) (bool, error) { return s.Recognizes(ctx, events) })
}

func (b *behind) ClaimDeliveries(ctx context.Context, target string, limit int, lease time.Duration) ([]receiver.ClaimedDelivery, error) {
	return ask(b, func(s Backing) ([]receiver.ClaimedDelivery, error) {
		return s.ClaimDeliveries(ctx, target, limit, lease)
	})
}

func (b *behind) SettleDeliveries(ctx context.Context, settled []receiver.Settlement) error {
	return b.tell(func(s Backing) error { return s.SettleDeliveries(ctx, settled) })
}

func (b *behind) Backlogs(ctx context.Context) ([]receiver.Backlog, error) {
	return ask(b, func(s Backing) ([]receiver.Backlog, error) { return s.Backlogs(ctx) })
}

func (b *behind) Deliveries(ctx context.Context, f receiver.DeliveryFilter) (*receiver.DeliveryPage, error) {
	return ask(b, func(s Backing) (*receiver.DeliveryPage, error) { return s.Deliveries(ctx, f) })
}

func (b *behind) RetryDeliveries(ctx context.Context, c receiver.DeliveryChoice) (int, error) {
	return ask(b, func(s Backing) (int, error) { return s.RetryDeliveries(ctx, c) })
}

func (b *behind) DropDeliveries(ctx context.Context, c receiver.DeliveryChoice) (int, error) {
	return ask(b, func(s Backing) (int, error) { return s.DropDeliveries(ctx, c) })
}

func (b *behind) Sweep(ctx context.Context) error {
	return b.tell(func(s Backing) error { return s.Sweep(ctx) })
}

func (b *behind) Ping(ctx context.Context) error {
	return b.tell(func(s Backing) error { return s.Ping(ctx) })
}

// Close closes the store if it is open.
func (b *behind) Close() error {
	opened, err := b.store()
	if err != nil {
		return nil //nolint:nilerr // There is nothing to close.
	}
	return opened.Close()
}
