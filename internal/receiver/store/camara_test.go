package store_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qosform/terraform-provider-qos/internal/pgtest"
	"github.com/qosform/terraform-provider-qos/internal/receiver"
	"github.com/qosform/terraform-provider-qos/internal/receiver/store"
)

func (j *journal) notify(notifications ...receiver.Notification) {
	j.t.Helper()
	if err := j.store.RecordNotifications(j.t.Context(), notifications); err != nil {
		j.t.Fatalf("record notifications: %v", err)
	}
}

func (j *journal) notified(f receiver.NotificationFilter) *receiver.NotificationList {
	j.t.Helper()
	list, err := j.store.Notifications(j.t.Context(), f)
	if err != nil {
		j.t.Fatalf("notifications: %v", err)
	}
	return list
}

// notification is one as the operator's first.
func (j *journal) notification(session, status string) receiver.Notification {
	return receiver.Notification{
		ReceivedAt: j.clock.Now(), ResourceID: session, Status: status, Type: "org.camaraproject.quality-on-demand.v1.qos-status-changed",
		Source: "https://op.example.com", EventID: session + status, Time: "2026-01-02T03:04:05Z", Deliveries: 1, Body: `{"data":{}}`,
	}
}

func statuses(list *receiver.NotificationList) []string {
	told := []string{}
	for _, n := range list.Notifications {
		told = append(told, n.ResourceID+" "+n.Status)
	}
	return told
}

var notificationRules = map[string]func(*journal){
	"it is kept as it came": func(j *journal) {
		want := j.notification("a", "UNAVAILABLE")
		want.StatusInfo = "NETWORK_TERMINATED"
		j.notify(want)
		got := j.notified(receiver.NotificationFilter{}).Notifications
		if len(got) != 1 || got[0].Seq <= 0 {
			j.t.Fatalf("%+v", got)
		}
		want.Seq = got[0].Seq
		if diff := cmp.Diff(want, got[0]); diff != "" {
			j.t.Errorf("(-want +got):\n%s", diff)
		}
	},
	"one that comes again counts a delivery and keeps its place": func(j *journal) {
		j.notify(j.notification("a", "AVAILABLE"))
		before := j.notified(receiver.NotificationFilter{}).Notifications[0]
		again := j.notification("a", "AVAILABLE")
		again.Time, again.Body = "later", "another"
		j.notify(again)
		before.Deliveries = 2
		if diff := cmp.Diff([]receiver.Notification{before}, j.notified(receiver.NotificationFilter{}).Notifications); diff != "" {
			j.t.Errorf("(-want +got):\n%s", diff)
		}
	},
	"another status under an id that came before is not lost": func(j *journal) {
		second := j.notification("a", "UNAVAILABLE")
		second.EventID = j.notification("a", "AVAILABLE").EventID
		j.notify(j.notification("a", "AVAILABLE"), second)
		if diff := cmp.Diff([]string{"a AVAILABLE", "a UNAVAILABLE"}, statuses(j.notified(receiver.NotificationFilter{}))); diff != "" {
			j.t.Error(diff)
		}
	},
	"without an id, the time tells them apart": func(j *journal) {
		first, second := j.notification("a", "AVAILABLE"), j.notification("a", "AVAILABLE")
		first.EventID, second.EventID, second.Time = "", "", "2026-01-02T03:04:06Z"
		j.notify(first, second, first)
		if got := len(j.notified(receiver.NotificationFilter{}).Notifications); got != 2 {
			j.t.Errorf("%d notifications", got)
		}
	},
	"they are found by what they are about, and from a place on": func(j *journal) {
		j.notify(j.notification("a", "AVAILABLE"), j.notification("b", "AVAILABLE"))
		latest := j.notified(receiver.NotificationFilter{Limit: 1}).Latest
		j.notify(j.notification("a", "UNAVAILABLE"), j.notification("c", "AVAILABLE"))
		for _, test := range []struct {
			filter receiver.NotificationFilter
			want   []string
		}{
			{receiver.NotificationFilter{ResourceID: "a"}, []string{"a AVAILABLE", "a UNAVAILABLE"}},
			{receiver.NotificationFilter{After: latest}, []string{"a UNAVAILABLE", "c AVAILABLE"}},
			{receiver.NotificationFilter{After: latest, ResourceID: "a"}, []string{"a UNAVAILABLE"}},
			{receiver.NotificationFilter{Limit: 3}, []string{"a AVAILABLE", "b AVAILABLE", "a UNAVAILABLE"}},
			{receiver.NotificationFilter{ResourceID: "d"}, []string{}},
		} {
			if diff := cmp.Diff(test.want, statuses(j.notified(test.filter))); diff != "" {
				j.t.Errorf("%+v (-want +got):\n%s", test.filter, diff)
			}
		}
	},
	"what comes after a look has a greater place": func(j *journal) {
		j.intend("mine", device("a", "192.0.2.1"))
		latest := j.notified(receiver.NotificationFilter{}).Latest
		j.notify(j.notification("a", "AVAILABLE"))
		if got := j.notified(receiver.NotificationFilter{}).Notifications[0].Seq; got <= latest {
			j.t.Errorf("place %d after a look at %d", got, latest)
		}
	},
	"watchers of the one and of all hear of it, once": func(j *journal) {
		heard := j.earAt(j.store)
		j.notify(j.notification("a", "AVAILABLE"))
		j.notify(j.notification("a", "AVAILABLE"))
		j.notify(j.notification("b", "AVAILABLE"))
		for _, id := range []string{"a", "b"} {
			ids := map[string]bool{}
			for _, topic := range <-heard {
				ids[topic] = true
			}
			if !ids[receiver.NotificationTopic(id)] || !ids[receiver.NotificationTopic("")] {
				j.t.Errorf("of %s, watchers heard %v", id, ids)
			}
		}
	},
	"retention drops the body and nothing else": func(j *journal) {
		j.notify(j.notification("a", "AVAILABLE"))
		want := j.notified(receiver.NotificationFilter{}).Notifications
		j.clock.Advance(400*24*time.Hour + time.Second)
		if err := j.store.Sweep(j.t.Context()); err != nil {
			j.t.Fatal(err)
		}
		want[0].Body = ""
		if diff := cmp.Diff(want, j.notified(receiver.NotificationFilter{}).Notifications); diff != "" {
			j.t.Errorf("(-want +got):\n%s", diff)
		}
	},
	"texts that are odd are kept": func(j *journal) {
		odd := j.notification("a b", "AVAILABLE")
		odd.Type, odd.Source = `ü"\`+"\u2028", "'; DROP TABLE camara_notifications; --"
		j.notify(odd)
		got := j.notified(receiver.NotificationFilter{ResourceID: "a b"}).Notifications
		if len(got) != 1 || got[0].Type != odd.Type || got[0].Source != odd.Source {
			j.t.Errorf("%+v", got)
		}
	},
}

func TestNotificationRules(t *testing.T) {
	t.Parallel()
	forEachDatabase(t, func(t *testing.T, database opener) {
		t.Helper()
		for name, rule := range notificationRules {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				rule(newJournal(t, database))
			})
		}
	})
}

// Many that come at the same time, each several times, are each stored once.
func TestNotificationsThatComeTogether(t *testing.T) {
	t.Parallel()
	forEachDatabase(t, func(t *testing.T, database opener) {
		t.Helper()
		j := newJournal(t, database)
		var all sync.WaitGroup
		for _, s := range []receiver.Store{j.store, j.open()} {
			for n := range 30 {
				all.Go(func() {
					err := s.RecordNotifications(t.Context(), []receiver.Notification{j.notification(fmt.Sprint(n%10), "AVAILABLE")})
					if err != nil {
						t.Error(err)
					}
				})
			}
		}
		all.Wait()
		deliveries := 0
		list := j.notified(receiver.NotificationFilter{})
		for _, n := range list.Notifications {
			deliveries += n.Deliveries
		}
		if len(list.Notifications) != 10 || deliveries != 60 {
			t.Errorf("%d notifications of %d deliveries", len(list.Notifications), deliveries)
		}
	})
}

// The clock of these stores stands still, so that nobody polls.
func TestPostgresAnnouncesNotifications(t *testing.T) {
	t.Parallel()
	j := newJournal(t, pgtest.Database)
	other := j.earAt(j.open())
	other.await(t, j.intend("mine", device("a", "192.0.2.1")).ID) // it listens
	j.notify(j.notification("a", "AVAILABLE"))
	other.await(t, receiver.NotificationTopic("a"))
}

func TestPostgresAwayHoldsNotifications(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t)
	j := &journal{t: t}
	s, err := store.Open(t.Context(), server.URL(), store.Options{Hold: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	server.Stop(t)
	var held sync.WaitGroup
	held.Go(func() {
		n := receiver.Notification{ReceivedAt: time.Now(), ResourceID: "a", Status: "AVAILABLE", Type: "x"}
		if err := s.RecordNotifications(t.Context(), []receiver.Notification{n}); err != nil {
			t.Error(err)
		}
	})
	server.Restart(t)
	held.Wait()
	j.store = s
	if diff := cmp.Diff([]string{"a AVAILABLE"}, statuses(j.notified(receiver.NotificationFilter{}))); diff != "" {
		t.Error(diff)
	}
}
