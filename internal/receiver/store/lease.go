package store

import (
	"context"
	"database/sql"
	"errors"
	"slices"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
)

const (
	lapsedLeases = `state IN ('open', 'sent') AND lease_expires_at <= $1`
	renewable    = `lease_expires_at IS NOT NULL AND state IN ('open', 'sent', 'accepted', 'unknown')`

	// sweepBatch bounds how long retention holds up other writers.
	sweepBatch = 500
)

// judgeLeases turns intents whose process has fallen silent into what can be
// said of them: nothing was sent, or it is not known what came of it.
func (t *tx) judgeLeases(ctx context.Context) error {
	lapsed, unreadable, err := t.lapsed(ctx)
	if err != nil {
		return err
	}
	if unreadable != nil && t.unreadable.due(t.now) {
		t.logger.ErrorContext(ctx, "a request whose lease has lapsed stays as it is", "error", unreadable)
	}
	for _, r := range lapsed {
		if r.State == receiver.StateOpen {
			r.State = receiver.StateVoid
			r.journalReason = "its process fell silent before the request was sent"
		} else {
			r.State = receiver.StateUnknown
			r.journalReason = "its process fell silent after the request may have been sent"
		}
		if err := t.save(ctx, r); err != nil {
			return err
		}
	}
	return t.conclude(ctx)
}

// lapsed are the intents whose process has fallen silent. Those that cannot be read are
// left out: they must not fail what everybody writes.
func (t *tx) lapsed(ctx context.Context) (rows []*row, unreadable, err error) {
	scan := func(found *sql.Rows) error {
		r, err := scanRow(found)
		if errors.Is(err, errUnreadable) {
			unreadable = err
			return nil
		}
		rows = append(rows, r)
		return err
	}
	err = each(ctx, t, scan, selectRequests+`WHERE `+lapsedLeases+` ORDER BY created_seq`, t.now.UnixMicro())
	return rows, unreadable, err
}

// judge makes the journal say what the clock says, for readers. It writes only
// if a lease has lapsed.
func (s *Store) judge(ctx context.Context) error {
	lapsed, err := s.exists(ctx, "requests", lapsedLeases, s.now().UnixMicro())
	if err != nil || !lapsed {
		return err
	}
	return s.write(ctx, func(*tx) error { return nil })
}

// Renew extends the lease of every item whose claim is the journal's and whose
// lease has not been ended. It does not count as a change.
func (s *Store) Renew(ctx context.Context, items []receiver.WaitItem) error {
	var due []receiver.WaitItem
	for batch := range slices.Chunk(items, itemBatch) {
		leased, err := s.leased(ctx, batch)
		if err != nil {
			return err
		}
		due = append(due, leased...)
	}
	if len(due) == 0 {
		return nil
	}
	return s.writeUrgent(ctx, func(t *tx) error { return t.renew(ctx, due) })
}

// leased are those of the items that have a lease to renew soon: a third of it is
// over. Looking first saves those that only watch a write.
func (s *Store) leased(ctx context.Context, items []receiver.WaitItem) ([]receiver.WaitItem, error) {
	ids := make([]string, 0, len(items))
	for _, item := range items {
		ids = append(ids, item.ID)
	}
	soon := s.now().Add(s.options.Lease - s.options.Lease/3).UnixMicro()
	w := where{args: []any{soon}}
	held, err := queryStrings(ctx, s.reader, `SELECT id FROM requests WHERE `+w.in("id", ids)+`
		AND lease_expires_at <= $1 AND `+renewable, w.args...)
	if err != nil {
		return nil, err
	}
	var leased []receiver.WaitItem
	for _, item := range items {
		if item.Claim != "" && slices.Contains(held, item.ID) {
			leased = append(leased, item)
		}
	}
	return leased, nil
}

func (t *tx) renew(ctx context.Context, items []receiver.WaitItem) error {
	expires := t.now.Add(t.lease).UnixMicro()
	for _, item := range items {
		err := t.exec(ctx, `UPDATE requests SET lease_expires_at = $1
			WHERE id = $2 AND claim = $3 AND `+renewable, expires, item.ID, item.Claim)
		if err != nil {
			return err
		}
	}
	return nil
}

// Sweep judges all leases and drops what is older than the retention, a batch at a
// time: the bodies of events and notifications, the quarantined callbacks, and those
// that could not be passed on. Requests that have ended and that only callbacks without
// credentials know go after 400 days, or the retention if that is longer.
func (s *Store) Sweep(ctx context.Context) error {
	if err := s.judge(ctx); err != nil {
		return err
	}
	cutoff := s.now().Add(-s.options.Retention).UnixMicro()
	if err := s.sweepQuarantine(ctx, cutoff); err != nil {
		return err
	}
	if err := s.sweepOutbox(ctx, cutoff); err != nil {
		return err
	}
	if err := s.sweepRepeats(ctx, cutoff); err != nil {
		return err
	}
	if err := s.sweepBodies(ctx, "events", cutoff); err != nil {
		return err
	}
	if err := s.sweepBodies(ctx, "camara_notifications", cutoff); err != nil {
		return err
	}
	return s.sweepUnvouched(ctx)
}

// sweepBodies drops those that were received before the cutoff.
func (s *Store) sweepBodies(ctx context.Context, table string, cutoff int64) error {
	const expired = `body <> '' AND received_at < $1`
	for {
		left, err := s.exists(ctx, table, expired, cutoff)
		if err != nil || !left {
			return err
		}
		err = s.write(ctx, func(t *tx) error {
			return t.exec(ctx, `UPDATE `+table+` SET body = '' WHERE seq IN
				(SELECT seq FROM `+table+` WHERE `+expired+` LIMIT $2)`, cutoff, sweepBatch)
		})
		if err != nil {
			return err
		}
	}
}
