package store_test

import (
	"github.com/qosform/terraform-provider-qos/internal/receiver"
	"github.com/qosform/terraform-provider-qos/internal/receiver/store"
)

// sinceRules are for events that have waited outside the store.
var sinceRules = map[string]func(*journal){
	"an acknowledgement that waited answers for what was sent before it came": func(j *journal) {
		r := j.sent("mine", device("a", "192.0.2.1"))
		known := j.known()
		j.clock.Advance(lease)
		j.hearSince(known, acknowledged("p", "s", "a"))
		j.expect(j.get(r.ID), "accepted(p by inferred) a/s=ACKNOWLEDGED")
	},
	"an acknowledgement that may have come before it was sent does not": func(j *journal) {
		known := j.known()
		r := j.unknown("mine", device("a", "192.0.2.1"))
		j.hearSince(known, acknowledged("p", "s", "a"))
		j.expect(j.get(r.ID), "unknown a/=REQUESTED")
		j.expect(j.byRequestID("p"), "accepted(p by callback) a/s=ACKNOWLEDGED")
	},
	"a quarantined one that waited counts since then": func(j *journal) {
		known := j.known()
		r := j.unknown("mine", device("a", "192.0.2.1"))
		j.quarantineSince(known, acknowledged("p", "s", "a"))
		if err := j.store.Release(j.t.Context(), "waited"); err != nil {
			j.t.Fatal(err)
		}
		j.expect(j.get(r.ID), "unknown a/=REQUESTED")
		j.expect(j.byRequestID("p"), "accepted(p by callback) a/s=ACKNOWLEDGED")
	},
	"a quarantined failure that waited does not end what a stop may have caused": func(j *journal) {
		r := j.accepted("mine", "r", device("a", "192.0.2.1"))
		j.hear(acknowledged("r", "s", "a"))
		known := j.known()
		j.change(r.ID, receiver.Change{Kind: receiver.ChangeStop, Claim: "mine", QoSSubscriptionID: "s"})
		j.quarantineSince(known, failed("r", "", "a"))
		if err := j.store.Release(j.t.Context(), "waited"); err != nil {
			j.t.Fatal(err)
		}
		j.expect(j.get(r.ID), "accepted(r by answer) a/s=ACKNOWLEDGED[failed]")
	},
	"what waited is the newest of the feed": func(j *journal) {
		known := j.known()
		j.hear(on("r", "s"))
		seen := j.events(0)
		j.hearSince(known, on("q", "t"))
		if after := j.events(seen[0].Seq); len(after) != 1 || after[0].RequestID != "q" {
			j.t.Errorf("after the first: %+v", after)
		}
	},
	"each that waited counts since its own place": func(j *journal) {
		known := j.known()
		r := j.sent("mine", device("a", "192.0.2.1"))
		sent := j.known()
		j.clock.Advance(lease)
		err := j.own().RecordSince(j.t.Context(), []receiver.LateEvents{
			{Events: []receiver.Event{acknowledged("before", "s", "a")}, Since: known},
			{Events: []receiver.Event{acknowledged("after", "t", "a")}, Since: sent},
		})
		if err != nil {
			j.t.Fatal(err)
		}
		j.expect(j.get(r.ID), "accepted(after by inferred) a/t=ACKNOWLEDGED")
		j.expect(j.byRequestID("before"), "accepted(before by callback) a/s=ACKNOWLEDGED")
	},
	"a failure that waited does not end what a stop may have caused": func(j *journal) {
		r := j.accepted("mine", "r", device("a", "192.0.2.1"))
		j.hear(acknowledged("r", "s", "a"))
		known := j.known()
		j.change(r.ID, receiver.Change{Kind: receiver.ChangeStop, Claim: "mine", QoSSubscriptionID: "s"})
		j.hearSince(known, failed("r", "", "a"))
		j.expect(j.get(r.ID), "accepted(r by answer) a/s=ACKNOWLEDGED[failed]")
	},
	"known grows with what is written": func(j *journal) {
		before := j.known()
		j.hear(on("r", "s"))
		seen := j.events(0)
		if after := j.known(); before >= after || after < seen[0].Seq {
			j.t.Errorf("known %d, then %d; the event is at %d", before, after, seen[0].Seq)
		}
	},
}

func (j *journal) own() *store.Store {
	j.t.Helper()
	s, ok := j.store.(*store.Store)
	if !ok {
		j.t.Fatalf("the store is a %T", j.store)
	}
	return s
}

func (j *journal) known() int64 {
	j.t.Helper()
	return j.own().Known()
}

func (j *journal) hearSince(since int64, events ...receiver.Event) {
	j.t.Helper()
	if err := j.own().RecordSince(j.t.Context(), []receiver.LateEvents{{Events: events, Since: since}}); err != nil {
		j.t.Fatalf("record: %v", err)
	}
}

func (j *journal) quarantineSince(since int64, events ...receiver.Event) {
	j.t.Helper()
	err := j.store.Quarantine(j.t.Context(), receiver.Quarantined{ID: "waited", ReceivedAt: j.clock.Now(), Events: events, Since: &since})
	if err != nil {
		j.t.Fatalf("quarantine: %v", err)
	}
}
