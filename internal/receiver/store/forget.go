package store

import (
	"context"
	"database/sql"
	"time"
)

const (
	// forgetInterval is how often it is looked for what can be forgotten: there may be
	// much that can not, and nothing is urgent. Where that did not come to its end
	// within a forgetVisit, it goes on after a forgetPause: other work waits meanwhile.
	forgetInterval = time.Hour
	forgetPause    = 10 * time.Second
	forgetVisit    = 2 * time.Second
	// forgetBatch bounds how long forgetting holds up other writers.
	forgetBatch = 200
	// forgetAfter is how old must be what nobody vouched for, however short the
	// retention is: a device may be off for long between an acknowledgement, which may
	// be all that names it, and the next callback.
	forgetAfter = 400 * 24 * time.Hour

	// forgettableRequests are those that strangers may have made up: no callback about
	// them ever came with credentials, none came lately, they have ended, no Terraform
	// state and no stop knows them, they are not what a request of unknown outcome may
	// have made, and no event of theirs is about another's subscription.
	forgettableRequests = `NOT authenticated AND NOT live AND created_at < $1 AND returned_at IS NULL AND last_read_at IS NULL
		AND NOT EXISTS (SELECT 1 FROM stops AS s WHERE s.request = requests.id)
		AND NOT EXISTS (SELECT 1 FROM stops AS s WHERE s.request_id = requests.request_id)
		AND NOT EXISTS (SELECT 1 FROM events AS e WHERE e.request_id = requests.request_id AND (e.authenticated OR e.received_at >= $1))
		AND NOT EXISTS (SELECT 1 FROM events AS e JOIN request_subscriptions AS i ON i.qos_subscription_id = e.qos_subscription_id
			JOIN requests AS q ON q.id = i.request
			WHERE e.request_id = requests.request_id AND (q.origin <> 'callback' OR q.claim <> ''))
		AND NOT ` + maybeAnIntents

	// forgettableEvents are those that came without credentials and are about nothing
	// that anybody knows.
	forgettableEvents = `NOT authenticated AND received_at < $1
		AND NOT EXISTS (SELECT 1 FROM requests AS q WHERE q.request_id = events.request_id AND q.request_id <> '')
		AND NOT EXISTS (SELECT 1 FROM stops AS s WHERE s.request_id = events.request_id AND s.request_id <> '')
		AND NOT EXISTS (SELECT 1 FROM request_subscriptions AS i WHERE i.qos_subscription_id = events.qos_subscription_id)`
)

// forgetting is how far the look for what can be forgotten has come.
type forgetting struct {
	due time.Time // to go on
	at  page      // among the events
}

// sweepUnvouched drops what is old and nobody ever vouched for, so that strangers
// cannot let the database grow without end.
func (s *Store) sweepUnvouched(ctx context.Context) error {
	now := s.now()
	var last forgetting
	if f := s.forget.Load(); f != nil {
		last = *f
	}
	if now.Before(last.due) {
		return nil
	}
	next := forgetting{due: now.Add(forgetPause), at: last.at}
	defer func() { s.forget.Store(&next) }()
	visit, cancel := context.WithTimeout(ctx, s.options.visit)
	defer cancel()
	cutoff := now.Add(-max(s.options.Retention, forgetAfter)).UnixMicro()
	done, err := s.forgetRequests(ctx, visit, cutoff)
	if err != nil || !done {
		return err
	}
	next.at, done, err = s.forgetEvents(ctx, visit, last.at, cutoff)
	if done {
		next = forgetting{due: now.Add(forgetInterval)}
	}
	return err
}

// forgetRequests drops requests with all that was heard of them, until the visit is
// over. What it has begun it finishes: a statement that is cut off costs a connection.
func (s *Store) forgetRequests(ctx, visit context.Context, cutoff int64) (done bool, err error) {
	for {
		left, err := s.exists(ctx, "requests", forgettableRequests, cutoff)
		if err != nil || !left {
			return err == nil, err
		}
		err = s.write(ctx, func(t *tx) error { return t.forgetRequests(ctx, cutoff) })
		if err != nil || over(visit) {
			return false, err
		}
	}
}

func (t *tx) forgetRequests(ctx context.Context, cutoff int64) error {
	var ids, requestIDs []string
	scan := func(rows *sql.Rows) error {
		var id, requestID string
		err := rows.Scan(&id, &requestID)
		ids, requestIDs = append(ids, id), append(requestIDs, requestID)
		return err
	}
	err := each(ctx, t, scan, `SELECT id, request_id FROM requests WHERE `+forgettableRequests+` LIMIT $2`, cutoff, forgetBatch)
	if err != nil {
		return err
	}
	for _, id := range ids {
		t.changed[id] = struct{}{}
	}
	if err := t.deleteEach(ctx, "events", "request_id", requestIDs); err != nil {
		return err
	}
	if err := t.deleteEach(ctx, "acknowledgements", "request_id", requestIDs); err != nil {
		return err
	}
	return t.deleteEach(ctx, "requests", "id", ids)
}

func (t *tx) deleteEach(ctx context.Context, table, column string, values []string) error {
	return inBatches(values, func(batch []string) error {
		var w where
		return t.exec(ctx, `DELETE FROM `+table+` WHERE `+w.in(column, batch), w.args...)
	})
}

// page is a part of the events that came without credentials, by their age.
type page struct {
	received, seq int64 // of the last
	size          int
	forgettable   bool // some are
}

// forgetEvents drops events that have no request, until the visit is over, and returns
// how far it came. It goes through all that came without credentials, because those of
// known requests are kept.
func (s *Store) forgetEvents(ctx, visit context.Context, at page, cutoff int64) (reached page, done bool, err error) {
	for {
		next, err := s.unvouchedAfter(ctx, at, cutoff)
		if err != nil {
			return at, false, err
		}
		if next.forgettable {
			err = s.write(ctx, func(t *tx) error {
				return t.exec(ctx, `DELETE FROM events WHERE (received_at, seq) > ($2, $3) AND (received_at, seq) <= ($4, $5) AND `+forgettableEvents,
					cutoff, at.received, at.seq, next.received, next.seq)
			})
		}
		if err != nil || next.size < forgetBatch {
			return at, err == nil, err
		}
		at = next
		if over(visit) {
			return at, false, nil
		}
	}
}

func over(visit context.Context) bool { return visit.Err() != nil }

func (s *Store) unvouchedAfter(ctx context.Context, at page, cutoff int64) (next page, err error) {
	scan := func(rows *sql.Rows) error {
		var forgettable bool
		err := rows.Scan(&next.received, &next.seq, &forgettable)
		next.size++
		next.forgettable = next.forgettable || forgettable
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, s.options.look)
	defer cancel()
	err = each(ctx, s.reader, scan, `SELECT received_at, seq, (`+forgettableEvents+`) FROM events
		WHERE NOT authenticated AND received_at < $1 AND (received_at, seq) > ($2, $3) ORDER BY received_at, seq LIMIT $4`,
		cutoff, at.received, at.seq, forgetBatch)
	return next, err
}
