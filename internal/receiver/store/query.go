package store

import (
	"context"
	"database/sql"
	"slices"
	"strconv"
	"time"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
)

const (
	defaultLimit = 100
	maxLimit     = 1000

	// readNoteInterval is how exact LastReadAt is: a write for every read would
	// cost more than anybody gains.
	readNoteInterval = time.Hour

	// maxPage bounds what one page holds, in bytes.
	maxPage = 4 << 20

	// maybeAnIntents selects requests for a device of an intent whose request id
	// is unknown or inferred.
	maybeAnIntents = `id IN (SELECT d.request FROM request_devices AS d WHERE d.device_key IN
		(SELECT k.device_key FROM requests AS o JOIN request_devices AS k ON k.request = o.id WHERE o.doubtful))`
)

// Requests returns one page of the requests that the filter selects, oldest
// first unless it asks for the newest. A cursor that it did not give out is an *receiver.InvalidError.
func (s *Store) Requests(ctx context.Context, f receiver.Filter) (*receiver.Page, error) {
	if err := s.judge(ctx); err != nil {
		return nil, err
	}
	now := s.now()
	w, err := conditions(f, now)
	if err != nil {
		return nil, err
	}
	limit, order := pageLimit(f.Limit), "created_seq"
	if f.Newest {
		order = "created_seq DESC"
	}
	size := func(r *row) int { return r.size }
	rows, more, err := collectWithin(ctx, s.reader, maxPage, size, scanRow,
		selectRequests+w.String()+` ORDER BY `+order+` LIMIT `+w.arg(limit+1), w.args...)
	if err != nil {
		return nil, err
	}
	if len(rows) > limit {
		rows, more = rows[:limit], true
	}
	page := &receiver.Page{Requests: make([]receiver.Request, 0, len(rows))}
	if more {
		page.Next = strconv.FormatInt(rows[len(rows)-1].createdSeq, 10)
	}
	s.noteRead(ctx, rows, f.Claim, now)
	for _, r := range rows {
		page.Requests = append(page.Requests, r.public(now))
	}
	return page, nil
}

func conditions(f receiver.Filter, now time.Time) (*where, error) {
	w := &where{}
	w.equal("id", f.ID)
	account := "account_name"
	if f.RequestID != "" || f.QoSSubscriptionID != "" || f.DeviceID != "" {
		// No index serves an expression: the few that another condition selects are
		// not to be looked for by reading all of the account in its order.
		account = "account_name || ''"
	}
	w.equal(account, f.AccountName)
	if f.RequestID != "" {
		// The second term lets the partial index be used.
		w.and("request_id = " + w.arg(f.RequestID) + " AND request_id <> ''")
	}
	if f.QoSSubscriptionID != "" {
		w.and("id IN (SELECT request FROM request_subscriptions WHERE qos_subscription_id = " + w.arg(f.QoSSubscriptionID) + ")")
	}
	if f.DeviceID != "" {
		w.and("id IN (SELECT request FROM request_devices WHERE device_key = " + w.arg(receiver.DeviceKey(f.DeviceID)) + ")")
	}
	if len(f.State) > 0 {
		w.and(w.in("state", asStrings(f.State)))
	}
	if len(f.Status) > 0 {
		w.and(w.in("status", asStrings(f.Status)))
	}
	if f.Live {
		w.and("(state IN ('open', 'sent', 'unknown') OR (state = 'accepted' AND live))")
	}
	if f.Unclaimed {
		w.and("(lease_expires_at IS NULL OR lease_expires_at <= " + w.arg(now.UnixMicro()) + ")" +
			" AND returned_at IS NULL AND last_read_at IS NULL AND state NOT IN ('refused', 'void')")
	}
	if f.ID == "" && f.RequestID == "" && f.QoSSubscriptionID == "" && !f.IncludeUnauthenticated {
		w.and("(authenticated OR " + maybeAnIntents + ")")
	}
	beyond := "created_seq >"
	if f.Newest {
		beyond = "created_seq <"
	}
	if err := w.beyond(beyond, f.Cursor); err != nil {
		return nil, err
	}
	return w, nil
}

// beyond adds the condition that a place in the sequence is beyond the cursor's,
// where comparison is the column and in which direction that is.
func (w *where) beyond(comparison, cursor string) error {
	if cursor == "" {
		return nil
	}
	place, err := strconv.ParseInt(cursor, 10, 64)
	if err != nil {
		return &receiver.InvalidError{Reason: "cursor is not one of this service"}
	}
	w.and(comparison + " " + w.arg(place))
	return nil
}

// pageLimit is how many items a page holds for what was asked.
func pageLimit(asked int) int {
	if asked <= 0 {
		asked = defaultLimit
	}
	return min(asked, maxLimit)
}

func asStrings[T ~string](values []T) []string {
	texts := make([]string, 0, len(values))
	for _, v := range values {
		texts = append(texts, string(v))
	}
	return texts
}

// noteRead notes on the rows with the claim that the state which has it read
// them. It is no change of the request, and a reader does not fail for it: the
// next one will try again.
func (s *Store) noteRead(ctx context.Context, rows []*row, claim string, now time.Time) {
	var due []string
	for _, r := range rows {
		if claim != "" && r.Claim == claim && (r.LastReadAt == nil || now.Sub(*r.LastReadAt) >= readNoteInterval) {
			due = append(due, r.ID)
		}
	}
	if len(due) == 0 {
		return
	}
	err := s.write(ctx, func(t *tx) error {
		for batch := range slices.Chunk(due, itemBatch) {
			w := where{args: []any{now.UnixMicro(), claim}}
			err := t.exec(ctx, `UPDATE requests SET last_read_at = $1 WHERE claim = $2 AND `+w.in("id", batch), w.args...)
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		s.options.Logger.WarnContext(ctx, "cannot note that a state read its requests", "error", err)
		return
	}
	for _, r := range rows {
		if slices.Contains(due, r.ID) {
			r.LastReadAt = &now
		}
	}
}

// Events returns up to limit events (100 if it is not positive) with a greater
// sequence number than after, oldest first. They are fewer where their bodies
// would be too large together.
func (s *Store) Events(ctx context.Context, after int64, limit int) ([]receiver.Event, error) {
	size := func(e receiver.Event) int { return len(e.Body) + len(e.Reason) }
	events, _, err := collectWithin(ctx, s.reader, maxPage, size, scanEvent,
		selectEvents+`body FROM events WHERE seq > $1 ORDER BY seq LIMIT $2`, after, pageLimit(limit))
	return events, err
}

// EventsOf is Events under one ThingSpace request id.
func (s *Store) EventsOf(ctx context.Context, requestID string, after int64, limit int) ([]receiver.Event, error) {
	size := func(e receiver.Event) int { return len(e.Body) + len(e.Reason) }
	events, _, err := collectWithin(ctx, s.reader, maxPage, size, scanEvent,
		selectEvents+`body FROM events WHERE request_id = $1 AND seq > $2 ORDER BY seq LIMIT $3`, requestID, after, pageLimit(limit))
	return events, err
}

// Revised returns those of the items whose revision has grown, and the ids that
// the store does not know.
func (s *Store) Revised(ctx context.Context, items []receiver.WaitItem) (changed []receiver.Request, missing []string, err error) {
	if err := s.judge(ctx); err != nil {
		return nil, nil, err
	}
	for batch := range slices.Chunk(items, itemBatch) {
		grown, unknown, err := s.revisedBatch(ctx, batch)
		if err != nil {
			return nil, nil, err
		}
		changed, missing = append(changed, grown...), append(missing, unknown...)
	}
	return changed, missing, nil
}

func (s *Store) revisedBatch(ctx context.Context, items []receiver.WaitItem) (changed []receiver.Request, missing []string, err error) {
	revisions, err := s.revisions(ctx, items)
	if err != nil {
		return nil, nil, err
	}
	var grown []string
	for _, item := range items {
		revision, known := revisions[item.ID]
		switch {
		case !known:
			missing = append(missing, item.ID)
		case revision > item.Revision:
			grown = append(grown, item.ID)
		}
	}
	if len(grown) == 0 {
		return nil, missing, nil
	}
	var w where
	rows, err := queryRows(ctx, s.reader, `WHERE `+w.in("id", grown)+` ORDER BY created_seq`, w.args...)
	if err != nil {
		return nil, nil, err
	}
	now := s.now()
	for _, r := range rows {
		changed = append(changed, r.public(now))
	}
	return changed, missing, nil
}

func (s *Store) revisions(ctx context.Context, items []receiver.WaitItem) (map[string]int64, error) {
	ids := make([]string, 0, len(items))
	for _, item := range items {
		ids = append(ids, item.ID)
	}
	type revision struct {
		id string
		n  int64
	}
	scan := func(rows *sql.Rows) (r revision, err error) {
		err = rows.Scan(&r.id, &r.n)
		return r, err
	}
	var w where
	found, err := collect(ctx, s.reader, scan, `SELECT id, revision FROM requests WHERE `+w.in("id", ids), w.args...)
	if err != nil {
		return nil, err
	}
	revisions := make(map[string]int64, len(found))
	for _, r := range found {
		revisions[r.id] = r.n
	}
	return revisions, nil
}
