package receiver

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"
)

// The statuses that CAMARA's APIs notify (Quality on Demand, "StatusInfo" and
// "QosStatus"; QoS Provisioning, "Status").
const (
	CAMARAAvailable   = "AVAILABLE"
	CAMARAUnavailable = "UNAVAILABLE"
)

// Session is what CAMARA operators told of one session or assignment.
type Session struct {
	ResourceID string
	// Status, StatusInfo and Time are the last notification's, as sent.
	Status     string
	StatusInfo string
	Time       string
	// Since is when the receiver took the first of the last notifications in a row that
	// told this status.
	Since time.Time
	// Notifications is how many there are that told a status, of the last 100. More
	// says that there are others before them, so that Since may be earlier.
	Notifications int
	More          bool
}

// SessionFilter selects sessions; zero fields do not filter.
type SessionFilter struct {
	ResourceID string
	// Before is a page's Next, to get the one behind it.
	Before int64
	Limit  int
}

// SessionPage is one page of sessions, those heard of last first.
type SessionPage struct {
	Sessions []Session
	// Next is zero on the last page.
	Next int64
}

// SessionStore is the part of a Store that arranges notifications by what they are
// about.
type SessionStore interface {
	// Sessions returns one page of what notifications told the status of.
	Sessions(ctx context.Context, f SessionFilter) (*SessionPage, error)
}

// SessionOf arranges the notifications about one session or assignment, of which
// there is at least one. The order in which they came does not matter where they say
// when it happened: a notification that was delayed is not the last word.
func SessionOf(notifications []Notification) Session {
	ordered := slices.SortedStableFunc(slices.Values(notifications), func(a, b Notification) int {
		return cmp.Or(a.happened().Compare(b.happened()), cmp.Compare(a.Seq, b.Seq))
	})
	last := ordered[len(ordered)-1]
	s := Session{
		ResourceID: last.ResourceID, Status: last.Status, StatusInfo: last.StatusInfo, Time: last.Time,
		Since: last.ReceivedAt, Notifications: len(ordered),
	}
	for _, n := range slices.Backward(ordered) {
		if !strings.EqualFold(n.Status, s.Status) {
			break
		}
		s.Since = n.ReceivedAt
	}
	return s
}

// happened is when the operator says that it happened, or when the receiver heard of
// it where that can not be read, or has not come yet: a clock that is ahead must not
// have the last word.
func (n Notification) happened() time.Time {
	if told, err := time.Parse(time.RFC3339, n.Time); err == nil && told.Before(n.ReceivedAt) {
		return told
	}
	return n.ReceivedAt
}

func (t timedStore) Sessions(ctx context.Context, f SessionFilter) (page *SessionPage, err error) {
	done := t.time("sessions")
	page, err = t.Store.Sessions(ctx, f)
	done(err)
	return page, err
}
