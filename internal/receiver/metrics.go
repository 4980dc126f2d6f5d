package receiver

import (
	"errors"
	"log/slog"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics are what the server counts as it works. What is to be looked up, the
// gauges add.
type metrics struct {
	callbacks       *prometheus.CounterVec
	callbackSeconds prometheus.Histogram
	notifications   *prometheus.CounterVec
	waiters         prometheus.Gauge
	requests        *prometheus.CounterVec
	requestSeconds  *prometheus.HistogramVec
	storeSeconds    *prometheus.HistogramVec
	authFailures    *prometheus.CounterVec
	reloadFailing   prometheus.Gauge
	build           prometheus.Gauge
}

func newMetrics(version string) *metrics {
	m := &metrics{
		callbacks: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "qos_receiver_callbacks_total",
			Help: "QoS events that callbacks brought, by event and what became of them; a callback that was refused unread counts once, as event none.",
		}, []string{"event", "outcome"}),
		callbackSeconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "qos_receiver_callback_duration_seconds",
			Help:    "Time to take a callback, until it is on disk.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5},
		}),
		notifications: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "qos_receiver_camara_notifications_total",
			Help: "Notifications of CAMARA operators, by the status that they tell and what became of them; one that was refused unread has status none.",
		}, []string{"status", "outcome"}),
		waiters: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "qos_receiver_waiters",
			Help: "Long-polls that are open now.",
		}),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "qos_receiver_http_requests_total",
			Help: "HTTP requests by route and status.",
		}, []string{"route", "status"}),
		requestSeconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "qos_receiver_http_request_duration_seconds",
			Help:    "Time to answer HTTP requests by route; long-polls wait on purpose.",
			Buckets: []float64{.001, .005, .01, .05, .1, .5, 1, 5, 10, 30},
		}, []string{"route"}),
		storeSeconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "qos_receiver_store_duration_seconds",
			Help:    "Time of the store's operations, by operation and whether they were done (ok), refused by the journal's rules or failed.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}, []string{"operation", "outcome"}),
		authFailures: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "qos_receiver_auth_failures_total",
			Help: "Failed authentications, by what they were for.",
		}, []string{"realm"}),
		reloadFailing: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "qos_receiver_reload_failing",
			Help: "1 while secrets, certificates or addresses of other listeners cannot be read again, so that what was read before stays in force.",
		}),
		build: prometheus.NewGauge(prometheus.GaugeOpts{
			Name:        "qos_receiver_build_info",
			Help:        "Always 1; the labels say which program this is.",
			ConstLabels: prometheus.Labels{"version": version, "goversion": runtime.Version()},
		}),
	}
	m.build.Set(1)
	// So that the first failure is an increase, and not a new series.
	for _, where := range realms() {
		m.authFailures.WithLabelValues(string(where))
	}
	// So that a database which has never answered is one that does not.
	m.storeSeconds.WithLabelValues(operationPing, storeOutcome(nil))
	return m
}

// register adds the metrics, and those of the process, to a registry that has
// none of them yet.
func (m *metrics) register(registry prometheus.Registerer, more ...prometheus.Collector) error {
	all := append([]prometheus.Collector{
		m.callbacks, m.callbackSeconds, m.notifications, m.waiters, m.requests, m.requestSeconds, m.storeSeconds, m.authFailures, m.reloadFailing, m.build,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	}, more...)
	var errs []error
	for _, collector := range all {
		errs = append(errs, registry.Register(collector))
	}
	return errors.Join(errs...)
}

// metricsHandler shows what the registry gathers.
func metricsHandler(registry *prometheus.Registry, log *slog.Logger) http.Handler {
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{
		ErrorLog:      slog.NewLogLogger(log.Handler(), slog.LevelWarn),
		ErrorHandling: promhttp.ContinueOnError,
	})
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

func (m *metrics) notification(t takenNotification) {
	status := "none"
	if t.notification != nil {
		status = statusLabel(t.notification.Status)
	}
	m.notifications.WithLabelValues(status, string(t.outcome)).Inc()
}

// statusLabel keeps the number of label values bounded, whatever is sent.
func statusLabel(status string) string {
	for _, known := range []string{CAMARAAvailable, CAMARAUnavailable} {
		if strings.EqualFold(status, known) {
			return known
		}
	}
	return "other"
}

// eventLabel keeps the number of label values bounded, whatever is sent.
func eventLabel(name string) string {
	for _, known := range []string{eventAcknowledged, eventOn, eventFailed, eventTerminated} {
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

// ReloadFailing shows whether what the program reads again while it runs could not
// be read.
func (s *Server) ReloadFailing(failing bool) {
	value := 0.0
	if failing {
		value = 1
	}
	s.metrics.reloadFailing.Set(value)
}
