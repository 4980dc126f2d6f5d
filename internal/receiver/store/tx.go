package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
)

// tx is one writing transaction. Transactions exclude each other, so what one
// reads can not change under it.
type tx struct {
	*sql.Tx
	now    time.Time
	logger *slog.Logger
	// unreadable are warnings of rows that do not hold what was written.
	unreadable *warnings
	mark       func(n int) string // of dialect
	lease      time.Duration
	changed    map[string]struct{} // journal ids
	stale      map[string]struct{} // journal ids of rows that have yet to be folded
	// affected are the devices, by account, that something happened to which may
	// settle an unknown request.
	affected map[string]map[string]struct{}
	reached  int64 // the furthest place of the sequence that this one has seen taken
	// statements are those that are kept prepared, nil if the driver does that, and
	// prepared those of them that this one has used.
	statements *statements
	prepared   map[string]*sql.Stmt
}

// begin starts a transaction once it is its turn.
func (s *Store) begin(ctx context.Context) (*tx, error) {
	sqlTx, err := s.writer.BeginTx(ctx, nil)
	if err != nil {
		return nil, fmt.Errorf("begin: %w", err)
	}
	t := &tx{
		Tx: sqlTx, logger: s.options.Logger, unreadable: &s.unreadable, mark: s.dialect.mark, lease: s.options.Lease,
		changed: map[string]struct{}{}, stale: map[string]struct{}{}, affected: map[string]map[string]struct{}{},
		prepared: map[string]*sql.Stmt{},
	}
	if s.dialect.exclusive != "" {
		if err := sqlTx.QueryRowContext(ctx, s.dialect.exclusive).Scan(&t.reached); err != nil {
			return nil, errors.Join(fmt.Errorf("wait for other writers: %w", err), sqlTx.Rollback())
		}
	}
	t.now = s.now() // not before the wait is over
	return t, nil
}

// write runs fn in a transaction that has first judged the leases, concludes
// afterwards and tells the watchers once it is on disk. A
// refusal by fn is an answer, not a failure: what the clock and the events have
// brought stays written. So fn refuses before it writes.
func (s *Store) write(ctx context.Context, fn func(t *tx) error) error {
	return refused(s.transact(ctx, lanePatient, fn))
}

// writeUrgent is write for what the journal's calls must not keep waiting, however
// many they are.
func (s *Store) writeUrgent(ctx context.Context, fn func(t *tx) error) error {
	return refused(s.transact(ctx, laneUrgent, fn))
}

func (s *Store) transact(ctx context.Context, mine lane, fn func(t *tx) error) error {
	if err := s.turns.take(ctx, mine); err != nil {
		return err
	}
	defer s.turns.leave()
	err := s.transactInTurn(ctx, fn)
	switch {
	case readOnly(err):
		s.reconnect()
	case err == nil && s.statements != nil:
		s.statements.prepare(ctx, s.writer)
	}
	return err
}

// reconnect lets the next transaction look for a server that takes writes.
func (s *Store) reconnect() {
	s.writer.SetMaxIdleConns(0)
	s.writer.SetMaxIdleConns(1)
}

// transactInTurn has an end, because all other writers of the process wait for it.
func (s *Store) transactInTurn(ctx context.Context, fn func(t *tx) error) error {
	ctx, cancel := context.WithTimeout(ctx, s.writeTimeout())
	defer cancel()
	t, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = t.Rollback() }() // does nothing after a commit
	t.statements = s.statements
	if err := t.judgeLeases(ctx); err != nil {
		return err
	}
	refusal := fn(t)
	if refusal != nil && !isRefusal(refusal) {
		return refusal
	}
	if err := t.conclude(ctx); err != nil {
		return err
	}
	changed := slices.Sorted(maps.Keys(t.changed))
	if s.dialect.announce != nil && len(changed) > 0 {
		if err := s.dialect.announce(ctx, t, changed); err != nil {
			return err
		}
	}
	if err := t.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	s.noteKnown(t.reached)
	s.watchers.notify(changed)
	return refusal
}

// writeRequest is write for what answers with a request. The answer is what is
// on disk in the end.
func (s *Store) writeRequest(ctx context.Context, fn func(t *tx) (*row, error)) (*receiver.Request, error) {
	var answer receiver.Request
	err := s.write(ctx, func(t *tx) error {
		r, err := fn(t)
		if err != nil {
			return err
		}
		if err := t.conclude(ctx); err != nil {
			return err
		}
		if r, err = t.byID(ctx, r.ID); err != nil {
			return err
		}
		answer = r.public(t.now)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &answer, nil
}

func isRefusal(err error) bool {
	var conflict *receiver.ConflictError
	return errors.As(err, &conflict) || errors.Is(err, receiver.ErrNotFound)
}

func (t *tx) refuse(kind receiver.ConflictKind, existing *row) error {
	return &receiver.ConflictError{Kind: kind, Existing: existing.public(t.now)}
}

// conclude brings up to date all rows that what was written has a bearing on,
// each once.
func (t *tx) conclude(ctx context.Context) error {
	for round := 0; ; round++ {
		if err := t.refresh(ctx); err != nil {
			return err
		}
		if len(t.affected) == 0 || round == settleRounds {
			return nil
		}
		if err := t.settle(ctx); err != nil {
			return err
		}
	}
}

func (t *tx) refresh(ctx context.Context) error {
	stale := slices.Sorted(maps.Keys(t.stale))
	clear(t.stale)
	return inBatches(stale, func(batch []string) error {
		var w where
		rows, err := queryRows(ctx, t, `WHERE `+w.in("id", batch)+` ORDER BY created_seq`, w.args...)
		if err != nil {
			return err
		}
		return t.save(ctx, rows...)
	})
}

// markStale notes the journal ids that a query gives.
func (t *tx) markStale(ctx context.Context, query string, args ...any) error {
	ids, err := queryStrings(ctx, t, query, args...)
	for _, id := range ids {
		t.stale[id] = struct{}{}
	}
	return err
}

// next takes a place in the sequence.
func (t *tx) next(ctx context.Context) (int64, error) { return t.reserve(ctx, 1) }

// reserve takes several places in a row and returns the first.
func (t *tx) reserve(ctx context.Context, places int) (int64, error) {
	var last int64
	err := t.QueryRowContext(ctx, `UPDATE meta SET sequence = sequence + $1 RETURNING sequence`, places).Scan(&last)
	if err != nil {
		return 0, fmt.Errorf("take a sequence number: %w", err)
	}
	t.reached = last
	return last - int64(places) + 1, nil
}

func (t *tx) exec(ctx context.Context, query string, args ...any) error {
	if _, err := t.ExecContext(ctx, query, args...); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	return nil
}

// byID returns the request with the journal id; ErrNotFound if there is none.
func (t *tx) byID(ctx context.Context, id string) (*row, error) {
	r, err := queryRow(ctx, t, `WHERE id = $1`, id)
	if err == nil && r == nil {
		err = fmt.Errorf("request %s: %w", id, receiver.ErrNotFound)
	}
	return r, err
}

// byRequestID returns the request that holds a ThingSpace request id, nil if none does.
func (t *tx) byRequestID(ctx context.Context, requestID string) (*row, error) {
	return queryRow(ctx, t, `WHERE request_id = $1 AND request_id <> ''`, requestID)
}

// bySubscription returns the request that a subscription belongs to, nil if none
// is known: a live one before others, and the newest of those.
func (t *tx) bySubscription(ctx context.Context, subscription string) (*row, error) {
	return queryRow(ctx, t, `WHERE id IN (SELECT request FROM request_subscriptions
		WHERE qos_subscription_id = $1) ORDER BY live DESC, created_seq DESC LIMIT 1`, subscription)
}

// newRow makes a row that is not yet saved, at the end of the sequence.
func (t *tx) newRow(ctx context.Context, origin receiver.Origin, account string) (*row, error) {
	rows, err := t.newRows(ctx, origin, 1)
	if err != nil {
		return nil, err
	}
	rows[0].AccountName = account
	return rows[0], nil
}

// newRows makes several.
func (t *tx) newRows(ctx context.Context, origin receiver.Origin, count int) ([]*row, error) {
	first, err := t.reserve(ctx, count)
	if err != nil {
		return nil, err
	}
	rows := make([]*row, 0, count)
	for i := range count {
		r := &row{createdSeq: first + int64(i)}
		r.ID = uuid.NewString()
		r.Origin = origin
		r.CreatedAt = t.now
		rows = append(rows, r)
	}
	return rows, nil
}

// extendLease gives the request's process another lease from now on.
func (t *tx) extendLease(r *row) {
	expires := t.now.Add(t.lease)
	r.LeaseExpiresAt = &expires
}

// save folds what was heard into the rows and writes those that it changes, each
// with a new revision.
func (t *tx) save(ctx context.Context, rows ...*row) error {
	if err := t.fold(ctx, rows); err != nil {
		return err
	}
	var changed []*row
	for _, r := range rows {
		d, err := r.documents()
		if err != nil {
			return err
		}
		if values := r.values(d); !slices.Equal(values, r.stored) {
			r.stored = values
			changed = append(changed, r)
		}
	}
	if len(changed) == 0 {
		return nil
	}
	revision, err := t.reserve(ctx, len(changed))
	if err != nil {
		return err
	}
	written := make([][]any, 0, len(changed))
	for i, r := range changed {
		r.Revision = revision + int64(i)
		written = append(written, append([]any{r.ID, r.Revision, r.createdSeq}, r.stored...))
	}
	if err := t.insertRows(ctx, intoRequests, againInRequests, written); err != nil {
		return err
	}
	if err := t.index(ctx, changed); err != nil {
		return err
	}
	for _, r := range changed {
		t.touch(r)
	}
	return nil
}

func (t *tx) touch(r *row) {
	t.changed[r.ID] = struct{}{}
	t.mayGain(r.AccountName, slices.Collect(maps.Keys(r.indexed.devices)))
}

func (t *tx) remove(ctx context.Context, r *row) error {
	t.touch(r)
	return t.exec(ctx, `DELETE FROM requests WHERE id = $1`, r.ID)
}
