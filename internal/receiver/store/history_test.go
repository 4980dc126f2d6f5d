package store_test

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
)

// historyRules are for people who look: what was heard of a request, how many
// there are, and the newest first.
var historyRules = map[string]func(*journal){
	"history": func(j *journal) {
		mine := j.accepted("mine", "r", device("a", "192.0.2.1"))
		j.accepted("other", "r-other", device("b", "192.0.2.1"))
		j.hear(acknowledged("r", "s", "a"))
		j.hear(acknowledged("r-other", "s-other", "b"))
		stopped := j.change(mine.ID, receiver.Change{Kind: receiver.ChangeStop, Claim: "mine", QoSSubscriptionID: "s"})
		j.change(mine.ID, receiver.Change{
			Kind: receiver.ChangeStopSent, Claim: "mine", StopID: stopped.Subscriptions[0].Stop.ID, StopRequestID: "r-stop",
		})
		j.hear(terminated("", "s"), on("r-other", "s"), failed("r-stop", ""))
		want := []string{"r QoSChangeReqAck", " QoSChangeTerminated", "r-stop QoSChangeFailed"}
		var got []string
		var last int64
		for {
			events, err := j.store.History(j.t.Context(), mine.ID, last, 2)
			if err != nil {
				j.t.Fatal(err)
			}
			if len(events) == 0 {
				break
			}
			for _, e := range events {
				if e.Seq <= last {
					j.t.Errorf("event %d after %d", e.Seq, last)
				}
				last = e.Seq
				got = append(got, e.RequestID+" "+e.QoSEvent)
				if e.Body == "" {
					j.t.Errorf("%s came without its body", e.QoSEvent)
				}
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			j.t.Errorf("events (-want +got):\n%s", diff)
		}
		if events, err := j.store.History(j.t.Context(), "none", 0, 10); len(events) != 0 || err != nil {
			j.t.Errorf("of nothing: %v, %v", events, err)
		}
	},
	"long histories come in parts": func(j *journal) {
		mine := j.accepted("mine", "r", device("a", "192.0.2.1"))
		for i := range 6 {
			e := on("r", "s")
			e.ReportedTime, e.Body = fmt.Sprint(i), strings.Repeat("x", 1<<20)
			j.hear(e)
		}
		events, err := j.store.History(j.t.Context(), mine.ID, 0, 100)
		if err != nil || len(events) == 0 || len(events) == 6 {
			j.t.Errorf("%d events, error = %v", len(events), err)
		}
	},
	"the newest first": func(j *journal) {
		var want, got []string
		for i := range 5 {
			want = append([]string{j.intend(fmt.Sprintf("c%d", i), device(fmt.Sprintf("d%d", i), "192.0.2.1")).ID}, want...)
		}
		for cursor := ""; ; {
			page, err := j.store.Requests(j.t.Context(), receiver.Filter{Limit: 2, Newest: true, Cursor: cursor})
			if err != nil {
				j.t.Fatal(err)
			}
			for _, r := range page.Requests {
				got = append(got, r.ID)
			}
			if cursor = page.Next; cursor == "" {
				break
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			j.t.Errorf("requests (-want +got):\n%s", diff)
		}
		_, err := j.store.Requests(j.t.Context(), receiver.Filter{Newest: true, Cursor: "x"})
		if _, ok := errors.AsType[*receiver.InvalidError](err); !ok {
			j.t.Errorf("error = %v, want an InvalidError", err)
		}
	},
	"since when": func(j *journal) {
		mine := j.accepted("mine", "r", device("a", "192.0.2.1"))
		if got := j.get(mine.ID).Subscriptions[0].Since; got != nil {
			j.t.Errorf("since %v, and nothing was heard", got)
		}
		first := j.clock.Now().UTC().Truncate(time.Microsecond)
		for i, again := range []string{"one", "two"} {
			e := on("r", "s")
			e.ReportedTime, e.ReceivedAt = again, first.Add(time.Duration(i)*time.Hour)
			j.hear(e)
		}
		got := j.get(mine.ID).Subscriptions[0]
		if got.Since == nil || !got.Since.Equal(first) || got.ReportedTime != "two" {
			j.t.Errorf("subscription = %+v, want it on since %v", got, first)
		}
	},
}
