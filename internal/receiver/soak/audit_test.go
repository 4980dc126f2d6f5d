package soak

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
)

const eventsPage = 500

// follower reads the feed of events while it grows, from one replica after the
// other, as a consumer would that must not miss one.
type follower struct {
	clients []*receiver.Client
	ledger  *ledger
	seen    []int64
}

// run follows until done is closed, and then until nothing comes any more.
func (f *follower) run(ctx context.Context, done <-chan struct{}) {
	var after int64
	for turn := 0; ctx.Err() == nil; turn++ {
		last := false
		select {
		case <-done:
			last = true
		default:
		}
		events, err := f.clients[turn%len(f.clients)].Events(ctx, after, eventsPage)
		switch {
		case err != nil && !passing(err) && ctx.Err() == nil:
			f.ledger.violated("follow the events: %v", err)
			return
		case err == nil && len(events) == 0 && last:
			return
		}
		for _, e := range events {
			f.seen = append(f.seen, e.Seq)
			after = e.Seq
		}
		if len(events) == 0 && wait(ctx, lookAgain) != nil {
			return
		}
	}
}

// auditEvents checks that every callback that was answered 2xx is there, once,
// that nothing else is, and that who followed has seen it all.
func (l *ledger) auditEvents(ctx context.Context, t *testing.T, client *receiver.Client, followed []int64) {
	t.Helper()
	var places []int64
	stored := map[fact]int{}
	for after := int64(0); ; {
		events, err := client.Events(ctx, after, eventsPage)
		if err != nil {
			t.Fatal(err)
		}
		if len(events) == 0 {
			break
		}
		for _, e := range events {
			after = e.Seq
			places = append(places, e.Seq)
			l.auditEvent(e, stored)
		}
	}
	l.add("events stored", len(places))
	for f := range l.taken {
		if stored[f] != 1 {
			l.violated("%+v was answered 2xx and is stored %d times", f, stored[f])
		}
	}
	if !slices.Equal(places, followed) {
		l.violated("who followed the events saw others than are stored (-stored +seen):\n%s", cmp.Diff(places, followed))
	}
}

func (l *ledger) auditEvent(e receiver.Event, stored map[fact]int) {
	if len(e.DeviceIDs) != 1 {
		l.violated("event %+v has %d devices", e, len(e.DeviceIDs))
		return
	}
	f := fact{e.RequestID, e.QoSSubscriptionID, e.DeviceIDs[0].ID, e.QoSEvent}
	stored[f]++
	switch {
	case l.sent[f] == 0:
		l.violated("event %+v is stored, and nobody sent it", f)
	case stored[f] > 1:
		l.violated("event %+v is stored again", f)
	case e.Deliveries < l.taken[f]:
		l.violated("%+v was answered 2xx %d times, and %d deliveries are known", f, l.taken[f], e.Deliveries)
	}
	if !e.Authenticated || strings.Contains(e.Body, callbackPassword) {
		l.violated("event %+v is stored as %+v", f, e)
	}
}

// auditRequests checks that each request ends as the network said.
func (l *ledger) auditRequests(ctx context.Context, t *testing.T, client *receiver.Client, scripts []*script) {
	t.Helper()
	expected := map[string]*script{}
	for _, s := range scripts {
		expected[s.requestID] = s
	}
	for r, err := range client.AllRequests(ctx, receiver.Filter{AccountName: account, Limit: eventsPage}) {
		if err != nil {
			t.Fatal(err)
		}
		if r.State == receiver.StateVoid {
			continue // its provider has made another
		}
		s := expected[r.RequestID]
		if s == nil {
			l.violated("request %s, %q, is unknown or there twice", r.ID, r.RequestID)
			continue
		}
		delete(expected, r.RequestID)
		l.judge(s, r, nil)
		if !s.finished(r) {
			l.violated("request %s ends with %+v, want %v", s.requestID, r.Subscriptions, s.final)
		}
	}
	for id := range expected {
		l.violated("request %s is not there", id)
	}
}
