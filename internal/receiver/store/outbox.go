package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
)

const (
	// heldUp is how often a delivery fails before it no longer holds up those behind
	// it. Then it is more likely the callback that the listener cannot take than the
	// listener that is away: one that is away is not asked for each callback.
	heldUp = 8
	// maxDeliveries is how often a callback is passed on whose events come again. Its
	// sender makes a few attempts at most.
	maxDeliveries = 5
	// outboxBatch bounds how long what is done with many deliveries holds up other
	// writers.
	outboxBatch = 500
)

// outgoing is a callback that is to be passed on, by its first event.
type outgoing struct {
	receiver.Event
	// deliveries is how often that of its events has come which came least.
	deliveries int
}

// passing are the callbacks among the arrivals that are to be passed on. The events of
// one callback follow its first.
func passing(arrivals []arrival) []outgoing {
	var callbacks []outgoing
	goesOn := false
	for _, a := range arrivals {
		switch {
		case a.Forward != nil:
			callbacks = append(callbacks, outgoing{a.Event, a.deliveries})
			goesOn = true
		case a.begins:
			goesOn = false
		case goesOn:
			last := &callbacks[len(callbacks)-1]
			last.deliveries = min(last.deliveries, a.deliveries)
		}
	}
	return callbacks
}

const intoOutbox = `outbox (id, seq, target, lane, request_id, qos_event, received_at, since, due_at, passed, body, dead, reason)`

// enqueue puts callbacks into the outbox. One that is stored again, because nobody
// knew that it was, is there already. One that says nothing but what has come too often
// is a dead letter from the beginning, once: somebody passes it back, who does not pass
// on where it came through.
func (t *tx) enqueue(ctx context.Context, callbacks []outgoing) error {
	var rows [][]any
	buried := map[string]func(){}
	for _, one := range callbacks {
		digest, again, err := t.repeated(ctx, one)
		if err != nil {
			return err
		}
		for _, target := range one.Forward.Targets {
			id, reason := deliveryID(one.Forward.ID, target), ""
			if again >= maxDeliveries {
				id = deliveryID(digest, target)
				reason = fmt.Sprintf("came %d times: a listener seems to send back what it gets, so this is not passed on any more", again+1)
				buried[id] = func() {
					t.logger.WarnContext(ctx, "a callback is not passed on any more", "target", target, "request_id", one.RequestID, "reason", reason)
				}
			}
			row, err := t.delivery(one.Event, id, target, reason)
			if err != nil {
				return err
			}
			rows = append(rows, row)
		}
	}
	for block := range blocks(rows) {
		text, args := t.insertion(intoOutbox, `ON CONFLICT (id) DO NOTHING RETURNING id`, block)
		added, err := queryStrings(ctx, t, text, args...)
		if err != nil {
			return err
		}
		for _, id := range added {
			if tell := buried[id]; tell != nil {
				tell()
			}
		}
	}
	return nil
}

// delivery is the outbox's row of a callback, which is dead if there is a reason.
func (t *tx) delivery(e receiver.Event, id, target, reason string) ([]any, error) {
	passed, err := json.Marshal(e.Forward.Passed)
	if err != nil {
		return nil, fmt.Errorf("encode where a callback came through: %w", err)
	}
	now := t.now.UnixMicro()
	return []any{
		id, e.Seq, target, cmp.Or(e.QoSSubscriptionID, e.RequestID), e.RequestID, e.QoSEvent, e.ReceivedAt.UnixMicro(),
		now, now, string(passed), e.Forward.Body, reason != "", reason,
	}, nil
}

// deliveryID is the same whenever the same callback is put into the outbox for the
// same target.
func deliveryID(callback, target string) string {
	return uuid.NewSHA1(uuid.NameSpaceURL, []byte(callback+" "+target)).String()
}

// ClaimDeliveries implements receiver.Outbox. It writes only if something is due.
func (s *Store) ClaimDeliveries(ctx context.Context, target string, limit int, lease time.Duration) ([]receiver.ClaimedDelivery, error) {
	due, err := s.exists(ctx, "outbox", `target = $1 AND NOT dead AND due_at <= $2`, target, s.now().UnixMicro())
	if err != nil || !due {
		return nil, err
	}
	var held []heldDelivery
	err = s.write(ctx, func(t *tx) (err error) {
		held, err = collect(ctx, t, scanClaimed, claimDeliveries,
			target, t.now.UnixMicro(), t.now.Add(lease).UnixMicro(), uuid.NewString(), heldUp, limit)
		return err
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(held, func(a, b heldDelivery) int { return cmp.Compare(a.seq, b.seq) })
	claimed := make([]receiver.ClaimedDelivery, 0, len(held))
	for _, h := range held {
		claimed = append(claimed, h.ClaimedDelivery)
	}
	return claimed, nil
}

const claimDeliveries = `UPDATE outbox SET due_at = $3, claim = $4 WHERE id IN (
	SELECT o.id FROM outbox AS o WHERE o.target = $1 AND NOT o.dead AND o.due_at <= $2 AND NOT EXISTS (
		SELECT 1 FROM outbox AS e WHERE e.target = $1 AND NOT e.dead AND e.lane = o.lane AND e.seq < o.seq AND e.attempts < $5)
	ORDER BY o.seq LIMIT $6)
	RETURNING ` + deliveryColumns + `, claim, passed, body`

// SettleDeliveries implements receiver.Outbox.
func (s *Store) SettleDeliveries(ctx context.Context, settled []receiver.Settlement) error {
	return s.write(ctx, func(t *tx) error {
		for _, one := range settled {
			if err := t.settleDelivery(ctx, one); err != nil {
				return err
			}
		}
		return nil
	})
}

func (t *tx) settleDelivery(ctx context.Context, s receiver.Settlement) error {
	const mine = ` WHERE id = $1 AND claim = $2`
	switch s.Result {
	case receiver.DeliveryDone:
		return t.exec(ctx, `DELETE FROM outbox WHERE id = $1`, s.ID)
	case receiver.DeliveryFailed:
		return t.exec(ctx, `UPDATE outbox SET claim = '', attempts = attempts + 1, reason = $3, due_at = $4`+mine,
			s.ID, s.Claim, s.Reason, s.DueAt.UnixMicro())
	case receiver.DeliveryRefused:
		return t.exec(ctx, `UPDATE outbox SET claim = '', attempts = attempts + 1, reason = $3, dead = TRUE`+mine,
			s.ID, s.Claim, s.Reason)
	case receiver.DeliveryReleased:
		return t.exec(ctx, `UPDATE outbox SET claim = '', due_at = $3`+mine, s.ID, s.Claim, t.now.UnixMicro())
	}
	return fmt.Errorf("a delivery cannot become %d", s.Result)
}

// Backlogs implements receiver.Outbox, from indexes.
func (s *Store) Backlogs(ctx context.Context) ([]receiver.Backlog, error) {
	scan := func(rows *sql.Rows) (b receiver.Backlog, err error) {
		err = rows.Scan(&b.Target, &b.Waiting, &b.Dead)
		return b, err
	}
	return collect(ctx, s.reader, scan, `SELECT target, SUM(waiting), SUM(buried) FROM (
		SELECT target, COUNT(*) AS waiting, 0 AS buried FROM outbox WHERE NOT dead GROUP BY target
		UNION ALL SELECT target, 0, COUNT(*) FROM outbox WHERE dead GROUP BY target) AS counted
		GROUP BY target ORDER BY target`)
}

// Deliveries implements receiver.Outbox.
func (s *Store) Deliveries(ctx context.Context, f receiver.DeliveryFilter) (*receiver.DeliveryPage, error) {
	w := &where{}
	w.equal("target", f.Target)
	if f.State != "" {
		w.and(inState(f.State))
	}
	if err := w.beyondPlace(f.Cursor); err != nil {
		return nil, err
	}
	limit := pageLimit(f.Limit)
	held, err := collect(ctx, s.reader, scanDelivery, `SELECT `+deliveryColumns+` FROM outbox `+w.String()+`
		ORDER BY seq, id LIMIT `+w.arg(limit+1), w.args...)
	if err != nil {
		return nil, err
	}
	page := &receiver.DeliveryPage{Deliveries: make([]receiver.Delivery, 0, len(held))}
	for _, h := range held[:min(limit, len(held))] {
		page.Deliveries = append(page.Deliveries, h.Delivery)
	}
	if len(held) > limit {
		last := held[limit-1]
		page.Next = fmt.Sprintf("%d.%s", last.seq, last.ID)
	}
	return page, nil
}

func inState(state receiver.DeliveryState) string {
	if state == receiver.DeliveryWaiting {
		return "NOT dead"
	}
	return "dead"
}

// beyondPlace continues behind the place and the id that a cursor names.
func (w *where) beyondPlace(cursor string) error {
	if cursor == "" {
		return nil
	}
	place, id, _ := strings.Cut(cursor, ".")
	seq, err := strconv.ParseInt(place, 10, 64)
	if err != nil {
		return &receiver.InvalidError{Reason: "cursor is not one of this service"}
	}
	w.and("(seq, id) > (" + w.arg(seq) + ", " + w.arg(id) + ")")
	return nil
}

// RetryDeliveries implements receiver.Outbox.
func (s *Store) RetryDeliveries(ctx context.Context, c receiver.DeliveryChoice) (int, error) {
	return s.choose(ctx, c, func(w *where, now time.Time) string {
		due := w.arg(now.UnixMicro())
		w.and("claim = ''")
		w.and("(dead OR due_at > " + due + ")")
		return `UPDATE outbox SET dead = FALSE, due_at = ` + due + `,
			since = CASE WHEN dead THEN ` + due + ` ELSE since END, attempts = CASE WHEN dead THEN 0 ELSE attempts END`
	})
}

// DropDeliveries implements receiver.Outbox.
func (s *Store) DropDeliveries(ctx context.Context, c receiver.DeliveryChoice) (int, error) {
	return s.choose(ctx, c, func(*where, time.Time) string { return `DELETE FROM outbox` })
}

// choose runs a statement on the chosen deliveries, a batch at a time, and returns
// how many they were. Those that it has changed, its own conditions must leave out.
func (s *Store) choose(ctx context.Context, c receiver.DeliveryChoice, begin func(w *where, now time.Time) string) (int, error) {
	if err := c.Validate(); err != nil {
		return 0, err
	}
	chosen := 0
	for ids := range slices.Chunk(c.IDs, itemBatch) {
		w := &where{}
		w.and(w.in("id", ids))
		changed, err := s.chooseSome(ctx, w, begin)
		if err != nil {
			return chosen, err
		}
		chosen += changed
	}
	for again := c.Target != ""; again; {
		w := &where{}
		w.equal("target", c.Target)
		w.and(inState(c.State))
		changed, err := s.chooseSome(ctx, w, begin)
		if err != nil {
			return chosen, err
		}
		chosen += changed
		again = changed == outboxBatch
	}
	return chosen, nil
}

func (s *Store) chooseSome(ctx context.Context, w *where, begin func(w *where, now time.Time) string) (int, error) {
	var changed int64
	err := s.write(ctx, func(t *tx) error {
		statement := begin(w, t.now)
		result, err := t.ExecContext(ctx, statement+` WHERE id IN (SELECT id FROM outbox `+w.String()+` LIMIT `+w.arg(outboxBatch)+`)`, w.args...)
		if err != nil {
			return fmt.Errorf("write: %w", err)
		}
		changed, err = result.RowsAffected()
		return err
	})
	return int(changed), err
}

// sweepOutbox drops what was received before the cutoff.
func (s *Store) sweepOutbox(ctx context.Context, cutoff int64) error {
	for {
		expired, err := s.exists(ctx, "outbox", `received_at < $1`, cutoff)
		if err != nil || !expired {
			return err
		}
		err = s.write(ctx, func(t *tx) error {
			return t.exec(ctx, `DELETE FROM outbox WHERE id IN (SELECT id FROM outbox WHERE received_at < $1 LIMIT $2)`, cutoff, outboxBatch)
		})
		if err != nil {
			return err
		}
	}
}

// heldDelivery is a delivery as the database holds it.
type heldDelivery struct {
	receiver.ClaimedDelivery
	seq int64
}

const deliveryColumns = `id, seq, target, dead, request_id, qos_event, received_at, since, due_at, attempts, reason`

func scanDelivery(rows *sql.Rows) (heldDelivery, error) { return scanHeldDelivery(rows) }

func scanClaimed(rows *sql.Rows) (heldDelivery, error) {
	var claim, passed, body string
	h, err := scanHeldDelivery(rows, &claim, &passed, &body)
	if err != nil {
		return h, err
	}
	h.Claim, h.Body = claim, body
	err = decode(passed, &h.Passed)
	return h, err
}

// scanHeldDelivery scans deliveryColumns, and more behind them.
func scanHeldDelivery(rows *sql.Rows, more ...any) (h heldDelivery, err error) {
	var dead bool
	var received, since, due int64
	columns := []any{&h.ID, &h.seq, &h.Target, &dead, &h.RequestID, &h.QoSEvent, &received, &since, &due, &h.Attempts, &h.Reason}
	if err := rows.Scan(append(columns, more...)...); err != nil {
		return h, err
	}
	h.State = receiver.DeliveryWaiting
	if dead {
		h.State = receiver.DeliveryDead
	}
	h.ReceivedAt, h.Since, h.DueAt = time.UnixMicro(received).UTC(), time.UnixMicro(since).UTC(), time.UnixMicro(due).UTC()
	return h, nil
}
