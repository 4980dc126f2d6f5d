package receiver

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

const (
	readyTimeout = 2 * time.Second
	// readyInterval is how long the store's last word on being ready holds: asking
	// is writing.
	readyInterval = 2 * time.Second
	// askInterval is how soon it is noticed that a store which worked does not.
	askInterval = 5 * time.Second
	// toleratedPings is how many may fail in a row before the store is taken to be
	// away. A single one may be slow.
	toleratedPings = 1
)

// health says that the process serves.
func (s *Server) health(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, contentTypeJSON, map[string]string{"status": "ok"})
}

// ready says that the store can write, so that everything works.
func (s *Server) ready(w http.ResponseWriter, r *http.Request) {
	if err := s.ping(r.Context()); err != nil {
		unavailable().write(w)
		return
	}
	writeReady(w)
}

// readyForCallbacks says that callbacks can be kept: by the store or, while that is
// away, in a spool with room for them. A store that refuses a new process is not away:
// to say so holds up the replacement of those that still have it.
func (s *Server) readyForCallbacks(w http.ResponseWriter, r *http.Request) {
	if s.canSpool() {
		writeReady(w)
		return
	}
	s.ready(w, r)
}

func (s *Server) canSpool() bool {
	if s.cfg.Spool == nil {
		return false
	}
	status := s.cfg.Spool()
	return !status.Full && !status.Refused
}

func writeReady(w http.ResponseWriter) {
	writeJSON(w, http.StatusOK, contentTypeJSON, map[string]string{"status": "ready"})
}

// askStore looks whether the store can write, whoever else asks: alerts stand on it.
func (s *Server) askStore(ctx context.Context) {
	if s.readiness.isDue(s.cfg.Clock.Now()) {
		_ = s.ping(ctx) // it has logged the reason
	}
}

func (s *Server) ping(ctx context.Context) error {
	asked, err := s.readiness.check(ctx, s.cfg.Clock.Now(), s.store.Ping)
	if asked && err != nil {
		s.log.WarnContext(ctx, "the store failed", "doing", "ping", "error", err)
	}
	return err
}

// whileAway answers for the store where it is known to be away, sooner than the
// store would give up.
func (s *Server) whileAway(ctx huma.Context, next func(huma.Context)) {
	if s.readiness.isAway() {
		_, w := humago.Unwrap(ctx)
		unavailable().write(w)
		return
	}
	next(ctx)
}

// readiness is what the store last said of itself.
type readiness struct {
	asking sync.Mutex

	mu     sync.Mutex
	at     time.Time
	err    error
	failed int // in a row
}

// check asks the store, unless it was asked a moment ago. Whoever asks meanwhile
// waits for the same answer.
func (r *readiness) check(ctx context.Context, now time.Time, ping func(context.Context) error) (asked bool, err error) {
	r.asking.Lock()
	defer r.asking.Unlock()
	if at, _, err := r.latest(); !at.IsZero() && now.Sub(at) < readyInterval {
		return false, err
	}
	// The answer is for others, too, so a client that hangs up does not spoil it.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), readyTimeout)
	defer cancel()
	err = ping(ctx)
	r.note(now, err)
	return true, err
}

func (r *readiness) note(now time.Time, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.at, r.err = now, err
	r.failed++
	if err == nil {
		r.failed = 0
	}
}

func (r *readiness) latest() (at time.Time, failed int, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.at, r.failed, r.err
}

// isDue reports whether the store is to be asked: every few seconds while it
// answers, and at each look while it does not.
func (r *readiness) isDue(now time.Time) bool {
	at, failed, _ := r.latest()
	return at.IsZero() || failed > 0 || now.Sub(at) >= askInterval
}

// isAway reports whether the store has failed to answer more than once.
func (r *readiness) isAway() bool {
	_, failed, _ := r.latest()
	return failed > toleratedPings
}
