package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"math"
	"slices"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
)

// asTheyCome is the place since which events came that are stored at once: their
// own.
const asTheyCome = math.MaxInt64

// arrival is an event that is to be stored.
type arrival struct {
	receiver.Event
	// since is the place from which on it counts as an acknowledgement, if that is
	// earlier than its own.
	since int64
	// came is the place at which it counts in all else, nil for its own.
	came *int64

	key        string
	begins     bool // is the first of its callback
	times      int  // how often it comes
	deliveries int  // how often it has come, this time included
}

// arrivedSince are the events of one callback.
func arrivedSince(events []receiver.Event, since int64) []arrival {
	arrivals := make([]arrival, 0, len(events))
	for i, e := range events {
		arrivals = append(arrivals, arrival{Event: e, since: since, key: e.Key(), begins: i == 0, times: 1})
	}
	return arrivals
}

// recordEvents stores events, each once, and notes which requests they are
// about. One that came before counts one delivery more, and is authenticated as
// soon as one of its deliveries was.
func (t *tx) recordEvents(ctx context.Context, arrivals []arrival) error {
	if len(arrivals) == 0 {
		return nil
	}
	first, err := t.reserve(ctx, len(arrivals))
	if err != nil {
		return err
	}
	for i := range arrivals {
		arrivals[i].Seq = first + int64(i)
	}
	if err := t.storeEvents(ctx, arrivals); err != nil {
		return err
	}
	if err := t.enqueue(ctx, passing(arrivals)); err != nil {
		return err
	}
	news := filter(arrivals, func(a arrival) bool { return a.deliveries == 1 || a.Authenticated })
	if err := t.acknowledge(ctx, news); err != nil {
		return err
	}
	return t.attribute(ctx, news, first)
}

// distinctArrivals makes one of those that are the same event.
func distinctArrivals(arrivals []arrival) []arrival {
	places := make(map[string]int, len(arrivals))
	kept := make([]arrival, 0, len(arrivals))
	for _, a := range arrivals {
		place, again := places[a.key]
		if !again {
			places[a.key] = len(kept)
			kept = append(kept, a)
			continue
		}
		first := &kept[place]
		first.times += a.times
		first.since = min(first.since, a.since)
		first.Authenticated = first.Authenticated || a.Authenticated
	}
	return kept
}

const (
	intoEvents = `events (seq, key, received_at, request_id, account_name, qos_subscription_id, device_ids,
		qos_event, status, reason, reported_time, makes_request, ambiguous, authenticated, deliveries, body, came)`
	againInEvents = `ON CONFLICT (key) DO UPDATE SET deliveries = events.deliveries + excluded.deliveries,
		authenticated = (events.authenticated OR excluded.authenticated),
		came = CASE WHEN excluded.came < COALESCE(events.came, events.seq) THEN excluded.came ELSE events.came END
		RETURNING key, deliveries`
)

// storeEvents notes how often each of them has come.
func (t *tx) storeEvents(ctx context.Context, arrivals []arrival) error {
	var rows [][]any
	for _, a := range distinctArrivals(arrivals) {
		devices, err := json.Marshal(a.DeviceIDs)
		if err != nil {
			return fmt.Errorf("encode the devices of an event: %w", err)
		}
		rows = append(rows, []any{
			a.Seq, a.key, a.ReceivedAt.UnixMicro(), a.RequestID, a.AccountName, a.QoSSubscriptionID, string(devices),
			a.QoSEvent, a.Status, a.Reason, a.ReportedTime, a.MakesRequest(), a.Ambiguous, a.Authenticated, a.times, a.Body, a.came,
		})
	}
	deliveries := make(map[string]int, len(rows))
	scan := func(rows *sql.Rows) error {
		var key string
		var count int
		err := rows.Scan(&key, &count)
		deliveries[key] = count
		return err
	}
	for block := range blocks(rows) {
		text, args := t.insertion(intoEvents, againInEvents, block)
		if err := each(ctx, t, scan, text, args...); err != nil {
			return err
		}
	}
	for i := range slices.Backward(arrivals) {
		key := arrivals[i].key
		arrivals[i].deliveries = deliveries[key]
		deliveries[key]--
	}
	return nil
}

// acknowledge notes for which devices requests were acknowledged, from when on, and
// whether with credentials. What is stored together of one request counts from the
// earliest place of it.
func (t *tx) acknowledge(ctx context.Context, events []arrival) error {
	type request struct{ account, id string }
	var named []request
	since := map[request]int64{}
	devices, vouched := map[request][]receiver.Device{}, map[request][]receiver.Device{}
	for _, e := range events {
		if !e.Acknowledges() || e.RequestID == "" || len(e.DeviceIDs) == 0 {
			continue
		}
		r := request{e.AccountName, e.RequestID}
		place := min(e.Seq, e.since)
		earliest, seen := since[r]
		if !seen {
			named = append(named, r)
		}
		if !seen || place < earliest {
			since[r] = place
		}
		devices[r] = append(devices[r], e.DeviceIDs...)
		if e.Authenticated {
			vouched[r] = append(vouched[r], e.DeviceIDs...)
		}
	}
	var rows [][]any
	for _, r := range named {
		keys, certain := receiver.DeviceKeys(devices[r]), receiver.DeviceKeys(vouched[r])
		t.mayGain(r.account, keys)
		for _, key := range keys {
			rows = append(rows, []any{r.account, r.id, since[r], key, slices.Contains(certain, key)})
		}
	}
	return t.insertRows(ctx, `acknowledgements (account_name, request_id, seq, device_key, vouched)`,
		`ON CONFLICT (account_name, device_key, request_id) DO UPDATE SET
		vouched = (acknowledgements.vouched OR excluded.vouched),
		seq = CASE WHEN excluded.seq < acknowledgements.seq THEN excluded.seq ELSE acknowledgements.seq END`, rows)
}
