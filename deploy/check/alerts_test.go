package check_test

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/config"
	_ "github.com/prometheus/prometheus/discovery/dns" // the configuration names it
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/promql/promqltest"
	"github.com/prometheus/prometheus/rules"
)

const (
	alertsFile = "deploy/prometheus/alerts.yaml"
	scrapeFile = "deploy/prometheus/prometheus.yml"
	runbook    = "docs/receiver/operations.md"
)

func TestScrapeConfiguration(t *testing.T) {
	t.Parallel()
	loaded, err := config.Load(read(t, scrapeFile), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if len(loaded.ScrapeConfigs) != 1 || loaded.ScrapeConfigs[0].JobName != "qos-receiver" {
		t.Error("the alerts stand on a job qos-receiver")
	}
	if !slices.Equal(loaded.RuleFiles, []string{"alerts.yaml"}) {
		t.Errorf("rule files %v", loaded.RuleFiles)
	}
}

func alerts(t *testing.T) []rulefmt.Rule {
	t.Helper()
	groups, errs := rulefmt.ParseFile(absolute(t, alertsFile), false, model.UTF8Validation, parser.NewParser(parser.Options{}), slog.New(slog.DiscardHandler))
	for _, err := range errs {
		t.Fatal(err)
	}
	var all []rulefmt.Rule
	for _, group := range groups.Groups {
		all = append(all, group.Rules...)
	}
	if len(all) == 0 {
		t.Fatal("no alerts")
	}
	return all
}

// TestAlerts checks every expression, and that the runbook says what to do.
func TestAlerts(t *testing.T) {
	t.Parallel()
	j := newJudge(t)
	anchors := anchorsOf(read(t, runbook))
	seen := map[string]bool{}
	for _, alert := range alerts(t) {
		if seen[alert.Alert] || !strings.HasPrefix(alert.Alert, "QoSReceiver") {
			t.Errorf("the name %q is taken, or another's", alert.Alert)
		}
		seen[alert.Alert] = true
		j.check(t, alert.Alert, alert.Expr)
		if severity := alert.Labels["severity"]; severity != "critical" && severity != "warning" {
			t.Errorf("%s has severity %q", alert.Alert, severity)
		}
		if alert.Annotations["summary"] == "" || alert.Annotations["description"] == "" {
			t.Errorf("%s does not say what it is", alert.Alert)
		}
		page, anchor, _ := strings.Cut(alert.Annotations["runbook_url"], "#")
		if !strings.HasSuffix(page, "/"+runbook) || !anchors[anchor] {
			t.Errorf("%s: the runbook has no section %q", alert.Alert, anchor)
		}
	}
}

// anchorsOf are those that GitHub makes of a page's headings.
func anchorsOf(page string) map[string]bool {
	anchors := map[string]bool{}
	for line := range strings.Lines(page) {
		heading := strings.TrimLeft(line, "#")
		if heading == line {
			continue
		}
		anchor := strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '-' || r == '_' || r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
				return r
			default:
				return -1
			}
		}, strings.ToLower(strings.TrimSpace(heading)))
		anchors[anchor] = true
	}
	return anchors
}

// quiet is a receiver that does well; it answers a callback a minute.
const quiet = `load 1m
	up{job="qos-receiver", instance="a"} 1x20000
	qos_receiver_store_duration_seconds_count{job="qos-receiver", instance="a", operation="ping", outcome="ok"} 0+12x20000
	qos_receiver_callbacks_total{job="qos-receiver", instance="a", event="QoSChangeOn", outcome="stored"} 0+1x20000
	qos_receiver_callback_duration_seconds_count{job="qos-receiver", instance="a"} 0+1x20000
	qos_receiver_callback_duration_seconds_bucket{job="qos-receiver", instance="a", le="0.1"} 0+1x20000
	qos_receiver_callback_duration_seconds_bucket{job="qos-receiver", instance="a", le="+Inf"} 0+1x20000
	qos_receiver_http_requests_total{job="qos-receiver", instance="a", route="GET /readyz", status="200"} 0+12x20000
	qos_receiver_unclaimed_requests{job="qos-receiver", instance="a"} 0x20000
	qos_receiver_unknown_requests{job="qos-receiver", instance="a"} 0x20000
	qos_receiver_oldest_pending_seconds{job="qos-receiver", instance="a"} 0x20000
	qos_receiver_spool_depth{job="qos-receiver", instance="a"} 0x20000
	qos_receiver_spool_oldest_seconds{job="qos-receiver", instance="a"} 0x20000
	qos_receiver_spool_aside{job="qos-receiver", instance="a"} 0x20000
	qos_receiver_auth_failures_total{job="qos-receiver", instance="a", realm="api"} 0x20000
	qos_receiver_reload_failing{job="qos-receiver", instance="a"} 0x20000
	qos_receiver_certificate_not_after_seconds{job="qos-receiver", instance="a"} 8000000x20000
`

// instead replaces the samples of the series that begin with name.
func instead(name, samples string) string {
	var changed strings.Builder
	for line := range strings.Lines(quiet) {
		if strings.HasPrefix(strings.TrimSpace(line), name) {
			line = line[:strings.LastIndex(line, "}")+2] + samples + "\n"
		}
		changed.WriteString(line)
	}
	return changed.String()
}

// with adds a series to the quiet ones.
func with(series, samples string) string {
	return quiet + "\tqos_receiver_" + series + " " + samples + "\n"
}

// TestAlertsFire plays what happens to a receiver, a sample a minute, and looks
// at what fires after a while.
func TestAlertsFire(t *testing.T) {
	t.Parallel()
	const week = 7 * 24 * time.Hour
	for name, test := range map[string]struct {
		series string
		after  time.Duration
		want   []string
	}{
		"nothing happens":                 {quiet, time.Hour, nil},
		"no receiver":                     {"load 1m\n\tup{job=\"qos-receiver\", instance=\"a\"} 0x60\n", 10 * time.Minute, []string{"QoSReceiverGone", "QoSReceiverReplicaDown"}},
		"nobody is scraped":               {"load 1m\n\tup{job=\"other\"} 1x60\n", 10 * time.Minute, []string{"QoSReceiverGone"}},
		"one of two replicas":             {quiet + "\tup{job=\"qos-receiver\", instance=\"b\"} 0x60\n", 10 * time.Minute, []string{"QoSReceiverReplicaDown"}},
		"a restart of a replica":          {quiet + "\tup{job=\"qos-receiver\", instance=\"b\"} 1x20 0x2 1x60\n", 24 * time.Minute, nil},
		"a replica goes for good":         {quiet + "\tup{job=\"qos-receiver\", instance=\"b\"} 1x20 stale\n", 40 * time.Minute, []string{"QoSReceiverReplicaGone"}},
		"one goes and another comes":      {quiet + "\tup{job=\"qos-receiver\", instance=\"b\"} 1x20 stale\n\tup{job=\"qos-receiver\", instance=\"c\"} _x23 1x60\n", 60 * time.Minute, nil},
		"one was too many, a day ago":     {quiet + "\tup{job=\"qos-receiver\", instance=\"b\"} 1x20 stale\n", 26 * time.Hour, nil},
		"all have gone":                   {"load 1m\n\tup{job=\"qos-receiver\", instance=\"a\"} 1x20 stale\n", 40 * time.Minute, []string{"QoSReceiverGone"}},
		"the database never answered":     {instead("qos_receiver_store", "0x60"), 10 * time.Minute, []string{"QoSReceiverDatabaseAway"}},
		"the database only reads":         {instead("qos_receiver_store", "0+12x30 360x30") + "\tqos_receiver_store_duration_seconds_count{job=\"qos-receiver\", instance=\"a\", operation=\"sweep\", outcome=\"ok\"} 0+60x60\n", 35 * time.Minute, []string{"QoSReceiverDatabaseAway"}},
		"the database is away":            {instead("qos_receiver_store", "0+12x30 360x30"), 35 * time.Minute, []string{"QoSReceiverDatabaseAway"}},
		"one callback is lost":            {with(`callbacks_total{job="qos-receiver", instance="a", outcome="store_failed"}`, "_x30 1x60"), 35 * time.Minute, []string{"QoSReceiverCallbacksLost"}},
		"one was lost an hour ago":        {with(`callbacks_total{job="qos-receiver", instance="a", outcome="store_failed"}`, "_x30 1x100"), 90 * time.Minute, nil},
		"one more is lost":                {with(`callbacks_total{job="qos-receiver", instance="a", outcome="refused_busy"}`, "1x30 2x60"), 35 * time.Minute, []string{"QoSReceiverCallbacksLost"}},
		"an unknown source":               {with(`callbacks_total{job="qos-receiver", instance="a", outcome="refused_source"}`, "_x30 1x60"), 35 * time.Minute, []string{"QoSReceiverCallbacksRefused"}},
		"a wrong password":                {with(`callbacks_total{job="qos-receiver", instance="a", outcome="quarantined"}`, "_x30 1x60"), 35 * time.Minute, []string{"QoSReceiverCallbackCredentialsWrong"}},
		"too many about what is unknown":  {with(`callbacks_total{job="qos-receiver", instance="a", outcome="refused_unknown"}`, "_x30 1x60"), 35 * time.Minute, []string{"QoSReceiverCallbacksRefused"}},
		"a notification is lost":          {with(`camara_notifications_total{job="qos-receiver", instance="a", status="AVAILABLE", outcome="store_failed"}`, "_x30 1x60"), 35 * time.Minute, []string{"QoSReceiverNotificationsLost"}},
		"one more notification is lost":   {with(`camara_notifications_total{job="qos-receiver", instance="a", status="none", outcome="refused_busy"}`, "1x30 2x60"), 35 * time.Minute, []string{"QoSReceiverNotificationsLost"}},
		"a notification is malformed":     {with(`camara_notifications_total{job="qos-receiver", instance="a", status="none", outcome="malformed"}`, "_x30 1x60"), 35 * time.Minute, []string{"QoSReceiverNotificationsRefused"}},
		"a notification's token is wrong": {with(`camara_notifications_total{job="qos-receiver", instance="a", status="none", outcome="refused_token"}`, "1x30 2x60"), 35 * time.Minute, []string{"QoSReceiverNotificationTokensWrong"}},
		"notifications come":              {with(`camara_notifications_total{job="qos-receiver", instance="a", status="AVAILABLE", outcome="stored"}`, "_x30 1+1x60"), 35 * time.Minute, nil},
		"no callbacks, as never":          {instead("qos_receiver_callback", "0x20000"), week + 5*time.Hour, nil},
		"no callbacks, unlike a week ago": {instead("qos_receiver_callback", "0+1x10000 10000x10000"), week + 5*time.Hour, []string{"QoSReceiverNoCallbacks"}},
		"slow callbacks":                  {instead(`qos_receiver_callback_duration_seconds_bucket{job="qos-receiver", instance="a", le="0.1"`, "0x60") + "\tqos_receiver_callback_duration_seconds_bucket{job=\"qos-receiver\", instance=\"a\", le=\"2.5\"} 0+1x60\n", 30 * time.Minute, []string{"QoSReceiverCallbacksSlow"}},
		"the spool waits":                 {instead("qos_receiver_spool_oldest", "0x10 0+60x60"), 20 * time.Minute, []string{"QoSReceiverSpoolWaits"}},
		"the spool grows":                 {strings.Replace(instead("qos_receiver_spool_oldest", "0+60x60"), "spool_depth{job=\"qos-receiver\", instance=\"a\"} 0x20000", "spool_depth{job=\"qos-receiver\", instance=\"a\"} 0+5x60", 1), 40 * time.Minute, []string{"QoSReceiverSpoolGrows", "QoSReceiverSpoolWaits"}},
		"callbacks are set aside":         {instead("qos_receiver_spool_aside", "0x10 1x60"), 20 * time.Minute, []string{"QoSReceiverSpoolAside"}},
		"a secret cannot be read":         {instead("qos_receiver_reload", "0x10 1x60"), 20 * time.Minute, []string{"QoSReceiverReloadFails"}},
		"it could not for a moment":       {instead("qos_receiver_reload", "0x10 1x3 0x60"), 20 * time.Minute, nil},
		"the certificate ends in a week":  {instead("qos_receiver_certificate", "604800x60"), 20 * time.Minute, []string{"QoSReceiverCertificateEndsSoon"}},
		"the certificate ends tomorrow":   {instead("qos_receiver_certificate", "86400x60"), 20 * time.Minute, []string{"QoSReceiverCertificateEnds", "QoSReceiverCertificateEndsSoon"}},
		"a dead letter":                   {with(`forward_dead{job="qos-receiver", instance="a", target="x"}`, "0x10 1x60"), 30 * time.Minute, []string{"QoSReceiverForwardDead"}},
		"another listener is away":        {with(`forward_pending{job="qos-receiver", instance="a", target="x"}`, "0x10 1x60") + "\tqos_receiver_forward_attempts_total{job=\"qos-receiver\", instance=\"a\", target=\"x\", outcome=\"delivered\"} 5x70\n", 50 * time.Minute, []string{"QoSReceiverForwardFails"}},
		"an unclaimed request":            {instead("qos_receiver_unclaimed", "0x10 1x60"), 40 * time.Minute, []string{"QoSReceiverUnclaimedRequests"}},
		"an unclaimed one for a moment":   {instead("qos_receiver_unclaimed", "0x10 1x5 0x60"), 40 * time.Minute, nil},
		"an unknown request":              {instead("qos_receiver_unknown", "0x10 1x60"), 40 * time.Minute, []string{"QoSReceiverUnknownRequests"}},
		"a request that stays pending":    {instead("qos_receiver_oldest", "0+60x60"), 40 * time.Minute, []string{"QoSReceiverPendingTooLong"}},
		"an endpoint that fails":          {with(`http_requests_total{job="qos-receiver", instance="a", route="POST /v1/requests", status="500"}`, "0+1x60"), 20 * time.Minute, []string{"QoSReceiverErrors"}},
		"not ready is not an error":       {with(`http_requests_total{job="qos-receiver", instance="a", route="GET /readyz", status="503"}`, "0+1x60"), 20 * time.Minute, nil},
		"nor is not to take callbacks":    {with(`http_requests_total{job="qos-receiver", instance="a", route="GET /readyz/callbacks", status="503"}`, "0+1x60"), 20 * time.Minute, nil},
		"guessing":                        {instead("qos_receiver_auth", "0+10x60"), 20 * time.Minute, []string{"QoSReceiverTokenGuessing"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(test.want, firing(t, test.series, test.after)); diff != "" {
				t.Errorf("alerts (-want +firing):\n%s", diff)
			}
		})
	}
}

// TestEveryAlertCanFire keeps the table above complete.
func TestEveryAlertCanFire(t *testing.T) {
	t.Parallel()
	tests := read(t, "deploy/check/alerts_test.go")
	for _, alert := range alerts(t) {
		if !strings.Contains(tests, `"`+alert.Alert+`"`) {
			t.Errorf("nothing makes %s fire", alert.Alert)
		}
	}
}

// firing are the alerts that fire after a while, as Prometheus evaluates them
// every minute of the last two hours before.
func firing(t *testing.T, series string, after time.Duration) []string {
	t.Helper()
	storage, err := promqltest.NewLazyLoader(series, promqltest.LazyLoaderOpts{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = storage.Close() }()
	end := time.Unix(0, 0).Add(after)
	var fire []string
	storage.WithSamplesTill(end, func(err error) {
		if err != nil {
			t.Fatal(err)
		}
		manager := rules.NewManager(&rules.ManagerOptions{
			QueryFunc:  rules.EngineQueryFunc(storage.QueryEngine(), storage.Storage()),
			Appendable: storage.Storage(),
			Context:    t.Context(),
			NotifyFunc: func(context.Context, string, ...*rules.Alert) {},
			Logger:     slog.New(slog.DiscardHandler),
			Parser:     parser.NewParser(parser.Options{}),
		})
		groups, errs := manager.LoadGroups(time.Minute, labels.EmptyLabels(), "", nil, false, absolute(t, alertsFile))
		if len(errs) > 0 {
			t.Fatal(errs)
		}
		for _, group := range groups {
			fire = append(fire, firingOf(t, group, end)...)
		}
	})
	slices.Sort(fire)
	return slices.Compact(fire)
}

func firingOf(t *testing.T, group *rules.Group, end time.Time) []string {
	t.Helper()
	start := time.Unix(0, 0)
	if earliest := end.Add(-2 * time.Hour); earliest.After(start) {
		start = earliest
	}
	var fire []string
	for at := start; !at.After(end); at = at.Add(time.Minute) {
		group.Eval(t.Context(), at)
		fire = fire[:0]
		for _, alert := range group.AlertingRules() {
			if err := alert.LastError(); err != nil {
				t.Fatalf("%s: %v", alert.Name(), err)
			}
			if alert.State() == rules.StateFiring {
				fire = append(fire, alert.Name())
			}
		}
	}
	return fire
}
