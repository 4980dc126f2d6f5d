package transport

import (
	"errors"
	"log/slog"
	"math"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/time/rate"
)

// maxAnswer caps a response body in memory, in bytes. The longest useful answer
// is a list of a few hundred objects.
const maxAnswer = 1 << 20

// Settings say how a client makes one attempt.
type Settings struct {
	// Base makes the connections; nil means New().
	Base http.RoundTripper
	// MaxRequestsPerSecond paces all requests of the client together; up to one
	// second's worth may go at once. 0 means no limit.
	MaxRequestsPerSecond float64
	// AttemptTimeout bounds one attempt from dial to the end of the answer, but
	// not the wait for its turn.
	AttemptTimeout time.Duration
	// UserAgent is sent with every request that has none of its own.
	UserAgent string
	// Logger gets one debug line per attempt, without secrets.
	Logger *slog.Logger
	// ServerClock learns from each answer, if there is one.
	ServerClock *ServerClock
}

// Client returns a client whose attempts are paced, bounded, logged and buffered,
// and tell whether they were sent. It follows no redirect, which keeps the
// credentials where they were meant to go.
func (s Settings) Client() *http.Client {
	next := s.Base
	if next == nil {
		next = New()
	}
	if s.ServerClock != nil {
		next = s.ServerClock.Observe(next)
	}
	next = Buffer(MarkUnsent(next), maxAnswer)
	next = Timeout(Log(next, s.Logger), s.AttemptTimeout)
	if s.MaxRequestsPerSecond > 0 {
		burst := max(1, int(math.Ceil(s.MaxRequestsPerSecond)))
		next = Limit(next, rate.NewLimiter(rate.Limit(s.MaxRequestsPerSecond), burst))
	}
	return &http.Client{Transport: UserAgent(next, s.UserAgent), CheckRedirect: NoRedirect}
}

// NoRedirect is an http.Client's CheckRedirect that follows none.
func NoRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// CheckURL reports what is wrong with an address to send credentials to, without
// repeating it: it may be a secret in the wrong place.
func CheckURL(raw string) error {
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return errors.New("cannot be parsed")
	case u.Scheme != "https" && u.Scheme != "http", u.Host == "":
		return errors.New("must be absolute and begin with https:// (or http://)")
	case u.User != nil:
		return errors.New("must not contain a user name or password")
	case u.RawQuery != "", u.Fragment != "":
		return errors.New("must not have a query or fragment")
	}
	return nil
}

// HostOf names the host of a URL, for people.
func HostOf(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return "an unreadable URL"
	}
	return u.Host
}

// ValidToken reports whether s can be sent as a token: visible ASCII, or nothing.
func ValidToken(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r >= 0x7f })
}

// HasControl reports whether s contains a line break or another control character.
func HasControl(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
}
