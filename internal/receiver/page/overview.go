package page

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
)

const (
	// pageRequests is how many requests are read at a time, and pageLooks how often
	// at most, before a page is shown although little of it was selected.
	pageRequests = 50
	pageLooks    = 4
	// pageRows is how many subscriptions are enough for a page.
	pageRows = 50
	// requestRows is how many subscriptions of one request a page shows.
	requestRows = 10
)

// overview is the content of the first page.
type overview struct {
	Tiles    []tile
	Query    query
	Shows    []show
	Accounts []accountGroup
	// Found says what the list is of.
	Found string
	// Next is the address of the next page; empty on the last.
	Next  string
	First string
	// Everywhere is the address of the same search without a selection.
	Everywhere string
}

// tile is a count that leads to what was counted.
type tile struct {
	Kind    kind
	Count   int64
	Word    string
	Note    string
	Address string
	Current bool
}

// accountGroup are the subscriptions of one account on a page.
type accountGroup struct {
	Name string
	Rows []entry
}

// entry is one subscription, or how many more there are of the request above.
type entry struct {
	ID        string
	Address   string
	Account   string
	Device    string
	Kind      string
	Standing  standing
	Since     moment
	Reported  string
	LastEvent string
	Reason    string
	Stopping  string
	Unclaimed bool
	Doubtful  bool // known only from callbacks without credentials
	More      int
}

func (p *page) overview(r *http.Request) (*frame, error) {
	q, err := queryOf(r.URL.Query())
	if err != nil {
		return nil, err
	}
	statistics, err := p.counts.get(r.Context(), p.clock.Now())
	if err != nil {
		return nil, err
	}
	requests, next, err := p.find(r.Context(), q)
	if err != nil {
		return nil, err
	}
	content := overview{
		Tiles:    p.tiles(statistics, q),
		Query:    q,
		Shows:    shows(),
		Accounts: p.group(requests, q),
		Found:    q.describe(),
		Next:     q.after(next),
	}
	if q.Cursor != "" {
		content.First = q.first()
	}
	if q.Search != "" || q.Account != "" {
		content.Everywhere = query{Show: showAll, Search: q.Search, Account: q.Account, Doubtful: true}.address()
	}
	return &frame{
		Template: "overview.html",
		Title:    "QoS subscriptions",
		Place:    "/",
		Summary: fmt.Sprintf("%d on, %d pending, %d failed, %d with an unknown outcome",
			statistics.On, statistics.Pending, statistics.Failed, statistics.Unknown),
		Content: content,
	}, nil
}

func (p *page) tiles(s *receiver.Statistics, q query) []tile {
	pending := "Waiting for the network."
	if s.OldestPending != nil {
		pending = "Oldest: " + p.moment(*s.OldestPending).Ago + "."
	}
	tiles := []tile{
		{Kind: kindOn, Count: s.On, Word: "On", Note: "On for every device.", Address: showOn},
		{Kind: kindPending, Count: s.Pending, Word: "Pending", Note: pending, Address: showPending},
		{Kind: kindFailed, Count: s.Failed, Word: "Failed", Note: "For one device or more.", Address: showFailed},
		{Kind: kindUnknown, Count: s.Unknown, Word: "Unknown", Note: "Answer lost: needs an operator.", Address: showUnknown},
		{Kind: kindEnded, Count: s.Terminated, Word: "Ended", Note: "Stopped.", Address: showEnded},
	}
	for i := range tiles {
		tiles[i].Current = q.Show == tiles[i].Address
		tiles[i].Address = query{Show: tiles[i].Address}.address()
	}
	return append(tiles, tile{Kind: kindUnknown, Count: s.Unclaimed, Word: "Unclaimed", Note: "In no Terraform state.", Address: "/unclaimed"})
}

// find reads one page of the requests that the query is about. What an id names
// exactly is found whatever else is selected.
func (p *page) find(ctx context.Context, q query) (requests []receiver.Request, next string, err error) {
	if q.Search != "" && q.Cursor == "" {
		named, err := p.named(ctx, q.Search)
		if err != nil || len(named) > 0 {
			return named, "", err
		}
	}
	cursor, rows := q.Cursor, 0
	for range pageLooks {
		found, err := p.journal.Requests(ctx, q.filter(cursor))
		if err != nil {
			return nil, "", err
		}
		for i := range found.Requests {
			selected := q.selected(&found.Requests[i])
			rows += min(len(selected), requestRows)
			if len(selected) > 0 {
				requests = append(requests, found.Requests[i])
			}
		}
		if cursor = found.Next; cursor == "" || rows >= pageRows {
			break
		}
	}
	return requests, cursor, nil
}

// named are the requests that have the text for an id, or a subscription with it.
func (p *page) named(ctx context.Context, id string) ([]receiver.Request, error) {
	for _, filter := range []receiver.Filter{{RequestID: id}, {QoSSubscriptionID: id}, {ID: id}} {
		filter.Limit = pageRequests
		found, err := p.journal.Requests(ctx, filter)
		if err != nil || len(found.Requests) > 0 {
			return found.Requests, err
		}
	}
	return nil, nil
}

// group arranges what was selected by account and device.
func (p *page) group(requests []receiver.Request, q query) []accountGroup {
	groups := map[string][]entry{}
	for i := range requests {
		r := &requests[i]
		groups[r.AccountName] = append(groups[r.AccountName], p.entries(r, q)...)
	}
	arranged := make([]accountGroup, 0, len(groups))
	for account, rows := range groups {
		slices.SortStableFunc(rows, func(a, b entry) int { return cmp.Compare(a.Device, b.Device) })
		arranged = append(arranged, accountGroup{Name: account, Rows: rows})
	}
	slices.SortFunc(arranged, func(a, b accountGroup) int { return strings.Compare(a.Name, b.Name) })
	return arranged
}

// entries are the rows of one request. One that an id named is shown whole.
func (p *page) entries(r *receiver.Request, q query) []entry {
	selected := q.selected(r)
	if len(selected) == 0 {
		selected = r.Subscriptions
	}
	rows := make([]entry, 0, min(len(selected), requestRows)+1)
	for i := range selected[:min(len(selected), requestRows)] {
		rows = append(rows, p.entry(r, &selected[i], i))
	}
	if more := len(selected) - len(rows); more > 0 {
		rows = append(rows, entry{ID: fmt.Sprintf("%s-more", r.ID), Address: requestAddress(r.ID, ""), Device: rows[len(rows)-1].Device, More: more})
	}
	return rows
}

func (p *page) entry(r *receiver.Request, s *receiver.Subscription, place int) entry {
	e := entry{
		ID:        fmt.Sprintf("%s-%d", r.ID, place),
		Address:   requestAddress(r.ID, ""),
		Account:   r.AccountName,
		Device:    cmp.Or(s.DeviceID, "not named"),
		Kind:      strings.ToUpper(s.DeviceKind),
		Standing:  standingOf(r, s.Status),
		Since:     p.since(r, s),
		Reported:  s.ReportedTime,
		LastEvent: s.LastEvent,
		Reason:    s.Reason,
		Stopping:  stopping(s),
		Unclaimed: r.Unclaimed && !r.Ended(),
		Doubtful:  !r.Authenticated,
	}
	if r.State != receiver.StateAccepted {
		e.Reason = r.Reason
	}
	if len(r.Subscriptions) > requestRows {
		e.Address = requestAddress(r.ID, s.DeviceID)
	}
	return e
}

// requestAddress is that of a request's page, narrowed to one device if it is given.
func requestAddress(id, device string) string {
	u := url.URL{Path: "/requests/" + id}
	if device != "" {
		u.RawQuery = url.Values{"device": {device}}.Encode()
	}
	return u.String()
}
