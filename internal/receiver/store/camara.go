package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
	"github.com/qosform/terraform-provider-qos/internal/receiver/batch"
)

// newNotifier lets notifications that come at the same time share a transaction.
func (s *Store) newNotifier() *batch.Batcher[[]receiver.Notification] {
	weigh := func(notifications []receiver.Notification) int { return len(notifications) }
	return batch.New(maxGrouped, weigh, s.recordNotifications)
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
		for _, group := range take() {
			if err := t.recordNotifications(ctx, group); err != nil {
				return err
			}
		}
		return nil
	})
}

const insertNotification = `INSERT INTO camara_notifications (seq, key, received_at, resource_id, status,
	status_info, type, source, event_id, time, deliveries, body)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 1, $11)
	ON CONFLICT (key) DO UPDATE SET deliveries = camara_notifications.deliveries + 1
	RETURNING deliveries`

func (t *tx) recordNotifications(ctx context.Context, notifications []receiver.Notification) error {
	first, err := t.reserve(ctx, len(notifications))
	if err != nil {
		return err
	}
	for i, n := range notifications {
		var deliveries int
		err := t.QueryRowContext(ctx, insertNotification,
			first+int64(i), n.Key(), n.ReceivedAt.UnixMicro(), n.ResourceID, n.Status,
			n.StatusInfo, n.Type, n.Source, n.EventID, n.Time, n.Body).Scan(&deliveries)
		if err != nil {
			return fmt.Errorf("write a notification: %w", err)
		}
		if deliveries == 1 {
			t.changed[receiver.NotificationTopic(n.ResourceID)] = struct{}{}
			t.changed[receiver.NotificationTopic("")] = struct{}{}
		}
	}
	return nil
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
