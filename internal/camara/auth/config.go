package auth

import (
	"cmp"
	"crypto"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/jonboulle/clockwork"

	"github.com/qosform/terraform-provider-qos/internal/transport"
)

// Defaults of Config.
const (
	DefaultMaxRetries     = 4
	DefaultAttemptTimeout = 30 * time.Second
)

// Flow is how a token is asked for. Which one to use is agreed with the operator.
type Flow string

const (
	// ClientCredentials asks in the application's own name (two-legged).
	ClientCredentials Flow = "client_credentials"
	// JWTBearer asks in the name of a device's subscriber, by a signed assertion.
	JWTBearer Flow = "jwt_bearer"
	// CIBA asks in the name of a device's subscriber, who may be asked for
	// consent; it polls until there is an answer.
	CIBA Flow = "ciba"
)

// Flows returns all flows.
func Flows() []Flow { return []Flow{ClientCredentials, JWTBearer, CIBA} }

// DeviceBound reports whether f's tokens are three-legged: each is for the
// subscriber of one device, and says who that is.
func (f Flow) DeviceBound() bool { return f == JWTBearer || f == CIBA }

// Config says where tokens come from and who is asking. The application proves
// itself by a secret or by a private key; JWTBearer needs the key. It prints
// without secrets.
type Config struct {
	Flow Flow
	// TokenURL is the token endpoint.
	TokenURL string
	// BackchannelURL is the backchannel authentication endpoint; for CIBA only.
	BackchannelURL string
	ClientID       string
	// ClientSecret is sent with HTTP Basic (RFC 6749, section 2.3.1).
	ClientSecret string
	// PrivateKeyPEM is an RSA or EC key in PKCS #1, PKCS #8 or SEC 1, unencrypted.
	// It signs client assertions (private_key_jwt, RFC 7523) with RS256, ES256,
	// ES384 or ES512, as the key has it.
	PrivateKeyPEM string
	// KeyID is the "kid" of the key at the operator. May be empty.
	KeyID string
	// Scopes are asked for together. Empty means openid and the purpose
	// dpv:RequestedServiceProvision with the device-bound flows, which cannot do
	// without, and no scope with client credentials.
	Scopes []string

	// MaxRetries is how often one request is repeated at most after a lost
	// connection or a server's fault. 0 means never; the usual value is
	// DefaultMaxRetries. Rate limits are waited out besides.
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
	// Clock dates assertions, corrected by the server's own, judges when a token is due, and times polls and
	// repeats; nil means the real clock.
	Clock clockwork.Clock
}

// DeviceBound reports whether each token is for one device: see Flow.DeviceBound.
func (c Config) DeviceBound() bool { return c.Flow.DeviceBound() }

// String names the flow and the server and hides everything else.
func (c Config) String() string {
	return fmt.Sprintf("OAuth2 %s at %s", c.Flow, transport.HostOf(c.TokenURL))
}

// GoString is String, so that %#v prints no secret either.
func (c Config) GoString() string { return c.String() }

// LogValue implements slog.LogValuer like String.
func (c Config) LogValue() slog.Value { return slog.StringValue(c.String()) }

// New returns a Source that asks for tokens when they are needed, once for all
// callers. It sends nothing; its error names everything in config that cannot
// work, without any of the values.
func New(config Config) (Source, error) {
	config = config.withDefaults()
	key, err := config.signingKey()
	if err := errors.Join(config.validate(), err); err != nil {
		return nil, fmt.Errorf("OAuth2: %w", err)
	}
	s := &server{config: config, key: key, clock: transport.NewServerClock(config.Clock)}
	s.http = transport.Settings{
		Base:           config.Transport,
		AttemptTimeout: config.AttemptTimeout,
		UserAgent:      config.UserAgent,
		Logger:         config.Logger,
		ServerClock:    s.clock,
	}.Client()
	return newCache(config.Clock, config.DeviceBound(), s.grant), nil
}

func (c Config) withDefaults() Config {
	for _, s := range []*string{&c.TokenURL, &c.BackchannelURL, &c.ClientID, &c.ClientSecret, &c.PrivateKeyPEM, &c.KeyID} {
		*s = strings.TrimSpace(*s)
	}
	if len(c.Scopes) == 0 && c.DeviceBound() {
		c.Scopes = []string{"openid", "dpv:RequestedServiceProvision"}
	}
	c.AttemptTimeout = cmp.Or(c.AttemptTimeout, DefaultAttemptTimeout)
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Clock == nil {
		c.Clock = clockwork.NewRealClock()
	}
	return c
}

// secrets are the client's secret in the forms in which it is sent.
func (c Config) secrets() []string {
	if c.ClientSecret == "" {
		return nil
	}
	id, secret := url.QueryEscape(c.ClientID), url.QueryEscape(c.ClientSecret)
	return []string{base64.StdEncoding.EncodeToString([]byte(id + ":" + secret)), secret, c.ClientSecret}
}

func (c Config) signingKey() (crypto.Signer, error) {
	if c.PrivateKeyPEM == "" {
		return nil, nil
	}
	return parseKey(c.PrivateKeyPEM)
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
	note(!slices.Contains(Flows(), c.Flow), "the flow must be client_credentials, jwt_bearer or ciba")
	if err := transport.CheckURL(c.TokenURL); err != nil {
		errs = append(errs, fmt.Errorf("the token URL %w", err))
	}
	if c.Flow == CIBA {
		if err := transport.CheckURL(c.BackchannelURL); err != nil {
			errs = append(errs, fmt.Errorf("the backchannel URL, which CIBA needs, %w", err))
		}
	}
	note(c.ClientID == "", "the client id is missing")
	note(c.ClientSecret != "" && c.PrivateKeyPEM != "", "a client secret and a private key are both given: use one")
	note(c.Flow == JWTBearer && c.PrivateKeyPEM == "", "the jwt_bearer flow needs a private key")
	note(c.Flow != JWTBearer && c.ClientSecret == "" && c.PrivateKeyPEM == "", "a client secret or a private key is needed")
	note(transport.HasControl(c.ClientID+c.ClientSecret+c.KeyID+c.UserAgent), "the client id, client secret, key id or user agent contains a line break or another control character")
	note(slices.ContainsFunc(c.Scopes, func(s string) bool { return s == "" || !transport.ValidToken(s) }), "each scope must be one word of visible ASCII")
	note(c.MaxRetries < 0, "the number of retries must not be negative")
	note(c.AttemptTimeout < 0, "the attempt timeout must not be negative")
	return errors.Join(errs...)
}
