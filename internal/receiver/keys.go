package receiver

import (
	"errors"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
	"golang.org/x/time/rate"
)

// Secrets are what callers prove themselves with; see ServerConfig for each.
type Secrets struct {
	ReadToken         string
	JournalToken      string
	CallbackUsernames []string
	CallbackPasswords []string
	CAMARATokens      []string
}

// Secrets are those of the configuration, with which the server begins.
func (cfg ServerConfig) Secrets() Secrets {
	return Secrets{
		ReadToken:         cfg.ReadToken,
		JournalToken:      cfg.JournalToken,
		CallbackUsernames: cfg.CallbackUsernames,
		CallbackPasswords: cfg.CallbackPasswords,
		CAMARATokens:      cfg.CAMARATokens,
	}
}

// keys are the digests of the Secrets.
type keys struct {
	tokens      tokens
	credentials credentials
	operators   operators
}

// Rotate replaces all secrets at once. Requests that were let in before go on.
// When it refuses the new ones, the old ones stay.
func (s *Server) Rotate(secrets Secrets) error {
	credentials, err := newCredentials(secrets.CallbackUsernames, secrets.CallbackPasswords)
	if err != nil {
		return err
	}
	if s.cfg.RequireCredentials && !credentials.configured() {
		return errors.New("credentials are required of callbacks, but no callback username and password is configured")
	}
	s.keys.Store(&keys{
		tokens:      newTokens(secrets.ReadToken, secrets.JournalToken),
		credentials: credentials,
		operators:   newOperators(secrets.CAMARATokens),
	})
	return nil
}

// realm is what somebody failed to prove himself to, as metrics name it.
type realm string

const (
	realmAPI      realm = "api"
	realmCallback realm = "callback"
	realmCAMARA   realm = "camara"
)

// realms are all there are.
func realms() []realm { return []realm{realmAPI, realmCallback, realmCAMARA} }

// The limits of failed authentication, per source. A callback with wrong
// credentials may be genuine (its password was changed on one side only), so it
// is let into the quarantine unless they come in such numbers that they would
// push out the others there.
const (
	apiFailures       = 20
	apiFailureEvery   = 6 * time.Second
	callbackFailures  = 500
	callbackFailEvery = time.Second
	// limitedSources bounds the memory that sources cost; the one heard of longest
	// ago is forgotten first.
	limitedSources = 4096
)

func newFailureLimits() map[realm]*sourceLimit {
	return map[realm]*sourceLimit{
		realmAPI:      {every: apiFailureEvery, burst: apiFailures},
		realmCallback: {every: callbackFailEvery, burst: callbackFailures},
		// Nothing of a notification with a wrong token is kept.
		realmCAMARA: {every: apiFailureEvery, burst: apiFailures},
	}
}

// sourceLimit counts, by source, what fails or is not believed. What succeeds is never
// limited: those who share an address with an attacker are not locked out by him. So
// it does not make a short token safe; it bounds what failures cost and log.
type sourceLimit struct {
	every time.Duration
	burst int

	mu      sync.Mutex
	sources *simplelru.LRU[netip.Prefix, *rate.Limiter]
}

// take counts something that weighs so much. It returns how long the source should
// keep quiet, zero while it is within its limit.
func (l *sourceLimit) take(source netip.Addr, weight int, now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	limiter := l.limiter(network(source))
	weight = min(weight, l.burst)
	if limiter.AllowN(now, weight) {
		return 0
	}
	missing := float64(weight) - limiter.TokensAt(now)
	return time.Duration(missing * float64(l.every))
}

func (l *sourceLimit) limiter(source netip.Prefix) *rate.Limiter {
	if l.sources == nil {
		// It refuses a size that is not positive, and nothing else.
		l.sources, _ = simplelru.NewLRU[netip.Prefix, *rate.Limiter](limitedSources, nil)
	}
	if limiter, known := l.sources.Get(source); known {
		return limiter
	}
	limiter := rate.NewLimiter(rate.Every(l.every), l.burst)
	l.sources.Add(source, limiter)
	return limiter
}

// network is what one client is taken to have: an IPv4 address, or as much of
// IPv6 as is given to one site (a /64).
func network(addr netip.Addr) netip.Prefix {
	bits := addr.BitLen()
	if addr.Is6() {
		bits = 64
	}
	prefix, err := addr.Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return prefix
}

// admit says what the Authorization of a request allows, or why that is not
// enough. Wrong tokens are counted and, beyond a limit per source, answered 429.
func (s *Server) admit(r *http.Request, where realm, authorization string, needed access) (access, *Problem) {
	granted, problem := s.keys.Load().tokens.check(authorization, needed)
	if problem == nil || granted != accessNone {
		return granted, problem
	}
	return granted, s.turnAway(r, where, authorization, problem)
}

// turnAway counts a refused Authorization. It returns the refusal, or another one
// to a source that had too many.
func (s *Server) turnAway(r *http.Request, where realm, authorization string, problem *Problem) *Problem {
	if authorization == "" {
		s.metrics.authFailures.WithLabelValues(string(where)).Inc()
		return problem
	}
	source := s.sourceOf(r)
	if limited := s.authenticationFailed(where, source); limited != nil {
		return limited
	}
	s.log.WarnContext(r.Context(), "a token was refused", "realm", string(where), "source", source)
	return problem
}

// authenticationFailed counts a failure and refuses a source that had too many.
func (s *Server) authenticationFailed(where realm, source netip.Addr) *Problem {
	s.metrics.authFailures.WithLabelValues(string(where)).Inc()
	limit, limited := s.failures[where]
	if !limited {
		return nil
	}
	pause := limit.take(source, 1, s.cfg.Clock.Now())
	if pause == 0 {
		return nil
	}
	return newProblem(http.StatusTooManyRequests, "too many failed authentications from this address").
		withHeader("Retry-After", retryAfter(pause))
}
