package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
)

// counted is how many requests have a state and a status, and when the first of
// them was journalled.
type counted struct {
	state    receiver.State
	status   receiver.Status
	requests int64
	first    int64
}

// Statistics counts what the store holds, from indexes: it reads no request.
func (s *Store) Statistics(ctx context.Context) (*receiver.Statistics, error) {
	groups, err := collect(ctx, s.reader, scanCounted, `SELECT state, status, COUNT(*), MIN(created_at)
		FROM requests WHERE authenticated GROUP BY state, status`)
	if err != nil {
		return nil, err
	}
	counts := sum(groups)
	err = s.reader.QueryRowContext(ctx, `SELECT COUNT(*) FROM requests WHERE returned_at IS NULL AND last_read_at IS NULL
		AND live AND authenticated AND (lease_expires_at IS NULL OR lease_expires_at <= $1)`, s.now().UnixMicro()).Scan(&counts.Unclaimed)
	if err != nil {
		return nil, fmt.Errorf("count unclaimed requests: %w", err)
	}
	err = s.reader.QueryRowContext(ctx, `SELECT COUNT(*) FROM quarantine`).Scan(&counts.Quarantined)
	if err != nil {
		return nil, fmt.Errorf("count the quarantine: %w", err)
	}
	// The literal lets the partial index be used.
	err = s.reader.QueryRowContext(ctx, `SELECT CAST(COALESCE(SUM(again - 4), 0) AS BIGINT) FROM repeats WHERE again >= 5`).Scan(&counts.Repeated)
	if err != nil {
		return nil, fmt.Errorf("count what is not passed on: %w", err)
	}
	return counts, nil
}

func scanCounted(rows *sql.Rows) (c counted, err error) {
	err = rows.Scan(&c.state, &c.status, &c.requests, &c.first)
	return c, err
}

func sum(groups []counted) *receiver.Statistics {
	counts := &receiver.Statistics{}
	for _, group := range groups {
		before := counts.Pending
		counts.Add(group.state, group.status, group.requests)
		if counts.Pending == before {
			continue
		}
		first := time.UnixMicro(group.first).UTC()
		if counts.OldestPending == nil || first.Before(*counts.OldestPending) {
			counts.OldestPending = &first
		}
	}
	return counts
}
