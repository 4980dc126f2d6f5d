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

// recordEvents stores events, each once, and notes which requests they are
// about. One that came before counts one delivery more, and is authenticated as
// soon as one of its deliveries was. Events that have a place in the sequence
// keep it. As acknowledgements they count from the place since, if that is
// earlier than their own.
func (t *tx) recordEvents(ctx context.Context, events []receiver.Event, since int64) error {
	if len(events) == 0 {
		return nil
	}
	seq, err := t.reserve(ctx, len(events))
	if err != nil {
		return err
	}
	insert, err := t.PrepareContext(ctx, insertEvent)
	if err != nil {
		return fmt.Errorf("write events: %w", err)
	}
	defer func() { _ = insert.Close() }()
	var news, outgoing []receiver.Event
	for i, e := range events {
		if e.Seq == 0 {
			e.Seq = seq + int64(i)
		}
		first, err := storeEvent(ctx, insert, e)
		if err != nil {
			return err
		}
		if first || e.Authenticated {
			news = append(news, e)
		}
		if e.Forward != nil {
			outgoing = append(outgoing, e)
		}
	}
	if err := t.enqueue(ctx, outgoing); err != nil {
		return err
	}
	if err := t.acknowledge(ctx, news, since); err != nil {
		return err
	}
	return t.attribute(ctx, news, seq)
}

const insertEvent = `INSERT INTO events (seq, key, received_at, request_id, account_name,
	qos_subscription_id, device_ids, qos_event, status, reason, reported_time, makes_request, ambiguous,
	authenticated, deliveries, body)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, 1, $15)
	ON CONFLICT (key) DO UPDATE SET deliveries = events.deliveries + 1,
	authenticated = (events.authenticated OR excluded.authenticated),
	seq = CASE WHEN excluded.seq < events.seq THEN excluded.seq ELSE events.seq END
	RETURNING deliveries`

// storeEvent reports whether the event came for the first time.
func storeEvent(ctx context.Context, insert *sql.Stmt, e receiver.Event) (first bool, err error) {
	devices, err := json.Marshal(e.DeviceIDs)
	if err != nil {
		return false, fmt.Errorf("encode the devices of an event: %w", err)
	}
	var deliveries int
	err = insert.QueryRowContext(ctx,
		e.Seq, e.Key(), e.ReceivedAt.UnixMicro(), e.RequestID, e.AccountName, e.QoSSubscriptionID,
		string(devices), e.QoSEvent, e.Status, e.Reason, e.ReportedTime, e.MakesRequest(), e.Ambiguous,
		e.Authenticated, e.Body).Scan(&deliveries)
	if err != nil {
		return false, fmt.Errorf("write an event: %w", err)
	}
	return deliveries == 1, nil
}

// acknowledge notes for which devices requests were acknowledged, and from when
// on. Events that are stored together have one place for that: nothing else can
// have come between them.
func (t *tx) acknowledge(ctx context.Context, events []receiver.Event, since int64) error {
	type request struct{ account, id string }
	first := map[request]int64{}
	devices := map[request][]receiver.Device{}
	for _, e := range events {
		if !e.Acknowledges() || e.RequestID == "" || len(e.DeviceIDs) == 0 {
			continue
		}
		r := request{e.AccountName, e.RequestID}
		if seq, seen := first[r]; !seen || e.Seq < seq {
			first[r] = min(e.Seq, since)
		}
		devices[r] = append(devices[r], e.DeviceIDs...)
	}
	for r, named := range devices {
		keys := receiver.DeviceKeys(named)
		t.mayGain(r.account, keys)
		err := t.insertEach(ctx, "acknowledgements", "account_name, request_id, seq, device_key",
			`ON CONFLICT (account_name, device_key, request_id) DO UPDATE SET
			seq = CASE WHEN excluded.seq < acknowledgements.seq THEN excluded.seq ELSE acknowledgements.seq END`,
			keys, r.account, r.id, first[r])
		if err != nil {
			return err
		}
	}
	return nil
}

// attribute notes which requests the events are about, by their request ids
// first. A request id that nobody has makes a request of its own, if an event
// says that it is one; else the subscription ids tell. Events with a place before
// first may have counted for somebody else until now.
func (t *tx) attribute(ctx context.Context, events []receiver.Event, first int64) error {
	var ids []string
	for i := range events {
		ids = append(ids, events[i].RequestID)
	}
	held, err := t.held(ctx, distinct(ids))
	if err != nil {
		return err
	}
	if err := t.staleByRequestID(ctx, held); err != nil {
		return err
	}
	has := map[string]bool{}
	for _, id := range held {
		has[id] = true
	}
	for _, e := range events {
		if has[e.RequestID] || !e.MakesRequest() {
			continue
		}
		has[e.RequestID] = true
		if err := t.revealRequest(ctx, e.RequestID); err != nil {
			return err
		}
		if err := t.reattribute(ctx, e.RequestID, first); err != nil {
			return err
		}
	}
	var strays []string
	for i := range events {
		if !has[events[i].RequestID] {
			strays = append(strays, events[i].QoSSubscriptionID)
		}
	}
	for batch := range slices.Chunk(distinct(strays), itemBatch) {
		var w where
		err := t.markStale(ctx, `SELECT request FROM request_subscriptions WHERE `+w.in("qos_subscription_id", batch), w.args...)
		if err != nil {
			return err
		}
	}
	return nil
}

// held are those of the request ids that a request or a stop has.
func (t *tx) held(ctx context.Context, requestIDs []string) ([]string, error) {
	var held []string
	for batch := range slices.Chunk(requestIDs, itemBatch) {
		var w where
		among := w.in("request_id", batch)
		found, err := queryStrings(ctx, t, `SELECT request_id FROM requests WHERE `+among+` AND request_id <> ''
			UNION SELECT request_id FROM stops WHERE `+among, w.args...)
		if err != nil {
			return nil, err
		}
		held = append(held, found...)
	}
	return held, nil
}

func (t *tx) staleByRequestID(ctx context.Context, requestIDs []string) error {
	for batch := range slices.Chunk(requestIDs, itemBatch) {
		var w where
		among := w.in("request_id", batch)
		err := t.markStale(ctx, `SELECT id FROM requests WHERE `+among+` AND request_id <> ''
			UNION SELECT request FROM stops WHERE `+among, w.args...)
		if err != nil {
			return err
		}
	}
	return nil
}

// revealRequest makes a row for a request that is known only from callbacks, if
// there is one by that id and no row has it.
func (t *tx) revealRequest(ctx context.Context, requestID string) error {
	held, err := t.held(ctx, []string{requestID})
	if err != nil || len(held) > 0 {
		return err
	}
	making, err := queryEvents(ctx, t, `WHERE request_id = $1 AND makes_request ORDER BY seq LIMIT 1`, requestID)
	if err != nil {
		return err
	}
	if len(making) > 0 {
		r, err := t.newRow(ctx, receiver.OriginCallback, making[0].AccountName)
		if err != nil {
			return err
		}
		r.State = receiver.StateAccepted
		r.RequestID, r.RequestIDSource = requestID, receiver.SourceCallback
		accepted := making[0].ReceivedAt
		r.AcceptedAt = &accepted
		return t.save(ctx, r)
	}
	return nil
}

// giveUp is to be called when nothing that was journalled has the request id any
// more.
func (t *tx) giveUp(ctx context.Context, requestID string) error {
	if requestID == "" {
		return nil
	}
	if err := t.revealRequest(ctx, requestID); err != nil {
		return err
	}
	return t.reattribute(ctx, requestID, math.MaxInt64)
}

// reattribute is to be called when a request id has got another owner, or lost
// it: the events under it, up to a place in the sequence, count for others then.
func (t *tx) reattribute(ctx context.Context, requestID string, before int64) error {
	return t.markStale(ctx, `SELECT DISTINCT s.request FROM events AS e
		JOIN request_subscriptions AS s ON s.qos_subscription_id = e.qos_subscription_id
		WHERE e.request_id = $1 AND e.seq < $2 AND e.qos_subscription_id <> ''`, requestID, before)
}
