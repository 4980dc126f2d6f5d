package exchange

import (
	"bytes"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// Request is one request as it arrived, secrets included.
type Request[Op comparable] struct {
	Time      time.Time
	Operation Op
	Method    string
	Path      string
	Query     url.Values
	Header    http.Header
	Body      []byte
	// Status is the HTTP status of the answer; 0 while there is none, or if it
	// was lost.
	Status int
}

// Recorder keeps every request in the order of arrival. The zero value is
// empty, and all methods are safe for concurrent use.
type Recorder[Op comparable] struct {
	mu       sync.Mutex
	requests []*Request[Op]
}

// Add records a request that has no answer yet.
func (rec *Recorder[Op]) Add(now time.Time, op Op, r *http.Request, body []byte) *Request[Op] {
	entry := &Request[Op]{
		Time: now, Operation: op, Method: r.Method, Path: r.URL.Path,
		Query: r.URL.Query(), Header: r.Header.Clone(), Body: body,
	}
	rec.mu.Lock()
	defer rec.mu.Unlock()
	rec.requests = append(rec.requests, entry)
	return entry
}

// Answered completes a request that Add returned.
func (rec *Recorder[Op]) Answered(entry *Request[Op], status int) {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	entry.Status = status
}

// All returns copies of all requests, in the order of arrival.
func (rec *Recorder[Op]) All() []Request[Op] {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	requests := make([]Request[Op], len(rec.requests))
	for i, r := range rec.requests {
		requests[i] = *r
		requests[i].Header = r.Header.Clone()
		requests[i].Body = bytes.Clone(r.Body)
	}
	return requests
}

// Count returns how many requests of an operation have arrived.
func (rec *Recorder[Op]) Count(op Op) int {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	n := 0
	for _, r := range rec.requests {
		if r.Operation == op {
			n++
		}
	}
	return n
}
