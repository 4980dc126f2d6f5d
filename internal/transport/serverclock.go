package transport

import (
	"net/http"
	"sync/atomic"
	"time"

	"github.com/jonboulle/clockwork"
)

// ServerClock knows how far a server's clock is from ours, by the Date of its
// newest answer (RFC 9110, section 6.6.1). It is safe for concurrent use.
type ServerClock struct {
	ours   clockwork.Clock
	offset atomic.Int64
}

// NewServerClock returns one that agrees with ours until an answer tells otherwise.
func NewServerClock(ours clockwork.Clock) *ServerClock { return &ServerClock{ours: ours} }

// Offset is how far the server's clock is ahead of ours; negative, behind. What
// the time that an answer takes and the whole seconds of a Date can explain is
// no difference, so it is 0 for a clock that is right.
func (c *ServerClock) Offset() time.Duration { return time.Duration(c.offset.Load()) }

// Now is what the server's clock shows.
func (c *ServerClock) Now() time.Time { return c.ours.Now().Add(c.Offset()) }

// Observe wraps next so that c learns from each answer.
func (c *ServerClock) Observe(next http.RoundTripper) http.RoundTripper {
	return roundTripperFunc(func(r *http.Request) (*http.Response, error) {
		sent := c.ours.Now()
		resp, err := next.RoundTrip(r)
		if err == nil {
			c.note(resp.Header, sent, c.ours.Now())
		}
		return resp, err
	})
}

// note reads the Date of an answer that came from the server itself: one out of
// a cache has an Age, and is dated earlier.
func (c *ServerClock) note(header http.Header, sent, received time.Time) {
	date, err := http.ParseTime(header.Get("Date"))
	if err != nil || header.Get("Age") != "" {
		return
	}
	least, most := date.Sub(received), date.Add(time.Second).Sub(sent)
	c.offset.Store(int64(max(least, min(most, 0))))
}
