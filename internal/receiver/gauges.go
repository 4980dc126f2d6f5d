package receiver

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/jonboulle/clockwork"
	"github.com/prometheus/client_golang/prometheus"
)

const (
	// statisticsInterval is how long what the store told of itself is shown,
	// however often it is asked for.
	statisticsInterval = 15 * time.Second
	// statisticsTimeout is short, because whoever scrapes waits for it.
	statisticsTimeout = 3 * time.Second
)

// SpoolStatus is what waits on disk for the store to come back.
type SpoolStatus struct {
	// Depth is the number of callbacks.
	Depth int
	// Oldest is how long the first of them has waited.
	Oldest time.Duration
	// Full: no more of them can be kept.
	Full bool
	// Refused: the store was never open in this process, which was started not long ago,
	// and refuses it. Others may still have it open, and are better sent to.
	Refused bool
	// Aside is the number of files that hold callbacks which could not be handed on.
	Aside int
}

// gauges are the metrics that are looked up when somebody scrapes.
type gauges struct {
	store Store
	spool func() SpoolStatus
	ends  func() time.Time
	clock clockwork.Clock
	log   *slog.Logger

	mu     sync.Mutex
	at     time.Time
	latest *Statistics

	subscriptions, pending, oldest, unknown, unclaimed, quarantined, repeated *prometheus.Desc
	spoolDepth, spoolOldest, spoolAside, certificate                          *prometheus.Desc
}

func (s *Server) newGauges() *gauges {
	describe := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("qos_receiver_"+name, help, labels, nil)
	}
	return &gauges{
		store: s.store, spool: s.cfg.Spool, ends: s.cfg.CertificateEnds, clock: s.cfg.Clock, log: s.log,
		subscriptions: describe("subscriptions", "Requests by the status of their subscriptions, the least favourable where they differ.", "status"),
		pending:       describe("pending_requests", "Requests that are not on yet: not sent, without an answer, or with a subscription that is not on."),
		oldest:        describe("oldest_pending_seconds", "Age of the oldest pending request; 0 without any."),
		unknown:       describe("unknown_requests", "Requests whose answer was lost and that nothing has settled; see qos-receiver resolve."),
		unclaimed:     describe("unclaimed_requests", "Requests that have not ended and that no process and no Terraform state has: they may cost money unnoticed."),
		quarantined:   describe("quarantined", "Callbacks that are held because their credentials were wrong or missing."),
		repeated:      describe("forward_repeated", "Callbacks that were not passed on, because the same came again and again: a listener seems to send back what it gets."),
		spoolDepth:    describe("spool_depth", "Callbacks that wait on disk for the store."),
		spoolOldest:   describe("spool_oldest_seconds", "How long the first callback in the spool has waited; 0 without any."),
		spoolAside:    describe("spool_aside", "Files in the spool that hold callbacks which could not be handed on; see qos-receiver spool."),
		certificate:   describe("certificate_not_after_seconds", "When the certificate ends, in seconds since 1970."),
	}
}

// Describe implements prometheus.Collector.
func (g *gauges) Describe(descs chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{g.subscriptions, g.pending, g.oldest, g.unknown, g.unclaimed, g.quarantined, g.repeated} {
		descs <- d
	}
	if g.spool != nil {
		descs <- g.spoolDepth
		descs <- g.spoolOldest
		descs <- g.spoolAside
	}
	if g.ends != nil {
		descs <- g.certificate
	}
}

// Collect implements prometheus.Collector. While the store cannot tell, its
// gauges are missing rather than wrong.
func (g *gauges) Collect(out chan<- prometheus.Metric) {
	set := func(desc *prometheus.Desc, value float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, labels...)
	}
	if g.spool != nil {
		status := g.spool()
		set(g.spoolDepth, float64(status.Depth))
		set(g.spoolOldest, status.Oldest.Seconds())
		set(g.spoolAside, float64(status.Aside))
	}
	if g.ends != nil {
		set(g.certificate, float64(g.ends().Unix()))
	}
	s := g.statistics()
	if s == nil {
		return
	}
	for status, number := range map[Status]int64{
		StatusRequested:    s.Pending - s.Acknowledged,
		StatusAcknowledged: s.Acknowledged,
		StatusOn:           s.On,
		StatusFailed:       s.Failed,
		StatusTerminated:   s.Terminated,
	} {
		set(g.subscriptions, float64(number), string(status))
	}
	set(g.pending, float64(s.Pending))
	set(g.oldest, g.age(s.OldestPending).Seconds())
	set(g.unknown, float64(s.Unknown))
	set(g.unclaimed, float64(s.Unclaimed))
	set(g.quarantined, float64(s.Quarantined))
	set(g.repeated, float64(s.Repeated))
}

// age counts on between two looks at the store.
func (g *gauges) age(since *time.Time) time.Duration {
	if since == nil {
		return 0
	}
	return max(g.clock.Since(*since), 0)
}

// statistics asks the store, unless it was asked a moment ago; nil when it did
// not answer.
func (g *gauges) statistics() *Statistics {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.clock.Now()
	if !g.at.IsZero() && now.Sub(g.at) < statisticsInterval {
		return g.latest
	}
	// Prometheus gives collectors no context.
	ctx, cancel := context.WithTimeout(context.Background(), statisticsTimeout)
	defer cancel()
	latest, err := g.store.Statistics(ctx)
	if err != nil {
		g.log.WarnContext(ctx, "the store failed", "doing", "statistics", "error", err)
	}
	g.at, g.latest = now, latest
	return g.latest
}
