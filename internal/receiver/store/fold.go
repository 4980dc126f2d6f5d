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

// fold lets the rows say what their events say.
func (t *tx) fold(ctx context.Context, rows []*row) error {
	stops, err := t.stops(ctx, rows)
	if err != nil {
		return err
	}
	events, err := t.eventsOf(ctx, rows, stops)
	if err != nil {
		return err
	}
	for _, r := range rows {
		r.hear(events[r.ID], stops[r.ID])
	}
	return nil
}

// hear lets the row say what these events and stops say.
func (r *row) hear(events []receiver.Event, stops []receiver.StopRecord) {
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

// heardOf is what was heard of requests, by their journal ids.
type heardOf map[string][]receiver.Event

// eventsOf returns what was heard of requests: under their own ids and under the
// ids of their stops, and what came of their subscriptions under an id that nobody
// has. A subscription id may be used again, so it says less than a request id.
func (t *tx) eventsOf(ctx context.Context, rows []*row, stops map[string][]receiver.StopRecord) (heardOf, error) {
	events, err := t.ownEvents(ctx, rows, stops)
	if err != nil {
		return nil, err
	}
	subscriptions := make(map[string][]string, len(rows))
	for _, r := range rows {
		subscriptions[r.ID] = subscriptionsOf(r, events[r.ID])
	}
	own := ownIDs(rows)
	straying, err := t.straying(ctx, rows, subscriptions, own)
	if err != nil {
		return nil, err
	}
	for _, r := range straying {
		strays, err := t.strayEvents(ctx, r, subscriptions[r.ID])
		if err != nil {
			return nil, err
		}
		// Those of rows that are only now about to be written are not nobody's.
		strays = filter(strays, func(e receiver.Event) bool { return !slices.Contains(own, e.RequestID) })
		events[r.ID] = append(events[r.ID], strays...)
	}
	return events, nil
}

func ownIDs(rows []*row) []string {
	var ids []string
	for _, r := range rows {
		ids = append(ids, r.RequestID)
	}
	return distinct(ids)
}

// subscriptionsOf are the ids of a request's subscriptions.
func subscriptionsOf(r *row, events []receiver.Event) []string {
	var subscriptions []string
	for _, k := range r.known {
		subscriptions = append(subscriptions, k.QoSSubscriptionID)
	}
	for i := range events {
		if events[i].RequestID == r.RequestID {
			subscriptions = append(subscriptions, events[i].QoSSubscriptionID)
		}
	}
	return distinct(subscriptions)
}

// ownEvents reads the events of many requests together, as long as they are not so
// many that the bound of each matters.
func (t *tx) ownEvents(ctx context.Context, rows []*row, stops map[string][]receiver.StopRecord) (heardOf, error) {
	var all []string
	for _, r := range rows {
		all = append(all, requestIDsOf(r, stops[r.ID])...)
	}
	events, more, err := t.eventsUnder(ctx, distinct(all), maxMentions)
	if err != nil {
		return nil, err
	}
	if !more {
		return sharedOut(rows, stops, events), nil
	}
	heard := make(heardOf, len(rows))
	for _, r := range rows {
		budget := math.MaxInt
		if r.passive() {
			budget = maxMentions
		}
		if heard[r.ID], _, err = t.eventsUnder(ctx, requestIDsOf(r, stops[r.ID]), budget); err != nil {
			return nil, err
		}
	}
	return heard, nil
}

// sharedOut gives each of the rows the events under its request ids.
func sharedOut(rows []*row, stops map[string][]receiver.StopRecord, events []receiver.Event) heardOf {
	under := map[string][]receiver.Event{}
	for _, e := range events {
		under[e.RequestID] = append(under[e.RequestID], e)
	}
	heard := make(heardOf, len(rows))
	for _, r := range rows {
		for _, id := range requestIDsOf(r, stops[r.ID]) {
			heard[r.ID] = append(heard[r.ID], under[id]...)
		}
	}
	return heard
}

// requestIDsOf are a request's own id and those of its stops.
func requestIDsOf(r *row, stops []receiver.StopRecord) []string {
	ids := []string{r.RequestID}
	for _, s := range stops {
		ids = append(ids, s.RequestID)
	}
	return distinct(ids)
}

// eventsUnder returns the first events under each of the request ids, and whether
// there are more than the budget.
func (t *tx) eventsUnder(ctx context.Context, requestIDs []string, budget int) (events []receiver.Event, more bool, err error) {
	mentions := func(e receiver.Event) int { return 1 + len(e.DeviceIDs) }
	err = inBatches(requestIDs, func(batch []string) error {
		var w where
		found, cut, err := collectWithin(ctx, t, budget, mentions, scanEvent,
			selectCounted+`FROM events WHERE `+w.in("request_id", batch)+` ORDER BY seq`, w.args...)
		events, more = append(events, found...), more || cut
		return err
	})
	return events, more, err
}

// straying are those of the rows whose subscriptions have events under an id that is
// none of the rows' own. There are hardly ever any.
func (t *tx) straying(ctx context.Context, rows []*row, subscriptions map[string][]string, own []string) ([]*row, error) {
	var all []string
	for _, r := range rows {
		all = append(all, subscriptions[r.ID]...)
	}
	if len(own) > itemBatch {
		return rows, nil
	}
	elsewhere := map[string]bool{}
	err := inBatches(distinct(all), func(batch []string) error {
		var w where
		found, err := queryStrings(ctx, t, `SELECT named.column1 FROM (`+w.values(batch)+`) AS named WHERE EXISTS
			(SELECT 1 FROM events AS e WHERE e.qos_subscription_id = named.column1 AND NOT `+w.in("e.request_id", own)+`)`, w.args...)
		for _, id := range found {
			elsewhere[id] = true
		}
		return err
	})
	return filter(rows, func(r *row) bool {
		return slices.ContainsFunc(subscriptions[r.ID], func(id string) bool { return elsewhere[id] })
	}), err
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
		found, err := collect(ctx, t, scanEvent, selectCounted+`FROM (SELECT * FROM events
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

// stops returns those of the rows, by their journal ids.
func (t *tx) stops(ctx context.Context, rows []*row) (map[string][]receiver.StopRecord, error) {
	stops := map[string][]receiver.StopRecord{}
	var ids []string
	for _, r := range rows {
		ids = append(ids, r.ID)
	}
	scan := func(rows *sql.Rows) error {
		request, s, err := scanStop(rows)
		stops[request] = append(stops[request], s)
		return err
	}
	err := inBatches(ids, func(batch []string) error {
		var w where
		return each(ctx, t, scan, `SELECT request, id, seq, qos_subscription_id, state, request_id, reason, created_at
			FROM stops WHERE `+w.in("request", batch)+` ORDER BY seq`, w.args...)
	})
	return stops, err
}

func scanStop(rows *sql.Rows) (request string, s receiver.StopRecord, err error) {
	var created int64
	err = rows.Scan(&request, &s.ID, &s.Seq, &s.QoSSubscriptionID, &s.State, &s.RequestID, &s.Reason, &created)
	s.CreatedAt = time.UnixMicro(created).UTC()
	return request, s, err
}

const (
	eventColumns = `received_at, request_id, account_name, qos_subscription_id, device_ids,
	qos_event, status, reason, reported_time, ambiguous, authenticated, deliveries, `
	selectEvents = `SELECT seq, ` + eventColumns
	// selectCounted selects events, without their bodies, with the place at which they
	// count.
	selectCounted = `SELECT COALESCE(came, seq), ` + eventColumns + `'' `
)

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
