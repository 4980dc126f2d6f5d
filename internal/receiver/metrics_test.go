package receiver_test

import (
	"context"
	"errors"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jonboulle/clockwork"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
	"github.com/qosform/terraform-provider-qos/internal/receiver/store"
)

var description = regexp.MustCompile(`^Desc\{fqName: "(.*)", help: "(.*?)", (?:unit: ".*", )?constLabels: \{(.*)\}, variableLabels: \{(.*)\}\}$`)

// described lists the receiver's own metrics, a line each: name, labels, help.
func described(t *testing.T, registry *prometheus.Registry) []string {
	t.Helper()
	descs := make(chan *prometheus.Desc)
	go func() {
		defer close(descs)
		registry.Describe(descs)
	}()
	var lines []string
	for desc := range descs {
		parts := description.FindStringSubmatch(desc.String())
		if parts == nil {
			t.Fatalf("cannot read %s", desc)
		}
		if strings.HasPrefix(parts[1], "qos_receiver_") {
			labels := regexp.MustCompile(`="[^"]*"`).ReplaceAllString(parts[3]+parts[4], "")
			lines = append(lines, parts[1]+"{"+labels+"} "+parts[2])
		}
	}
	slices.Sort(lines)
	return lines
}

// TestMetricNames fails when a metric changes that a dashboard or an alert may
// stand on. If it should change, change testdata/metrics.txt with it.
func TestMetricNames(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	prepare(t, openStore(t, store.Options{}), receiver.ServerConfig{
		Registry: registry, Spool: func() receiver.SpoolStatus { return receiver.SpoolStatus{} },
		CertificateEnds: time.Now,
	})
	want, err := os.ReadFile("testdata/metrics.txt")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(strings.TrimSpace(string(want)), "\n"), described(t, registry)); diff != "" {
		t.Errorf("metrics (-want +got):\n%s", diff)
	}
}

func TestMetricsFollowTheConventions(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	f := prepare(t, openStore(t, store.Options{}), receiver.ServerConfig{Registry: registry})
	f.deliver(t, callback("QoSChangeOn", "r-1", "s-1", ""))
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	own := families[:0]
	for _, family := range families {
		if strings.HasPrefix(family.GetName(), "qos_receiver_") {
			own = append(own, family)
		}
	}
	problems, err := promlint.NewWithMetricFamilies(own).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range problems {
		t.Errorf("%s: %s", problem.Metric, problem.Text)
	}
}

func TestRegistryIsNotSharedByTwoServers(t *testing.T) {
	t.Parallel()
	cfg := receiver.ServerConfig{Registry: prometheus.NewRegistry()}
	if _, err := receiver.NewServer(openStore(t, store.Options{}), cfg); err != nil {
		t.Fatal(err)
	}
	if _, err := receiver.NewServer(openStore(t, store.Options{}), cfg); err == nil {
		t.Error("the second server's metrics would be nobody's")
	}
}

// countedStore counts how often it is asked for statistics.
type countedStore struct {
	receiver.Store
	asked  atomic.Int64
	broken atomic.Bool
}

func (s *countedStore) Statistics(ctx context.Context) (*receiver.Statistics, error) {
	s.asked.Add(1)
	if s.broken.Load() {
		return nil, errors.New("disk full")
	}
	return s.Store.Statistics(ctx)
}

func scrape(t *testing.T, f *fixture) string {
	t.Helper()
	got := f.do(t, http.MethodGet, "/metrics", "", nil)
	if got.status != http.StatusOK {
		t.Fatalf("/metrics is answered %d %s", got.status, got.body)
	}
	return got.body
}

func TestGauges(t *testing.T) {
	t.Parallel()
	clock := clockwork.NewFakeClockAt(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))
	spooled := receiver.SpoolStatus{Depth: 7, Oldest: 90 * time.Second, Aside: 3}
	counted := &countedStore{Store: openStore(t, store.Options{Clock: clock})}
	cfg := guarded()
	cfg.Clock, cfg.Spool = clock, func() receiver.SpoolStatus { return spooled }
	cfg.CertificateEnds = func() time.Time { return time.Unix(1_800_000_000, 0) }
	f := prepare(t, counted, cfg)
	journal(t, f, "claim-1", "5551230000", "r-1")
	f.deliver(t, callback("QoSChangeReqAck", "r-2", "s-2", withCredentials(username, password)+`"deviceIds":[{"id":"5551230001"}],`))
	f.deliver(t, callback("QoSChangeOn", "r-3", "s-3", withCredentials(username, password)))
	f.deliver(t, callback("QoSChangeOn", "r-4", "s-4", withCredentials(username, wrong)))
	clock.Advance(time.Minute)
	shown := scrape(t, f)
	for _, line := range []string{
		`qos_receiver_subscriptions{status="REQUESTED"} 1`,
		`qos_receiver_subscriptions{status="ACKNOWLEDGED"} 1`,
		`qos_receiver_subscriptions{status="ON"} 1`,
		`qos_receiver_subscriptions{status="FAILED"} 0`,
		`qos_receiver_subscriptions{status="TERMINATED"} 0`,
		`qos_receiver_pending_requests 2`,
		`qos_receiver_oldest_pending_seconds 60`,
		`qos_receiver_unknown_requests 0`,
		`qos_receiver_quarantined 1`,
		`qos_receiver_auth_failures_total{realm="callback"} 1`,
		`qos_receiver_auth_failures_total{realm="api"} 0`,
		`qos_receiver_spool_depth 7`,
		`qos_receiver_spool_oldest_seconds 90`,
		`qos_receiver_spool_aside 3`,
		`qos_receiver_certificate_not_after_seconds 1.8e+09`,
		`qos_receiver_reload_failing 0`,
		`qos_receiver_store_duration_seconds_count{operation="record",outcome="ok"} 2`,
		`qos_receiver_store_duration_seconds_count{operation="quarantine",outcome="ok"} 1`,
	} {
		if !strings.Contains(shown, line+"\n") {
			t.Errorf("missing %s", line)
		}
	}
	f.server.ReloadFailing(true)
	if shown := scrape(t, f); !strings.Contains(shown, "\nqos_receiver_reload_failing 1\n") {
		t.Error("a failed reload is not shown")
	}
	for range 10 {
		scrape(t, f)
	}
	if asked := counted.asked.Load(); asked != 1 {
		t.Errorf("the store was asked %d times within a moment", asked)
	}
}

func TestGaugesAreMissingRatherThanWrong(t *testing.T) {
	t.Parallel()
	clock := clockwork.NewFakeClock()
	counted := &countedStore{Store: openStore(t, store.Options{Clock: clock})}
	f := prepare(t, counted, receiver.ServerConfig{Clock: clock})
	for _, broken := range []bool{false, true, false} {
		counted.broken.Store(broken)
		shown := scrape(t, f)
		if strings.Contains(shown, "\nqos_receiver_pending_requests ") == broken {
			t.Errorf("with a store that fails: %t, the scrape is\n%s", broken, shown)
		}
		clock.Advance(15 * time.Second)
	}
}
