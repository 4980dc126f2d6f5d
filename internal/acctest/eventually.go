package acctest

import (
	"testing"
	"time"
)

// patience bounds a wait for something that another process does.
const patience = 30 * time.Second

// Eventually returns once something holds that another process brings about, and
// fails the test if that takes too long.
func Eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-deadline.C:
			t.Fatalf("never came: %s", what)
		}
	}
}
