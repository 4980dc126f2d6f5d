package page

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
)

// orphans is the content of the page of unclaimed requests.
type orphans struct {
	Requests []orphan
	Doubtful bool // those known only from callbacks without credentials are among them
	Next     string
	First    string
}

// orphan is a request that no Terraform state has asked about.
type orphan struct {
	ID       string
	Address  string
	Name     string
	Account  string
	Devices  string
	Standing standing
	Made     moment
	Origin   string
	Doubtful bool
	Import   *snippet
	Settle   []snippet
}

func (p *page) unclaimed(r *http.Request) (*frame, error) {
	asked := r.URL.Query()
	filter := receiver.Filter{
		Live:                   true,
		Unclaimed:              true,
		IncludeUnauthenticated: asked.Get("doubtful") != "",
		Cursor:                 asked.Get("cursor"),
		Limit:                  pageRequests,
		Newest:                 true,
	}
	found, err := p.journal.Requests(r.Context(), filter)
	if err != nil {
		return nil, err
	}
	content := &orphans{Doubtful: filter.IncludeUnauthenticated}
	for i := range found.Requests {
		content.Requests = append(content.Requests, p.orphan(&found.Requests[i]))
	}
	if found.Next != "" {
		content.Next = pageAddress("/unclaimed", filter.IncludeUnauthenticated, found.Next)
	}
	if filter.Cursor != "" {
		content.First = pageAddress("/unclaimed", filter.IncludeUnauthenticated, "")
	}
	return &frame{
		Template: "unclaimed.html",
		Title:    "Unclaimed requests",
		Place:    "/unclaimed",
		Summary:  fmt.Sprintf("%d unclaimed requests shown", len(content.Requests)),
		Content:  content,
	}, nil
}

func (p *page) orphan(r *receiver.Request) orphan {
	shown := orphan{
		ID:       r.ID,
		Address:  requestAddress(r.ID, ""),
		Name:     r.Name(),
		Account:  r.AccountName,
		Devices:  deviceNames(r),
		Standing: standingOf(r, r.Status),
		Made:     p.maybe(first(r.SentAt, &r.CreatedAt)),
		Origin:   originWords(r.Origin),
		Doubtful: !r.Authenticated,
		Settle:   resolutions(r),
	}
	if block := importBlock(r); block != "" {
		shown.Import = &snippet{ID: "import-" + r.ID, Text: block, About: "take request " + r.RequestID + " into a Terraform state"}
	}
	return shown
}

// deviceNames lists a request's devices, the first few by name.
func deviceNames(r *receiver.Request) string {
	const named = 3
	var names []string
	for i, d := range r.Devices {
		if i == named {
			names = append(names, fmt.Sprintf("%d more", len(r.Devices)-named))
			break
		}
		names = append(names, strings.TrimSpace(strings.ToUpper(d.Kind)+" "+d.ID))
	}
	return strings.Join(names, ", ")
}

// pageAddress is that of the page behind a cursor.
func pageAddress(path string, doubtful bool, cursor string) string {
	v := url.Values{}
	if doubtful {
		v.Set("doubtful", "yes")
	}
	if cursor != "" {
		v.Set("cursor", cursor)
	}
	return (&url.URL{Path: path, RawQuery: v.Encode()}).String()
}
