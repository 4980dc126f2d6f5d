package store

import (
	"context"
	"database/sql"
	"math"
	"time"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
)

// attribute notes which requests the events are about, by their request ids
// first. A request id that nobody has makes a request of its own, if an event
// says that it is one; else the subscription ids tell. Events with a place before
// first may have counted for somebody else until now.
func (t *tx) attribute(ctx context.Context, events []arrival, first int64) error {
	var ids []string
	for i := range events {
		ids = append(ids, events[i].RequestID)
	}
	has, err := t.staleByRequestID(ctx, distinct(ids))
	if err != nil {
		return err
	}
	var fresh, strays []string
	for i := range events {
		if e := &events[i]; e.MakesRequest() && !has[e.RequestID] {
			has[e.RequestID] = true
			fresh = append(fresh, e.RequestID)
		}
	}
	if err := t.revealRequests(ctx, fresh); err != nil {
		return err
	}
	if err := t.reattribute(ctx, fresh, first); err != nil {
		return err
	}
	for i := range events {
		if !has[events[i].RequestID] {
			strays = append(strays, events[i].QoSSubscriptionID)
		}
	}
	return inBatches(distinct(strays), func(batch []string) error {
		var w where
		return t.markStale(ctx, `SELECT request FROM request_subscriptions WHERE `+w.in("qos_subscription_id", batch), w.args...)
	})
}

// staleByRequestID notes whose request ids these are, and returns those that a
// request or a stop has.
func (t *tx) staleByRequestID(ctx context.Context, requestIDs []string) (held map[string]bool, err error) {
	held = map[string]bool{}
	scan := func(rows *sql.Rows) error {
		var requestID, id string
		err := rows.Scan(&requestID, &id)
		held[requestID], t.stale[id] = true, struct{}{}
		return err
	}
	err = inBatches(requestIDs, func(batch []string) error {
		var w where
		among := w.in("request_id", batch)
		return each(ctx, t, scan, `SELECT request_id, id FROM requests WHERE `+among+` AND request_id <> ''
			UNION SELECT request_id, request FROM stops WHERE `+among, w.args...)
	})
	return held, err
}

// revealRequests makes rows for requests that are known only from callbacks, as far
// as there are any by these ids, which no row has.
func (t *tx) revealRequests(ctx context.Context, requestIDs []string) error {
	var making []revealing
	err := inBatches(requestIDs, func(batch []string) error {
		var w where
		found, err := collect(ctx, t, scanRevealing, `SELECT request_id, account_name, received_at FROM events WHERE seq IN
			(SELECT MIN(seq) FROM events WHERE makes_request AND `+w.in("request_id", batch)+` GROUP BY request_id) ORDER BY seq`, w.args...)
		making = append(making, found...)
		return err
	})
	if err != nil || len(making) == 0 {
		return err
	}
	rows, err := t.newRows(ctx, receiver.OriginCallback, len(making))
	if err != nil {
		return err
	}
	for i, m := range making {
		r := rows[i]
		r.AccountName = m.account
		r.State = receiver.StateAccepted
		r.RequestID, r.RequestIDSource = m.requestID, receiver.SourceCallback
		r.AcceptedAt = &m.received
	}
	return t.save(ctx, rows...)
}

// revealing is what the first event that says so tells of a request.
type revealing struct {
	requestID, account string
	received           time.Time
}

func scanRevealing(rows *sql.Rows) (r revealing, err error) {
	var received int64
	err = rows.Scan(&r.requestID, &r.account, &received)
	r.received = time.UnixMicro(received).UTC()
	return r, err
}

// giveUp is to be called when nothing that was journalled has the request id any
// more.
func (t *tx) giveUp(ctx context.Context, requestID string) error {
	if requestID == "" {
		return nil
	}
	held, err := t.staleByRequestID(ctx, []string{requestID})
	if err != nil {
		return err
	}
	if !held[requestID] {
		if err := t.revealRequests(ctx, []string{requestID}); err != nil {
			return err
		}
	}
	return t.reattribute(ctx, []string{requestID}, math.MaxInt64)
}

// reattribute is to be called when request ids have got another owner, or lost
// it: the events under them, up to a place in the sequence, count for others then.
func (t *tx) reattribute(ctx context.Context, requestIDs []string, before int64) error {
	return inBatches(requestIDs, func(batch []string) error {
		w := where{args: []any{before}}
		return t.markStale(ctx, `SELECT DISTINCT s.request FROM events AS e
			JOIN request_subscriptions AS s ON s.qos_subscription_id = e.qos_subscription_id
			WHERE `+w.in("e.request_id", batch)+` AND e.seq < $1 AND e.qos_subscription_id <> ''`, w.args...)
	})
}
