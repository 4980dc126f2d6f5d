package check_test

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
)

// metrics are labels by metric.
type metrics map[string][]string

// ownMetrics are those that the receiver's own test holds down, a line each:
// name{label,label} and what it means.
func ownMetrics(t *testing.T) metrics {
	t.Helper()
	own := metrics{}
	line := regexp.MustCompile(`^(\w+)\{(.*?)\} .`)
	for text := range strings.Lines(read(t, "internal/receiver/testdata/metrics.txt")) {
		parts := line.FindStringSubmatch(text)
		if parts == nil {
			t.Fatalf("cannot read %q", text)
		}
		own[parts[1]] = strings.Split(parts[2], ",")
	}
	return own
}

// forwardMetrics are there where callbacks are passed on to others.
func forwardMetrics() metrics {
	return metrics{
		"qos_receiver_forward_attempts_total": {"target", "outcome"},
		"qos_receiver_forward_pending":        {"target"},
		"qos_receiver_forward_dead":           {"target"},
	}
}

// foreignMetrics come from Prometheus itself and its Go client.
func foreignMetrics() metrics {
	return metrics{
		"up":                            nil,
		"ALERTS":                        {"alertname", "alertstate"},
		"process_cpu_seconds_total":     nil,
		"process_resident_memory_bytes": nil,
		"process_open_fds":              nil,
		"go_goroutines":                 nil,
	}
}

// judge checks expressions against metrics that exist.
type judge struct {
	parser parser.Parser
	known  metrics
	source string
	used   map[string]bool
}

func newJudge(t *testing.T) *judge {
	t.Helper()
	known := ownMetrics(t)
	source := receiverSource(t)
	for name, has := range forwardMetrics() {
		if strings.Contains(source, `"`+name+`"`) {
			known[name] = has
		}
	}
	maps.Copy(known, foreignMetrics())
	return &judge{parser: parser.NewParser(parser.Options{}), known: known, source: source, used: map[string]bool{}}
}

// receiverSource is what label values are looked for in.
func receiverSource(t *testing.T) string {
	t.Helper()
	own, ownErr := filepath.Glob(filepath.Join(root, "internal", "receiver", "*.go"))
	forward, forwardErr := filepath.Glob(filepath.Join(root, "internal", "receiver", "forward", "*.go"))
	if err := errors.Join(ownErr, forwardErr); err != nil {
		t.Fatal(err)
	}
	var source strings.Builder
	for _, file := range slices.Concat(own, forward) {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		source.Write(content)
	}
	return source.String()
}

// check reports what is wrong with an expression: its syntax, a metric that does
// not exist, a label that it does not have, or a value that the label never has.
func (j *judge) check(t *testing.T, where, expression string) {
	t.Helper()
	expr, err := j.parser.ParseExpr(expression)
	if err != nil {
		t.Errorf("%s: %v in %s", where, err, expression)
		return
	}
	for _, selector := range parser.ExtractSelectors(expr) {
		j.checkSelector(t, where, selector)
	}
	parser.Inspect(expr, func(node parser.Node, _ []parser.Node) error {
		if aggregate, ok := node.(*parser.AggregateExpr); ok {
			for _, label := range aggregate.Grouping {
				if !j.anyHas(parser.ExtractSelectors(aggregate), label) {
					t.Errorf("%s: nothing has a label %s in %s", where, label, aggregate)
				}
			}
		}
		return nil
	})
}

func (j *judge) anyHas(selectors [][]*labels.Matcher, label string) bool {
	return slices.ContainsFunc(selectors, func(selector []*labels.Matcher) bool {
		name, _ := j.metric(nameOf(selector))
		return j.has(name, label)
	})
}

func nameOf(selector []*labels.Matcher) string {
	for _, matcher := range selector {
		if matcher.Name == model.MetricNameLabel {
			return matcher.Value
		}
	}
	return ""
}

// metric is the one that a series belongs to; a histogram has several.
func (j *judge) metric(series string) (name string, ok bool) {
	for _, suffix := range []string{"", "_bucket", "_sum", "_count"} {
		name := strings.TrimSuffix(series, suffix)
		if _, known := j.known[name]; known && (suffix == "" || strings.HasSuffix(name, "_duration_seconds")) {
			return name, true
		}
	}
	return "", false
}

// has counts labels in that scraping and histograms add.
func (j *judge) has(metric, label string) bool {
	return slices.Contains([]string{"job", "instance"}, label) || slices.Contains(j.known[metric], label) ||
		label == "le" && strings.HasSuffix(metric, "_duration_seconds")
}

func (j *judge) checkSelector(t *testing.T, where string, selector []*labels.Matcher) {
	t.Helper()
	name, ok := j.metric(nameOf(selector))
	if !ok {
		t.Errorf("%s: the receiver has no metric %q", where, nameOf(selector))
		return
	}
	j.used[name] = true
	for _, matcher := range selector {
		if matcher.Name == model.MetricNameLabel {
			continue
		}
		if !j.has(name, matcher.Name) {
			t.Errorf("%s: %s has no label %s", where, name, matcher.Name)
		}
		if !slices.Contains([]string{"outcome", "operation", "realm"}, matcher.Name) {
			continue
		}
		for value := range strings.SplitSeq(matcher.Value, "|") {
			if !strings.Contains(j.source, `"`+value+`"`) {
				t.Errorf("%s: %s of %s is never %q", where, matcher.Name, name, value)
			}
		}
	}
}

// TestJudgeOfExpressions makes sure that the other tests can fail.
func TestJudgeOfExpressions(t *testing.T) {
	t.Parallel()
	own := ownMetrics(t)
	if got := own["qos_receiver_callbacks_total"]; !slices.Equal(got, []string{"event", "outcome"}) {
		t.Errorf("labels of qos_receiver_callbacks_total: %v", got)
	}
	j := newJudge(t)
	for series, want := range map[string]string{
		"qos_receiver_callbacks_total":                  "qos_receiver_callbacks_total",
		"qos_receiver_callbacks_total_count":            "",
		"qos_receiver_callback_duration_seconds_bucket": "qos_receiver_callback_duration_seconds",
		"qos_receiver_nothing":                          "",
	} {
		if got, _ := j.metric(series); got != want {
			t.Errorf("%s belongs to %q, want %q", series, got, want)
		}
	}
	if j.has("qos_receiver_waiters", "outcome") || !j.has("qos_receiver_waiters", "instance") {
		t.Error("labels are mistaken")
	}
}
