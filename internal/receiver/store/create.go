package store

import (
	"cmp"
	"context"
	"maps"
	"math"
	"slices"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
)

// Create journals an intent, or records what a Terraform state knows of a
// request, as receiver.NewRequest describes.
func (s *Store) Create(ctx context.Context, n receiver.NewRequest) (*receiver.Request, error) {
	if err := n.Validate(); err != nil {
		return nil, err
	}
	return s.writeRequest(ctx, func(t *tx) (*row, error) {
		if n.RequestID != "" {
			return t.record(ctx, n)
		}
		return t.intend(ctx, n)
	})
}

func (t *tx) intend(ctx context.Context, n receiver.NewRequest) (*row, error) {
	again, err := queryRow(ctx, t, `WHERE claim = $1 AND origin = 'intent'
		AND state IN ('open', 'sent', 'accepted', 'unknown') ORDER BY created_seq DESC LIMIT 1`, n.Claim)
	if err != nil {
		return nil, err
	}
	if again != nil {
		if !sameRequest(again, n) {
			return nil, t.refuse(receiver.ConflictClaim, again)
		}
		return again, nil
	}
	if err := t.admit(ctx, n); err != nil {
		return nil, err
	}
	r, err := t.newRow(ctx, receiver.OriginIntent, n.AccountName)
	if err != nil {
		return nil, err
	}
	r.State = receiver.StateOpen
	r.Devices, r.Policies = n.Devices, n.Policies
	r.Claim, r.ClaimGeneration = n.Claim, 1
	t.extendLease(r)
	return r, t.save(ctx, r)
}

// admit refuses an intent that would elevate a flow twice, or that would make it
// impossible to tell whose an acknowledgement is.
func (t *tx) admit(ctx context.Context, n receiver.NewRequest) error {
	rivals, err := t.rivals(ctx, n)
	if err != nil {
		return err
	}
	slices.SortFunc(rivals, func(a, b *row) int { return cmp.Compare(a.createdSeq, b.createdSeq) })
	var pending *row
	for _, r := range rivals {
		switch {
		case r.LacksRequestID():
			if pending == nil {
				pending = r
			}
		case r.Overlaps(n.Devices):
			return t.refuse(receiver.ConflictOverlap, r)
		}
	}
	if pending != nil {
		return t.refuse(receiver.ConflictPending, pending)
	}
	return nil
}

// rivals are the live and open requests for one of the devices. Those that only
// callbacks know have no flows, so that nothing can overlap with them.
func (t *tx) rivals(ctx context.Context, n receiver.NewRequest) ([]*row, error) {
	found := map[string]*row{}
	for batch := range slices.Chunk(receiver.DeviceKeys(n.Devices), itemBatch) {
		w := where{args: []any{n.AccountName}}
		rows, err := queryRows(ctx, t, `WHERE id IN (SELECT d.request
			FROM request_devices AS d CROSS JOIN requests AS q
			WHERE `+w.in("d.device_key", batch)+` AND q.id = d.request AND q.account_name = $1 AND q.origin <> 'callback'
			AND (q.state IN ('open', 'sent', 'unknown') OR (q.state = 'accepted' AND q.live)))`, w.args...)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			found[r.ID] = r
		}
	}
	return slices.Collect(maps.Values(found)), nil
}

// record takes what a Terraform state knows of a request into the journal.
func (t *tx) record(ctx context.Context, n receiver.NewRequest) (*row, error) {
	r, err := t.byRequestID(ctx, n.RequestID)
	if err != nil {
		return nil, err
	}
	if r != nil && r.Claim != "" && r.Claim != n.Claim && r.ClaimGeneration >= n.ClaimGeneration {
		return nil, t.refuse(receiver.ConflictClaim, r)
	}
	if r == nil || r.passive() {
		if r, err = t.recordUnknown(ctx, n, r); err != nil {
			return nil, err
		}
	}
	if !slices.ContainsFunc(r.Devices, func(d receiver.Device) bool { return len(d.Flows) > 0 }) {
		r.Devices = n.Devices
	}
	if r.AccountName == "" {
		r.AccountName = n.AccountName
	}
	if r.Origin == receiver.OriginCallback {
		r.Origin, r.RequestIDSource = receiver.OriginState, receiver.SourceState
	}
	if len(n.Subscriptions) > 0 {
		r.known = n.Subscriptions
	}
	r.Policies = n.Policies
	if r.Claim != n.Claim {
		r.importedAt = nil
	}
	r.Claim, r.ClaimGeneration = n.Claim, max(r.ClaimGeneration, n.ClaimGeneration, 1)
	t.markReturned(r)
	if err := t.save(ctx, r); err != nil {
		return nil, err
	}
	return r, t.reattribute(ctx, []string{n.RequestID}, math.MaxInt64)
}

// recordUnknown is for a request id that the journal knows at most from
// callbacks: it may be the one that an intent of the same claim still lacks.
func (t *tx) recordUnknown(ctx context.Context, n receiver.NewRequest, heardOf *row) (*row, error) {
	r, err := queryRow(ctx, t, `WHERE claim = $1 AND origin = 'intent' AND request_id = ''
		ORDER BY created_seq DESC LIMIT 1`, n.Claim)
	if err != nil {
		return nil, err
	}
	if r != nil && r.AccountName == n.AccountName {
		return r, t.accept(ctx, r, n.RequestID, receiver.SourceState)
	}
	if heardOf != nil {
		return heardOf, nil
	}
	r, err = t.newRow(ctx, receiver.OriginState, n.AccountName)
	if err != nil {
		return nil, err
	}
	r.State = receiver.StateAccepted
	r.RequestID, r.RequestIDSource = n.RequestID, receiver.SourceState
	accepted := t.now
	r.AcceptedAt = &accepted
	return r, nil
}

func (t *tx) markReturned(r *row) {
	if r.ReturnedAt == nil {
		returned := t.now
		r.ReturnedAt = &returned
	}
	r.LeaseExpiresAt = nil
}

// sameRequest reports whether an intent that came again is the one journalled.
func sameRequest(r *row, n receiver.NewRequest) bool {
	return r.AccountName == n.AccountName && slices.EqualFunc(r.Devices, n.Devices, func(a, b receiver.Device) bool {
		return a.ID == b.ID && slices.Equal(a.Flows, b.Flows)
	})
}
