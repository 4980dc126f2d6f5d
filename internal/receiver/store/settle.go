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
// acknowledgement that fits. As long as no Terraform state has taken that, another
// that fits makes it unknown again: then either may be the request's.
func (t *tx) infer(ctx context.Context, r *row) error {
	if !r.unsettled() {
		return nil
	}
	likely, err := t.likely(ctx, r)
	switch {
	case err != nil:
		return err
	case likely.sole():
		if r.RequestID == likely.candidates[0] {
			return nil
		}
		return t.accept(ctx, r, likely.candidates[0], receiver.SourceInferred)
	case r.RequestID == "":
		r.Candidates = likely.candidates
		return t.save(ctx, r)
	}
	previous := r.RequestID
	r.State, r.Candidates = receiver.StateUnknown, likely.candidates
	r.journalReason = "the acknowledgements since it was sent do not tell which request it made"
	if err := t.dropRequestID(ctx, r); err != nil {
		return err
	}
	return t.giveUp(ctx, previous)
}

// likely are the ids of the requests that r may have made: of those whose
// acknowledgement came with credentials if there are any, because everybody can send
// one without, else of all.
func (t *tx) likely(ctx context.Context, r *row) (acknowledgements, error) {
	vouched, err := t.acknowledgedSince(ctx, r, "AND a.vouched")
	if err != nil || vouched.count > 0 {
		return vouched, err
	}
	all, err := t.acknowledgedSince(ctx, r, "")
	if err != nil {
		return all, err
	}
	// What anybody can send adds to what is likely, and takes nothing away: who makes
	// one id unlikely could let another one be taken for the request's.
	before, err := t.notRuledOut(ctx, r, distinct(append(slices.Clone(r.Candidates), r.RequestID)))
	for _, id := range before {
		if !slices.Contains(all.candidates, id) {
			all.candidates, all.ruledOut = append(all.candidates, id), true
		}
	}
	slices.Sort(all.candidates)
	all.candidates = all.candidates[:min(len(all.candidates), maxCandidates)]
	return all, err
}

// notRuledOut are those of the request ids that the journal does not know to be
// another's, and that no acknowledgement with credentials shows to be for other devices.
func (t *tx) notRuledOut(ctx context.Context, r *row, requestIDs []string) (open []string, err error) {
	err = inBatches(requestIDs, func(batch []string) error {
		w := where{args: []any{r.ID}}
		found, err := queryStrings(ctx, t, `SELECT named.column1 FROM (`+w.values(batch)+`) AS named WHERE
			NOT EXISTS (SELECT 1 FROM acknowledgements AS o WHERE o.vouched AND o.request_id = named.column1 AND o.device_key NOT IN
				(SELECT device_key FROM request_devices WHERE request = $1 AND configured))
			AND NOT EXISTS (SELECT 1 FROM stops AS s WHERE s.request_id = named.column1)
			AND NOT EXISTS (SELECT 1 FROM requests AS q WHERE q.request_id = named.column1 AND q.request_id <> ''
				AND q.id <> $1 AND (q.origin <> 'callback' OR q.claim <> ''))`, w.args...)
		open = append(open, found...)
		return err
	})
	return distinct(open), err
}

// acknowledgements are the requests that were acknowledged for the devices of another
// since it was sent.
type acknowledgements struct {
	count      int
	candidates []string // that fit, or did
	ruledOut   bool     // by what anybody can send, some of the candidates no longer fit
}

// sole reports whether only one can be meant.
func (a acknowledgements) sole() bool { return len(a.candidates) == 1 && !a.ruledOut }

// acknowledgedSince finds the requests that were acknowledged after r was sent, by
// acknowledgements that the condition selects. Those fit that were acknowledged for
// devices of r alone, and that nothing else is known to have made. The receiver's own
// sequence decides what came after: reported times have no zone.
func (t *tx) acknowledgedSince(ctx context.Context, r *row, condition string) (found acknowledgements, err error) {
	scan := func(rows *sql.Rows) error {
		var requestID string
		var fits bool
		err := rows.Scan(&requestID, &fits)
		found.count++
		if fits {
			found.candidates = append(found.candidates, requestID)
		}
		return err
	}
	err = each(ctx, t, scan, `SELECT seen.request_id,
		NOT EXISTS (SELECT 1 FROM acknowledgements AS o WHERE o.request_id = seen.request_id AND o.device_key NOT IN
			(SELECT device_key FROM request_devices WHERE request = $3 AND configured))
		AND NOT EXISTS (SELECT 1 FROM events AS f WHERE f.request_id = seen.request_id AND f.seq <= $2)
		AND NOT EXISTS (SELECT 1 FROM events AS f WHERE f.request_id = seen.request_id AND f.came <= $2)
		AND NOT EXISTS (SELECT 1 FROM stops AS s WHERE s.request_id = seen.request_id)
		AND NOT EXISTS (SELECT 1 FROM requests AS q WHERE q.request_id = seen.request_id AND q.request_id <> ''
			AND q.id <> $3 AND (q.origin <> 'callback' OR q.claim <> ''))
		FROM (SELECT DISTINCT a.request_id FROM request_devices AS d CROSS JOIN acknowledgements AS a
			WHERE d.request = $3 AND d.configured
			AND a.account_name = $1 AND a.device_key = d.device_key AND a.seq > $2 `+condition+` LIMIT $4) AS seen ORDER BY seen.request_id`,
		r.AccountName, r.sentSeq, r.ID, maxAcknowledged)
	if found.count == maxAcknowledged && len(found.candidates) == 1 {
		found.candidates = nil // the one that fits need not be the only one
	}
	found.candidates = found.candidates[:min(len(found.candidates), maxCandidates)]
	return found, err
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
	if err := t.reattribute(ctx, []string{requestID}, math.MaxInt64); err != nil {
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
