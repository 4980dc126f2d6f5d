package page

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
)

const (
	// pageSessions is how many sessions one page shows.
	pageSessions = 50
	// sessionsPath is the list of sessions, and sessionPath one of them.
	sessionsPath = "/sessions"
	sessionPath  = "/session"
)

// sessions is the content of the page of what CAMARA operators told.
type sessions struct {
	Search   string
	Sessions []sessionEntry
	Found    string
	Next     string
	First    string
}

// sessionEntry is one session or assignment.
type sessionEntry struct {
	ID       string // of the row
	Name     string
	Address  string
	Standing standing
	Since    moment
	Reported string
	Reason   string
	Told     int
	More     bool // and more
}

// session is the content of one session's page.
type session struct {
	Session       sessionEntry
	Notifications []notification
	Later         string // address of later notifications
	Earliest      string // address of the first ones
}

// notification is one as it came.
type notification struct {
	Seq        int64
	At         moment
	Standing   *standing
	Reason     string
	Type       string
	Source     string
	Reported   string
	Deliveries int
	Body       string
	Shortened  bool
}

func (p *page) sessions(r *http.Request) (*frame, error) {
	asked := r.URL.Query()
	search := strings.TrimSpace(asked.Get("q"))
	before, err := placeOf(asked, "before")
	if err != nil {
		return nil, err
	}
	if len(search) > maxText {
		return nil, &receiver.InvalidError{Reason: "what is searched for is too long"}
	}
	found, err := p.journal.Sessions(r.Context(), receiver.SessionFilter{ResourceID: search, Before: before, Limit: pageSessions})
	if err != nil {
		return nil, err
	}
	content := &sessions{Search: search, Found: "Sessions and assignments, those heard of last first"}
	if search != "" {
		content.Found = "Sessions and assignments for “" + search + "”"
	}
	for i, one := range found.Sessions {
		content.Sessions = append(content.Sessions, p.sessionEntry(one, fmt.Sprintf("session-%d", i)))
	}
	if found.Next > 0 {
		content.Next = sessionsAddress(search, found.Next)
	}
	if before > 0 {
		content.First = sessionsAddress(search, 0)
	}
	return &frame{
		Template: "sessions.html",
		Title:    "CAMARA sessions",
		Place:    sessionsPath,
		Summary:  fmt.Sprintf("%d sessions shown", len(content.Sessions)),
		Content:  content,
	}, nil
}

func (p *page) session(r *http.Request) (*frame, error) {
	asked := r.URL.Query()
	id := asked.Get("id")
	after, err := placeOf(asked, "after")
	if err != nil {
		return nil, err
	}
	found, err := p.journal.Sessions(r.Context(), receiver.SessionFilter{ResourceID: id, Limit: 1})
	if err != nil {
		return nil, err
	}
	if id == "" || len(found.Sessions) == 0 {
		return nil, fmt.Errorf("session %q: %w", id, receiver.ErrNotFound)
	}
	content := &session{Session: p.sessionEntry(found.Sessions[0], "session")}
	if err := p.addNotifications(r.Context(), content, after); err != nil {
		return nil, err
	}
	return &frame{
		Template: "session.html",
		Title:    "Session " + id,
		Place:    sessionsPath,
		Summary:  fmt.Sprintf("%s, told %s", content.Session.Standing.Word, content.Session.times()),
		Content:  content,
	}, nil
}

func (p *page) addNotifications(ctx context.Context, content *session, after int64) error {
	id := content.Session.Name
	list, err := p.journal.Notifications(ctx, receiver.NotificationFilter{ResourceID: id, After: after, Limit: shownEvents})
	if err != nil {
		return err
	}
	for i := range list.Notifications {
		content.Notifications = append(content.Notifications, p.notification(&list.Notifications[i]))
	}
	if after > 0 {
		content.Earliest = sessionAddress(id, 0)
	}
	if len(list.Notifications) == 0 {
		return nil
	}
	last := list.Notifications[len(list.Notifications)-1].Seq
	later, err := p.journal.Notifications(ctx, receiver.NotificationFilter{ResourceID: id, After: last, Limit: 1})
	if err == nil && len(later.Notifications) > 0 {
		content.Later = sessionAddress(id, last)
	}
	return err
}

func (p *page) sessionEntry(s receiver.Session, id string) sessionEntry {
	return sessionEntry{
		ID:       id,
		Name:     s.ResourceID,
		Address:  sessionAddress(s.ResourceID, 0),
		Standing: told(s.Status, s.StatusInfo),
		Since:    p.moment(s.Since),
		Reported: s.Time,
		Reason:   s.StatusInfo,
		Told:     s.Notifications,
		More:     s.More,
	}
}

// times is how often its status was told.
func (s sessionEntry) times() string {
	if s.More {
		return fmt.Sprintf("more than %d times", s.Told)
	}
	return fmt.Sprintf("%d times", s.Told)
}

func (p *page) notification(n *receiver.Notification) notification {
	shown := notification{
		Seq:        n.Seq,
		At:         p.moment(n.ReceivedAt),
		Reason:     n.StatusInfo,
		Type:       n.Type,
		Source:     n.Source,
		Reported:   n.Time,
		Deliveries: n.Deliveries,
	}
	if n.Status != "" {
		stands := told(n.Status, n.StatusInfo)
		shown.Standing = &stands
	}
	shown.Body, shown.Shortened = excerpt(n.Body)
	return shown
}

// told is the standing of a session that a CAMARA operator told. What ends a session
// as its owner wanted it is told apart from what the network does (CAMARA Quality on
// Demand, "StatusInfo").
func told(status, info string) standing {
	switch {
	case strings.EqualFold(status, receiver.CAMARAAvailable):
		return standing{kindOn, "Available", "The network provides the requested quality."}
	case !strings.EqualFold(status, receiver.CAMARAUnavailable):
		return standing{kindUnknown, cmp.Or(status, "Unknown"), "The operator told a status that CAMARA's documents do not name."}
	case strings.EqualFold(info, "NETWORK_TERMINATED"):
		return standing{kindFailed, "Unavailable", "The network has ended it."}
	}
	return standing{kindEnded, "Unavailable", "It has ended, or the network does not provide the quality yet."}
}

// placeOf reads a place in the sequence from an address; zero where there is none.
func placeOf(asked url.Values, name string) (int64, error) {
	text := asked.Get(name)
	if text == "" {
		return 0, nil
	}
	place, err := strconv.ParseInt(text, 10, 64)
	if err != nil || place < 0 {
		return 0, &receiver.InvalidError{Reason: name + " is not a place in the sequence of events"}
	}
	return place, nil
}

func sessionsAddress(search string, before int64) string {
	v := url.Values{}
	if search != "" {
		v.Set("q", search)
	}
	if before > 0 {
		v.Set("before", strconv.FormatInt(before, 10))
	}
	return (&url.URL{Path: sessionsPath, RawQuery: v.Encode()}).String()
}

// sessionAddress is that of a session's page. Its id is the operator's, and may hold
// anything, so it is no part of the path.
func sessionAddress(id string, after int64) string {
	v := url.Values{"id": {id}}
	address := url.URL{Path: sessionPath}
	if after > 0 {
		v.Set("after", strconv.FormatInt(after, 10))
		address.Fragment = "notifications"
	}
	address.RawQuery = v.Encode()
	return address.String()
}
