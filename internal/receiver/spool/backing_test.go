package spool_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
)

var errAway = errors.New("the database is away")

// late is an event as the backing was told of it, "" for since when it came at once.
type late struct {
	Event receiver.Event
	Since int64
}

const (
	atOnce = -1
	// rereadEvery is how soon the spool looks again at what it could not read.
	rereadEvery = time.Minute
)

// backing is a store that can be away, and that refuses some events for good.
type backing struct {
	receiver.Store
	mu       sync.Mutex
	away     bool
	id       string
	known    int64
	recorded []late
	batches  []int // callbacks of each transaction
	held     []receiver.Quarantined
	broken   string // a request on which it fails, though it answers
	failures int
	// curesPoison is a store that was mended.
	curesPoison bool
	changed     chan struct{}
}

func newBacking() *backing {
	return &backing{id: "the-store", known: 7, changed: make(chan struct{}, 1)}
}

func (b *backing) StoreID() string { return b.id }

func (b *backing) Ping(context.Context) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.away {
		return errAway
	}
	return nil
}

func (b *backing) Known() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.known
}

func (b *backing) Record(ctx context.Context, events []receiver.Event) error {
	return b.RecordSince(ctx, []receiver.LateEvents{{Events: events, Since: atOnce}})
}

func (b *backing) RecordSince(_ context.Context, callbacks []receiver.LateEvents) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.away {
		return errAway
	}
	var events []late
	for _, c := range callbacks {
		for _, e := range c.Events {
			events = append(events, late{e, c.Since})
		}
	}
	if slices.ContainsFunc(events, func(e late) bool { return e.Event.RequestID == "poison" }) && !b.curesPoison {
		return &receiver.InvalidError{Reason: "poison"}
	}
	if slices.ContainsFunc(events, func(e late) bool { return b.broken != "" && (e.Event.RequestID == b.broken || b.broken == "all") }) {
		b.failures++
		b.signal()
		return errors.New("a row that cannot be read")
	}
	b.recorded, b.batches = append(b.recorded, events...), append(b.batches, len(callbacks))
	b.signal()
	return nil
}

func (b *backing) Quarantine(_ context.Context, q receiver.Quarantined) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.away {
		return errAway
	}
	b.held = append(b.held, q)
	return nil
}

func (b *backing) signal() {
	select {
	case b.changed <- struct{}{}:
	default:
	}
}

// awaitFailures returns once it has failed that often though it answers.
func (b *backing) awaitFailures(t *testing.T, count int) {
	t.Helper()
	for {
		b.mu.Lock()
		failures := b.failures
		b.mu.Unlock()
		if failures >= count {
			return
		}
		select {
		case <-b.changed:
		case <-t.Context().Done():
			t.Fatalf("%d failures of %d", failures, count)
		}
	}
}

func (b *backing) set(away bool, known int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.away, b.known = away, known
}

// await returns what was recorded once it is that much.
func (b *backing) await(t *testing.T, count int) []late {
	t.Helper()
	for {
		b.mu.Lock()
		recorded := slices.Clone(b.recorded)
		b.mu.Unlock()
		if len(recorded) >= count {
			return recorded
		}
		select {
		case <-b.changed:
		case <-t.Context().Done():
			t.Fatalf("%d events of %d", len(recorded), count)
		}
	}
}

func (*backing) Close() error { return nil }

// lockedBuffer is what a log is written to while a test reads it.
type lockedBuffer struct {
	mu   sync.Mutex
	text strings.Builder
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}
