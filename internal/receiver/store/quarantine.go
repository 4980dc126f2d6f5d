package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
)

// Quarantine keeps a callback that was refused for its credentials, with a new
// id if it has none. Beyond the limit the oldest goes.
func (s *Store) Quarantine(ctx context.Context, q receiver.Quarantined) error {
	events, err := json.Marshal(q.Events)
	if err != nil {
		return fmt.Errorf("encode a callback: %w", err)
	}
	return s.write(ctx, func(t *tx) error {
		seq, err := t.next(ctx)
		if err != nil {
			return err
		}
		err = t.exec(ctx, `INSERT INTO quarantine (id, seq, received_at, source, reason, events)
			VALUES ($1, $2, $3, $4, $5, $6)`, cmp.Or(q.ID, uuid.NewString()), seq,
			q.ReceivedAt.UnixMicro(), q.Source, q.Reason, string(events))
		if err != nil {
			return err
		}
		return t.exec(ctx, `DELETE FROM quarantine WHERE seq <=
			(SELECT seq FROM quarantine ORDER BY seq DESC LIMIT 1 OFFSET $1)`, s.options.QuarantineLimit)
	})
}

// Quarantined lists what is held, oldest first.
func (s *Store) Quarantined(ctx context.Context) ([]receiver.Quarantined, error) {
	return queryQuarantine(ctx, s.reader, `ORDER BY seq`)
}

// Release records a quarantined callback's events as authenticated and takes it
// out of the quarantine.
func (s *Store) Release(ctx context.Context, id string) error {
	return s.write(ctx, func(t *tx) error {
		held, err := queryQuarantine(ctx, t, `WHERE id = $1`, id)
		if err != nil {
			return err
		}
		if len(held) == 0 {
			return fmt.Errorf("quarantined callback %s: %w", id, receiver.ErrNotFound)
		}
		events := held[0].Events
		for i := range events {
			events[i].Authenticated = true
		}
		return errors.Join(t.recordEvents(ctx, events), t.exec(ctx, `DELETE FROM quarantine WHERE id = $1`, id))
	})
}

func queryQuarantine(ctx context.Context, q querier, rest string, args ...any) ([]receiver.Quarantined, error) {
	return collect(ctx, q, scanQuarantined,
		`SELECT id, received_at, source, reason, events FROM quarantine `+rest, args...)
}

func scanQuarantined(rows *sql.Rows) (q receiver.Quarantined, err error) {
	var received int64
	var events string
	if err := rows.Scan(&q.ID, &received, &q.Source, &q.Reason, &events); err != nil {
		return q, err
	}
	q.ReceivedAt = time.UnixMicro(received).UTC()
	err = decode(events, &q.Events)
	return q, err
}
