package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"slices"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// tracing is off unless the environment configures it as OpenTelemetry says. The
// exporter reads the process's environment, and so does everything here.
type tracing struct {
	// wrap makes a handler read the caller's trace context and, when tracing is
	// on, record a span for each request.
	wrap func(http.Handler) http.Handler
	// stop sends what was recorded.
	stop func(context.Context) error
}

func startTracing(ctx context.Context, log *slog.Logger) (tracing, error) {
	if !tracingConfigured() {
		return tracing{wrap: readTraceContext, stop: func(context.Context) error { return nil }}, nil
	}
	if err := checkExporter(); err != nil {
		return tracing{}, err
	}
	exporter, err := otlptracehttp.New(ctx)
	if err != nil {
		return tracing{}, fmt.Errorf("OpenTelemetry: %w", err)
	}
	// The environment's attributes, such as OTEL_SERVICE_NAME, come last and win.
	program, err := resource.New(ctx, resource.WithTelemetrySDK(),
		resource.WithAttributes(attribute.String("service.name", name), attribute.String("service.version", version)),
		resource.WithFromEnv())
	if err != nil {
		return tracing{}, fmt.Errorf("OpenTelemetry: %w", err)
	}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) {
		log.WarnContext(ctx, "tracing failed", "error", err)
	}))
	provider := sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter), sdktrace.WithResource(program))
	return tracing{wrap: recordSpans(provider), stop: provider.Shutdown}, nil
}

func tracingConfigured() bool {
	if os.Getenv("OTEL_SDK_DISABLED") == "true" {
		return false
	}
	switch os.Getenv("OTEL_TRACES_EXPORTER") {
	case "none":
		return false
	case "":
		return os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT") != "" || os.Getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") != ""
	default:
		return true
	}
}

// checkExporter refuses what would be ignored: spans leave by OTLP over HTTP only.
func checkExporter() error {
	for variable, allowed := range map[string][]string{
		"OTEL_TRACES_EXPORTER":               {"", "otlp"},
		"OTEL_EXPORTER_OTLP_PROTOCOL":        {"", "http/protobuf"},
		"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": {"", "http/protobuf"},
	} {
		if set := os.Getenv(variable); !slices.Contains(allowed, set) {
			return fmt.Errorf("OpenTelemetry: %s is %q, and this program can only send %q", variable, set, allowed[1])
		}
	}
	return nil
}

// recordSpans records a span for each request. Its attributes hold method,
// route, status and addresses; headers, queries and bodies stay out.
func recordSpans(provider trace.TracerProvider) func(http.Handler) http.Handler {
	return otelhttp.NewMiddleware(name,
		otelhttp.WithTracerProvider(provider),
		otelhttp.WithPropagators(propagation.TraceContext{}),
		otelhttp.WithFilter(isTraced))
}

// isTraced leaves out what is asked so often that it would hide the others.
func isTraced(r *http.Request) bool {
	return !slices.Contains([]string{"/healthz", "/readyz", "/metrics"}, r.URL.Path)
}

// readTraceContext lets the log name the caller's trace although nothing is recorded.
func readTraceContext(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := propagation.TraceContext{}.Extract(r.Context(), propagation.HeaderCarrier(r.Header))
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// tracedLog adds to each log record the trace that its context belongs to.
type tracedLog struct{ slog.Handler }

// Handle implements slog.Handler.
func (h tracedLog) Handle(ctx context.Context, record slog.Record) error {
	if span := trace.SpanContextFromContext(ctx); span.IsValid() {
		record.AddAttrs(slog.String("trace_id", span.TraceID().String()), slog.String("span_id", span.SpanID().String()))
	}
	return h.Handler.Handle(ctx, record)
}

// WithAttrs implements slog.Handler.
func (h tracedLog) WithAttrs(attrs []slog.Attr) slog.Handler {
	return tracedLog{h.Handler.WithAttrs(attrs)}
}

// WithGroup implements slog.Handler.
func (h tracedLog) WithGroup(group string) slog.Handler { return tracedLog{h.Handler.WithGroup(group)} }
