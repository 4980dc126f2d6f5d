package receiver

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jonboulle/clockwork"
	"github.com/prometheus/client_golang/prometheus"
)

const (
	// DefaultLease is how long a provider may stay silent before its intents are
	// judged to be abandoned.
	DefaultLease = 15 * time.Second

	defaultMaxCallbackBody = 1 << 20
	defaultMaxJournalBody  = 4 << 20
	defaultBodyTimeout     = 10 * time.Second
	defaultBodyPause       = 3 * time.Second
	defaultMaxCaptures     = 256
	defaultMaxWatched      = 1_000_000
	sweepInterval          = time.Second
	readyTimeout           = 2 * time.Second
	// readyInterval is how long the store's last word on being ready holds: asking
	// is writing.
	readyInterval = 2 * time.Second
)

// ServerConfig steers a Server. The zero value of every field has a meaning, and
// the zero ServerConfig makes a server that takes callbacks from everybody and
// answers nobody.
type ServerConfig struct {
	// Version of the program, as GET /v1/info tells it.
	Version string
	// PublicURL is where ThingSpace reaches the receiver, if that is known. Callbacks
	// are taken at its path, too, so that must not be one of the receiver's own.
	PublicURL string
	// ReadToken is the bearer token that may read /v1. Without a JournalToken it
	// may also write. With neither, /v1 refuses everybody.
	ReadToken string
	// JournalToken is the bearer token that may read and write /v1.
	JournalToken string
	// CallbackUsernames and CallbackPasswords are those that callbacks may carry
	// in their body; any of the one goes with any of the other. Both or neither.
	CallbackUsernames []string
	CallbackPasswords []string
	// RequireCredentials refuses callbacks without credentials, which ThingSpace
	// documents for some events.
	RequireCredentials bool
	// CAMARATokens are the bearer tokens that CAMARA operators may bring. Without
	// any, their notifications are refused.
	CAMARATokens []string
	// Accounts are the billing accounts whose callbacks are taken; none means all.
	Accounts []string
	// AllowSources are the networks that callbacks may come from; none means all.
	AllowSources []netip.Prefix
	// TrustedProxies are the networks whose X-Forwarded-For is believed.
	TrustedProxies []netip.Prefix
	// Lease is the store's; open long-polls renew it three times over. Zero means
	// DefaultLease.
	Lease time.Duration
	// MaxCallbackBody is the largest callback accepted, in bytes. Zero means 1 MiB.
	MaxCallbackBody int64
	// MaxJournalBody is the largest /v1 body accepted, in bytes. Zero means 4 MiB.
	MaxJournalBody int64
	// BodyTimeout is how long a client may take to send a body, and BodyPause how
	// long it may pause meanwhile. Zero means 10 s and 3 s.
	BodyTimeout time.Duration
	BodyPause   time.Duration
	// MaxCaptures is how many callbacks are taken at a time, each of which holds
	// its body in memory; others wait up to 2 s and are then answered 503. Zero
	// means 256.
	MaxCaptures int
	// MaxWatched is how many request ids all long-polls together may watch; one
	// more poll is answered 503. Each id costs some 400 bytes. Zero means 1,000,000.
	MaxWatched int
	// Registry gets the metrics that /metrics shows; nil means one of its own.
	Registry *prometheus.Registry
	// Spool tells of callbacks that wait for the store on disk; nil when none can.
	Spool func() SpoolStatus
	// Forwarder passes callbacks on to other listeners; nil when there are none.
	Forwarder Forwarder
	// Page adds the routes of a page for people, which are behind the same tokens as
	// /v1; nil means that there is none.
	Page func(*http.ServeMux, PageHost)
	// Logger gets no secrets and no bodies; nil means silence.
	Logger *slog.Logger
	// Clock is for tests; nil means the real one.
	Clock clockwork.Clock
}

// Server is the receiver's HTTP service over a store.
type Server struct {
	store     Store
	cfg       ServerConfig
	keys      atomic.Pointer[keys]
	failures  map[realm]*failureLimit
	sources   sources
	captures  slots
	hub       *hub
	metrics   *metrics
	log       *slog.Logger
	readiness readiness
	handler   http.Handler
}

// NewServer checks the configuration. The Server does not own the store.
func NewServer(store Store, cfg ServerConfig) (*Server, error) {
	if err := checkCapturePaths(cfg.PublicURL); err != nil {
		return nil, err
	}
	cfg = cfg.withDefaults()
	s := &Server{
		cfg:      cfg,
		failures: newFailureLimits(),
		sources:  sources{allowed: cfg.AllowSources, proxies: cfg.TrustedProxies},
		captures: make(slots, cfg.MaxCaptures),
		hub:      newHub(cfg.MaxWatched),
		metrics:  newMetrics(cfg.Version),
		log:      cfg.Logger,
	}
	s.store = timedStore{Store: store, clock: cfg.Clock, seconds: s.metrics.storeSeconds}
	if err := s.metrics.register(cfg.Registry, s.newGauges()); err != nil {
		return nil, err
	}
	if err := s.Rotate(cfg.Secrets()); err != nil {
		return nil, err
	}
	s.handler = s.routes()
	return s, nil
}

func (cfg ServerConfig) withDefaults() ServerConfig {
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.Clock == nil {
		cfg.Clock = clockwork.NewRealClock()
	}
	if cfg.Lease == 0 {
		cfg.Lease = DefaultLease
	}
	if cfg.MaxCallbackBody == 0 {
		cfg.MaxCallbackBody = defaultMaxCallbackBody
	}
	if cfg.MaxJournalBody == 0 {
		cfg.MaxJournalBody = defaultMaxJournalBody
	}
	if cfg.BodyTimeout == 0 {
		cfg.BodyTimeout = defaultBodyTimeout
	}
	if cfg.BodyPause == 0 {
		cfg.BodyPause = defaultBodyPause
	}
	if cfg.MaxCaptures == 0 {
		cfg.MaxCaptures = defaultMaxCaptures
	}
	if cfg.MaxWatched == 0 {
		cfg.MaxWatched = defaultMaxWatched
	}
	if cfg.Registry == nil {
		cfg.Registry = prometheus.NewRegistry()
	}
	return cfg
}

// Handler serves all routes.
func (s *Server) Handler() http.Handler { return s.handler }

// Run does the background work until ctx ends: it sweeps the store every second
// and wakes long-polls when requests change. When it returns, all long-polls
// have been told to answer with what they have.
func (s *Server) Run(ctx context.Context) {
	defer s.hub.close()
	s.store.Watch(ctx, s.hub.notify)
	ticker := s.cfg.Clock.NewTicker(sweepInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.Chan():
			s.sweep(ctx)
		}
	}
}

func (s *Server) sweep(ctx context.Context) {
	if err := s.store.Sweep(ctx); err != nil && ctx.Err() == nil {
		s.log.ErrorContext(ctx, "the store failed", "doing", "sweep", "error", err)
	}
}

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc(captureRoute, s.capture)
	mux.HandleFunc(notificationRoute, s.captureNotification)
	mux.HandleFunc("GET /healthz", s.health)
	mux.HandleFunc("GET /readyz", s.ready)
	mux.Handle("GET /metrics", metricsHandler(s.cfg.Registry, s.log))
	s.describe(mux)
	s.mountPage(mux)
	return s.observe(refuseOdd(s.limitBodyTime(s.routeCaptures(explainUnrouted(mux)))))
}

// health says that the process serves.
func (s *Server) health(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, contentTypeJSON, map[string]string{"status": "ok"})
}

// ready says that callbacks can be stored.
func (s *Server) ready(w http.ResponseWriter, r *http.Request) {
	if err := s.readiness.check(r.Context(), s.cfg.Clock.Now(), s.store.Ping); err != nil {
		s.log.WarnContext(r.Context(), "the store failed", "doing", "ping", "error", err)
		unavailable().write(w)
		return
	}
	writeJSON(w, http.StatusOK, contentTypeJSON, map[string]string{"status": "ready"})
}

// readiness is what the store last said of itself.
type readiness struct {
	mu  sync.Mutex
	at  time.Time
	err error
}

// check asks the store, unless it was asked a moment ago. Whoever asks meanwhile
// waits for the same answer.
func (r *readiness) check(ctx context.Context, now time.Time, ping func(context.Context) error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.at.IsZero() && now.Sub(r.at) < readyInterval {
		return r.err
	}
	// The answer is for others, too, so a client that hangs up does not spoil it.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), readyTimeout)
	defer cancel()
	r.at, r.err = now, ping(ctx)
	return r.err
}
