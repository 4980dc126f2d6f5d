package store

import (
	"context"
	"database/sql"
	"math"
	"slices"
	"strconv"
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
	for i := 0; r.AccountName == "" && i < len(events); i++ {
		r.AccountName = events[i].AccountName
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

// What is heard of a request that only callbacks know counts up to a bound, so
// that a row which everybody may let grow does not slow down all others. The
// first is kept, not the last: nothing that comes later can then hide it.
const (
	// maxMentions is how many events, and devices in them, count.
	maxMentions = 1000
	// maxStrays is how many events of a subscription under other request ids are
	// looked at.
	maxStrays = 20
)

// eventsOf returns what was heard of a request: under its own id and under the
// ids of its stops, and what came of its subscriptions under an id that nobody
// has. A subscription id may be used again, so it says less than a request id.
func (t *tx) eventsOf(ctx context.Context, r *row, stops []receiver.StopRecord) ([]receiver.Event, error) {
	events, err := t.ownEvents(ctx, r, stops)
	if err != nil {
		return nil, err
	}
	var subscriptions []string
	for _, k := range r.known {
		subscriptions = append(subscriptions, k.QoSSubscriptionID)
	}
	for i := range events {
		if events[i].RequestID == r.RequestID {
			subscriptions = append(subscriptions, events[i].QoSSubscriptionID)
		}
	}
	strays, err := t.strayEvents(ctx, r, distinct(subscriptions))
	return append(events, strays...), err
}

func (t *tx) ownEvents(ctx context.Context, r *row, stops []receiver.StopRecord) ([]receiver.Event, error) {
	requestIDs := []string{r.RequestID}
	for _, s := range stops {
		requestIDs = append(requestIDs, s.RequestID)
	}
	budget := math.MaxInt
	if r.passive() {
		budget = maxMentions
	}
	mentions := func(e receiver.Event) int { return 1 + len(e.DeviceIDs) }
	var events []receiver.Event
	for batch := range slices.Chunk(distinct(requestIDs), itemBatch) {
		var w where
		found, _, err := collectWithin(ctx, t, budget, mentions, scanEvent,
			selectEvents+`'' FROM events WHERE `+w.in("request_id", batch)+` ORDER BY seq`, w.args...)
		if err != nil {
			return nil, err
		}
		events = append(events, found...)
	}
	return events, nil
}

// strayEvents are those of the subscriptions that came under nobody's request id:
// without one, or under that of a stop which was not journalled.
func (t *tx) strayEvents(ctx context.Context, r *row, subscriptions []string) ([]receiver.Event, error) {
	var events []receiver.Event
	for batch := range slices.Chunk(subscriptions, itemBatch) {
		limit := ``
		if r.passive() {
			limit = ` ORDER BY qos_subscription_id, seq LIMIT ` + strconv.Itoa(maxStrays*len(batch))
		}
		w := where{args: []any{r.RequestID}}
		found, err := collect(ctx, t, scanEvent, selectEvents+`'' FROM (SELECT * FROM events
			WHERE `+w.in("qos_subscription_id", batch)+` AND (request_id = '' OR request_id <> $1)`+limit+`) AS stray
			WHERE NOT EXISTS (SELECT 1 FROM requests AS q WHERE q.request_id = stray.request_id AND q.request_id <> '')
			AND NOT EXISTS (SELECT 1 FROM stops AS s WHERE s.request_id = stray.request_id AND s.request_id <> '')`, w.args...)
		if err != nil {
			return nil, err
		}
		events = append(events, found...)
	}
	return events, nil
}

// distinct are the words that are not empty, sorted, each once.
func distinct(words []string) []string {
	words = slices.DeleteFunc(slices.Clone(words), func(w string) bool { return w == "" })
	slices.Sort(words)
	return slices.Compact(words)
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
	qos_event, status, reason, reported_time, ambiguous, authenticated, deliveries, `

// queryEvents returns the events that the rest of the statement selects, without
// their bodies.
func queryEvents(ctx context.Context, q querier, rest string, args ...any) ([]receiver.Event, error) {
	return collect(ctx, q, scanEvent, selectEvents+`'' FROM events `+rest, args...)
}

func scanEvent(rows *sql.Rows) (e receiver.Event, err error) {
	var received int64
	var devices string
	err = rows.Scan(&e.Seq, &received, &e.RequestID, &e.AccountName, &e.QoSSubscriptionID, &devices,
		&e.QoSEvent, &e.Status, &e.Reason, &e.ReportedTime, &e.Ambiguous, &e.Authenticated, &e.Deliveries, &e.Body)
	if err != nil {
		return e, err
	}
	e.ReceivedAt = time.UnixMicro(received).UTC()
	err = decode(devices, &e.DeviceIDs)
	return e, err
}
