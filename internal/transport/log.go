package transport

import (
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const redacted = "REDACTED"

// Log wraps next so that every attempt is logged at debug level: method, URL,
// status, duration, and the few headers that are known to be harmless. Bodies
// and all other headers are never logged; user information is cut from the URL
// and query values with a telling name are replaced.
func Log(next http.RoundTripper, logger *slog.Logger) http.RoundTripper {
	return roundTripperFunc(func(r *http.Request) (*http.Response, error) {
		ctx := r.Context()
		if !logger.Enabled(ctx, slog.LevelDebug) {
			return next.RoundTrip(r)
		}
		started := time.Now()
		resp, err := next.RoundTrip(r)
		attrs := []slog.Attr{
			slog.String("method", r.Method),
			slog.String("url", SafeURL(r.URL)),
			slog.Duration("duration", time.Since(started)),
			slog.Any("request_headers", safeHeaders(r.Header)),
		}
		if err != nil {
			attrs = append(attrs, slog.String("error", err.Error()), slog.Bool("unsent", Unsent(err)))
			logger.LogAttrs(ctx, slog.LevelDebug, "HTTP request failed", attrs...)
			return nil, err
		}
		attrs = append(attrs, slog.Int("status", resp.StatusCode), slog.Any("response_headers", safeHeaders(resp.Header)))
		logger.LogAttrs(ctx, slog.LevelDebug, "HTTP request answered", attrs...)
		return resp, nil
	})
}

// SafeURL renders u for logs and errors: without user information and with the
// values of query parameters replaced whose name suggests a secret.
func SafeURL(u *url.URL) string {
	safe := *u
	safe.User = nil
	safe.Fragment, safe.RawFragment = "", ""
	if safe.RawQuery == "" {
		return safe.String()
	}
	query := safe.Query()
	for name := range query {
		if secretName(name) {
			query[name] = []string{redacted}
		}
	}
	safe.RawQuery = query.Encode()
	return safe.String()
}

// secretName reports whether a query parameter of that name may carry a secret.
func secretName(name string) bool {
	name = strings.ToLower(name)
	for _, part := range []string{"token", "secret", "password", "passwd", "key", "auth", "credential", "signature", "assertion", "code"} {
		if strings.Contains(name, part) {
			return true
		}
	}
	return false
}

// safeHeaders picks the headers that may be logged. It lists what is allowed,
// because nobody can list every header that carries a secret.
func safeHeaders(h http.Header) map[string]string {
	out := make(map[string]string)
	for _, name := range []string{
		"Accept", "Content-Length", "Content-Type", "Date", "Etag", "Retry-After", "Server", "User-Agent",
		"X-Correlation-Id", "X-Correlator", "X-Request-Id",
	} {
		if value := h.Get(name); value != "" {
			out[name] = value
		}
	}
	return out
}
