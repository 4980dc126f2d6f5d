package store

import (
	"cmp"
	"context"
	"slices"
	"strings"

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
	var keys []string
	for _, d := range n.Devices {
		keys = append(keys, strings.ToLower(d.ID))
	}
	w := where{args: []any{n.AccountName}}
	rivals, err := queryRows(ctx, t, `WHERE account_name = $1
		AND (state IN ('open', 'sent', 'unknown') OR (state = 'accepted' AND live))
		AND id IN (SELECT request FROM request_devices WHERE `+w.in("device_key", keys)+`)`, w.args...)
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

// record takes what a Terraform state knows of a request into the journal.
func (t *tx) record(ctx context.Context, n receiver.NewRequest) (*row, error) {
	r, err := t.byRequestID(ctx, n.RequestID)
	if err != nil {
		return nil, err
	}
	if r != nil && r.Claim != "" && r.Claim != n.Claim && r.ClaimGeneration >= n.ClaimGeneration {
		return nil, t.refuse(receiver.ConflictClaim, r)
	}
	if r == nil {
		if r, err = t.recordUnknown(ctx, n); err != nil {
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
	r.Claim, r.ClaimGeneration = n.Claim, max(r.ClaimGeneration, n.ClaimGeneration, 1)
	t.markReturned(r)
	return r, t.save(ctx, r)
}

// recordUnknown is for a request id that the journal does not know: it may be
// the one that an intent of the same claim still lacks.
func (t *tx) recordUnknown(ctx context.Context, n receiver.NewRequest) (*row, error) {
	r, err := queryRow(ctx, t, `WHERE claim = $1 AND account_name = $2 AND origin = 'intent' AND request_id = ''
		ORDER BY created_seq DESC LIMIT 1`, n.Claim, n.AccountName)
	if err != nil {
		return nil, err
	}
	if r != nil {
		return r, t.accept(ctx, r, n.RequestID, receiver.SourceState)
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
