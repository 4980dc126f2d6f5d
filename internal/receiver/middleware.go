package receiver

import "net/http"

// observe counts and times every request. A handler that fails is net/http's to
// log; its answer breaks off and nothing else does.
func (s *Server) observe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		started := s.cfg.Clock.Now()
		watched := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		defer func() { s.metrics.request(r.Pattern, watched.status, s.cfg.Clock.Since(started)) }()
		next.ServeHTTP(watched, r)
		s.log.DebugContext(r.Context(), "request", "method", r.Method, "route", r.Pattern, "status", watched.status)
	})
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
