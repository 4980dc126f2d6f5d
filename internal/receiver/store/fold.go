package store

import (
	"context"
	"database/sql"
	"slices"
	"time"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
)

// fold lets the row say what its events say.
func (t *tx) fold(ctx context.Context, r *row) error {
	stops, err := t.stops(ctx, r.ID)
	if err != nil {
		return err
	}
	events, err := t.eventsOf(ctx, r, stops)
	if err != nil {
		return err
	}
	heard := receiver.Heard{RequestID: r.RequestID, Devices: r.Devices, Known: r.known, Events: events, Stops: stops}
	if r.Origin == receiver.OriginCallback {
		heard.Devices = nil // those heard of so far need not be all
	}
	outcome := receiver.Fold(heard)
	r.Subscriptions = outcome.Subscriptions
	r.Status, r.statusReason = outcome.Status, outcome.Reason
	r.LastEvent, r.ReportedTime = outcome.LastEvent, outcome.ReportedTime
	if r.Origin == receiver.OriginCallback {
		r.Devices = devicesOf(outcome.Subscriptions)
	}
	r.Authenticated = r.Origin != receiver.OriginCallback || r.Claim != "" ||
		slices.ContainsFunc(events, func(e receiver.Event) bool { return e.Authenticated })
	return nil
}

func devicesOf(subscriptions []receiver.Subscription) []receiver.Device {
	var devices []receiver.Device
	for _, s := range subscriptions {
		if d := (receiver.Device{ID: s.DeviceID, Kind: s.DeviceKind}); d.ID != "" {
			devices = append(devices, d)
		}
	}
	return slices.CompactFunc(devices, func(a, b receiver.Device) bool { return a.ID == b.ID })
}

// eventsOf returns what was heard of a request: under its own id, under the ids
// of its stops, and of its subscriptions under whatever id.
func (t *tx) eventsOf(ctx context.Context, r *row, stops []receiver.StopRecord) ([]receiver.Event, error) {
	var requestIDs, subscriptions []string
	if r.RequestID != "" {
		requestIDs = append(requestIDs, r.RequestID)
	}
	for _, s := range stops {
		subscriptions = append(subscriptions, s.QoSSubscriptionID)
		if s.RequestID != "" {
			requestIDs = append(requestIDs, s.RequestID)
		}
	}
	for _, k := range r.known {
		if k.QoSSubscriptionID != "" {
			subscriptions = append(subscriptions, k.QoSSubscriptionID)
		}
	}
	if len(requestIDs) == 0 && len(subscriptions) == 0 {
		return nil, nil
	}
	var w where
	w.args = append(w.args, r.RequestID)
	return queryEvents(ctx, t, `WHERE `+w.in("request_id", requestIDs)+` OR `+
		w.in("qos_subscription_id", subscriptions)+` OR qos_subscription_id IN (SELECT qos_subscription_id
		FROM events WHERE request_id = $1 AND request_id <> '' AND qos_subscription_id <> '')`, w.args...)
}

func (t *tx) stops(ctx context.Context, id string) ([]receiver.StopRecord, error) {
	return collect(ctx, t, scanStop, `SELECT id, seq, qos_subscription_id, state, request_id, reason, created_at
		FROM stops WHERE request = $1 ORDER BY seq`, id)
}

func scanStop(rows *sql.Rows) (s receiver.StopRecord, err error) {
	var created int64
	err = rows.Scan(&s.ID, &s.Seq, &s.QoSSubscriptionID, &s.State, &s.RequestID, &s.Reason, &created)
	s.CreatedAt = time.UnixMicro(created).UTC()
	return s, err
}

const selectEvents = `SELECT seq, received_at, request_id, account_name, qos_subscription_id, device_ids,
	qos_event, status, reason, reported_time, authenticated, deliveries, `

// queryEvents returns the events that the rest of the statement selects, without
// their bodies.
func queryEvents(ctx context.Context, q querier, rest string, args ...any) ([]receiver.Event, error) {
	return collect(ctx, q, scanEvent, selectEvents+`'' FROM events `+rest, args...)
}

func scanEvent(rows *sql.Rows) (e receiver.Event, err error) {
	var received int64
	var devices string
	err = rows.Scan(&e.Seq, &received, &e.RequestID, &e.AccountName, &e.QoSSubscriptionID, &devices,
		&e.QoSEvent, &e.Status, &e.Reason, &e.ReportedTime, &e.Authenticated, &e.Deliveries, &e.Body)
	if err != nil {
		return e, err
	}
	e.ReceivedAt = time.UnixMicro(received).UTC()
	err = decode(devices, &e.DeviceIDs)
	return e, err
}
