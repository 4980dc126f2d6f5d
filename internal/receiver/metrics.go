package receiver

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics are what /metrics shows, in a registry of its own.
type metrics struct {
	registry        *prometheus.Registry
	callbacks       *prometheus.CounterVec
	callbackSeconds prometheus.Histogram
	waiters         prometheus.Gauge
	requests        *prometheus.CounterVec
	requestSeconds  *prometheus.HistogramVec
}

func newMetrics() *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		callbacks: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "qos_receiver_callback_events_total",
			Help: "Events of callbacks by QoS event and what became of them; a callback that was refused unread counts once, as event none.",
		}, []string{"event", "outcome"}),
		callbackSeconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "qos_receiver_callback_seconds",
			Help:    "Time to take a callback, until it is on disk.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5},
		}),
		waiters: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "qos_receiver_waiters",
			Help: "Long-polls that are open now.",
		}),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "qos_receiver_http_requests_total",
			Help: "HTTP requests by route and status.",
		}, []string{"route", "status"}),
		requestSeconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "qos_receiver_http_request_seconds",
			Help:    "Time to answer HTTP requests by route; long-polls wait on purpose.",
			Buckets: []float64{.001, .005, .01, .05, .1, .5, 1, 5, 10, 30},
		}, []string{"route"}),
	}
	m.registry.MustRegister(
		m.callbacks, m.callbackSeconds, m.waiters, m.requests, m.requestSeconds,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	return m
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

func (m *metrics) callback(t taken, took time.Duration) {
	m.callbackSeconds.Observe(took.Seconds())
	if len(t.events) == 0 {
		m.callbacks.WithLabelValues("none", string(t.outcome)).Inc()
	}
	for _, e := range t.events {
		m.callbacks.WithLabelValues(eventLabel(e.QoSEvent), string(t.outcome)).Inc()
	}
}

// eventLabel keeps the number of label values bounded, whatever is sent.
func eventLabel(name string) string {
	for _, known := range []string{"QoSChangeReqAck", "QoSChangeOn", "QoSChangeFailed", "QoSChangeTerminated"} {
		if strings.EqualFold(name, known) {
			return known
		}
	}
	return "other"
}

func (m *metrics) request(route string, status int, took time.Duration) {
	if route == "" {
		route = "none"
	}
	m.requests.WithLabelValues(route, strconv.Itoa(status)).Inc()
	m.requestSeconds.WithLabelValues(route).Observe(took.Seconds())
}
