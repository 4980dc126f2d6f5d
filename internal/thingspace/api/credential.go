package api

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/jonboulle/clockwork"
	"golang.org/x/sync/singleflight"
)

const (
	// fetchTimeout bounds a token request or login with its repeats, which no
	// caller's context does, because it is made for all of them.
	fetchTimeout = 2 * time.Minute
	// renewAhead is how long before its end a token is replaced, at most.
	renewAhead = 30 * time.Second
)

// token is a credential's value, and which one in the row of its values it is.
// The number tells a renewal from a repetition, because the token endpoint may
// well answer with the same value again.
type token struct {
	value string
	// generation counts from 1.
	generation uint64
	// expires is zero where the end is not known.
	expires time.Time
}

// fetcher obtains a token; expires is zero where its end is not known.
type fetcher func(ctx context.Context) (value string, expires time.Time, err error)

// credential holds one token for all callers. However many of them find it
// missing or refused at once, it is fetched once.
type credential struct {
	name  string
	clock clockwork.Clock
	// fetch is nil for a token that was configured and cannot be renewed.
	fetch  fetcher
	flight singleflight.Group

	mu      sync.Mutex
	current token
	// due is when current should be replaced; zero means when it is refused.
	due time.Time
}

func configuredCredential(name, value string) *credential {
	return &credential{name: name, current: token{value: value, generation: 1}}
}

func fetchedCredential(name string, clock clockwork.Clock, fetch fetcher) *credential {
	return &credential{name: name, clock: clock, fetch: fetch}
}

// get returns the current token, fetching one if there is none or it is due.
func (c *credential) get(ctx context.Context) (token, error) {
	current, usable := c.usable()
	if usable {
		return current, nil
	}
	return c.after(ctx, current.generation)
}

// renew returns a token newer than the refused one, which another caller may
// have fetched already.
func (c *credential) renew(ctx context.Context, refused token) (token, error) {
	if c.fetch == nil {
		return token{}, fmt.Errorf("ThingSpace no longer accepts the configured %s: it has expired or was never valid, and a configured %s "+
			"is never renewed. Configure a new one, or the credentials to fetch it with", c.name, c.name)
	}
	return c.after(ctx, refused.generation)
}

// after returns a token of a generation beyond seen. The fetch goes on when a
// caller gives up, because others wait for it too.
func (c *credential) after(ctx context.Context, seen uint64) (token, error) {
	result := c.flight.DoChan(strconv.FormatUint(seen, 10), func() (any, error) {
		current, _ := c.usable()
		if current.generation > seen {
			return current, nil
		}
		shared, cancel := context.WithTimeout(context.WithoutCancel(ctx), fetchTimeout)
		defer cancel()
		value, expires, err := c.fetch(shared)
		if err != nil {
			return token{}, err
		}
		return c.store(value, expires), nil
	})
	select {
	case <-ctx.Done():
		return token{}, fmt.Errorf("gave up waiting for the %s: %w", c.name, context.Cause(ctx))
	case r := <-result:
		fetched, _ := r.Val.(token)
		return fetched, r.Err
	}
}

func (c *credential) usable() (token, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	usable := c.current.generation > 0 && (c.due.IsZero() || c.clock.Now().Before(c.due))
	return c.current, usable
}

// store makes value the current token. ThingSpace hands out the same token to
// all who ask within its hour, so a new one may be close to its end: the margin
// shrinks with the lifetime, or such a token would be fetched over and over.
func (c *credential) store(value string, expires time.Time) token {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.current = token{value: value, generation: c.current.generation + 1, expires: expires}
	c.due = time.Time{}
	if !expires.IsZero() {
		lifetime := expires.Sub(c.clock.Now())
		c.due = expires.Add(-min(renewAhead, lifetime/10))
	}
	return c.current
}
