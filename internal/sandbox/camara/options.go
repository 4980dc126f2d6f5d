package camara

import (
	"cmp"
	"crypto"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/jonboulle/clockwork"
)

// Defaults of [Options].
const (
	DefaultClientID     = "sandbox-app"
	DefaultClientSecret = "sandbox-app-secret" // #nosec G101 -- the simulator's own, it opens nothing
	DefaultAPIKeyHeader = "X-RapidAPI-Key"     // #nosec G101 -- a header
	DefaultAPIKey       = "sandbox-api-key"    // #nosec G101 -- the simulator's own, it opens nothing

	DefaultTokenLifetime  = time.Hour
	DefaultAvailableDelay = 20 * time.Millisecond
	DefaultRevokeDelay    = 20 * time.Millisecond
	DefaultPollInterval   = 2 * time.Second
	DefaultRequestExpiry  = 2 * time.Minute
)

// Options configure a [Sandbox]. A zero field takes its default.
type Options struct {
	// Version is what the operator speaks (default: 1.1, the newest public one).
	Version Version
	// BasePath is the path of the QoD API, for an operator that serves it
	// elsewhere than its version says, such as /operator/qod/v0.
	BasePath string

	// Clock drives every delay, expiry and time (default: real time).
	Clock clockwork.Clock

	// Clients are the applications that may ask for tokens (default: one with
	// DefaultClientID and DefaultClientSecret).
	Clients []Client
	// AccessToken, if set, is a two-legged token of the first client's with all
	// scopes that never expires, such as operators publish for trying out.
	AccessToken string
	// APIKeys are the header fields, any one of which lets a request to HybridA
	// in (default: DefaultAPIKeyHeader with DefaultAPIKey). The other versions
	// do not look at them.
	APIKeys map[string]string

	// Devices are the devices of the operator's subscribers. Empty means that
	// every device exists, and that each identifier is a device of its own.
	Devices []Device
	// Profiles are the QoS profiles on offer (default: DefaultProfiles).
	Profiles []Profile

	// TokenLifetime counts from a token's issue (default one hour).
	TokenLifetime time.Duration
	// AvailableDelay passes between the answer to a create and AVAILABLE. With a
	// negative delay the answer itself says AVAILABLE.
	AvailableDelay time.Duration
	// RevokeDelay passes between an assignment's DELETE that was answered with
	// 202 and its end; see [Switches]. A negative delay means none.
	RevokeDelay time.Duration
	// ConsentDelay passes between a CIBA authentication request and the user's
	// consent (default none: the first poll gets the token).
	ConsentDelay time.Duration
	// PollInterval is the least time between two CIBA polls (default 2 s).
	PollInterval time.Duration
	// RequestExpiry is the life of a CIBA authentication request (default 2 min).
	RequestExpiry time.Duration

	// Switches are the first setting of what the documents leave open.
	Switches Switches

	// Logger takes one line per request and per notification, none with a
	// secret (default: discard).
	Logger *slog.Logger
	// NotificationTransport sends the notifications (default: a transport of its
	// own).
	NotificationTransport http.RoundTripper
}

// Client is an application that may ask for tokens.
type Client struct {
	ID string
	// Secret authenticates by HTTP Basic. Without one, only Keys do.
	Secret string
	// Keys verify the client's assertions (private_key_jwt and JWT bearer).
	Keys []Key
	// Scopes are those the client may ask for. Empty means all that the
	// operator knows.
	Scopes []string
}

// Key is a public key that a client registered.
type Key struct {
	// ID is compared with an assertion's kid, unless either is empty.
	ID string
	// Public is an *rsa.PublicKey or an *ecdsa.PublicKey.
	Public crypto.PublicKey
}

// Switches choose between readings of what the documents leave open. The zero
// value is the documented or the more cautious reading.
type Switches struct {
	// KeepExpired keeps an expired session for 360 seconds as UNAVAILABLE with
	// DURATION_EXPIRED, instead of answering 404 at once.
	KeepExpired bool `json:"keepExpired"`
	// RefuseExtendAtMax answers 400 OUT_OF_RANGE to extending a session that
	// already has its profile's longest duration, instead of 200 with no change.
	RefuseExtendAtMax bool `json:"refuseExtendAtMax"`
	// GrantAtMost caps the granted duration, in seconds, below what was asked
	// for; 0 grants what was asked for.
	GrantAtMost int64 `json:"grantAtMost"`
	// HideForeign answers 404 for what belongs to another client or device,
	// instead of 403.
	HideForeign bool `json:"hideForeign"`
	// OneSessionPerDevice answers 409 to any second session of a device, not
	// only to one whose flow overlaps.
	OneSessionPerDevice bool `json:"oneSessionPerDevice"`
	// AsyncRevoke answers an assignment's DELETE with 202 and revokes later.
	AsyncRevoke bool `json:"asyncRevoke"`
	// OmitDevice leaves the device out of answers where the version allows it.
	OmitDevice bool `json:"omitDevice"`
	// Normalize answers with addresses in canonical form: IPv6 compressed and in
	// lower case, networks without host bits.
	Normalize bool `json:"normalize"`
	// EchoCredentials answers with the notification credentials, as sent.
	EchoCredentials bool `json:"echoCredentials"`
	// NoPrivateKeyJWT refuses sink credentials of type PRIVATE_KEY_JWT with 422
	// PRIVATE_KEY_JWT_NOT_CONFIGURED.
	NoPrivateKeyJWT bool `json:"noPrivateKeyJwt"`
	// AnySink accepts notification URLs with http where the version demands
	// https, which a receiver on a loopback port needs.
	AnySink bool `json:"anySink"`
}

func (o Options) withDefaults() Options {
	o.Version = cmp.Or(o.Version, Version11)
	o.BasePath = strings.TrimRight(o.BasePath, "/")
	o.TokenLifetime = cmp.Or(o.TokenLifetime, DefaultTokenLifetime)
	o.AvailableDelay = cmp.Or(o.AvailableDelay, DefaultAvailableDelay)
	o.RevokeDelay = max(cmp.Or(o.RevokeDelay, DefaultRevokeDelay), 0)
	o.PollInterval = cmp.Or(o.PollInterval, DefaultPollInterval)
	o.RequestExpiry = cmp.Or(o.RequestExpiry, DefaultRequestExpiry)
	o.Clients = slices.Clone(o.Clients)
	if len(o.Clients) == 0 {
		o.Clients = []Client{{ID: DefaultClientID, Secret: DefaultClientSecret}}
	}
	if len(o.APIKeys) == 0 {
		o.APIKeys = map[string]string{DefaultAPIKeyHeader: DefaultAPIKey}
	}
	if len(o.Profiles) == 0 {
		o.Profiles = DefaultProfiles()
	}
	if o.Clock == nil {
		o.Clock = clockwork.NewRealClock()
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}
