package api

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/jonboulle/clockwork"

	"github.com/qosform/terraform-provider-qos/internal/transport"
)

// Defaults of Config.
const (
	DefaultBaseURL              = "https://thingspace.verizon.com"
	DefaultEnhanceQoSPath       = "/api/m2m/v1/device/actions/enhanceQoS"
	DefaultMaxRequestsPerSecond = 10.0
	DefaultMaxRetries           = 4
	DefaultAttemptTimeout       = 30 * time.Second
)

const defaultUserAgent = "terraform-provider-thingspace"

// Config says how to reach ThingSpace and who is calling. Each of the two
// identities is needed in one of its forms: a client id and secret or an access
// token; a username and password or a session token. It prints without secrets.
type Config struct {
	// BaseURL is the scheme and host, and a path where one precedes /api.
	// Empty means DefaultBaseURL.
	BaseURL string
	// EnhanceQoSPath is the path of the QoS subscriptions below BaseURL. Empty
	// means DefaultEnhanceQoSPath, the documented one. Where the gateway does
	// not know it, its other form (/device/ or /devices/) is tried as well.
	EnhanceQoSPath string

	// ClientID and ClientSecret are the OAuth2 client credentials (key and
	// secret of ThingSpace's Key Management).
	ClientID, ClientSecret string
	// AccessToken is a bearer token obtained elsewhere. It is never renewed.
	AccessToken string

	// Username and Password open the VZ-M2M session (the "UWS" credentials).
	Username, Password string
	// SessionToken is a VZ-M2M session token obtained elsewhere. It is never renewed.
	SessionToken string

	// MaxRequestsPerSecond paces all requests of the Client together, token and
	// login included; up to one second's worth may go at once. 0 means
	// DefaultMaxRequestsPerSecond.
	MaxRequestsPerSecond float64
	// MaxRetries is how often one request is repeated at most, where repeating
	// it is safe. 0 means never; the usual value is DefaultMaxRetries.
	MaxRetries int
	// AttemptTimeout bounds one attempt from dial to the end of the answer.
	// 0 means DefaultAttemptTimeout.
	AttemptTimeout time.Duration

	// UserAgent is sent with every request.
	UserAgent string
	// Transport makes the connections; nil means transport.New().
	Transport http.RoundTripper
	// Logger gets one debug line per attempt, without secrets; nil discards them.
	Logger *slog.Logger
	// Clock judges when a bearer token is due; nil means the real clock.
	Clock clockwork.Clock
}

// String names the target and hides everything else.
func (c Config) String() string {
	return fmt.Sprintf("ThingSpace at %s", transport.HostOf(c.BaseURL))
}

// GoString is String, so that %#v prints no secret either.
func (c Config) GoString() string { return c.String() }

// LogValue implements slog.LogValuer like String.
func (c Config) LogValue() slog.Value { return slog.StringValue(c.String()) }

// withDefaults fills in what was left out and trims what a file or an
// environment variable may have padded. Username and password stay as they are:
// a blank may be part of them.
func (c Config) withDefaults() Config {
	for _, s := range []*string{&c.BaseURL, &c.EnhanceQoSPath, &c.ClientID, &c.ClientSecret, &c.AccessToken, &c.SessionToken, &c.UserAgent} {
		*s = strings.TrimSpace(*s)
	}
	c.BaseURL = strings.TrimRight(cmp.Or(c.BaseURL, DefaultBaseURL), "/")
	c.EnhanceQoSPath = cmp.Or(c.EnhanceQoSPath, DefaultEnhanceQoSPath)
	c.UserAgent = cmp.Or(c.UserAgent, defaultUserAgent)
	c.MaxRequestsPerSecond = cmp.Or(c.MaxRequestsPerSecond, DefaultMaxRequestsPerSecond)
	c.AttemptTimeout = cmp.Or(c.AttemptTimeout, DefaultAttemptTimeout)
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Clock == nil {
		c.Clock = clockwork.NewRealClock()
	}
	return c
}

// validate reports everything that would make each request fail, without the
// values: any of them may be a secret in the wrong place.
func (c Config) validate() error {
	var errs []error
	note := func(wrong bool, text string) {
		if wrong {
			errs = append(errs, errors.New(text))
		}
	}
	if err := transport.CheckURL(c.BaseURL); err != nil {
		errs = append(errs, fmt.Errorf("the base URL %w", err))
	}
	note(!strings.HasPrefix(c.EnhanceQoSPath, "/"), "the enhanceQoS path must begin with a slash")
	note(strings.ContainsAny(c.EnhanceQoSPath, "?# \t\r\n"), "the enhanceQoS path must be a plain path, without query, fragment or blanks")
	note(c.MaxRequestsPerSecond < 0, "the requests per second must be more than 0")
	note(c.MaxRetries < 0, "the number of retries must not be negative")
	note(c.AttemptTimeout < 0, "the attempt timeout must not be negative")
	note(transport.HasControl(c.UserAgent), "the user agent contains a line break or another control character")

	note(c.AccessToken == "" && (c.ClientID == "" || c.ClientSecret == ""), "a client id and client secret are needed, or an access token")
	note(c.AccessToken != "" && c.ClientSecret != "", "a client secret and an access token are both given: use one")
	note(!transport.ValidToken(c.AccessToken), "the access token contains a blank, a line break or another character that no token has")
	note(transport.HasControl(c.ClientID+c.ClientSecret), "the client id or client secret contains a line break or another control character")

	note(c.SessionToken == "" && (c.Username == "" || c.Password == ""), "a username and password are needed, or a session token")
	note(c.SessionToken != "" && c.Password != "", "a password and a session token are both given: use one")
	note(!transport.ValidToken(c.SessionToken), "the session token contains a blank, a line break or another character that no token has")
	// Each refused login brings the account closer to being locked, so the usual
	// accident, a password read from a file with its last line break, stops here.
	note(transport.HasControl(c.Username+c.Password), "the username or password contains a line break or another control character")
	return errors.Join(errs...)
}
