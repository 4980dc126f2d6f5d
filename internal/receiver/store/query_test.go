package store_test

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
)

var queryRules = map[string]func(*journal){
	"filters": func(j *journal) {
		j.accepted("on", "r-on", device("a", "192.0.2.1"))
		j.hear(acknowledged("r-on", "s-on", "a"), on("r-on", "s-on"))
		ended := j.accepted("ended", "r-ended", device("b", "192.0.2.1"))
		j.change(ended.ID, receiver.Change{Kind: receiver.ChangeReturned})
		j.hear(terminated("r-ended", "s-ended"))
		j.unknown("unknown", device("c", "192.0.2.1"))
		j.intend("open", device("d", "192.0.2.1"))
		other := intent("elsewhere", device("a", "192.0.2.1"))
		other.AccountName = "0000123456-00002"
		j.create(other)
		for name, test := range map[string]struct {
			filter receiver.Filter
			want   []string
		}{
			"none":         {receiver.Filter{}, []string{"on", "ended", "unknown", "open", "elsewhere"}},
			"account":      {receiver.Filter{AccountName: account}, []string{"on", "ended", "unknown", "open"}},
			"request id":   {receiver.Filter{RequestID: "r-on"}, []string{"on"}},
			"subscription": {receiver.Filter{QoSSubscriptionID: "s-ended"}, []string{"ended"}},
			"device":       {receiver.Filter{DeviceID: "A"}, []string{"on", "elsewhere"}},
			"state":        {receiver.Filter{State: []receiver.State{receiver.StateOpen, receiver.StateUnknown}}, []string{"unknown", "open", "elsewhere"}},
			"status":       {receiver.Filter{Status: []receiver.Status{receiver.StatusOn, receiver.StatusTerminated}}, []string{"on", "ended"}},
			"live":         {receiver.Filter{Live: true}, []string{"on", "unknown", "open", "elsewhere"}},
			"unclaimed":    {receiver.Filter{Unclaimed: true}, []string{"on", "unknown"}},
			"both":         {receiver.Filter{AccountName: account, DeviceID: "a"}, []string{"on"}},
			"nothing":      {receiver.Filter{AccountName: "none"}, nil},
		} {
			var got []string
			for _, r := range j.list(test.filter) {
				got = append(got, r.Claim)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				j.t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
	},
	"pages": func(j *journal) {
		var want, got []string
		for i := range 7 {
			want = append(want, j.intend(fmt.Sprintf("c%d", i), device(fmt.Sprintf("d%d", i), "192.0.2.1")).ID)
		}
		sizes := []int{}
		for cursor := ""; ; {
			page, err := j.store.Requests(j.t.Context(), receiver.Filter{Limit: 3, Cursor: cursor})
			if err != nil {
				j.t.Fatal(err)
			}
			sizes = append(sizes, len(page.Requests))
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
		if !slices.Equal(sizes, []int{3, 3, 1}) {
			j.t.Errorf("page sizes = %v", sizes)
		}
		_, err := j.store.Requests(j.t.Context(), receiver.Filter{Cursor: "x"})
		if _, ok := errors.AsType[*receiver.InvalidError](err); !ok {
			j.t.Errorf("error = %v, want an InvalidError", err)
		}
	},
	"a state's read is noted": func(j *journal) {
		r := j.accepted("mine", "r", device("a", "192.0.2.1"))
		j.list(receiver.Filter{ID: r.ID})
		j.list(receiver.Filter{ID: r.ID, Claim: "other"})
		if got := j.get(r.ID).LastReadAt; got != nil {
			j.t.Errorf("read at %v by nobody", got)
		}
		first := j.clock.Now()
		for range 3 {
			got := j.list(receiver.Filter{ID: r.ID, Claim: "mine"})[0]
			if got.LastReadAt == nil || !got.LastReadAt.Equal(first) || got.Revision != r.Revision {
				j.t.Errorf("request = %+v", got)
			}
			j.clock.Advance(20 * time.Minute)
		}
		j.list(receiver.Filter{ID: r.ID, Claim: "mine"})
		if got := j.get(r.ID); !got.LastReadAt.Equal(first.Add(time.Hour)) || got.Unclaimed {
			j.t.Errorf("request = %+v", got)
		}
	},
	"what was revised": func(j *journal) {
		grown, same := j.sent("grown", device("a", "192.0.2.1")), j.intend("same", device("b", "192.0.2.1"))
		accepted := j.change(grown.ID, receiver.Change{Kind: receiver.ChangeAccepted, RequestID: "r"})
		changed, missing, err := j.store.Revised(j.t.Context(), []receiver.WaitItem{
			{ID: grown.ID, Revision: grown.Revision}, {ID: same.ID, Revision: same.Revision}, {ID: "none"},
		})
		if err != nil {
			j.t.Fatal(err)
		}
		if diff := cmp.Diff([]receiver.Request{*accepted}, changed); diff != "" {
			j.t.Errorf("changed (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{"none"}, missing); diff != "" {
			j.t.Errorf("missing (-want +got):\n%s", diff)
		}
		if changed, missing, err := j.store.Revised(j.t.Context(), nil); len(changed) != 0 || len(missing) != 0 || err != nil {
			j.t.Errorf("of nothing: %v, %v, %v", changed, missing, err)
		}
	},
	"a thousand at once": func(j *journal) {
		items := make([]receiver.WaitItem, 1000)
		for i := range items {
			items[i] = receiver.WaitItem{ID: fmt.Sprintf("id-%d", i), Claim: "mine"}
		}
		_, missing, err := j.store.Revised(j.t.Context(), items)
		if err != nil || len(missing) != len(items) {
			j.t.Errorf("%d missing, error = %v", len(missing), err)
		}
		if err := j.store.Renew(j.t.Context(), items); err != nil {
			j.t.Error(err)
		}
	},
	"watchers hear of changes": func(j *journal) {
		heard := j.watch(j.store)
		r := j.sent("mine", device("a", "192.0.2.1"))
		heard(r.ID)
		j.hear(acknowledged("r", "s", "a"))
		early := j.byRequestID("r").ID
		heard(early)
		j.change(r.ID, receiver.Change{Kind: receiver.ChangeAccepted, RequestID: "r"})
		heard(early)
	},
	"another process": func(j *journal) {
		r := j.accepted("mine", "r", device("a", "192.0.2.1"))
		j.hear(acknowledged("r", "s", "a"))
		heard := j.watch(j.store)
		other := j.open()
		if other.StoreID() != j.store.StoreID() || other.StoreID() == "" {
			j.t.Errorf("store ids %q and %q", other.StoreID(), j.store.StoreID())
		}
		if _, err := other.Resolve(j.t.Context(), receiver.Resolution{Target: "s", Terminated: true, Reason: "seen"}); err != nil {
			j.t.Fatal(err)
		}
		if err := j.clock.BlockUntilContext(j.t.Context(), 1); err != nil {
			j.t.Fatal(err)
		}
		j.clock.Advance(time.Second)
		heard(r.ID)
		j.expect(j.get(r.ID), "accepted(r by answer) a/s=TERMINATED")
	},
	"a store that can write says so": func(j *journal) {
		if err := j.store.Ping(j.t.Context()); err != nil {
			j.t.Error(err)
		}
		if err := j.store.Close(); err != nil {
			j.t.Error(err)
		}
		if err := j.store.Ping(j.t.Context()); err == nil {
			j.t.Error("a closed store can write")
		}
	},
}
