package receiver

import (
	"context"
	"errors"

	"github.com/jonboulle/clockwork"
	"github.com/prometheus/client_golang/prometheus"
)

// operationPing is what alerts watch: it writes, so it fails where the database
// only reads.
const operationPing = "ping"

// timedStore times a store's operations but the cheap and the lasting ones
// (StoreID, Watch, Close).
type timedStore struct {
	Store
	clock   clockwork.Clock
	seconds *prometheus.HistogramVec
}

// time begins to time an operation. What it returns is told how that ended.
func (t timedStore) time(operation string) func(error) {
	started := t.clock.Now()
	return func(err error) {
		t.seconds.WithLabelValues(operation, storeOutcome(err)).Observe(t.clock.Since(started).Seconds())
	}
}

// storeOutcome is how an operation of the store ended, as metrics name it.
func storeOutcome(err error) string {
	var conflict *ConflictError
	var invalid *InvalidError
	switch {
	case err == nil:
		return "ok"
	case errors.As(err, &conflict), errors.As(err, &invalid), errors.Is(err, ErrNotFound):
		return "refused"
	case errors.Is(err, context.Canceled):
		return "canceled" // the caller has gone
	default:
		return "failed"
	}
}

func (t timedStore) Create(ctx context.Context, n NewRequest) (r *Request, err error) {
	done := t.time("create")
	r, err = t.Store.Create(ctx, n)
	done(err)
	return r, err
}

func (t timedStore) Change(ctx context.Context, id string, c Change) (r *Request, err error) {
	done := t.time("change")
	r, err = t.Store.Change(ctx, id, c)
	done(err)
	return r, err
}

func (t timedStore) Requests(ctx context.Context, f Filter) (page *Page, err error) {
	done := t.time("requests")
	page, err = t.Store.Requests(ctx, f)
	done(err)
	return page, err
}

func (t timedStore) Revised(ctx context.Context, items []WaitItem) (changed []Request, missing []string, err error) {
	done := t.time("revised")
	changed, missing, err = t.Store.Revised(ctx, items)
	done(err)
	return changed, missing, err
}

func (t timedStore) Renew(ctx context.Context, items []WaitItem) (err error) {
	done := t.time("renew")
	err = t.Store.Renew(ctx, items)
	done(err)
	return err
}

func (t timedStore) Record(ctx context.Context, events []Event) (err error) {
	done := t.time("record")
	err = t.Store.Record(ctx, events)
	done(err)
	return err
}

func (t timedStore) Events(ctx context.Context, after int64, limit int) (events []Event, err error) {
	done := t.time("events")
	events, err = t.Store.Events(ctx, after, limit)
	done(err)
	return events, err
}

func (t timedStore) EventsOf(ctx context.Context, requestID string, after int64, limit int) (events []Event, err error) {
	done := t.time("events")
	events, err = t.Store.EventsOf(ctx, requestID, after, limit)
	done(err)
	return events, err
}

func (t timedStore) History(ctx context.Context, id string, after int64, limit int) (events []Event, err error) {
	done := t.time("history")
	events, err = t.Store.History(ctx, id, after, limit)
	done(err)
	return events, err
}

func (t timedStore) Resolve(ctx context.Context, r Resolution) (request *Request, err error) {
	done := t.time("resolve")
	request, err = t.Store.Resolve(ctx, r)
	done(err)
	return request, err
}

func (t timedStore) Quarantine(ctx context.Context, q Quarantined) (err error) {
	done := t.time("quarantine")
	err = t.Store.Quarantine(ctx, q)
	done(err)
	return err
}

func (t timedStore) Quarantined(ctx context.Context, f QuarantineFilter) (page *QuarantinePage, err error) {
	done := t.time("quarantined")
	page, err = t.Store.Quarantined(ctx, f)
	done(err)
	return page, err
}

func (t timedStore) Release(ctx context.Context, id string) (err error) {
	done := t.time("release")
	err = t.Store.Release(ctx, id)
	done(err)
	return err
}

func (t timedStore) RecordNotifications(ctx context.Context, notifications []Notification) (err error) {
	done := t.time("record_notifications")
	err = t.Store.RecordNotifications(ctx, notifications)
	done(err)
	return err
}

func (t timedStore) Notifications(ctx context.Context, f NotificationFilter) (list *NotificationList, err error) {
	done := t.time("notifications")
	list, err = t.Store.Notifications(ctx, f)
	done(err)
	return list, err
}

func (t timedStore) Sweep(ctx context.Context) (err error) {
	done := t.time("sweep")
	err = t.Store.Sweep(ctx)
	done(err)
	return err
}

func (t timedStore) Ping(ctx context.Context) (err error) {
	done := t.time(operationPing)
	err = t.Store.Ping(ctx)
	done(err)
	return err
}

func (t timedStore) Statistics(ctx context.Context) (s *Statistics, err error) {
	done := t.time("statistics")
	s, err = t.Store.Statistics(ctx)
	done(err)
	return s, err
}
