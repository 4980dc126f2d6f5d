package camara

import (
	"sync"
	"time"
)

// slowDown is what a poll that comes too early adds to the interval, "for this
// and all later polls".
const slowDown = 5 * time.Second

// authentication is a CIBA authentication request that a client polls for.
type authentication struct {
	permit

	interval time.Duration
	polled   time.Time
	consents time.Time
	expires  time.Time
	denied   bool
}

// authentications holds those that have not ended.
type authentications struct {
	mu      sync.Mutex
	pending map[string]*authentication
}

func (as *authentications) add(id string, a *authentication) {
	as.mu.Lock()
	defer as.mu.Unlock()
	as.pending[id] = a
}

// poll returns what the token allows once the user has consented.
func (as *authentications) poll(id, client string, now time.Time) (permit, error) {
	as.mu.Lock()
	defer as.mu.Unlock()
	a, known := as.pending[id]
	if !known || a.client != client {
		return permit{}, badRequest("invalid_grant", "no such auth_req_id")
	}
	early := !a.polled.IsZero() && now.Before(a.polled.Add(a.interval))
	a.polled = now
	switch {
	case !now.Before(a.expires):
		delete(as.pending, id)
		return permit{}, badRequest("expired_token", "the authentication request has expired")
	case early:
		a.interval += slowDown
		return permit{}, badRequest("slow_down", "wait %s between polls", a.interval)
	case now.Before(a.consents):
		return permit{}, badRequest("authorization_pending", "the user has not answered yet")
	case a.denied:
		delete(as.pending, id)
		return permit{}, badRequest("access_denied", "the user refused")
	}
	delete(as.pending, id)
	return a.permit, nil
}
