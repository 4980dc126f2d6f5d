// Package fault keeps the faults that a test has injected into a simulator
// until they are spent.
package fault

import (
	"slices"
	"sync"
)

// Book holds faults in the order of their injection. The zero value is empty,
// and all methods are safe for concurrent use.
type Book[F any] struct {
	mu      sync.Mutex
	entries []entry[F]
}

type entry[F any] struct {
	fault       F
	skip, times int
}

// Add enters a fault that lets skip occasions pass and then strikes so many
// times; 0 times means until Clear.
func (b *Book[F]) Add(f F, skip, times int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.entries = append(b.entries, entry[F]{f, skip, times})
}

// Clear removes all faults.
func (b *Book[F]) Clear() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.entries = nil
}

// Take returns the oldest fault that fits, and spends one of its times. A fault
// that still skips counts the occasion as passed.
func (b *Book[F]) Take(fits func(F) bool) (F, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range b.entries {
		e := &b.entries[i]
		if !fits(e.fault) {
			continue
		}
		if e.skip > 0 {
			e.skip--
			continue
		}
		taken := e.fault
		if e.times == 1 {
			b.entries = slices.Delete(b.entries, i, i+1)
		} else if e.times > 1 {
			e.times--
		}
		return taken, true
	}
	var none F
	return none, false
}
