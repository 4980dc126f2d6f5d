package spool_test

import (
	"context"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
	"github.com/qosform/terraform-provider-qos/internal/receiver/spool"
)

// notifiedBacking is a backing that takes notifications as well.
type notifiedBacking struct {
	*backing
	notified []receiver.Notification
}

func (b *notifiedBacking) RecordNotifications(_ context.Context, notifications []receiver.Notification) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.away {
		return errAway
	}
	if slices.ContainsFunc(notifications, func(n receiver.Notification) bool { return n.ResourceID == "poison" }) {
		return &receiver.InvalidError{Reason: "poison"}
	}
	b.notified = append(b.notified, notifications...)
	select {
	case b.changed <- struct{}{}:
	default:
	}
	return nil
}

// await returns the sessions that notifications were about once they are that many.
func (b *notifiedBacking) await(t *testing.T, count int) []string {
	t.Helper()
	for {
		b.mu.Lock()
		sessions := []string{}
		for _, n := range b.notified {
			sessions = append(sessions, n.ResourceID)
		}
		b.mu.Unlock()
		if len(sessions) >= count {
			return sessions
		}
		select {
		case <-b.changed:
		case <-t.Context().Done():
			t.Fatalf("%d notifications of %d", len(sessions), count)
		}
	}
}

// Notifications that come while the store is away wait on disk, across a restart,
// in their order and beside callbacks. One that the store never takes holds up none.
func TestNotificationsWait(t *testing.T) {
	t.Parallel()
	b := &notifiedBacking{backing: newBacking()}
	dir := t.TempDir()
	tell := func(s *spool.Store, sessions ...string) {
		t.Helper()
		for _, session := range sessions {
			n := receiver.Notification{ResourceID: session, Status: "AVAILABLE", Type: "x", Body: `{"kept":"as it came"}`}
			if err := s.RecordNotifications(t.Context(), []receiver.Notification{n}); err != nil {
				t.Fatal(err)
			}
		}
	}
	s := open(t, b, dir, spool.Options{})
	tell(s, "at once")
	b.set(true, 7)
	tell(s, "first", "poison", "second")
	record(t, s, "callback")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	b.set(false, 7)
	s = open(t, b, dir, spool.Options{})
	if diff := cmp.Diff([]string{"at once", "first", "second"}, b.await(t, 3)); diff != "" {
		t.Errorf("notifications (-want +got):\n%s", diff)
	}
	if got := b.backing.await(t, 1); got[0].Event.RequestID != "callback" {
		t.Errorf("callbacks %+v", got)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}
