package receiver

import (
	"context"
	"net/http"
	"slices"
	"time"
)

// requeryInterval is how often an open long-poll looks at the store although
// nothing woke it. Wake-ups are not lost; this is for stores that learn late of
// what another process wrote.
const requeryInterval = 2 * time.Second

// wait answers as soon as one of the items has changed, or with nothing when its
// time is over, the receiver shuts down or the client goes away.
func (s *Server) wait(ctx context.Context, in *of[WaitRequest]) (*of[WaitAnswer], error) {
	ids := idsOf(in.Body.Items)
	if slices.ContainsFunc(ids, func(id string) bool { return len(id) > maxIdentifier }) {
		return nil, newProblem(http.StatusBadRequest, "an id is longer than any that the receiver has made")
	}
	// Registered before the first look, so that no change falls between them.
	watcher, leave, ok := s.hub.join(ids)
	if !ok {
		return nil, busy()
	}
	defer leave()
	s.metrics.waiters.Inc()
	defer s.metrics.waiters.Dec()
	if err := s.renew(ctx, in.Body.Items); err != nil {
		return nil, s.failed(ctx, "renew leases", err)
	}
	answer, err := s.waitFor(ctx, in.Body, watcher)
	if err != nil {
		return nil, s.failed(ctx, "wait for requests", err)
	}
	return &of[WaitAnswer]{*answer}, nil
}

func (s *Server) waitFor(ctx context.Context, ask WaitRequest, watcher *watcher) (*WaitAnswer, error) {
	clock := s.cfg.Clock
	timeout := clock.NewTimer(time.Duration(ask.TimeoutSeconds) * time.Second)
	defer timeout.Stop()
	renewal := clock.NewTicker(s.cfg.Lease / 3)
	defer renewal.Stop()
	requery := clock.NewTicker(requeryInterval)
	defer requery.Stop()
	for {
		answer, err := s.revised(ctx, ask.Items)
		if err != nil || !answer.empty() || ask.TimeoutSeconds == 0 {
			return answer, err
		}
		select {
		case <-watcher.wake:
		case <-requery.Chan():
		case <-renewal.Chan():
			if err := s.renew(ctx, ask.Items); err != nil {
				return nil, err
			}
		case <-timeout.Chan():
			return answer, nil
		case <-s.hub.closed:
			return answer, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (s *Server) revised(ctx context.Context, items []WaitItem) (*WaitAnswer, error) {
	changed, missing, err := s.store.Revised(ctx, items)
	if err != nil {
		return nil, err
	}
	return &WaitAnswer{Changed: changed, Missing: missing}, nil
}

// renew keeps leases alive for a caller that may write; waiting itself is reading.
func (s *Server) renew(ctx context.Context, items []WaitItem) error {
	var claimed []WaitItem
	for _, item := range items {
		if item.Claim != "" {
			claimed = append(claimed, item)
		}
	}
	if len(claimed) == 0 || !mayWrite(ctx) {
		return nil
	}
	ctx, cancel := lasting(ctx)
	defer cancel()
	return s.store.Renew(ctx, claimed)
}

func idsOf(items []WaitItem) []string {
	ids := make([]string, len(items))
	for i, item := range items {
		ids[i] = item.ID
	}
	return ids
}
