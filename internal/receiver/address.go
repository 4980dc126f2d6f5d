package receiver

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
)

// CapturePath is where ThingSpace posts its QoS callbacks. With a public URL,
// they are taken at its own path as well, and at CapturePath below that.
const CapturePath = "/thingspace/callbacks"

// captureRoute is what metrics and the API document call the capture endpoint,
// whichever of its paths was asked for.
const captureRoute = http.MethodPost + " " + CapturePath

// Reaches reports whether a callback that is registered to a URL gets to the
// capture endpoint of a receiver with the given public URL: that URL as such or
// with CapturePath behind it. Without a public URL there is nothing to compare
// with, and every URL may.
func Reaches(registered, publicURL string) bool {
	return publicURL == "" || SameURL(registered, publicURL) || SameURL(registered, strings.TrimRight(publicURL, "/")+CapturePath)
}

// SameURL reports whether two URLs are the same but for what a server may
// normalise: case of scheme and host, a default port, and slashes and dots that
// say nothing in the path.
func SameURL(a, b string) bool {
	return a == b || normalURL(a) == normalURL(b)
}

func normalURL(raw string) string {
	u, err := url.Parse(strings.TrimSpace(raw))
	if err != nil || u.Host == "" {
		return raw
	}
	u.Scheme = strings.ToLower(u.Scheme)
	host, port := strings.ToLower(u.Hostname()), u.Port()
	switch {
	case port != "" && port != map[string]string{"http": "80", "https": "443"}[u.Scheme]:
		u.Host = net.JoinHostPort(host, port)
	case strings.Contains(host, ":"):
		u.Host = "[" + host + "]"
	default:
		u.Host = host
	}
	u.Path, u.RawPath = normalPath(u.Path), ""
	return u.String()
}

// normalPath is a path without what says nothing in it; the root is "/".
func normalPath(p string) string { return path.Clean("/" + p) }

// capturePaths are the normal paths of the capture endpoint: all that Reaches
// accepts for the public URL.
func capturePaths(publicURL string) []string {
	paths := []string{CapturePath}
	if public, err := url.Parse(publicURL); err == nil && publicURL != "" {
		paths = append(paths, normalPath(public.Path), normalPath(public.Path+CapturePath))
	}
	return paths
}

// notificationPaths are the normal paths of the endpoint for CAMARA operators. A
// proxy that has the receiver below a path may leave that in.
func notificationPaths(publicURL string) []string {
	paths := []string{NotificationPath}
	if public, err := url.Parse(publicURL); err == nil && publicURL != "" {
		paths = append(paths, normalPath(public.Path+NotificationPath))
	}
	return paths
}

// checkCapturePaths refuses a public URL that would turn calls of the API into
// callbacks.
func checkCapturePaths(publicURL string) error {
	for _, p := range capturePaths(publicURL) {
		first, _, _ := strings.Cut(strings.TrimPrefix(p, "/"), "/")
		if slices.Contains([]string{"v1", "camara", "healthz", "readyz", "metrics", "signin", "signout"}, first) {
			return fmt.Errorf("the path %s of the public URL is one of the receiver's own", p)
		}
	}
	return nil
}

// routeCaptures answers callbacks before the mux does, which would redirect a
// path that it finds untidy. A redirected callback may never arrive.
func (s *Server) routeCaptures(next http.Handler) http.Handler {
	callbacks, notifications := capturePaths(s.cfg.PublicURL), notificationPaths(s.cfg.PublicURL)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked := normalPath(r.URL.Path)
		switch {
		case r.Method != http.MethodPost:
			next.ServeHTTP(w, r)
		case slices.Contains(callbacks, asked):
			r.Pattern = captureRoute
			s.capture(w, r)
		case slices.Contains(notifications, asked):
			r.Pattern = notificationRoute
			s.captureNotification(w, r)
		default:
			next.ServeHTTP(w, r)
		}
	})
}
