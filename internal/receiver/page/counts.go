package page

import (
	"context"
	"sync"
	"time"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
)

// countsAge is how old the counts may be that are shown, and countTimeout how
// long counting may take.
const (
	countsAge    = 2 * time.Second
	countTimeout = 5 * time.Second
)

// counts are what the store holds, asked once for all who look.
type counts struct {
	ask func(context.Context) (*receiver.Statistics, error)

	mu     sync.Mutex
	at     time.Time
	latest *receiver.Statistics
}

func (c *counts) get(ctx context.Context, now time.Time) (*receiver.Statistics, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.latest != nil && now.Sub(c.at) < countsAge {
		return c.latest, nil
	}
	// The answer is for others, too, so a reader who hangs up does not spoil it.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), countTimeout)
	defer cancel()
	latest, err := c.ask(ctx)
	if err != nil {
		return nil, err
	}
	c.at, c.latest = now, latest
	return latest, nil
}
