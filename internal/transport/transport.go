// Package transport holds what every HTTP client of this program shares: one
// tuned connection pool, and small round trippers that bound, pace, log and
// explain a single attempt. Each of them does one thing and they nest:
//
//	transport.Limit(transport.Timeout(transport.Log(transport.Buffer(
//		transport.MarkUnsent(transport.New()), 1<<20), logger), 30*time.Second), limiter)
package transport

import (
	"crypto/tls"
	"net"
	"net/http"
	"time"
)

const (
	dialTimeout           = 10 * time.Second
	tlsHandshakeTimeout   = 10 * time.Second
	responseHeaderTimeout = 3 * time.Minute
	idleConnTimeout       = 90 * time.Second
	keepAliveInterval     = 30 * time.Second
	pingTimeout           = 15 * time.Second
	maxIdleConns          = 128
	maxIdleConnsPerHost   = 64
	maxResponseHeaders    = 256 << 10
)

// New returns a connection pool for talking to a few hosts, many requests at a
// time. It keeps up to 64 idle connections to a host, because the default of 2
// makes every burst of ten parallel resources shake hands anew. It prefers
// HTTP/2, asks for gzip, takes its proxy from HTTPS_PROXY, HTTP_PROXY and
// NO_PROXY, and waits at most three minutes for response headers, which is longer
// than any attempt and any long poll of this program.
func New() *http.Transport {
	dialer := &net.Dialer{Timeout: dialTimeout, KeepAlive: keepAliveInterval}
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            dialer.DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    tlsHandshakeTimeout,
		ResponseHeaderTimeout:  responseHeaderTimeout,
		ExpectContinueTimeout:  time.Second,
		IdleConnTimeout:        idleConnTimeout,
		MaxIdleConns:           maxIdleConns,
		MaxIdleConnsPerHost:    maxIdleConnsPerHost,
		MaxResponseHeaderBytes: maxResponseHeaders,
		ForceAttemptHTTP2:      true,
		// Without pings a connection that a firewall has dropped silently would
		// swallow every request sent on it until the response timeout.
		HTTP2: &http.HTTP2Config{SendPingTimeout: keepAliveInterval, PingTimeout: pingTimeout},
	}
}

// roundTripperFunc lets a function be an http.RoundTripper.
type roundTripperFunc func(*http.Request) (*http.Response, error)

// RoundTrip implements http.RoundTripper.
func (f roundTripperFunc) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
