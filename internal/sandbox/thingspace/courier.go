package thingspace

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/jonboulle/clockwork"

	"github.com/qosform/terraform-provider-qos/internal/sandbox/exchange"
	"github.com/qosform/terraform-provider-qos/internal/sandbox/schedule"
)

// How ThingSpace was measured to deliver: an attempt that is refused, or not
// answered in four seconds, is followed by one more, and then by none.
const (
	maxAttempts    = 2
	retryDelay     = 1200 * time.Millisecond
	answerDeadline = 4 * time.Second
)

var errSlow = errors.New("not answered within 4 s")

// Delivery is a callback that was delivered or lost.
type Delivery struct {
	AccountName    string
	RequestID      string
	SubscriptionID string
	DeviceID       string
	Event          string
	// Attempts counts those made so far.
	Attempts int
	// Body is what was sent last, credentials included; nil if nothing was sent.
	Body []byte
	// Reason says why the callback is lost; empty if it was delivered.
	Reason string
}

// courier posts callbacks to the listener that is registered as they leave.
type courier struct {
	clock     clockwork.Clock
	client    *http.Client
	logger    *slog.Logger
	registry  *registry
	faults    *faultBook
	scheduler *schedule.Scheduler
	switches  func() Switches
	sending   sync.WaitGroup

	mu         sync.Mutex
	deliveries []Delivery
}

func newCourier(o Options, r *registry, f *faultBook, s *schedule.Scheduler, switches func() Switches) *courier {
	transport := o.CallbackTransport
	if transport == nil {
		transport = &http.Transport{MaxIdleConnsPerHost: 32, IdleConnTimeout: time.Minute}
	}
	return &courier{
		clock: o.Clock, logger: o.Logger, registry: r, faults: f, scheduler: s, switches: switches,
		client: &http.Client{
			Transport: transport,
			// A redirect is not an acknowledgement.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// close waits for attempts that outlived their deadline; the scheduler has
// cancelled them.
func (c *courier) close() {
	c.sending.Wait()
	c.client.CloseIdleConnections()
}

// dispatch delivers a notice unless a fault drops or delays it. It returns once
// the first attempt is over.
func (c *courier) dispatch(ctx context.Context, n notice) {
	if c.faults.strikes(FaultDropCallback, n.subject()) {
		c.record(n, 0, nil, "dropped by an injected fault")
		return
	}
	send := func(ctx context.Context) {
		c.deliver(ctx, n, 1)
		if c.faults.strikes(FaultDuplicateCallback, n.subject()) {
			c.deliver(ctx, n, 2)
		}
	}
	if f, late := c.faults.take(FaultLateCallback, n.subject()); late {
		c.scheduler.After(f.Delay, send)
		return
	}
	send(ctx)
}

func (c *courier) deliver(ctx context.Context, n notice, count int) {
	reg, registered := c.registry.get(n.account, QoSService)
	if !registered {
		c.record(n, count-1, nil, "no listener is registered")
		return
	}
	listener := reg.current
	if c.faults.strikes(FaultOldCredentials, n.subject()) {
		listener.Username, listener.Password = reg.previous.Username, reg.previous.Password
	}
	body, err := json.Marshal(n.body(count, listener, c.switches()))
	if err != nil {
		c.record(n, count-1, nil, err.Error())
		return
	}
	err = c.attempt(ctx, listener.URL, body)
	switch {
	case err == nil:
		c.record(n, count, body, "")
	case ctx.Err() != nil:
		// The simulator is closing.
	case count < maxAttempts:
		c.logger.WarnContext(ctx, "callback refused, will retry", "event", n.event, "request_id", n.requestID, "error", err)
		c.scheduler.After(retryDelay, func(ctx context.Context) { c.deliver(ctx, n, count+1) })
	default:
		c.record(n, count, body, err.Error())
	}
}

// attempt posts the body once. An attempt that misses the deadline is left to
// run, as ThingSpace does, so a retry can overtake it.
func (c *courier) attempt(ctx context.Context, target string, body []byte) error {
	deadline := c.clock.NewTimer(answerDeadline)
	defer deadline.Stop()
	result := make(chan error, 1)
	c.sending.Go(func() { result <- c.post(ctx, target, body) })
	select {
	case err := <-result:
		return err
	case <-deadline.Chan():
		return errSlow
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (c *courier) post(ctx context.Context, target string, body []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target, bytes.NewReader(body))
	if err != nil {
		return withoutURL(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "Verizon's callback service")
	resp, err := c.client.Do(req)
	if err != nil {
		return withoutURL(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if _, err := io.Copy(io.Discard, io.LimitReader(resp.Body, exchange.MaxBody)); err != nil {
		return fmt.Errorf("reading the listener's answer: %w", err)
	}
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("listener answered %s", resp.Status)
	}
	return nil
}

// withoutURL unwraps errors that quote the listener's URL, which may carry a
// secret.
func withoutURL(err error) error {
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		return wrapped.Err
	}
	return err
}

func (c *courier) record(n notice, attempts int, body []byte, reason string) {
	c.logger.Info("callback", "event", n.event, "request_id", n.requestID,
		"qos_subscription_id", n.subscriptionID, "attempts", attempts, "lost", reason)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.deliveries = append(c.deliveries, Delivery{
		AccountName: n.account, RequestID: n.requestID, SubscriptionID: n.subscriptionID,
		DeviceID: n.device.ID, Event: n.event, Attempts: attempts, Body: body, Reason: reason,
	})
}

func (c *courier) list(lost bool) []Delivery {
	c.mu.Lock()
	defer c.mu.Unlock()
	kept := []Delivery{}
	for _, d := range c.deliveries {
		if (d.Reason != "") == lost {
			d.Body = bytes.Clone(d.Body)
			kept = append(kept, d)
		}
	}
	return kept
}
