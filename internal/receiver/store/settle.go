package store

import (
	"context"
	"slices"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
)

// settle resolves the unknown requests that by now can be resolved. It looks
// only after something happened that could have helped.
func (t *tx) settle(ctx context.Context) error {
	if !t.unsettled {
		return nil
	}
	t.unsettled = false
	unknown, err := queryRows(ctx, t, `WHERE state = 'unknown' ORDER BY created_seq`)
	if err != nil {
		return err
	}
	for _, r := range unknown {
		if err := t.infer(ctx, r); err != nil {
			return err
		}
	}
	return nil
}

// infer accepts an unknown request under the request id of the only
// acknowledgement that fits, and otherwise notes which would.
func (t *tx) infer(ctx context.Context, r *row) error {
	candidates, err := t.candidates(ctx, r)
	if err != nil {
		return err
	}
	if len(candidates) == 1 {
		return t.accept(ctx, r, candidates[0], receiver.SourceInferred)
	}
	r.Candidates = candidates
	return t.save(ctx, r)
}

// candidates are the ids of the requests that were acknowledged after r was
// sent, for devices of r alone, and that nothing else is known to have made. The
// receiver's own sequence decides what came after: reported times have no zone.
func (t *tx) candidates(ctx context.Context, r *row) ([]string, error) {
	acknowledged, err := queryEvents(ctx, t, `AS e WHERE acknowledges AND account_name = $1 AND seq > $2
		AND request_id <> ''
		AND NOT EXISTS (SELECT 1 FROM events AS f WHERE f.request_id = e.request_id AND f.seq <= $2)
		AND NOT EXISTS (SELECT 1 FROM stops AS s WHERE s.request_id = e.request_id)
		AND NOT EXISTS (SELECT 1 FROM requests AS q WHERE q.request_id = e.request_id
			AND q.request_id <> '' AND (q.origin <> 'callback' OR q.claim <> ''))
		ORDER BY seq`, r.AccountName, r.sentSeq)
	if err != nil {
		return nil, err
	}
	named := map[string][]receiver.Device{}
	var ids []string
	for _, e := range acknowledged {
		if _, seen := named[e.RequestID]; !seen {
			ids = append(ids, e.RequestID)
		}
		named[e.RequestID] = append(named[e.RequestID], e.DeviceIDs...)
	}
	var fitting []string
	for _, id := range ids {
		if receiver.Covers(r.Devices, named[id]) {
			fitting = append(fitting, id)
		}
	}
	return fitting, nil
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
	return t.revealRequest(ctx, previous)
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
		r.LeaseExpiresAt = other.LeaseExpiresAt
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

// revealRequest makes a row for a request that is known only from callbacks, if
// there is one by that id and no row has it.
func (t *tx) revealRequest(ctx context.Context, requestID string) error {
	if requestID == "" {
		return nil
	}
	holder, err := queryRow(ctx, t, `WHERE (request_id = $1 AND request_id <> '')
		OR id IN (SELECT request FROM stops WHERE request_id = $1)`, requestID)
	if err != nil || holder != nil {
		return err
	}
	events, err := queryEvents(ctx, t, `WHERE request_id = $1 ORDER BY seq`, requestID)
	if err != nil || !slices.ContainsFunc(events, receiver.Event.MakesRequest) {
		return err
	}
	account := ""
	for _, e := range events {
		if account == "" {
			account = e.AccountName
		}
	}
	r, err := t.newRow(ctx, receiver.OriginCallback, account)
	if err != nil {
		return err
	}
	r.State = receiver.StateAccepted
	r.RequestID, r.RequestIDSource = requestID, receiver.SourceCallback
	accepted := events[0].ReceivedAt
	r.AcceptedAt = &accepted
	return t.save(ctx, r)
}
