package page

import (
	"net/url"
	"slices"
	"strings"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
)

// What the list of subscriptions may be narrowed to.
const (
	showLive    = "live"
	showOn      = "on"
	showPending = "pending"
	showFailed  = "failed"
	showRefused = "refused"
	showUnknown = "unknown"
	showEnded   = "ended"
	showAll     = "all"
)

// maxText bounds what is searched for, in bytes.
const maxText = 200

// show is a choice of the form.
type show struct{ Name, Word string }

func shows() []show {
	return []show{
		{showLive, "Live"},
		{showOn, "On"},
		{showPending, "Pending"},
		{showFailed, "Failed"},
		{showRefused, "Refused by ThingSpace"},
		{showUnknown, "Unknown outcome"},
		{showEnded, "Ended"},
		{showAll, "All"},
	}
}

// query is what a reader asks of the list. It is the address of the page.
type query struct {
	Show    string
	Account string
	// Search is a device id, a request id, a subscription id or the journal's id.
	Search string
	// Doubtful includes what only callbacks without credentials told of.
	Doubtful bool
	Cursor   string
}

func queryOf(v url.Values) (query, error) {
	q := query{
		Show:     v.Get("show"),
		Account:  strings.TrimSpace(v.Get("account")),
		Search:   strings.TrimSpace(v.Get("q")),
		Doubtful: v.Get("doubtful") != "",
		Cursor:   v.Get("cursor"),
	}
	if q.Show == "" {
		q.Show = showLive
	}
	if !slices.ContainsFunc(shows(), func(s show) bool { return s.Name == q.Show }) {
		return query{}, &receiver.InvalidError{Reason: "nothing is called like what it is to show"}
	}
	if max(len(q.Account), len(q.Search)) > maxText {
		return query{}, &receiver.InvalidError{Reason: "what is searched for is too long"}
	}
	return q, nil
}

// address is where the first page of the query's answer is.
func (q query) address() string {
	v := url.Values{}
	for name, value := range map[string]string{"account": q.Account, "q": q.Search, "cursor": q.Cursor} {
		if value != "" {
			v.Set(name, value)
		}
	}
	if q.Show != showLive {
		v.Set("show", q.Show)
	}
	if q.Doubtful {
		v.Set("doubtful", "yes")
	}
	return (&url.URL{Path: "/", RawQuery: v.Encode()}).String()
}

// after is the address of the page behind a cursor; empty without one.
func (q query) after(cursor string) string {
	if cursor == "" {
		return ""
	}
	q.Cursor = cursor
	return q.address()
}

// first is the address of the first page.
func (q query) first() string {
	q.Cursor = ""
	return q.address()
}

// filter selects the requests that may have something to show, newest first.
func (q query) filter(cursor string) receiver.Filter {
	f := receiver.Filter{
		AccountName:            q.Account,
		DeviceID:               q.Search,
		IncludeUnauthenticated: q.Doubtful,
		Cursor:                 cursor,
		Limit:                  pageRequests,
		Newest:                 true,
	}
	switch q.Show {
	case showLive, showOn, showPending:
		f.Live = true
	case showFailed:
		f.State, f.Status = []receiver.State{receiver.StateAccepted}, []receiver.Status{receiver.StatusFailed}
	case showEnded:
		// A request counts as failed when some of its devices failed and the others ended.
		f.State = []receiver.State{receiver.StateAccepted}
		f.Status = []receiver.Status{receiver.StatusTerminated, receiver.StatusFailed}
	case showRefused:
		f.State = []receiver.State{receiver.StateRefused}
	case showUnknown:
		f.State = []receiver.State{receiver.StateUnknown}
	}
	return f
}

// selected are the subscriptions of a request that the query is about.
func (q query) selected(r *receiver.Request) []receiver.Subscription {
	var selected []receiver.Subscription
	for _, s := range r.Subscriptions {
		if q.Search != "" && receiver.DeviceKey(q.Search) != receiver.DeviceKey(s.DeviceID) {
			continue
		}
		if q.wants(standingOf(r, s.Status)) {
			selected = append(selected, s)
		}
	}
	return selected
}

func (q query) wants(s standing) bool {
	switch q.Show {
	case showLive:
		return s.Kind == kindOn || s.Kind == kindPending || s.Kind == kindUnknown
	case showAll, showRefused, showUnknown:
		return true // the filter has said it all
	default:
		return string(s.Kind) == q.Show
	}
}

// describe says in words what the list is of.
func (q query) describe() string {
	words := map[string]string{
		showLive:    "Subscriptions that are live, or may be",
		showOn:      "Subscriptions that are on",
		showPending: "Subscriptions that wait for the network",
		showFailed:  "Subscriptions that failed",
		showRefused: "Requests that ThingSpace refused",
		showUnknown: "Requests with an unknown outcome",
		showEnded:   "Subscriptions that ended",
		showAll:     "All subscriptions",
	}[q.Show]
	if q.Search != "" {
		words += " for “" + q.Search + "”"
	}
	if q.Account != "" {
		words += " on account " + q.Account
	}
	return words
}
