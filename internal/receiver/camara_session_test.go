package receiver_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
)

func TestSessionOf(t *testing.T) {
	t.Parallel()
	began := time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC)
	// told came in the minute that its place is.
	told := func(seq int64, status, info, at string) receiver.Notification {
		return receiver.Notification{
			Seq: seq, ReceivedAt: began.Add(time.Duration(seq) * time.Minute), ResourceID: "s", Status: status, StatusInfo: info, Time: at,
		}
	}
	for name, test := range map[string]struct {
		notifications []receiver.Notification
		want          receiver.Session
	}{
		"one": {
			[]receiver.Notification{told(1, "AVAILABLE", "", "2026-01-02T02:59:00Z")},
			receiver.Session{Status: "AVAILABLE", Time: "2026-01-02T02:59:00Z", Since: began.Add(time.Minute), Notifications: 1},
		},
		"told twice": {
			[]receiver.Notification{
				told(1, "UNAVAILABLE", "DURATION_EXPIRED", "2026-01-02T02:00:00Z"),
				told(2, "AVAILABLE", "", "2026-01-02T02:01:00Z"), told(3, "available", "", "2026-01-02T02:02:00Z"),
			},
			receiver.Session{Status: "available", Time: "2026-01-02T02:02:00Z", Since: began.Add(2 * time.Minute), Notifications: 3},
		},
		"ended": {
			[]receiver.Notification{told(1, "AVAILABLE", "", "2026-01-02T02:00:00Z"), told(2, "UNAVAILABLE", "NETWORK_TERMINATED", "2026-01-02T02:30:00Z")},
			receiver.Session{Status: "UNAVAILABLE", StatusInfo: "NETWORK_TERMINATED", Time: "2026-01-02T02:30:00Z", Since: began.Add(2 * time.Minute), Notifications: 2},
		},
		"delayed, and in another zone": {
			[]receiver.Notification{told(1, "UNAVAILABLE", "DURATION_EXPIRED", "2026-01-02T02:30:00Z"), told(2, "AVAILABLE", "", "2026-01-02T03:29:00+01:00")},
			receiver.Session{Status: "UNAVAILABLE", StatusInfo: "DURATION_EXPIRED", Time: "2026-01-02T02:30:00Z", Since: began.Add(time.Minute), Notifications: 2},
		},
		"in the future": {
			[]receiver.Notification{told(1, "AVAILABLE", "", "2030-01-02T02:30:00Z"), told(2, "UNAVAILABLE", "DURATION_EXPIRED", "2026-01-02T03:01:30Z")},
			receiver.Session{Status: "UNAVAILABLE", StatusInfo: "DURATION_EXPIRED", Time: "2026-01-02T03:01:30Z", Since: began.Add(2 * time.Minute), Notifications: 2},
		},
		"without times": {
			[]receiver.Notification{told(1, "AVAILABLE", "", ""), told(2, "UNAVAILABLE", "", "yesterday")},
			receiver.Session{Status: "UNAVAILABLE", Time: "yesterday", Since: began.Add(2 * time.Minute), Notifications: 2},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test.want.ResourceID = "s"
			for range 2 { // in one order, and in the other
				if diff := cmp.Diff(test.want, receiver.SessionOf(test.notifications)); diff != "" {
					t.Errorf("session (-want +got):\n%s", diff)
				}
				slices.Reverse(test.notifications)
			}
		})
	}
}
