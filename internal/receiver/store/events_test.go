package store_test

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
)

var eventRules = map[string]func(*journal){
	"events are kept in order": func(j *journal) {
		first, second := acknowledged("r", "s", "a"), on("r", "s")
		first.ReceivedAt, second.ReceivedAt = j.clock.Now(), j.clock.Now().Add(time.Second)
		first.ReportedTime = "2023-02-17 18:57:48.627"
		j.hear(first, second)
		got := j.events(0)
		if len(got) != 2 || got[0].Seq >= got[1].Seq {
			j.t.Fatalf("events = %+v", got)
		}
		for i, want := range []receiver.Event{first, second} {
			want.Seq, want.Deliveries = got[i].Seq, 1
			if diff := cmp.Diff(want, got[i]); diff != "" {
				j.t.Errorf("event %d (-want +got):\n%s", i, diff)
			}
		}
		if after := j.events(got[0].Seq); len(after) != 1 || after[0].Seq != got[1].Seq {
			j.t.Errorf("after the first: %+v", after)
		}
	},
	"a duplicate is stored once": func(j *journal) {
		j.hear(unauthenticated(on("r", "s")))
		r := j.byRequestID("r")
		if r.Authenticated {
			j.t.Error("authenticated by nothing")
		}
		again := on("r", "s")
		again.QoSEvent = "QoSChangeOn"
		j.hear(again, unauthenticated(again))
		got := j.events(0)
		if len(got) != 1 || got[0].Deliveries != 3 || !got[0].Authenticated || got[0].QoSEvent != "QosChangeOn" {
			j.t.Errorf("events = %+v", got)
		}
		if !j.byRequestID("r").Authenticated {
			j.t.Error("not authenticated by the second delivery")
		}
		revision := j.byRequestID("r").Revision
		j.hear(again)
		if now := j.byRequestID("r").Revision; now != revision {
			j.t.Errorf("a duplicate made revision %d of %d", now, revision)
		}
	},
	"nothing to record": func(j *journal) { j.hear() },
	"what only callbacks tell": func(j *journal) {
		j.hear(unauthenticated(acknowledged("r", "s", "a")), unauthenticated(acknowledged("r", "t", "b")))
		if found := j.list(receiver.Filter{AccountName: account}); len(found) != 0 {
			j.t.Errorf("unauthenticated requests are listed: %d", len(found))
		}
		for _, f := range []receiver.Filter{
			{RequestID: "r"}, {QoSSubscriptionID: "t"}, {IncludeUnauthenticated: true, DeviceID: "B"},
		} {
			found := j.list(f)
			if len(found) != 1 {
				j.t.Fatalf("%+v finds %d", f, len(found))
			}
			j.expect(&found[0], "accepted(r by callback) a/s=ACKNOWLEDGED b/t=ACKNOWLEDGED")
			if found[0].Authenticated || found[0].AccountName != account || len(found[0].Devices) != 2 {
				j.t.Errorf("request = %+v", found[0])
			}
		}
		j.hear(on("r", "s"))
		if found := j.list(receiver.Filter{AccountName: account}); len(found) != 1 {
			j.t.Errorf("%d requests after an authenticated event", len(found))
		}
	},
	"what may be a stop's makes no request": func(j *journal) {
		j.hear(terminated("x", "s"), failed("y", ""), failed("z", "", "a"), event("QoSChangePaused", "p", "q"), on("", "s"))
		if found := j.list(receiver.Filter{IncludeUnauthenticated: true}); len(found) != 0 {
			j.t.Errorf("request %s", found[0].RequestID)
		}
		j.hear(acknowledged("r", "s", "a"))
		j.expect(j.byRequestID("r"), "accepted(r by callback) a/s=TERMINATED")
	},
	"unauthenticated events count for what is known": func(j *journal) {
		r := j.accepted("mine", "r", device("a", "192.0.2.1"))
		j.hear(unauthenticated(acknowledged("r", "s", "a")), unauthenticated(on("r", "s")))
		j.expect(j.get(r.ID), "accepted(r by answer) a/s=ON")
	},
	"bodies go, rows stay": func(j *journal) {
		old := on("r", "s")
		old.ReceivedAt = j.clock.Now()
		j.hear(old)
		j.clock.Advance(400*24*time.Hour + time.Second)
		fresh := acknowledged("r", "s", "a")
		fresh.ReceivedAt = j.clock.Now()
		j.hear(fresh)
		if err := j.store.Sweep(j.t.Context()); err != nil {
			j.t.Fatal(err)
		}
		got := j.events(0)
		if len(got) != 2 || got[0].Body != "" || got[1].Body == "" {
			j.t.Errorf("events = %+v", got)
		}
		j.expect(j.byRequestID("r"), "accepted(r by callback) a/s=ON")
	},
	"a page of events is not too large": func(j *journal) {
		const count = 7
		for i := range count {
			e := on("r", fmt.Sprintf("s-%d", i))
			e.Body = strings.Repeat("x", 1<<20)
			j.hear(e)
		}
		seen := 0
		for after := int64(0); ; {
			page := j.events(after)
			if len(page) == 0 {
				break
			}
			if len(page) > 5 {
				j.t.Errorf("a page of %d MiB", len(page))
			}
			seen += len(page)
			after = page[len(page)-1].Seq
		}
		if seen != count {
			j.t.Errorf("%d events, want %d", seen, count)
		}
	},
	"callbacks at the same time": func(j *journal) {
		const callbacks = 40
		var wait sync.WaitGroup
		for i := range callbacks {
			wait.Go(func() {
				request := fmt.Sprintf("r-%d", i)
				err := j.store.Record(j.t.Context(), []receiver.Event{acknowledged(request, "s-"+request, "a"), on(request, "s-"+request)})
				if err != nil {
					j.t.Error(err)
				}
			})
		}
		wait.Wait()
		if got := len(j.events(0)); got != 2*callbacks {
			j.t.Errorf("%d events", got)
		}
		for i := range callbacks {
			j.expect(j.byRequestID(fmt.Sprintf("r-%d", i)), fmt.Sprintf("accepted(r-%d by callback) a/s-r-%d=ON", i, i))
		}
	},
}

func (j *journal) events(after int64) []receiver.Event {
	j.t.Helper()
	events, err := j.store.Events(j.t.Context(), after, 100)
	if err != nil {
		j.t.Fatalf("events: %v", err)
	}
	return events
}
