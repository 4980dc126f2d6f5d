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
	errSlow    = errors.New("not answered within 4 s")
	errGone    = errors.New("listener answered 410 Gone before")
	errExpired = errors.New("the listener's access token has expired")
	errNoToken = errors.New("no access token: the simulator fetches none for PRIVATE_KEY_JWT")
	errDropped = errors.New("dropped by an injected fault")
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
	silenced   map[string]bool // by id of the session or assignment
}

func newCourier(o Options, f *faultBook, s *schedule.Scheduler) *courier {
	transport := o.NotificationTransport
	if transport == nil {
		transport = &http.Transport{MaxIdleConnsPerHost: 32, IdleConnTimeout: time.Minute}
	}
	return &courier{
		clock: o.Clock, logger: o.Logger, faults: f, scheduler: s, silenced: map[string]bool{},
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

// dispatch delivers an event unless a fault drops or delays it. It returns once
// the listener answered or was given up.
func (c *courier) dispatch(ctx context.Context, ch change, event cloudEvent) {
	if ch.grant.notify == nil {
		return
	}
	s := subject{devices: ch.grant.device.names(), event: ch.status}
	if c.faults.strikes(FaultDropNotification, s) {
		c.record(ch, nil, errDropped)
		return
	}
	send := func(ctx context.Context) {
		c.deliver(ctx, ch, event)
		if c.faults.strikes(FaultDuplicateNotification, s) {
			c.deliver(ctx, ch, event)
		}
	}
	if f, late := c.faults.take(FaultLateNotification, s); late {
		c.scheduler.After(f.Delay, send)
		return
	}
	send(ctx)
}

func (c *courier) deliver(ctx context.Context, ch change, event cloudEvent) {
	if err := c.deliverable(ch); err != nil {
		c.record(ch, nil, err)
		return
	}
	body, err := json.Marshal(event)
	if err != nil {
		c.record(ch, nil, err)
		return
	}
	err = c.attempt(ctx, *ch.grant.notify, body)
	if ctx.Err() == nil {
		c.record(ch, body, err)
	}
}

// deliverable reports why nothing can be sent to a listener.
func (c *courier) deliverable(ch change) error {
	l := ch.grant.notify
	c.mu.Lock()
	silenced := c.silenced[ch.grant.id]
	c.mu.Unlock()
	switch {
	case silenced:
		return errGone
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

func (c *courier) record(ch change, body []byte, err error) {
	d := Delivery{ID: ch.grant.id, Status: ch.status, StatusInfo: ch.info, URL: ch.grant.notify.url, Body: body}
	if token := ch.grant.notify.token; token != "" && body != nil {
		d.Authorization = "Bearer " + token
	}
	if err != nil {
		d.Reason = err.Error()
	}
	c.logger.Info("notification", "id", d.ID, "status", d.Status, "status_info", d.StatusInfo, "lost", d.Reason)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.deliveries = append(c.deliveries, d)
	if errors.Is(err, errGone) {
		c.silenced[d.ID] = true
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
