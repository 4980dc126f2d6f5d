package camara

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

// answerDeadline is how long a listener may take. The specifications promise no
// further attempt, so none is made.
const answerDeadline = 4 * time.Second

var (
	errSlow     = errors.New("not answered within 4 s")
	errGone     = errors.New("listener answered 410 Gone")
	errSilenced = errors.New("listener answered 410 Gone before")
	errExpired  = errors.New("the listener's access token has expired")
	errNoToken  = errors.New("no access token: the simulator fetches none for PRIVATE_KEY_JWT")
	errDropped  = errors.New("dropped by an injected fault")
)

// Delivery is a notification that was delivered or lost.
type Delivery struct {
	// ID is that of the session or assignment.
	ID         string
	Status     Status
	StatusInfo StatusInfo
	URL        string
	// Authorization is the header that was sent; empty if there was none.
	Authorization string
	// Body is the event; nil if nothing was sent.
	Body []byte
	// Reason says why the notification is lost; empty if it was delivered.
	Reason string
}

// courier posts notifications to the listeners that creates named.
type courier struct {
	clock     clockwork.Clock
	client    *http.Client
	logger    *slog.Logger
	faults    *faultBook
	scheduler *schedule.Scheduler
	sending   sync.WaitGroup

	mu         sync.Mutex
	deliveries []Delivery
	queues     map[string]*queue // by id of the session or assignment
}

// queue keeps the notifications about one session or assignment in order.
type queue struct {
	waiting  []notice
	busy     bool
	silenced bool
}

// notice is an event and whom to tell it.
type notice struct {
	change

	event cloudEvent
}

func newCourier(o Options, f *faultBook, s *schedule.Scheduler) *courier {
	transport := o.NotificationTransport
	if transport == nil {
		transport = &http.Transport{MaxIdleConnsPerHost: 32, IdleConnTimeout: time.Minute}
	}
	return &courier{
		clock: o.Clock, logger: o.Logger, faults: f, scheduler: s, queues: map[string]*queue{},
		client: &http.Client{
			Transport: transport,
			// A redirect is not an acknowledgement.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// close waits for posts that outlived their deadline; the scheduler has
// cancelled them.
func (c *courier) close() {
	c.sending.Wait()
	c.client.CloseIdleConnections()
}

// enqueue lets a notice be delivered as soon as possible after those before it,
// but not on the caller's time.
func (c *courier) enqueue(n notice) {
	if n.grant.notify == nil {
		return
	}
	id := n.grant.id
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.queues[id] == nil {
		c.queues[id] = &queue{}
	}
	c.queues[id].waiting = append(c.queues[id].waiting, n)
	c.scheduler.After(0, func(ctx context.Context) { c.drain(ctx, id) })
}

// drain delivers what waits, unless somebody else is about to.
func (c *courier) drain(ctx context.Context, id string) {
	for {
		n, ok := c.next(id)
		if !ok {
			return
		}
		c.dispatch(ctx, n)
		c.mu.Lock()
		c.queues[id].busy = false
		c.mu.Unlock()
	}
}

func (c *courier) next(id string) (notice, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	q := c.queues[id]
	if q.busy || len(q.waiting) == 0 {
		return notice{}, false
	}
	n := q.waiting[0]
	q.waiting, q.busy = q.waiting[1:], true
	return n, true
}

// dispatch delivers a notice unless a fault drops or delays it. It returns once
// the listener answered or was given up.
func (c *courier) dispatch(ctx context.Context, n notice) {
	s := subject{devices: n.grant.device.names(), event: n.status}
	if c.faults.strikes(FaultDropNotification, s) {
		c.record(n, nil, errDropped)
		return
	}
	send := func(ctx context.Context) {
		c.deliver(ctx, n)
		if c.faults.strikes(FaultDuplicateNotification, s) {
			c.deliver(ctx, n)
		}
	}
	if f, late := c.faults.take(FaultLateNotification, s); late {
		c.scheduler.After(f.Delay, send)
		return
	}
	send(ctx)
}

func (c *courier) deliver(ctx context.Context, n notice) {
	if err := c.deliverable(n); err != nil {
		c.record(n, nil, err)
		return
	}
	body, err := json.Marshal(n.event)
	if err != nil {
		c.record(n, nil, err)
		return
	}
	err = c.attempt(ctx, *n.grant.notify, body)
	if ctx.Err() == nil {
		c.record(n, body, err)
	}
}

// deliverable reports why nothing can be sent to a listener.
func (c *courier) deliverable(n notice) error {
	l := n.grant.notify
	c.mu.Lock()
	silenced := c.queues[n.grant.id].silenced
	c.mu.Unlock()
	switch {
	case silenced:
		return errSilenced
	case l.kind == "PRIVATE_KEY_JWT":
		return errNoToken
	case l.expires != nil && !c.clock.Now().Before(*l.expires):
		return errExpired
	}
	return nil
}

func (c *courier) attempt(ctx context.Context, l listener, body []byte) error {
	deadline := c.clock.NewTimer(answerDeadline)
	defer deadline.Stop()
	result := make(chan error, 1)
	c.sending.Go(func() { result <- c.post(ctx, l, body) })
	select {
	case err := <-result:
		return err
	case <-deadline.Chan():
		return errSlow
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (c *courier) post(ctx context.Context, l listener, body []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, l.url, bytes.NewReader(body))
	if err != nil {
		return withoutURL(err)
	}
	req.Header.Set("Content-Type", "application/cloudevents+json")
	if l.token != "" {
		req.Header.Set("Authorization", "Bearer "+l.token)
	}
	resp, err := c.client.Do(req)
	if err != nil {
		return withoutURL(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if _, err := io.Copy(io.Discard, io.LimitReader(resp.Body, exchange.MaxBody)); err != nil {
		return fmt.Errorf("reading the listener's answer: %w", err)
	}
	if resp.StatusCode == http.StatusGone {
		return errGone
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

func (c *courier) record(n notice, body []byte, err error) {
	l := n.grant.notify
	d := Delivery{ID: n.grant.id, Status: n.status, StatusInfo: n.info, URL: l.url, Body: body}
	if l.token != "" && body != nil {
		d.Authorization = "Bearer " + l.token
	}
	if err != nil {
		d.Reason = err.Error()
	}
	c.logger.Info("notification", "id", d.ID, "status", d.Status, "status_info", d.StatusInfo, "lost", d.Reason)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.deliveries = append(c.deliveries, d)
	if errors.Is(err, errGone) {
		c.queues[d.ID].silenced = true
	}
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
