package store

import (
	"cmp"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
)

// Quarantine keeps a callback that was refused for its credentials, with a new
// id if it has none. One with the same events is kept already. Beyond the limits
// the oldest goes.
func (s *Store) Quarantine(ctx context.Context, q receiver.Quarantined) error {
	if len(q.Events) == 0 {
		return nil
	}
	// A real one may be among them, whose password is just being changed.
	return s.hold(ctx, func(ctx context.Context) error { return s.quarantine(ctx, q) })
}

func (s *Store) quarantine(ctx context.Context, q receiver.Quarantined) error {
	return s.write(ctx, func(t *tx) error {
		first, err := t.reserve(ctx, len(q.Events))
		if err != nil {
			return err
		}
		events := make([]heldEvent, 0, len(q.Events))
		for i, e := range q.Events {
			e.Seq = first + int64(i)
			events = append(events, heldEvent{e, q.Since})
		}
		encoded, err := json.Marshal(events)
		if err != nil {
			return fmt.Errorf("encode a callback: %w", err)
		}
		err = t.exec(ctx, `INSERT INTO quarantine (id, seq, key, request_id, received_at, source, reason, size, events)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (key) DO NOTHING`,
			cmp.Or(q.ID, uuid.NewString()), first, keyOf(q.Events), events[0].RequestID,
			q.ReceivedAt.UnixMicro(), q.Source, q.Reason, len(encoded), string(encoded))
		if err != nil {
			return err
		}
		return t.exec(ctx, `DELETE FROM quarantine WHERE seq IN (SELECT seq FROM
			(SELECT seq, ROW_NUMBER() OVER (ORDER BY seq DESC) AS place, SUM(size) OVER (ORDER BY seq DESC) AS total
			FROM quarantine) AS ranked WHERE place > $1 OR (place > 1 AND total > $2))`,
			s.options.QuarantineLimit, s.options.QuarantineBytes)
	})
}

// keyOf identifies a callback by its events.
func keyOf(events []receiver.Event) string {
	hash := sha256.New()
	for i := range events {
		_, _ = hash.Write([]byte(events[i].Key())) // a hash takes every write
	}
	return hex.EncodeToString(hash.Sum(nil))
}

// Quarantined returns one page of what is held, oldest first.
func (s *Store) Quarantined(ctx context.Context, f receiver.QuarantineFilter) (*receiver.QuarantinePage, error) {
	w := &where{}
	w.equal("request_id", f.RequestID)
	if err := w.beyond("seq >", f.Cursor); err != nil {
		return nil, err
	}
	limit := pageLimit(f.Limit)
	size := func(h heldCallback) int { return h.size }
	held, more, err := collectWithin(ctx, s.reader, maxPage, size, scanHeld,
		selectHeld+w.String()+` ORDER BY seq LIMIT `+w.arg(limit+1), w.args...)
	if err != nil {
		return nil, err
	}
	if len(held) > limit {
		held, more = held[:limit], true
	}
	page := &receiver.QuarantinePage{Callbacks: make([]receiver.Quarantined, 0, len(held))}
	for _, h := range held {
		for i := range h.Events {
			h.Events[i].Forward = nil // is for the outbox alone
		}
		page.Callbacks = append(page.Callbacks, h.Quarantined)
	}
	if more {
		page.Next = strconv.FormatInt(held[len(held)-1].seq, 10)
	}
	return page, nil
}

// Release records a quarantined callback's events as authenticated and takes it
// out of the quarantine. Their places are new ones, so that who follows the events
// gets them. They count at those that they had when they came: a stop that was
// journalled since is not what a failure among them is about. An acknowledgement that
// had waited elsewhere before counts from when it came there.
func (s *Store) Release(ctx context.Context, id string) error {
	return s.write(ctx, func(t *tx) error {
		held, err := collect(ctx, t, scanHeld, selectHeld+`WHERE id = $1`, id)
		if err != nil {
			return err
		}
		if len(held) == 0 {
			return fmt.Errorf("quarantined callback %s: %w", id, receiver.ErrNotFound)
		}
		since := int64(asTheyCome)
		if held[0].Since != nil {
			since = *held[0].Since
		}
		arrivals := arrivedSince(held[0].Events, since)
		for i := range arrivals {
			a := &arrivals[i]
			a.Authenticated = true
			came := a.Seq
			a.since, a.came = min(came, a.since), &came
		}
		if err := t.recordEvents(ctx, arrivals); err != nil {
			return err
		}
		return t.exec(ctx, `DELETE FROM quarantine WHERE id = $1`, id)
	})
}

// sweepQuarantine drops what was received before the cutoff.
func (s *Store) sweepQuarantine(ctx context.Context, cutoff int64) error {
	expired, err := s.exists(ctx, "quarantine", `received_at < $1`, cutoff)
	if err != nil || !expired {
		return err
	}
	return s.write(ctx, func(t *tx) error {
		return t.exec(ctx, `DELETE FROM quarantine WHERE received_at < $1`, cutoff)
	})
}

// heldEvent is an event of a quarantined callback as the database holds it.
type heldEvent struct {
	receiver.Event
	// Since is the callback's.
	Since *int64 `json:"since,omitempty"`
}

// heldCallback is a quarantined callback as the database holds it.
type heldCallback struct {
	receiver.Quarantined
	seq  int64
	size int
}

const selectHeld = `SELECT id, seq, received_at, source, reason, size, events FROM quarantine `

func scanHeld(rows *sql.Rows) (h heldCallback, err error) {
	var received int64
	var events string
	if err := rows.Scan(&h.ID, &h.seq, &received, &h.Source, &h.Reason, &h.size, &events); err != nil {
		return h, err
	}
	h.ReceivedAt = time.UnixMicro(received).UTC()
	var held []heldEvent
	if err := decode(events, &held); err != nil {
		return h, err
	}
	for _, e := range held {
		h.Events, h.Since = append(h.Events, e.Event), e.Since
	}
	return h, nil
}
