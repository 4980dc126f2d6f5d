package store_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
)

func (j *journal) sessions(f receiver.SessionFilter) *receiver.SessionPage {
	j.t.Helper()
	page, err := j.store.Sessions(j.t.Context(), f)
	if err != nil {
		j.t.Fatalf("sessions: %v", err)
	}
	return page
}

func sessionNames(page *receiver.SessionPage) []string {
	var names []string
	for _, s := range page.Sessions {
		names = append(names, s.ResourceID+" "+s.Status)
	}
	return names
}

func TestSessions(t *testing.T) {
	t.Parallel()
	forEachDatabase(t, func(t *testing.T, database opener) {
		t.Helper()
		j := newJournal(t, database)
		if page := j.sessions(receiver.SessionFilter{}); len(page.Sessions) != 0 || page.Next != 0 {
			t.Errorf("of nothing, %+v", page)
		}
		began := j.clock.Now()
		ended := j.notification("a", "UNAVAILABLE")
		ended.StatusInfo, ended.Time = "DURATION_EXPIRED", "2026-01-02T03:05:05Z"
		unknown := j.notification("c", "")
		unknown.Type = "org.example.something"
		j.notify(j.notification("a", "AVAILABLE"), j.notification("b", "AVAILABLE"), unknown)
		j.clock.Advance(time.Minute)
		ended.ReceivedAt = j.clock.Now()
		j.notify(ended, ended)
		want := []receiver.Session{
			{ResourceID: "a", Status: "UNAVAILABLE", StatusInfo: "DURATION_EXPIRED", Time: ended.Time, Since: ended.ReceivedAt, Notifications: 2},
			{ResourceID: "b", Status: "AVAILABLE", Time: "2026-01-02T03:04:05Z", Since: began, Notifications: 1},
		}
		if diff := cmp.Diff(want, j.sessions(receiver.SessionFilter{}).Sessions); diff != "" {
			t.Errorf("sessions (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(want[1:], j.sessions(receiver.SessionFilter{ResourceID: "b"}).Sessions); diff != "" {
			t.Errorf("one of them (-want +got):\n%s", diff)
		}
		for _, none := range []string{"c", "no such"} {
			if page := j.sessions(receiver.SessionFilter{ResourceID: none}); len(page.Sessions) != 0 {
				t.Errorf("of %s, %+v", none, page)
			}
		}
	})
}

func TestSessionPages(t *testing.T) {
	t.Parallel()
	forEachDatabase(t, func(t *testing.T, database opener) {
		t.Helper()
		j := newJournal(t, database)
		var want []string
		for i := range 7 {
			name := fmt.Sprintf("session-%d", i)
			j.notify(j.notification(name, "AVAILABLE"), j.notification(name, "UNAVAILABLE"))
			want = append(want, name+" UNAVAILABLE")
		}
		slices.Reverse(want)
		var got []string
		pages := 0
		for f := (receiver.SessionFilter{Limit: 3}); pages == 0 || f.Before > 0; pages++ {
			page := j.sessions(f)
			got = append(got, sessionNames(page)...)
			f.Before = page.Next
		}
		if diff := cmp.Diff(want, got); diff != "" || pages != 3 {
			t.Errorf("on %d pages (-want +got):\n%s", pages, diff)
		}
	})
}

// A session that was told of more often than is looked at says so.
func TestSessionsOfManyWords(t *testing.T) {
	t.Parallel()
	forEachDatabase(t, func(t *testing.T, database opener) {
		t.Helper()
		j := newJournal(t, database)
		for name, count := range map[string]int{"hundred": 100, "more": 101} {
			var told []receiver.Notification
			for i := range count {
				n := j.notification(name, "AVAILABLE")
				n.EventID = fmt.Sprint(name, i)
				told = append(told, n)
			}
			j.notify(told...)
			found := j.sessions(receiver.SessionFilter{ResourceID: name}).Sessions
			if len(found) != 1 || found[0].Notifications != 100 || found[0].More != (name == "more") {
				t.Errorf("%s: %+v", name, found)
			}
		}
	})
}
