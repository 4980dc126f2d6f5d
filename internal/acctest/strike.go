package acctest

import (
	"net/http"
	"strings"
	"sync/atomic"
)

// Strike is middleware for a [Gate] that does something at the first request
// that matches: before it is handled, so that it never is, or after, so that its
// answer is lost. The client's connection is cut either way.
type Strike struct {
	Method string
	// Part is what the URL's path must contain.
	Part string
	// Skip lets so many matching requests pass first.
	Skip int64
	// After handles the request before the blow falls.
	After bool
	// Do is the blow.
	Do func()

	seen atomic.Int64
}

// Wrap is the middleware.
func (s *Strike) Wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != s.Method || !strings.Contains(r.URL.Path, s.Part) || s.seen.Add(1) != s.Skip+1 {
			next.ServeHTTP(w, r)
			return
		}
		if s.After {
			next.ServeHTTP(nobody{}, r)
		}
		s.Do()
		panic(http.ErrAbortHandler) //nolint:forbidigo // net/http's way to cut a connection
	})
}

// Struck reports whether the blow has fallen.
func (s *Strike) Struck() bool { return s.seen.Load() > s.Skip }

// nobody is who gets the answer that is lost.
type nobody struct{}

func (nobody) Header() http.Header         { return http.Header{} }
func (nobody) Write(p []byte) (int, error) { return len(p), nil }
func (nobody) WriteHeader(int)             {}

// Hold is middleware for a [Gate] that holds the first request that matches
// back, after it has been handled, until it is released.
type Hold struct {
	Method string
	// Part is what the URL's path must contain.
	Part string

	held     atomic.Bool
	reached  chan struct{}
	released chan struct{}
}

// NewHold makes a Hold for requests of a method whose path contains part.
func NewHold(method, part string) *Hold {
	return &Hold{Method: method, Part: part, reached: make(chan struct{}), released: make(chan struct{})}
}

// Wrap is the middleware.
func (h *Hold) Wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != h.Method || !strings.Contains(r.URL.Path, h.Part) || h.held.Swap(true) {
			next.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(&delayed{w, h}, r)
	})
}

// Reached is closed once the request has been handled and its answer is held.
func (h *Hold) Reached() <-chan struct{} { return h.reached }

// Release lets the answer go. It is called once.
func (h *Hold) Release() { close(h.released) }

// delayed is an answer that waits before its first byte.
type delayed struct {
	http.ResponseWriter
	hold *Hold
}

func (d *delayed) WriteHeader(status int) {
	close(d.hold.reached)
	<-d.hold.released
	d.ResponseWriter.WriteHeader(status)
}
