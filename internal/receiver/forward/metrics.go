package forward

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/jonboulle/clockwork"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
)

const (
	// backlogInterval is how long what the outbox told is shown, however often it is
	// asked for, and backlogTimeout how long whoever scrapes waits for it.
	backlogInterval = 15 * time.Second
	backlogTimeout  = 3 * time.Second
)

// outcome is what an attempt came to, as metrics name it.
type outcome string

const (
	outcomeDelivered outcome = "delivered"
	outcomeFailed    outcome = "failed"
	outcomeRefused   outcome = "refused"
	outcomeExpired   outcome = "expired"
)

// metrics count attempts and look up what waits. Their label is the target's host:
// addresses may hold secrets.
type metrics struct {
	outbox   Outbox
	clock    clockwork.Clock
	log      *slog.Logger
	attempts *prometheus.CounterVec

	mu     sync.Mutex
	hosts  map[string]bool
	at     time.Time
	latest []receiver.Backlog

	pending, dead *prometheus.Desc
}

func newMetrics(outbox Outbox, clock clockwork.Clock, log *slog.Logger) *metrics {
	return &metrics{
		outbox: outbox, clock: clock, log: log, hosts: map[string]bool{},
		attempts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "qos_receiver_forward_attempts_total",
			Help: "Attempts to pass a callback on, by the listener's host and what they came to: delivered, failed (tried again), refused for good, or expired (failed for too long).",
		}, []string{"target", "outcome"}),
		pending: prometheus.NewDesc("qos_receiver_forward_pending", "Callbacks that a listener is yet to get, by its host.", []string{"target"}, nil),
		dead:    prometheus.NewDesc("qos_receiver_forward_dead", "Callbacks that a listener refused, could not be given for too long, or seems to send back, by its host; see /v1/deliveries.", []string{"target"}, nil),
	}
}

func (m *metrics) register(registry prometheus.Registerer) error {
	return errors.Join(registry.Register(m.attempts), registry.Register(m))
}

// expect shows the targets' hosts from the beginning, so that the first failure is
// an increase, and not a new series.
func (m *metrics) expect(targets []Target) {
	m.mu.Lock()
	defer m.mu.Unlock()
	clear(m.hosts)
	for _, t := range targets {
		m.hosts[hostOf(t.name)] = true
		for _, o := range []outcome{outcomeDelivered, outcomeFailed, outcomeRefused, outcomeExpired} {
			m.attempts.WithLabelValues(hostOf(t.name), string(o))
		}
	}
}

func (m *metrics) attempt(t Target, o outcome) {
	m.attempts.WithLabelValues(hostOf(t.name), string(o)).Inc()
}

// Describe implements prometheus.Collector.
func (m *metrics) Describe(descs chan<- *prometheus.Desc) {
	descs <- m.pending
	descs <- m.dead
}

// Collect implements prometheus.Collector. While the store cannot tell, the gauges
// are missing rather than wrong.
func (m *metrics) Collect(out chan<- prometheus.Metric) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.refresh() {
		return
	}
	pending, dead := map[string]int64{}, map[string]int64{}
	for host := range m.hosts {
		pending[host], dead[host] = 0, 0
	}
	for _, b := range m.latest {
		pending[hostOf(b.Target)] += b.Waiting
		dead[hostOf(b.Target)] += b.Dead
	}
	for host := range pending {
		out <- prometheus.MustNewConstMetric(m.pending, prometheus.GaugeValue, float64(pending[host]), host)
		out <- prometheus.MustNewConstMetric(m.dead, prometheus.GaugeValue, float64(dead[host]), host)
	}
}

// refresh asks the outbox, unless it was asked a moment ago. It reports whether
// there is something to show.
func (m *metrics) refresh() bool {
	now := m.clock.Now()
	if !m.at.IsZero() && now.Sub(m.at) < backlogInterval {
		return true
	}
	// Prometheus gives collectors no context.
	ctx, cancel := context.WithTimeout(context.Background(), backlogTimeout)
	defer cancel()
	latest, err := m.outbox.Backlogs(ctx)
	if err != nil {
		m.log.WarnContext(ctx, "the store failed", "doing", "count the outbox", "error", err)
		m.at = time.Time{}
		return false
	}
	m.at, m.latest = now, latest
	return true
}
