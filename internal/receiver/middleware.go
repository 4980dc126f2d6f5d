package receiver

import (
	"fmt"
	"net/http"
	"runtime/debug"
)

// observe counts and times every request, and keeps a failing handler from
// taking more than its own answer down.
func (s *Server) observe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		started := s.cfg.Clock.Now()
		watched := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		defer func() {
			s.metrics.request(r.Pattern, watched.status, s.cfg.Clock.Since(started))
			if fault := recover(); fault != nil {
				s.abort(r, fault)
			}
		}()
		next.ServeHTTP(watched, r)
		s.log.DebugContext(r.Context(), "request", "method", r.Method, "route", r.Pattern, "status", watched.status)
	})
}

// abort breaks the answer off. A client that has gone is no fault of ours.
func (s *Server) abort(r *http.Request, fault any) {
	s.metrics.responsesAborted.Inc()
	if r.Context().Err() == nil && fault != http.ErrAbortHandler {
		s.log.ErrorContext(r.Context(), "a handler failed", "route", r.Pattern, "error", fmt.Sprint(fault), "stack", string(debug.Stack()))
	}
	panic(http.ErrAbortHandler)
}

// statusWriter remembers the status of an answer.
type statusWriter struct {
	http.ResponseWriter
	status int
}

// WriteHeader implements http.ResponseWriter.
func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController reach the connection.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// explainUnrouted answers in problem details where the mux would answer in
// plain text: no such route, or not with this method.
func explainUnrouted(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		refusal, pattern := mux.Handler(r)
		if pattern != "" {
			mux.ServeHTTP(w, r)
			return
		}
		answer := &headOnly{header: http.Header{}}
		refusal.ServeHTTP(answer, r)
		if answer.status == http.StatusMethodNotAllowed {
			allowed := answer.header.Get("Allow")
			newProblem(answer.status, "this route allows "+allowed).withHeader("Allow", allowed).write(w)
			return
		}
		newProblem(http.StatusNotFound, "this receiver has no such route").write(w)
	})
}

// headOnly takes an answer's status and header and drops its body.
type headOnly struct {
	header http.Header
	status int
}

// Header implements http.ResponseWriter.
func (h *headOnly) Header() http.Header { return h.header }

// WriteHeader implements http.ResponseWriter.
func (h *headOnly) WriteHeader(status int) { h.status = status }

// Write implements http.ResponseWriter.
func (h *headOnly) Write(b []byte) (int, error) { return len(b), nil }
