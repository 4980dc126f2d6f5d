package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
)

// row is a request as the database holds it: what callers see, and what only the
// rules need.
type row struct {
	receiver.Request
	createdSeq    int64
	sentSeq       int64  // place in the sequence of the moment before the POST
	journalReason string // why it was refused, lost or resolved
	statusReason  string // why the network ended it
	known         []receiver.Subscription
	importedAt    *time.Time // when the claim was imported; nil if it came otherwise
	size          int        // of its documents as read, in bytes
	stored        []any      // values as last read or written
	indexed       index      // what it is found by, as last read or written
}

const selectRequests = `SELECT id, revision, created_seq, state, origin, account_name, request_id,
	request_id_source, devices, policies, known, claim, claim_generation, authenticated, live, status,
	last_event, reported_time, journal_reason, status_reason, subscriptions, candidates, sent_seq,
	lease_expires_at, created_at, sent_at, accepted_at, returned_at, last_read_at, claim_imported_at, doubtful
	FROM requests `

const (
	intoRequests = `requests (id, revision, created_seq, state, origin, account_name,
	request_id, request_id_source, devices, policies, known, claim, claim_generation, authenticated,
	live, status, last_event, reported_time, journal_reason, status_reason, subscriptions, candidates, sent_seq,
	lease_expires_at, created_at, sent_at, accepted_at, returned_at, last_read_at, claim_imported_at, doubtful)`
	againInRequests = `ON CONFLICT (id) DO UPDATE SET revision = excluded.revision, state = excluded.state,
	origin = excluded.origin, account_name = excluded.account_name, request_id = excluded.request_id,
	request_id_source = excluded.request_id_source, devices = excluded.devices,
	policies = excluded.policies, known = excluded.known, claim = excluded.claim,
	claim_generation = excluded.claim_generation, authenticated = excluded.authenticated, live = excluded.live, status = excluded.status,
	last_event = excluded.last_event, reported_time = excluded.reported_time,
	journal_reason = excluded.journal_reason, status_reason = excluded.status_reason,
	subscriptions = excluded.subscriptions, candidates = excluded.candidates,
	sent_seq = excluded.sent_seq, lease_expires_at = excluded.lease_expires_at,
	sent_at = excluded.sent_at, accepted_at = excluded.accepted_at,
	returned_at = excluded.returned_at, last_read_at = excluded.last_read_at,
	claim_imported_at = excluded.claim_imported_at, doubtful = excluded.doubtful`
)

// queryRows returns the requests that the rest of the statement selects.
func queryRows(ctx context.Context, q querier, rest string, args ...any) ([]*row, error) {
	return collect(ctx, q, scanRow, selectRequests+rest, args...)
}

// queryRow returns the one request that the rest of the statement selects, nil
// if there is none.
func queryRow(ctx context.Context, q querier, rest string, args ...any) (*row, error) {
	found, err := queryRows(ctx, q, rest, args...)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return found[0], nil
}

func scanRow(rows *sql.Rows) (*row, error) {
	var (
		r                                               row
		d                                               documents
		live, doubtful                                  bool // follow from the others
		created                                         int64
		lease, sent, accepted, returned, read, imported sql.NullInt64
	)
	err := rows.Scan(&r.ID, &r.Revision, &r.createdSeq, &r.State, &r.Origin, &r.AccountName, &r.RequestID,
		&r.RequestIDSource, &d.devices, &d.policies, &d.known, &r.Claim, &r.ClaimGeneration, &r.Authenticated, &live, &r.Status,
		&r.LastEvent, &r.ReportedTime, &r.journalReason, &r.statusReason, &d.subscriptions, &d.candidates,
		&r.sentSeq, &lease, &created, &sent, &accepted, &returned, &read, &imported, &doubtful)
	if err != nil {
		return nil, err
	}
	if err := d.decode(&r); err != nil {
		return nil, fmt.Errorf("request %s: %w", r.ID, err)
	}
	r.CreatedAt = time.UnixMicro(created).UTC()
	r.LeaseExpiresAt, r.SentAt, r.AcceptedAt = fromMicros(lease), fromMicros(sent), fromMicros(accepted)
	r.ReturnedAt, r.LastReadAt, r.importedAt = fromMicros(returned), fromMicros(read), fromMicros(imported)
	r.size = len(d.devices) + len(d.policies) + len(d.known) + len(d.subscriptions) + len(d.candidates)
	r.stored, r.indexed = r.values(d), indexOf(&r)
	return &r, nil
}

// documents are the columns that hold JSON.
type documents struct {
	devices, policies, known, subscriptions, candidates string
}

func (d documents) decode(r *row) error {
	return errors.Join(
		decode(d.devices, &r.Devices), decode(d.policies, &r.Policies), decode(d.known, &r.known),
		decode(d.subscriptions, &r.Subscriptions), decode(d.candidates, &r.Candidates))
}

func (r *row) documents() (d documents, err error) {
	for _, column := range []struct {
		text  *string
		value any
	}{
		{&d.devices, r.Devices},
		{&d.policies, r.Policies},
		{&d.known, r.known},
		{&d.subscriptions, r.Subscriptions},
		{&d.candidates, r.Candidates},
	} {
		text, err := json.Marshal(column.value)
		if err != nil {
			return documents{}, fmt.Errorf("encode request %s: %w", r.ID, err)
		}
		*column.text = string(text)
	}
	return d, nil
}

// values are the columns after created_seq, in their order.
func (r *row) values(d documents) []any {
	return []any{
		string(r.State), string(r.Origin), r.AccountName, r.RequestID, string(r.RequestIDSource),
		d.devices, d.policies, d.known, r.Claim, r.ClaimGeneration, r.Authenticated, !r.Ended(), string(r.Status),
		r.LastEvent, r.ReportedTime, r.journalReason, r.statusReason, d.subscriptions, d.candidates, r.sentSeq,
		toMicros(r.LeaseExpiresAt), r.CreatedAt.UnixMicro(), toMicros(r.SentAt), toMicros(r.AcceptedAt),
		toMicros(r.ReturnedAt), toMicros(r.LastReadAt), toMicros(r.importedAt), r.doubtful(),
	}
}

// public is the request as callers see it at the given time.
func (r *row) public(now time.Time) receiver.Request {
	request := r.Request
	request.Reason = cmp.Or(r.journalReason, r.statusReason)
	if r.State == receiver.StateAccepted {
		request.Reason = cmp.Or(r.statusReason, r.journalReason)
	}
	request.Unclaimed = r.unclaimed(now)
	request.ObservedAt = now
	request.ObservedAt = now
	if request.Subscriptions == nil {
		request.Subscriptions = []receiver.Subscription{}
	}
	return request
}

// unclaimed reports whether no process and no Terraform state has the request.
func (r *row) unclaimed(now time.Time) bool {
	gone := r.State == receiver.StateRefused || r.State == receiver.StateVoid
	return !gone && !r.leased(now) && r.ReturnedAt == nil && r.LastReadAt == nil
}

// guessed reports whether the request id is the right one only as far as anybody
// can tell. An answer from ThingSpace would outrank it.
func (r *row) guessed() bool {
	return r.RequestIDSource == receiver.SourceInferred || r.RequestIDSource == receiver.SourceOperator
}

// doubtful reports whether the request id of an intent is unknown or inferred.
func (r *row) doubtful() bool {
	return r.Origin == receiver.OriginIntent && (r.State == receiver.StateUnknown || r.RequestIDSource == receiver.SourceInferred)
}

// unsettled reports whether another acknowledgement may still say something else
// of a doubtful request: no Terraform state has taken it as it is.
func (r *row) unsettled() bool {
	return r.doubtful() && r.ReturnedAt == nil && r.LastReadAt == nil && r.ClaimGeneration <= 1
}

// passive reports whether nothing but callbacks knows the request. What
// everybody may send must not cost without bounds.
func (r *row) passive() bool { return r.Origin == receiver.OriginCallback && r.Claim == "" }

func (r *row) leased(now time.Time) bool {
	return r.LeaseExpiresAt != nil && r.LeaseExpiresAt.After(now)
}

func decode(column string, into any) error {
	if err := json.Unmarshal([]byte(column), into); err != nil {
		return fmt.Errorf("%w: %w", errUnreadable, err)
	}
	return nil
}

func toMicros(t *time.Time) any {
	if t == nil {
		return nil
	}
	return t.UnixMicro()
}

func fromMicros(n sql.NullInt64) *time.Time {
	if !n.Valid {
		return nil
	}
	t := time.UnixMicro(n.Int64).UTC()
	return &t
}
