package store_test

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
)

var quarantineRules = map[string]func(*journal){
	"a bounded quarantine": func(j *journal) {
		for i := range 5 {
			j.quarantine(fmt.Sprintf("c%d", i))
		}
		j.quarantine("")
		held := j.quarantined(receiver.QuarantineFilter{}).Callbacks
		if len(held) != 3 || held[0].ID != "c3" || held[1].ID != "c4" || held[2].ID == "" {
			j.t.Errorf("held = %+v", held)
		}
	},
	"a released callback": func(j *journal) {
		j.quarantine("c")
		if len(j.events(0)) != 0 {
			j.t.Error("a quarantined event counts")
		}
		if err := j.store.Release(j.t.Context(), "c"); err != nil {
			j.t.Fatal(err)
		}
		got := j.events(0)
		if len(got) != 1 || !got[0].Authenticated {
			j.t.Errorf("events = %+v", got)
		}
		if err := j.store.Release(j.t.Context(), "c"); !errors.Is(err, receiver.ErrNotFound) {
			j.t.Errorf("error = %v, want ErrNotFound", err)
		}
	},
	"a callback that is sent again is held once": func(j *journal) {
		e := unauthenticated(on("r", "s"))
		other := e
		other.ReportedTime = "later"
		j.quarantineEvents("first", e)
		j.quarantineEvents("again", e)
		j.quarantineEvents("other", e, other)
		if got := j.heldIDs(receiver.QuarantineFilter{}); !cmp.Equal(got, []string{"first", "other"}) {
			j.t.Errorf("held = %v", got)
		}
	},
	"a quarantine of bounded size": func(j *journal) {
		for i := range 3 {
			e := unauthenticated(on("r", fmt.Sprintf("s-%d", i)))
			e.Body = strings.Repeat("x", quarantineBytes*2/5)
			j.quarantineEvents(fmt.Sprintf("c%d", i), e)
		}
		if got := j.heldIDs(receiver.QuarantineFilter{}); !cmp.Equal(got, []string{"c1", "c2"}) {
			j.t.Errorf("held = %v", got)
		}
		e := unauthenticated(on("r", "s"))
		e.Body = strings.Repeat("x", quarantineBytes+1)
		j.quarantineEvents("large", e)
		if got := j.heldIDs(receiver.QuarantineFilter{}); !cmp.Equal(got, []string{"large"}) {
			j.t.Errorf("held = %v", got)
		}
	},
	"the quarantine by pages and requests": func(j *journal) {
		for i, request := range []string{"r", "q", "r"} {
			e := unauthenticated(on(request, "s"))
			e.ReportedTime = fmt.Sprint(i)
			j.quarantineEvents(fmt.Sprintf("c%d", i), e)
		}
		first := j.quarantined(receiver.QuarantineFilter{Limit: 2})
		if len(first.Callbacks) != 2 || first.Next == "" {
			j.t.Fatalf("page = %+v", first)
		}
		if got := j.heldIDs(receiver.QuarantineFilter{Limit: 2, Cursor: first.Next}); !cmp.Equal(got, []string{"c2"}) {
			j.t.Errorf("second page = %v", got)
		}
		if got := j.heldIDs(receiver.QuarantineFilter{RequestID: "r"}); !cmp.Equal(got, []string{"c0", "c2"}) {
			j.t.Errorf("of request r = %v", got)
		}
		_, err := j.store.Quarantined(j.t.Context(), receiver.QuarantineFilter{Cursor: "x"})
		if _, ok := errors.AsType[*receiver.InvalidError](err); !ok {
			j.t.Errorf("error = %v, want an InvalidError", err)
		}
	},
	"the quarantine does not outlast retention": func(j *journal) {
		j.quarantine("old")
		j.clock.Advance(400*24*time.Hour + time.Second)
		j.quarantine("fresh")
		if err := j.store.Sweep(j.t.Context()); err != nil {
			j.t.Fatal(err)
		}
		if got := j.heldIDs(receiver.QuarantineFilter{}); !cmp.Equal(got, []string{"fresh"}) {
			j.t.Errorf("held = %v", got)
		}
	},
	"a released callback came when it came": func(j *journal) {
		r := j.accepted("mine", "r", device("a", "192.0.2.1"))
		j.hear(acknowledged("r", "s", "a"))
		j.quarantineEvents("c", unauthenticated(failed("r", "", "a")))
		j.stop(r.ID)
		if err := j.store.Release(j.t.Context(), "c"); err != nil {
			j.t.Fatal(err)
		}
		j.expect(j.get(r.ID), "accepted(r by answer) a/s=FAILED[done]")
	},
	"a released callback that was sent again": func(j *journal) {
		r := j.accepted("mine", "r", device("a", "192.0.2.1"))
		j.hear(acknowledged("r", "s", "a"))
		early := failed("r", "", "a")
		j.quarantineEvents("c", unauthenticated(early))
		j.stop(r.ID)
		j.hear(early)
		j.expect(j.get(r.ID), "accepted(r by answer) a/s=ACKNOWLEDGED[failed]")
		if err := j.store.Release(j.t.Context(), "c"); err != nil {
			j.t.Fatal(err)
		}
		j.expect(j.get(r.ID), "accepted(r by answer) a/s=FAILED[done]")
	},
	"what is released is the newest of the feed": func(j *journal) {
		j.quarantineEvents("c", unauthenticated(on("q", "t")))
		j.hear(on("r", "s"))
		seen := j.events(0)
		if err := j.store.Release(j.t.Context(), "c"); err != nil {
			j.t.Fatal(err)
		}
		if after := j.events(seen[len(seen)-1].Seq); len(after) != 1 || after[0].RequestID != "q" || !after[0].Authenticated {
			j.t.Errorf("after the first: %+v", after)
		}
	},
	"an acknowledgement released late is not newer than the intent": func(j *journal) {
		j.quarantineEvents("c", unauthenticated(acknowledged("r", "s", "a")))
		lost := j.unknown("mine", device("a", "192.0.2.1"))
		if err := j.store.Release(j.t.Context(), "c"); err != nil {
			j.t.Fatal(err)
		}
		j.expect(j.get(lost.ID), "unknown a/=REQUESTED")
	},
}

func (j *journal) quarantine(id string) {
	j.t.Helper()
	e := unauthenticated(on("r", "s"))
	e.ReportedTime = id
	j.quarantineEvents(id, e)
}

func (j *journal) quarantineEvents(id string, events ...receiver.Event) {
	j.t.Helper()
	err := j.store.Quarantine(j.t.Context(), receiver.Quarantined{
		ID: id, ReceivedAt: j.clock.Now(), Source: "192.0.2.9", Reason: "wrong password", Events: events,
	})
	if err != nil {
		j.t.Fatalf("quarantine: %v", err)
	}
}

func (j *journal) quarantined(f receiver.QuarantineFilter) *receiver.QuarantinePage {
	j.t.Helper()
	page, err := j.store.Quarantined(j.t.Context(), f)
	if err != nil {
		j.t.Fatalf("quarantined: %v", err)
	}
	return page
}

func (j *journal) heldIDs(f receiver.QuarantineFilter) []string {
	j.t.Helper()
	var ids []string
	for _, q := range j.quarantined(f).Callbacks {
		ids = append(ids, q.ID)
	}
	return ids
}
