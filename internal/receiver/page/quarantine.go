package page

import (
	"fmt"
	"net/http"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
)

// quarantinePage is how many refused callbacks one page shows.
const quarantinePage = 25

// quarantine is the content of the page of refused callbacks.
type quarantine struct {
	Callbacks []refused
	Next      string
	First     string
}

// refused is a callback whose credentials were wrong.
type refused struct {
	ID        string
	At        moment
	Source    string
	Reason    string
	Events    []event
	Body      string
	Shortened bool
}

func (p *page) quarantine(r *http.Request) (*frame, error) {
	filter := receiver.QuarantineFilter{Cursor: r.URL.Query().Get("cursor"), Limit: quarantinePage}
	held, err := p.journal.Quarantined(r.Context(), filter)
	if err != nil {
		return nil, err
	}
	content := &quarantine{}
	for i := range held.Callbacks {
		content.Callbacks = append(content.Callbacks, p.refused(&held.Callbacks[i]))
	}
	if held.Next != "" {
		content.Next = pageAddress("/quarantine", false, held.Next)
	}
	if filter.Cursor != "" {
		content.First = pageAddress("/quarantine", false, "")
	}
	return &frame{
		Template: "quarantine.html",
		Title:    "Quarantine",
		Place:    "/quarantine",
		Summary:  fmt.Sprintf("%d refused callbacks shown", len(content.Callbacks)),
		Content:  content,
	}, nil
}

func (p *page) refused(q *receiver.Quarantined) refused {
	shown := refused{ID: q.ID, At: p.moment(q.ReceivedAt), Source: q.Source, Reason: q.Reason}
	for i := range q.Events {
		if i == requestRows {
			break
		}
		shown.Events = append(shown.Events, p.event(&q.Events[i], ""))
	}
	if len(q.Events) > 0 {
		shown.Body, shown.Shortened = excerpt(q.Events[0].Body)
	}
	return shown
}
