package store

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
)

// sessionWords is how many notifications, from the last on, a session's status is
// judged by.
const sessionWords = 100

// Sessions returns one page (of 100 if its limit is not positive) of the sessions and
// assignments that notifications told the status of, those heard of last first.
func (s *Store) Sessions(ctx context.Context, f receiver.SessionFilter) (*receiver.SessionPage, error) {
	limit := min(pageLimit(f.Limit), itemBatch)
	latest, err := s.latestOfSessions(ctx, f, limit+1)
	if err != nil {
		return nil, err
	}
	page := &receiver.SessionPage{}
	if len(latest) > limit {
		latest = latest[:limit]
		page.Next = latest[limit-1].Seq
	}
	told, err := s.toldOfSessions(ctx, latest)
	if err != nil {
		return nil, err
	}
	for _, n := range latest {
		words := told[n.ResourceID]
		session := receiver.SessionOf(words[:min(len(words), sessionWords)])
		session.More = len(words) > sessionWords
		page.Sessions = append(page.Sessions, session)
	}
	return page, nil
}

// latestOfSessions are the last notifications about each session, of which they hold
// the name and the place.
func (s *Store) latestOfSessions(ctx context.Context, f receiver.SessionFilter, limit int) ([]receiver.Notification, error) {
	w := &where{}
	w.and(`resource_id <> '' AND status <> ''`)
	w.and(`NOT EXISTS (SELECT 1 FROM camara_notifications AS l
		WHERE l.resource_id = n.resource_id AND l.seq > n.seq AND l.status <> '')`)
	w.equal("resource_id", f.ResourceID)
	if f.Before > 0 {
		w.and("seq < " + w.arg(f.Before))
	}
	scan := func(rows *sql.Rows) (n receiver.Notification, err error) {
		err = rows.Scan(&n.Seq, &n.ResourceID)
		return n, err
	}
	return collect(ctx, s.reader, scan, `SELECT seq, resource_id FROM camara_notifications AS n `+w.String()+
		` ORDER BY seq DESC LIMIT `+w.arg(limit), w.args...)
}

// toldOfSessions are the last notifications about each of the sessions, and one more,
// without their bodies, latest first. That was heard of them a moment ago, so there is at least one.
func (s *Store) toldOfSessions(ctx context.Context, latest []receiver.Notification) (map[string][]receiver.Notification, error) {
	told := make(map[string][]receiver.Notification, len(latest))
	var ids []string
	for _, n := range latest {
		ids = append(ids, n.ResourceID)
	}
	w := &where{}
	w.and(w.in("resource_id", ids))
	w.and(`status <> ''`)
	found, err := collect(ctx, s.reader, scanNotification, `SELECT seq, received_at, resource_id, status, status_info,
		type, source, event_id, time, deliveries, '' FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY resource_id ORDER BY seq DESC) AS place
		FROM camara_notifications `+w.String()+`) AS numbered WHERE place <= `+w.arg(sessionWords+1)+` ORDER BY seq DESC`, w.args...)
	if err != nil {
		return nil, fmt.Errorf("sessions: %w", err)
	}
	for _, n := range found {
		told[n.ResourceID] = append(told[n.ResourceID], n)
	}
	return told, nil
}
