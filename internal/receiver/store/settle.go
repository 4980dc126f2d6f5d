package store

import (
	"context"
	"database/sql"
	"maps"
	"math"
	"slices"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
)

const (
	// maxAcknowledged is how many requests, acknowledged for its devices since it
	// was sent, an unknown one is compared with. Beyond that it is not inferred.
	maxAcknowledged = 200
	// maxCandidates is how many fitting request ids are told.
	maxCandidates = 20
	// settleRounds bounds how often one answer may lead to another within a
	// transaction. They do so along the order in which requests were sent, and of
	// those at most a few share a device.
	settleRounds = 5
)

// mayGain notes that something happened which may settle a request for one of
// the devices.
func (t *tx) mayGain(account string, deviceKeys []string) {
	if t.affected[account] == nil {
		t.affected[account] = map[string]struct{}{}
	}
	for _, key := range deviceKeys {
		t.affected[account][key] = struct{}{}
	}
}

// settle looks again at the unsettled requests that something noted may have
// helped, or proved wrong. The newest goes first: what it gets, an older one of
// the same device can not have made.
func (t *tx) settle(ctx context.Context) error {
	affected := t.affected
	t.affected = map[string]map[string]struct{}{}
	for account, keys := range affected {
		unsettled, err := t.unsettled(ctx, account, slices.Sorted(maps.Keys(keys)))
		if err != nil {
			return err
		}
		for _, id := range unsettled {
			r, err := t.byID(ctx, id)
			if err != nil {
				return err
			}
			if err := t.infer(ctx, r); err != nil {
				return err
			}
		}
	}
	return nil
}

// unsettled are the ids of the unsettled requests of an account for one of the
// devices, newest first.
func (t *tx) unsettled(ctx context.Context, account string, deviceKeys []string) ([]string, error) {
	var ids []string
	for batch := range slices.Chunk(deviceKeys, itemBatch) {
		w := where{args: []any{account}}
		found, err := queryStrings(ctx, t, `SELECT id FROM requests WHERE doubtful AND account_name = $1
			AND returned_at IS NULL AND last_read_at IS NULL
			AND EXISTS (SELECT 1 FROM request_devices AS d WHERE d.request = requests.id AND `+w.in("d.device_key", batch)+`)
			ORDER BY created_seq DESC`, w.args...)
		if err != nil {
			return nil, err
		}
		for _, id := range found {
			if !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
	}
	return ids, nil
}

// infer accepts an unsettled request under the request id of the only
// acknowledgement that fits. As long as no Terraform state has taken that, a
// second one that fits makes it unknown again: then either may be the request's.
func (t *tx) infer(ctx context.Context, r *row) error {
	if !r.unsettled() {
		return nil
	}
	candidates, err := t.candidates(ctx, r)
	switch {
	case err != nil:
		return err
	case len(candidates) == 1:
		if r.RequestID == candidates[0] {
			return nil
		}
		return t.accept(ctx, r, candidates[0], receiver.SourceInferred)
	case r.RequestID == "":
		r.Candidates = candidates
		return t.save(ctx, r)
	}
	previous := r.RequestID
	r.State, r.Candidates = receiver.StateUnknown, candidates
	r.journalReason = "the acknowledgements since it was sent do not tell which request it made"
	if err := t.dropRequestID(ctx, r); err != nil {
		return err
	}
	return t.giveUp(ctx, previous)
}

// candidates are the ids of the requests that were acknowledged after r was
// sent, for devices of r alone, and that nothing else is known to have made. The
// receiver's own sequence decides what came after: reported times have no zone.
func (t *tx) candidates(ctx context.Context, r *row) ([]string, error) {
	type acknowledged struct {
		requestID string
		fits      bool
	}
	scan := func(rows *sql.Rows) (a acknowledged, err error) {
		err = rows.Scan(&a.requestID, &a.fits)
		return a, err
	}
	seen, err := collect(ctx, t, scan, `SELECT seen.request_id,
		NOT EXISTS (SELECT 1 FROM acknowledgements AS o WHERE o.request_id = seen.request_id AND o.device_key NOT IN
			(SELECT device_key FROM request_devices WHERE request = $3 AND configured))
		AND NOT EXISTS (SELECT 1 FROM events AS f WHERE f.request_id = seen.request_id AND f.seq <= $2)
		AND NOT EXISTS (SELECT 1 FROM stops AS s WHERE s.request_id = seen.request_id)
		AND NOT EXISTS (SELECT 1 FROM requests AS q WHERE q.request_id = seen.request_id AND q.request_id <> ''
			AND q.id <> $3 AND (q.origin <> 'callback' OR q.claim <> ''))
		FROM (SELECT DISTINCT a.request_id FROM request_devices AS d CROSS JOIN acknowledgements AS a
			WHERE d.request = $3 AND d.configured
			AND a.account_name = $1 AND a.device_key = d.device_key AND a.seq > $2 LIMIT $4) AS seen ORDER BY seen.request_id`,
		r.AccountName, r.sentSeq, r.ID, maxAcknowledged)
	if err != nil {
		return nil, err
	}
	var fitting []string
	for _, a := range seen {
		if a.fits {
			fitting = append(fitting, a.requestID)
		}
	}
	if len(seen) == maxAcknowledged && len(fitting) == 1 {
		return nil, nil // the one that fits need not be the only one
	}
	return fitting[:min(len(fitting), maxCandidates)], nil
}

// accept gives the request its ThingSpace request id. A row that was only there
// because of the id's callbacks becomes part of it; the id that it held before,
// if any, is left to such a row again.
func (t *tx) accept(ctx context.Context, r *row, requestID string, source receiver.Source) error {
	if err := t.takeOver(ctx, r, requestID, source); err != nil {
		return err
	}
	previous := r.RequestID
	r.State = receiver.StateAccepted
	r.RequestID, r.RequestIDSource = requestID, source
	r.Candidates = nil
	r.journalReason = ""
	if r.AcceptedAt == nil {
		accepted := t.now
		r.AcceptedAt = &accepted
	}
	if err := t.save(ctx, r); err != nil {
		return err
	}
	if previous == requestID {
		return nil
	}
	if err := t.reattribute(ctx, requestID, math.MaxInt64); err != nil {
		return err
	}
	return t.giveUp(ctx, previous)
}

// takeOver frees the request id for r, or refuses where another request holds it
// with as much right.
func (t *tx) takeOver(ctx context.Context, r *row, requestID string, source receiver.Source) error {
	holder, err := t.byRequestID(ctx, requestID)
	if err != nil || holder == nil || holder.ID == r.ID {
		return err
	}
	switch {
	case holder.Origin != receiver.OriginIntent:
		return t.absorb(ctx, r, holder)
	case holder.guessed() && source != holder.RequestIDSource:
		holder.State = receiver.StateUnknown
		holder.journalReason = "the request id taken for its own turned out to be another request's"
		return t.dropRequestID(ctx, holder)
	default:
		return t.refuse(receiver.ConflictState, holder)
	}
}

// absorb makes the other row part of r: with its stops and, where a Terraform
// state has taken it, with that state's claim.
func (t *tx) absorb(ctx context.Context, r, other *row) error {
	if other.Claim != "" {
		r.Claim, r.Policies = other.Claim, other.Policies
		// The intent's own claim is one that the other's has superseded.
		r.ClaimGeneration = max(r.ClaimGeneration+1, other.ClaimGeneration)
		r.ReturnedAt, r.LastReadAt = other.ReturnedAt, other.LastReadAt
		r.LeaseExpiresAt, r.importedAt = other.LeaseExpiresAt, other.importedAt
	}
	r.known = append(r.known, other.known...)
	if err := t.exec(ctx, `UPDATE stops SET request = $1 WHERE request = $2`, r.ID, other.ID); err != nil {
		return err
	}
	return t.remove(ctx, other)
}

// dropRequestID takes the request id from a request that should not have it. The
// caller has set its new state.
func (t *tx) dropRequestID(ctx context.Context, r *row) error {
	r.RequestID, r.RequestIDSource = "", ""
	r.AcceptedAt = nil
	return t.save(ctx, r)
}
