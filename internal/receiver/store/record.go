package store

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
)

// Record stores the events of one callback, each once, and brings the requests
// that they are about up to date. One that came before counts one delivery more,
// and is authenticated as soon as one of its deliveries was.
func (s *Store) Record(ctx context.Context, events []receiver.Event) error {
	if len(events) == 0 {
		return nil
	}
	return s.write(ctx, func(t *tx) error { return t.recordEvents(ctx, events) })
}

func (t *tx) recordEvents(ctx context.Context, events []receiver.Event) error {
	for _, e := range events {
		if err := t.insertEvent(ctx, e); err != nil {
			return err
		}
		if err := t.applyEvent(ctx, e); err != nil {
			return err
		}
	}
	return nil
}

// applyEvent brings up to date what a stored event may say something about.
func (t *tx) applyEvent(ctx context.Context, e receiver.Event) error {
	t.unsettled = t.unsettled || e.Acknowledges()
	touched, err := queryRows(ctx, t, `WHERE request_id = $1 AND request_id <> ''
		OR id IN (SELECT request FROM stops WHERE request_id = $1 AND request_id <> '')
		OR id IN (SELECT request FROM request_subscriptions WHERE qos_subscription_id = $2)
		ORDER BY created_seq`, e.RequestID, e.QoSSubscriptionID)
	if err != nil {
		return err
	}
	if len(touched) == 0 && e.MakesRequest() {
		return t.revealRequest(ctx, e.RequestID)
	}
	for _, r := range touched {
		if err := t.save(ctx, r); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) insertEvent(ctx context.Context, e receiver.Event) error {
	devices, err := json.Marshal(e.DeviceIDs)
	if err != nil {
		return fmt.Errorf("encode the devices of an event: %w", err)
	}
	seq, err := t.next(ctx)
	if err != nil {
		return err
	}
	return t.exec(ctx, `INSERT INTO events (seq, key, received_at, request_id, account_name,
		qos_subscription_id, device_ids, qos_event, status, reason, reported_time, acknowledges,
		authenticated, deliveries, body)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 1, $14)
		ON CONFLICT (key) DO UPDATE SET deliveries = events.deliveries + 1,
		authenticated = (events.authenticated OR excluded.authenticated)`,
		seq, e.Key(), e.ReceivedAt.UnixMicro(), e.RequestID, e.AccountName, e.QoSSubscriptionID,
		string(devices), e.QoSEvent, e.Status, e.Reason, e.ReportedTime, e.Acknowledges(),
		e.Authenticated, e.Body)
}

// Events returns up to limit events (100 if it is not positive) with a greater
// sequence number than after, oldest first.
func (s *Store) Events(ctx context.Context, after int64, limit int) ([]receiver.Event, error) {
	if limit <= 0 {
		limit = defaultLimit
	}
	return collect(ctx, s.reader, scanEvent,
		selectEvents+`body FROM events WHERE seq > $1 ORDER BY seq LIMIT $2`, after, limit)
}
