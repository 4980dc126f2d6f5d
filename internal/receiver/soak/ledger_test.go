package soak

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
)

// shown is how many violations a failed run tells of: the first ones mean most.
const shown = 20

// ledger is the truth of a run, kept apart from what is tested: what the network
// sent, and what it was told is kept.
type ledger struct {
	mu         sync.Mutex
	sent       map[fact]int // deliveries that have begun
	taken      map[fact]int // deliveries that were answered 2xx
	counts     map[string]int
	violations []string
}

func newLedger() *ledger {
	return &ledger{sent: map[fact]int{}, taken: map[fact]int{}, counts: map[string]int{}}
}

// sending is noted before the first byte leaves: from then on it may be known.
func (l *ledger) sending(facts []fact) { l.note(l.sent, facts) }

func (l *ledger) answered(facts []fact) { l.note(l.taken, facts) }

func (l *ledger) note(in map[fact]int, facts []fact) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, f := range facts {
		in[f]++
	}
}

func (l *ledger) add(counter string, n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.counts[counter] += n
}

func (l *ledger) atLeast(counter string, n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.counts[counter] = max(l.counts[counter], n)
}

func (l *ledger) count(counter string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.counts[counter]
}

func (l *ledger) violated(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.violations = append(l.violations, fmt.Sprintf(format, args...))
}

// report tells of the run. It fails the test if a promise was broken.
func (l *ledger) report(t *testing.T) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	var text strings.Builder
	for _, name := range slices.Sorted(keys(l.counts)) {
		fmt.Fprintf(&text, "\n%9d  %s", l.counts[name], name)
	}
	t.Logf("counters:%s\n%9d  violations", text.String(), len(l.violations))
	for _, violation := range l.violations[:min(len(l.violations), shown)] {
		t.Error(violation)
	}
}

func keys[K comparable, V any](m map[K]V) func(yield func(K) bool) {
	return func(yield func(K) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// judge compares what somebody was told of a request with what the network has
// sent of it, and with what the same one was told before (nil at first).
func (l *ledger) judge(s *script, told, before *receiver.Request) {
	l.add("answers judged", 1)
	if told.RequestID != "" && told.RequestID != s.requestID {
		l.violated("request %s is told to be %s", s.requestID, told.RequestID)
		return
	}
	if len(told.Subscriptions) != len(s.devices) {
		l.violated("request %s has %d devices, told are %+v", s.requestID, len(s.devices), told.Subscriptions)
		return
	}
	for i, sub := range told.Subscriptions {
		l.judgeSubscription(s, sub)
		if before != nil && rank(sub.Status) < rank(before.Subscriptions[i].Status) {
			l.violated("subscription of %s went from %s back to %s", sub.DeviceID, before.Subscriptions[i].Status, sub.Status)
		}
	}
	if want := leastFavourable(told.Subscriptions); told.Status != want {
		l.violated("request %s is told to be %s, its subscriptions say %s", s.requestID, told.Status, want)
	}
}

// judgeSubscription takes a status for true if the network has begun to send it.
func (l *ledger) judgeSubscription(s *script, sub receiver.Subscription) {
	if _, asked := s.final[sub.DeviceID]; !asked {
		l.violated("request %s was not for %s", s.requestID, sub.DeviceID)
		return
	}
	if sub.Status == receiver.StatusRequested {
		return
	}
	l.mu.Lock()
	sent := false
	for _, event := range []string{acknowledged, on, failed, terminated} {
		f := fact{s.requestID, "sub-" + sub.DeviceID, sub.DeviceID, event}
		sent = sent || f.status() == sub.Status && l.sent[f] > 0
	}
	l.mu.Unlock()
	if !sent || sub.QoSSubscriptionID != "sub-"+sub.DeviceID {
		l.violated("subscription %q of %s is told to be %s, which nobody sent", sub.QoSSubscriptionID, sub.DeviceID, sub.Status)
	}
}

// finished reports whether the last word on every device was told.
func (s *script) finished(told *receiver.Request) bool {
	return !slices.ContainsFunc(told.Subscriptions, func(sub receiver.Subscription) bool {
		return sub.Status != s.final[sub.DeviceID]
	})
}

// rank orders a subscription's statuses. The network ends one in one way only.
func rank(status receiver.Status) int {
	switch status {
	case receiver.StatusAcknowledged:
		return 1
	case receiver.StatusOn:
		return 2
	case receiver.StatusFailed, receiver.StatusTerminated:
		return 3
	default:
		return 0
	}
}

func leastFavourable(subscriptions []receiver.Subscription) receiver.Status {
	for _, status := range []receiver.Status{receiver.StatusFailed, receiver.StatusTerminated, receiver.StatusRequested, receiver.StatusAcknowledged} {
		if slices.ContainsFunc(subscriptions, func(s receiver.Subscription) bool { return s.Status == status }) {
			return status
		}
	}
	return receiver.StatusOn
}
