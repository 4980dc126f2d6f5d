package receiver

import (
	"slices"
	"strings"
)

// MaxWaitItems is how many requests one POST /v1/requests/wait may watch.
const MaxWaitItems = 1000

// MaxWaitSeconds is the longest that one POST /v1/requests/wait stays open, in
// seconds.
const MaxWaitSeconds = 30

// WaitRequest is the body of POST /v1/requests/wait.
type WaitRequest struct {
	Items          []WaitItem `json:"items" minItems:"1" maxItems:"1000" nullable:"false" doc:"Requests to watch, each with the last revision seen."`
	TimeoutSeconds int        `json:"timeout_seconds,omitempty" minimum:"0" maximum:"30" doc:"How long the call may stay open when nothing has changed; 0 answers at once."`
}

// WaitAnswer is the answer to POST /v1/requests/wait. It is empty when nothing
// changed in time.
type WaitAnswer struct {
	Changed []Request `json:"changed,omitempty" doc:"Requests whose revision exceeds the one seen."`
	Missing []string  `json:"missing,omitempty" doc:"Ids that this store does not know."`
}

func (a *WaitAnswer) empty() bool { return len(a.Changed) == 0 && len(a.Missing) == 0 }

// EventList is the answer of GET /v1/events.
type EventList struct {
	Events []Event `json:"events" doc:"Oldest first; fewer than asked for where they would be too large together. Ask again with after set to the last one's seq, until there are none."`
}

// SubscriptionView is one device's subscription with what its request says of it.
type SubscriptionView struct {
	Subscription
	ID            string `json:"id" doc:"The journal's id of the request it belongs to."`
	AccountName   string `json:"account_name"`
	RequestID     string `json:"request_id,omitempty" doc:"ThingSpace's request id, once known."`
	State         State  `json:"state"`
	Origin        Origin `json:"origin"`
	Unclaimed     bool   `json:"unclaimed" doc:"No Terraform state is known to hold the request."`
	Authenticated bool   `json:"authenticated" doc:"False when it is known only from callbacks without credentials."`
	Flows         []Flow `json:"flows,omitempty" doc:"Absent when the request is known only from callbacks."`
}

// SubscriptionFilter selects subscriptions; zero fields do not filter.
type SubscriptionFilter struct {
	AccountName            string   `query:"account_name"`
	Status                 []Status `query:"status" enum:"REQUESTED,ACKNOWLEDGED,ON,FAILED,TERMINATED" doc:"Of the subscription itself, comma-separated."`
	DeviceID               string   `query:"device_id"`
	Unclaimed              bool     `query:"unclaimed"`
	IncludeUnauthenticated bool     `query:"include_unauthenticated"`
	Cursor                 string   `query:"cursor"`
	Limit                  int      `query:"limit" minimum:"0" maximum:"1000" doc:"At most the subscriptions of this many requests (default 100)."`
}

// SubscriptionPage is one page of subscriptions. A page may be empty although
// others follow.
type SubscriptionPage struct {
	Subscriptions []SubscriptionView `json:"subscriptions"`
	Next          string             `json:"next,omitempty" doc:"Cursor of the next page; absent on the last."`
}

// requests is the filter of the requests whose subscriptions f may select.
// An open intent has sent nothing, and a refused or void one never will.
func (f SubscriptionFilter) requests() Filter {
	return Filter{
		AccountName:            f.AccountName,
		DeviceID:               f.DeviceID,
		State:                  []State{StateSent, StateAccepted, StateUnknown},
		Unclaimed:              f.Unclaimed,
		IncludeUnauthenticated: f.IncludeUnauthenticated,
		Cursor:                 f.Cursor,
		Limit:                  f.Limit,
	}
}

func (f SubscriptionFilter) selects(s Subscription) bool {
	if len(f.Status) > 0 && !slices.Contains(f.Status, s.Status) {
		return false
	}
	return f.DeviceID == "" || DeviceKey(f.DeviceID) == DeviceKey(s.DeviceID)
}

func (f SubscriptionFilter) views(requests []Request) []SubscriptionView {
	views := []SubscriptionView{}
	for _, r := range requests {
		for _, s := range r.Subscriptions {
			if f.selects(s) {
				views = append(views, viewOf(r, s))
			}
		}
	}
	return views
}

func viewOf(r Request, s Subscription) SubscriptionView {
	view := SubscriptionView{
		Subscription:  s,
		ID:            r.ID,
		AccountName:   r.AccountName,
		RequestID:     r.RequestID,
		State:         r.State,
		Origin:        r.Origin,
		Unclaimed:     r.Unclaimed,
		Authenticated: r.Authenticated,
	}
	i := slices.IndexFunc(r.Devices, func(d Device) bool { return strings.EqualFold(d.ID, s.DeviceID) })
	if i >= 0 {
		view.Flows = r.Devices[i].Flows
	}
	return view
}
