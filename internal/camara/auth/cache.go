package auth

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jonboulle/clockwork"
)

const (
	// renewAhead is how long before its end a token is replaced, at most.
	renewAhead = 30 * time.Second
	// longestWait is how long a caller without a deadline waits for a token: reads
	// have none, and a server may let a subscriber take a day.
	longestWait = 5 * time.Minute
)

// errNotInTime marks that nobody has authorized a request for as long as we wait.
var errNotInTime = errors.New("not in time")

// grant is a token with its end; expires is zero where that is not known.
type grant struct {
	token   string
	expires time.Time
}

// cache is a Source that holds one token per subject. However many callers find
// it missing or refused at once, it is fetched once.
type cache struct {
	clock     clockwork.Clock
	bySubject bool
	fetch     func(ctx context.Context, subject string) (grant, error)

	mu   sync.Mutex
	held map[string]*holding
}

// holding is what is held for one subject.
type holding struct {
	token string
	// due is when token should be replaced; zero means when it is refused.
	due time.Time
	// expires is when token ends; zero where that is not known.
	expires time.Time
	// flight is the fetch under way, if there is one.
	flight *flight
	// denied is the no of a subscriber, who is not asked again in this process.
	denied error
}

// flight is one fetch, for as long as anyone waits for it.
type flight struct {
	waiters int
	cancel  context.CancelFunc
	// done is closed after result and err are set.
	done   chan struct{}
	result grant
	err    error
}

func newCache(clock clockwork.Clock, bySubject bool, fetch func(context.Context, string) (grant, error)) *cache {
	return &cache{clock: clock, bySubject: bySubject, fetch: fetch, held: make(map[string]*holding)}
}

// String tells what it is and hides the tokens.
func (c *cache) String() string { return "cached access tokens" }

// GoString is String, so that %#v prints no secret either.
func (c *cache) GoString() string { return c.String() }

// Token implements Source.
func (c *cache) Token(ctx context.Context, subject string) (string, error) {
	if c.bySubject && subject == "" {
		return "", ErrNoSubject
	}
	token, joined, err := c.usableOrJoin(ctx, subject)
	if joined == nil {
		return token, err
	}
	var late <-chan time.Time
	if _, bounded := ctx.Deadline(); !bounded {
		timer := c.clock.NewTimer(longestWait)
		defer timer.Stop()
		late = timer.Chan()
	}
	select {
	case <-joined.done:
		return joined.result.token, joined.err
	case <-ctx.Done():
		c.leave(subject, joined)
		return "", fmt.Errorf("gave up waiting for an access token%s: %w", whose(subject), context.Cause(ctx))
	case <-late:
		c.leave(subject, joined)
		return "", marked{fmt.Errorf("no access token%s within %s: its subscriber may still have to consent, or the authorization server does not answer", whose(subject), longestWait), errNotInTime}
	}
}

func whose(subject string) string {
	if subject == "" {
		return ""
	}
	return " for " + subject
}

// Invalidate implements Source.
func (c *cache) Invalidate(subject, token string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if h := c.holding(subject); h.token == token {
		h.token = ""
	}
}

// expiry is Expiry.
func (c *cache) expiry(subject, token string) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if h := c.holding(subject); h.token == token {
		return h.expires
	}
	return time.Time{}
}

// usableOrJoin returns the token held, the no that has been given before, or else
// the fetch to wait for.
func (c *cache) usableOrJoin(ctx context.Context, subject string) (string, *flight, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	h := c.holding(subject)
	switch {
	case h.denied != nil:
		return "", nil, h.denied
	case h.token != "" && (h.due.IsZero() || c.clock.Now().Before(h.due)):
		return h.token, nil, nil
	case h.flight == nil:
		c.launch(ctx, h, subject)
	}
	h.flight.waiters++
	return "", h.flight, nil
}

// launch starts a fetch that goes on when its first caller gives up, because
// others may wait for it too. The lock is held.
func (c *cache) launch(ctx context.Context, h *holding, subject string) {
	shared, cancel := context.WithCancel(context.WithoutCancel(ctx))
	f := &flight{cancel: cancel, done: make(chan struct{})}
	h.flight = f
	go func() {
		defer cancel()
		f.result, f.err = c.fetch(shared, subject)
		c.land(h, f)
		close(f.done)
	}()
}

// land keeps what f has brought.
func (c *cache) land(h *holding, f *flight) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if h.flight == f {
		h.flight = nil
	}
	if c.bySubject && hasCode(f.err, CodeAccessDenied) {
		h.denied = f.err
	}
	if f.err == nil {
		h.token, h.due, h.expires = f.result.token, c.due(f.result.expires), f.result.expires
	}
}

// leave ends a fetch that nobody waits for any more: a poll for consent would
// go on for minutes.
func (c *cache) leave(subject string, f *flight) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f.waiters--
	if f.waiters > 0 {
		return
	}
	f.cancel()
	if h := c.holding(subject); h.flight == f {
		h.flight = nil
	}
}

// holding returns what is held for subject. The lock is held.
func (c *cache) holding(subject string) *holding {
	if !c.bySubject {
		subject = ""
	}
	h, ok := c.held[subject]
	if !ok {
		h = &holding{}
		c.held[subject] = h
	}
	return h
}

// due is when to replace a token. The margin shrinks with the lifetime left, or
// a token close to its end would be fetched over and over.
func (c *cache) due(expires time.Time) time.Time {
	if expires.IsZero() {
		return expires
	}
	return expires.Add(-min(renewAhead, expires.Sub(c.clock.Now())/10))
}
