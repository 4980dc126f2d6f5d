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
	defaultMaxBodies       = 64 << 20
	defaultMaxWatched      = 1_000_000
	sweepInterval          = time.Second
	// sweepTimeout is short, because a server that has silently gone would hold up
	// all that is done in the background.
	sweepTimeout = 10 * time.Second
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
	// MaxCaptures is how many callbacks are taken at a time; others wait up to 2 s
	// and are then answered 503. Zero means 256.
	MaxCaptures int
	// MaxBodies is how many bytes of callbacks are in memory at a time; one more byte is
	// answered 503. Of what is beyond the first 16 KiB of each, one source may have a
	// quarter of it. What is made of them takes
	// some four times as much. Zero means 64 MiB.
	MaxBodies int64
	// MaxWatched is how many request ids all long-polls together may watch; one
	// more poll is answered 503. Each id costs some 400 bytes. Zero means 1,000,000.
	MaxWatched int
	// Registry gets the metrics that /metrics shows; nil means one of its own.
	Registry *prometheus.Registry
	// CertificateEnds tells when the certificate that is served does; nil without one.
	CertificateEnds func() time.Time
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
	failures  map[realm]*sourceLimit
	strangers *sourceLimit
	sources   sources
	captures  slots
	bodies    *budget
	hub       *hub
	metrics   *metrics
	log       *slog.Logger
	readiness readiness
	watching  sync.Once
	unheeded  atomic.Bool // a proxy that is not trusted was told of
	handler   http.Handler
}

// NewServer checks the configuration. The Server does not own the store.
func NewServer(store Store, cfg ServerConfig) (*Server, error) {
	if err := checkCapturePaths(cfg.PublicURL); err != nil {
		return nil, err
	}
	cfg = cfg.withDefaults()
	s := &Server{
		cfg:       cfg,
		failures:  newFailureLimits(),
		strangers: &sourceLimit{every: strangerEvery, burst: strangers},
		sources:   sources{allowed: cfg.AllowSources, proxies: cfg.TrustedProxies},
		captures:  make(slots, cfg.MaxCaptures),
		bodies:    newBudget(cfg.MaxBodies),
		hub:       newHub(cfg.MaxWatched),
		metrics:   newMetrics(cfg.Version),
		log:       cfg.Logger,
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
	if cfg.MaxBodies == 0 {
		cfg.MaxBodies = defaultMaxBodies
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

// Watch lets changes wake long-polls until ctx ends. It returns at once. Called before
// the first request is served, it leaves no change to the long-polls' own looks; called
// again, it does nothing.
func (s *Server) Watch(ctx context.Context) {
	s.watching.Do(func() { s.store.Watch(ctx, s.hub.notify) })
}

// Run does the background work until ctx ends: it watches the store, sweeps it every
// second, and asks it every few whether it can write. When it returns, all long-polls
// have been told to answer with what they have.
func (s *Server) Run(ctx context.Context) {
	defer s.hub.close()
	s.Watch(ctx)
	ticker := s.cfg.Clock.NewTicker(sweepInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.Chan():
			s.sweep(ctx)
			s.askStore(ctx)
		}
	}
}

func (s *Server) sweep(ctx context.Context) {
	limited, cancel := context.WithTimeout(ctx, sweepTimeout)
	defer cancel()
	if err := s.store.Sweep(limited); err != nil && ctx.Err() == nil {
		s.log.ErrorContext(ctx, "the store failed", "doing", "sweep", "error", err)
	}
}

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc(captureRoute, s.capture)
	mux.HandleFunc(notificationRoute, s.captureNotification)
	mux.HandleFunc("GET /healthz", s.health)
	mux.HandleFunc("GET /readyz", s.ready)
	mux.HandleFunc("GET /readyz/callbacks", s.readyForCallbacks)
	mux.Handle("GET /metrics", metricsHandler(s.cfg.Registry, s.log))
	s.describe(mux)
	s.mountPage(mux)
	return s.observe(refuseOdd(s.limitBodyTime(s.routeCaptures(explainUnrouted(mux)))))
}
