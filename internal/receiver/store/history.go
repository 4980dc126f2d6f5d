package store

import (
	"context"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
)

// selectHistory finds what the rules attribute to a request: events under its
// own id and the ids of its stops, and those of its subscriptions that came under
// an id which nobody has.
const selectHistory = selectEvents + `body FROM events WHERE seq IN (
	SELECT own.seq FROM events AS own WHERE own.request_id IN (
		SELECT q.request_id FROM requests AS q WHERE q.id = $1 AND q.request_id <> ''
		UNION SELECT s.request_id FROM stops AS s WHERE s.request = $1 AND s.request_id <> '')
	UNION SELECT stray.seq FROM events AS stray WHERE stray.qos_subscription_id IN (
		SELECT i.qos_subscription_id FROM request_subscriptions AS i WHERE i.request = $1)
	AND NOT EXISTS (SELECT 1 FROM requests AS q WHERE q.request_id = stray.request_id AND q.request_id <> '')
	AND NOT EXISTS (SELECT 1 FROM stops AS s WHERE s.request_id = stray.request_id AND s.request_id <> ''))
	AND seq > $2 ORDER BY seq LIMIT $3`

// History returns up to limit events (100 if it is not positive) with a greater
// sequence number than after, oldest first, that are about the request with the
// journal id. They are fewer where their bodies would be too large together.
func (s *Store) History(ctx context.Context, id string, after int64, limit int) ([]receiver.Event, error) {
	size := func(e receiver.Event) int { return len(e.Body) + len(e.Reason) }
	events, _, err := collectWithin(ctx, s.reader, maxPage, size, scanEvent, selectHistory, id, after, pageLimit(limit))
	return events, err
}
