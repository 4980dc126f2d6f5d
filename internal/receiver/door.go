package receiver

import (
	"context"
	"net/http"
	"net/netip"
	"strconv"
	"time"
)

// The limits of callbacks without credentials about what the journal does not know,
// per source. They may be genuine (a script's requests, or an acknowledgement that
// overtakes its answer), so there is room for many. But anybody can make them up, and
// they are kept until the retention is over.
const (
	strangerEvery = 500 * time.Millisecond
	strangers     = 1000
	// strangerBytes is how much of a body counts as much as an event.
	strangerBytes = 4 << 10
	// recognizeTimeout is short, because a sender waits meanwhile.
	recognizeTimeout = time.Second
)

// VouchingStore is the part of a Store that tells what it knows from what anybody
// may have made up.
type VouchingStore interface {
	// Recognizes reports whether an event is about a request or stop that the journal,
	// or a callback with credentials, has told of, or about a device of a request whose
	// ThingSpace request id is not known yet.
	Recognizes(ctx context.Context, events []Event) (bool, error)
}

// limitStranger refuses a callback without credentials about what the journal does not
// know, from a source that had too many of them. While the store cannot tell, nobody
// is refused.
func (s *Server) limitStranger(ctx context.Context, source netip.Addr, events []Event) *Problem {
	if s.readiness.isAway() {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, recognizeTimeout)
	defer cancel()
	known, err := s.store.Recognizes(ctx, events)
	if err != nil {
		s.log.WarnContext(ctx, "the store failed", "doing", "recognize a callback", "error", err)
	}
	if known || err != nil {
		return nil
	}
	pause := s.strangers.take(source, weight(events), s.cfg.Clock.Now())
	if pause == 0 {
		return nil
	}
	return newProblem(http.StatusTooManyRequests, "too many callbacks without credentials, about requests that this receiver does not know, from this address").
		withHeader("Retry-After", retryAfter(pause))
}

// weight is what a callback counts: its events, which are rows, or its size.
func weight(events []Event) int {
	bytes := 0
	for _, e := range events {
		bytes += len(e.Body)
	}
	return max(len(events), 1+bytes/strangerBytes)
}

// retryAfter is a pause in whole seconds, rounded up.
func retryAfter(pause time.Duration) string {
	return strconv.FormatInt(int64((pause+time.Second-1)/time.Second), 10)
}

func (t timedStore) Recognizes(ctx context.Context, events []Event) (known bool, err error) {
	done := t.time("recognize")
	known, err = t.Store.Recognizes(ctx, events)
	done(err)
	return known, err
}
