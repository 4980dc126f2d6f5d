// Package forward passes callbacks on to other listeners. ThingSpace knows one
// callback URL for a service and an account, so whoever else wants to hear gets it
// from the receiver: each callback as it came but for its credentials, at least
// once, from an outbox in the store.
package forward

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jonboulle/clockwork"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
	"github.com/qosform/terraform-provider-qos/internal/receiver/batch"
	"github.com/qosform/terraform-provider-qos/internal/transport"
)

const (
	// HeaderDelivery identifies a callback at one listener, the same at every attempt.
	HeaderDelivery = "Qos-Receiver-Delivery"
	// HeaderVia names the stores of the receivers that a callback came through.
	HeaderVia = "Qos-Receiver-Via"

	// maxPassed is how many receivers a callback comes through at most.
	maxPassed = 16
	// maxSettled bounds what one transaction settles.
	maxSettled = 100
	// settleTimeout leaves a claim time to be settled in, and a receiver that is told to
	// end to do so.
	settleTimeout = 5 * time.Second
)

var _ receiver.Forwarder = (*Forwarder)(nil)

// Outbox is where callbacks wait.
type Outbox interface {
	receiver.Outbox
	// StoreID is what HeaderVia names.
	StoreID() string
}

// Options are what a Forwarder can be told. The zero value is usable.
type Options struct {
	Targets []Target
	// Version of the program, which listeners are told.
	Version string
	// Transport sends the requests; by default one that uses no proxy.
	Transport http.RoundTripper
	// Registry gets the metrics; by default nobody does.
	Registry prometheus.Registerer
	// Logger gets no secrets and no bodies; by default nobody hears anything.
	Logger *slog.Logger
	// Clock judges when callbacks are due; the system's by default.
	Clock clockwork.Clock
}

func (o Options) withDefaults() Options {
	if o.Transport == nil {
		direct := transport.New()
		direct.Proxy = nil // the listeners' addresses are the operator's own word
		o.Transport = direct
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Clock == nil {
		o.Clock = clockwork.NewRealClock()
	}
	return o
}

// Forwarder hands what the outbox holds to its targets while it runs.
type Forwarder struct {
	outbox  Outbox
	clock   clockwork.Clock
	log     *slog.Logger
	client  *client
	metrics *metrics
	settler *batch.Batcher[receiver.Settlement]

	mu       sync.Mutex
	targets  []Target
	replaced chan struct{} // closed once targets are others
	wake     []chan struct{}
}

// New makes a Forwarder. Its error is that of the registry.
func New(outbox Outbox, options Options) (*Forwarder, error) {
	options = options.withDefaults()
	f := &Forwarder{
		outbox: outbox, clock: options.Clock, log: options.Logger,
		client:  newClient(options.Transport, options.Version, outbox.StoreID()),
		metrics: newMetrics(outbox, options.Clock, options.Logger),
		targets: options.Targets, replaced: make(chan struct{}),
	}
	f.settler = batch.New(maxSettled, func(receiver.Settlement) int { return 1 }, f.settle)
	f.metrics.expect(options.Targets)
	if options.Registry == nil {
		return f, nil
	}
	return f, f.metrics.register(options.Registry)
}

// Prepare implements receiver.Forwarder. A callback that came through this receiver
// before is not passed on: it would go round for ever.
func (f *Forwarder) Prepare(header http.Header, body []byte, vouched bool) (*receiver.Forward, error) {
	passed := passedIn(header)
	names := f.names()
	if len(names) == 0 || len(passed) >= maxPassed || slices.Contains(passed, f.outbox.StoreID()) {
		return nil, nil
	}
	strip := remove
	if vouched {
		strip = blank
	}
	stripped, err := strip(body)
	if err != nil {
		return nil, err
	}
	return &receiver.Forward{ID: uuid.NewString(), Targets: names, Passed: passed, Body: stripped}, nil
}

func (f *Forwarder) names() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	names := make([]string, 0, len(f.targets))
	for _, t := range f.targets {
		names = append(names, t.name)
	}
	return names
}

// Wake implements receiver.Forwarder.
func (f *Forwarder) Wake() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, wake := range f.wake {
		signal(wake)
	}
}

func signal(wake chan struct{}) {
	select {
	case wake <- struct{}{}:
	default:
	}
}

// Retarget replaces the targets. What waits for one that is no longer among them
// waits until it is again, or until somebody drops it. It reports whether they differ.
func (f *Forwarder) Retarget(targets []Target) bool {
	if !f.replace(targets) {
		return false
	}
	f.metrics.expect(targets)
	return true
}

func (f *Forwarder) replace(targets []Target) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if slices.EqualFunc(f.targets, targets, Target.Same) {
		return false
	}
	f.targets = targets
	close(f.replaced)
	f.replaced = make(chan struct{})
	return true
}

// Run passes callbacks on until ctx ends. What it is just sending then is given
// back to the outbox, and sent again by whoever runs next.
func (f *Forwarder) Run(ctx context.Context) {
	defer f.settler.Wait()
	for ctx.Err() == nil {
		f.runTargets(ctx)
	}
}

// runTargets works for the targets of now until they are replaced.
func (f *Forwarder) runTargets(ctx context.Context) {
	ctx, stop := context.WithCancel(ctx)
	var running sync.WaitGroup
	defer running.Wait()
	defer stop()
	workers, replaced := f.workers()
	for _, w := range workers {
		running.Go(func() { w.run(ctx) })
	}
	select {
	case <-ctx.Done():
	case <-replaced:
	}
}

func (f *Forwarder) workers() (workers []*worker, replaced <-chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.wake = nil
	for _, t := range f.targets {
		w := newWorker(f, t)
		workers = append(workers, w)
		f.wake = append(f.wake, w.wake)
	}
	return workers, f.replaced
}

// settle writes what became of deliveries that ended at the same time.
func (f *Forwarder) settle(ctx context.Context, take func() []receiver.Settlement) error {
	ctx, cancel := context.WithTimeout(ctx, settleTimeout)
	defer cancel()
	return f.outbox.SettleDeliveries(ctx, take())
}
