package main

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
)

const (
	traceID     = "4bf92f3577b34da6a3ce929d0e0e4736"
	traceparent = "00-" + traceID + "-00f067aa0ba902b7-01"
)

func TestTracingIsOffUnlessConfigured(t *testing.T) { //nolint:paralleltest // It sets variables.
	for name, test := range map[string]struct {
		env map[string]string
		on  bool
	}{
		"nothing":          {nil, false},
		"an endpoint":      {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}, true},
		"one for traces":   {map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:4318"}, true},
		"an exporter":      {map[string]string{"OTEL_TRACES_EXPORTER": "console"}, true},
		"no exporter":      {map[string]string{"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}, false},
		"disabled":         {map[string]string{"OTEL_SDK_DISABLED": "true", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}, false},
		"one for metrics":  {map[string]string{"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "http://127.0.0.1:4318"}, false},
		"only its headers": {map[string]string{"OTEL_EXPORTER_OTLP_HEADERS": "api-key=x"}, false},
	} {
		t.Run(name, func(t *testing.T) { //nolint:paralleltest // It sets variables.
			for _, variable := range []string{"OTEL_SDK_DISABLED", "OTEL_TRACES_EXPORTER", "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"} {
				t.Setenv(variable, test.env[variable])
			}
			if on := tracingConfigured(); on != test.on {
				t.Errorf("tracing is on: %t, want %t", on, test.on)
			}
		})
	}
}

func TestUnknownExporterIsRefused(t *testing.T) { //nolint:paralleltest // It sets a variable.
	t.Setenv("OTEL_TRACES_EXPORTER", "pigeon")
	if _, err := startTracing(t.Context(), slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), "OpenTelemetry") {
		t.Errorf("error %v", err)
	}
}

// TestSpans looks at what is recorded of requests, and for secrets in it.
func TestSpans(t *testing.T) {
	t.Parallel()
	recorder := tracetest.NewSpanRecorder()
	wrap := recordSpans(sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder)))
	handler := wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Pattern = "POST " + receiver.CapturePath
		_, _ = io.Copy(w, r.Body)
	}))
	const secret = "hunter2-hunter2"
	for _, path := range []string{receiver.CapturePath + "?token=" + secret, "/healthz", "/readyz", "/metrics"} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, strings.NewReader(`{"password":"`+secret+`"}`))
		r.Header.Set("Traceparent", traceparent)
		r.Header.Set("Authorization", "Bearer "+secret)
		r.Header.Set("Cookie", "session="+secret)
		handler.ServeHTTP(httptest.NewRecorder(), r)
	}
	spans := recorder.Ended()
	if len(spans) != 1 {
		t.Fatalf("%d spans, want that of the callback", len(spans))
	}
	span := spans[0]
	if span.Name() != "POST "+receiver.CapturePath || span.SpanContext().TraceID().String() != traceID {
		t.Errorf("span %q of trace %s", span.Name(), span.SpanContext().TraceID())
	}
	for _, attribute := range span.Attributes() {
		if strings.Contains(attribute.Value.String(), secret) {
			t.Errorf("attribute %s shows the secret", attribute.Key)
		}
	}
}

func TestLogNamesTheTrace(t *testing.T) {
	t.Parallel()
	var output bytes.Buffer
	log := slog.New(tracedLog{slog.NewTextHandler(&output, nil)}).With("with", "x").WithGroup("group")
	handler := readTraceContext(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		log.InfoContext(r.Context(), "hello")
	}))
	for header, named := range map[string]bool{traceparent: true, "": false, "00-x-y-01": false, traceparent + "\nlevel=ERROR": false} {
		output.Reset()
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody)
		r.Header.Set("Traceparent", header)
		handler.ServeHTTP(httptest.NewRecorder(), r)
		if got := strings.Contains(output.String(), "trace_id="+traceID); got != named || strings.Count(output.String(), "\n") != 1 {
			t.Errorf("traceparent %q: %s", header, output.String())
		}
	}
}

// collector takes spans as an OpenTelemetry collector does.
func collector(t *testing.T) (url string, received func() string) {
	t.Helper()
	var mu sync.Mutex
	var all strings.Builder
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		_, _ = io.Copy(&all, r.Body)
	}))
	t.Cleanup(server.Close)
	return server.URL, func() string {
		mu.Lock()
		defer mu.Unlock()
		return all.String()
	}
}

// TestServeExportsSpans runs a receiver with a collector, and one whose collector
// is not there, which does not matter.
func TestServeExportsSpans(t *testing.T) { //nolint:paralleltest // It sets variables.
	url, received := collector(t)
	t.Setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "none")
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url)
	s := serving(t)
	if got := s.deliver(t, "r-1", `"username":"u","password":"hunter2-hunter2",`); got != http.StatusOK {
		t.Errorf("answer %d", got)
	}
	if code := s.stop(); code != 0 {
		t.Errorf("exit %d", code)
	}
	if spans := received(); !strings.Contains(spans, "POST "+receiver.CapturePath) || !strings.Contains(spans, name) || strings.Contains(spans, "hunter2") || strings.Contains(spans, journalToken) {
		t.Errorf("the collector received %q", spans)
	}
}

func TestServeWithoutItsCollector(t *testing.T) { //nolint:paralleltest // It sets variables.
	t.Setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "100")
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	s := serving(t)
	if status, err := s.post(ctx, callback("r-1", "")); err != nil || status != http.StatusOK {
		t.Errorf("answer %d, %v", status, err)
	}
	if code := s.stop(); code != 0 {
		t.Errorf("exit %d", code)
	}
}
