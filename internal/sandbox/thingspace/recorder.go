package thingspace

import (
	"bytes"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// RecordedRequest is one request as it arrived, secrets included.
type RecordedRequest struct {
	Time      time.Time
	Operation Operation
	Method    string
	Path      string
	Query     url.Values
	Header    http.Header
	Body      []byte
	// Status is the HTTP status of the answer; 0 while there is none, or if it
	// was lost.
	Status int
}

// recorder keeps every request in the order of arrival.
type recorder struct {
	mu       sync.Mutex
	requests []*RecordedRequest
}

func (rec *recorder) add(now time.Time, op Operation, r *http.Request, body []byte) *RecordedRequest {
	entry := &RecordedRequest{
		Time: now, Operation: op, Method: r.Method, Path: r.URL.Path,
		Query: r.URL.Query(), Header: r.Header.Clone(), Body: body,
	}
	rec.mu.Lock()
	defer rec.mu.Unlock()
	rec.requests = append(rec.requests, entry)
	return entry
}

func (rec *recorder) answered(entry *RecordedRequest, status int) {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	entry.Status = status
}

func (rec *recorder) all() []RecordedRequest {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	requests := make([]RecordedRequest, len(rec.requests))
	for i, r := range rec.requests {
		requests[i] = *r
		requests[i].Header = r.Header.Clone()
		requests[i].Body = bytes.Clone(r.Body)
	}
	return requests
}

func (rec *recorder) count(op Operation) int {
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
