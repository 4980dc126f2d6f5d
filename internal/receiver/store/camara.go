package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
	"github.com/qosform/terraform-provider-qos/internal/receiver/batch"
)

// newNotifier lets notifications that come at the same time share a transaction.
func (s *Store) newNotifier() *batch.Batcher[[]receiver.Notification] {
	weigh := func(notifications []receiver.Notification) int { return len(notifications) }
	return batch.New(maxGrouped, weigh, s.recordNotifications).Apart(aboutContent)
}

// RecordNotifications stores notifications, each once: one that came before counts
// one delivery more. While a database server is away, it tries again until
// Options.Hold is over. When it fails, or ctx ends during the write, they may be
// stored all the same.
func (s *Store) RecordNotifications(ctx context.Context, notifications []receiver.Notification) error {
	if len(notifications) == 0 {
		return nil
	}
	return s.hold(ctx, func(ctx context.Context) error { return s.notifier.Do(ctx, notifications) })
}

func (s *Store) recordNotifications(ctx context.Context, take func() [][]receiver.Notification) error {
	ctx, cancel := context.WithTimeout(ctx, s.writeTimeout())
	defer cancel()
	return s.writeUrgent(ctx, func(t *tx) error {
		return t.recordNotifications(ctx, slices.Concat(take()...))
	})
}

const (
	intoNotifications = `camara_notifications (seq, key, received_at, resource_id, status,
		status_info, type, source, event_id, time, deliveries, body)`
	againInNotifications = `ON CONFLICT (key) DO UPDATE SET deliveries = camara_notifications.deliveries + excluded.deliveries
		RETURNING resource_id, seq`
)

func (t *tx) recordNotifications(ctx context.Context, notifications []receiver.Notification) error {
	if len(notifications) == 0 {
		return nil
	}
	first, err := t.reserve(ctx, len(notifications))
	if err != nil {
		return err
	}
	times := map[string]int{}
	for _, n := range notifications {
		times[n.Key()]++
	}
	var rows [][]any
	for i, n := range notifications {
		key := n.Key()
		if times[key] == 0 {
			continue // is among them already
		}
		rows = append(rows, []any{
			first + int64(i), key, n.ReceivedAt.UnixMicro(), n.ResourceID, n.Status,
			n.StatusInfo, n.Type, n.Source, n.EventID, n.Time, times[key], n.Body,
		})
		delete(times, key)
	}
	for block := range blocks(rows) {
		if err := t.storeNotifications(ctx, block, first); err != nil {
			return err
		}
	}
	return nil
}

// storeNotifications tells whoever watches of those that have a place from first on:
// they came for the first time.
func (t *tx) storeNotifications(ctx context.Context, rows [][]any, first int64) error {
	scan := func(rows *sql.Rows) error {
		var resource string
		var place int64
		err := rows.Scan(&resource, &place)
		if err == nil && place >= first {
			t.changed[receiver.NotificationTopic(resource)] = struct{}{}
			t.changed[receiver.NotificationTopic("")] = struct{}{}
		}
		return err
	}
	text, args := t.insertion(intoNotifications, againInNotifications, rows)
	return each(ctx, t, scan, text, args...)
}

// Notifications returns what the filter selects (100 if its limit is not
// positive), oldest first; fewer where the bodies would be too large together.
func (s *Store) Notifications(ctx context.Context, f receiver.NotificationFilter) (*receiver.NotificationList, error) {
	list := &receiver.NotificationList{Notifications: []receiver.Notification{}}
	// Before the look, so that what comes meanwhile has a greater place.
	if err := s.reader.QueryRowContext(ctx, `SELECT sequence FROM meta`).Scan(&list.Latest); err != nil {
		return nil, fmt.Errorf("read the sequence: %w", err)
	}
	w := &where{}
	w.and("seq > " + w.arg(f.After))
	w.equal("resource_id", f.ResourceID)
	size := func(n receiver.Notification) int { return len(n.Body) }
	found, _, err := collectWithin(ctx, s.reader, maxPage, size, scanNotification,
		selectNotifications+w.String()+` ORDER BY seq LIMIT `+w.arg(pageLimit(f.Limit)), w.args...)
	if err != nil {
		return nil, err
	}
	list.Notifications = append(list.Notifications, found...)
	return list, nil
}

const selectNotifications = `SELECT seq, received_at, resource_id, status, status_info, type, source, event_id, time,
	deliveries, body FROM camara_notifications `

func scanNotification(rows *sql.Rows) (n receiver.Notification, err error) {
	var received int64
	err = rows.Scan(&n.Seq, &received, &n.ResourceID, &n.Status, &n.StatusInfo, &n.Type, &n.Source, &n.EventID, &n.Time,
		&n.Deliveries, &n.Body)
	n.ReceivedAt = time.UnixMicro(received).UTC()
	return n, err
}
