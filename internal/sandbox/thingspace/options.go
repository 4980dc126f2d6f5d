package thingspace

import (
	"cmp"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/jonboulle/clockwork"
)

// Defaults of [Options].
const (
	DefaultClientID     = "sandbox-key"
	DefaultClientSecret = "sandbox-key-secret" // #nosec G101 -- the simulator's own, it opens nothing
	DefaultUsername     = "sandbox-user"
	DefaultPassword     = "sandbox-user-password" // #nosec G101 -- the simulator's own, it opens nothing
	DefaultAccount      = "0000123456-00001"

	DefaultTokenLifetime  = time.Hour
	DefaultSessionIdle    = 20 * time.Minute
	DefaultAckDelay       = 20 * time.Millisecond
	DefaultOnDelay        = 20 * time.Millisecond
	DefaultTerminateDelay = 20 * time.Millisecond
)

// Options configure a [Sandbox]. A zero field takes its default.
type Options struct {
	// Clock drives every delay, expiry and reported time (default: real time).
	Clock clockwork.Clock

	// ClientID and ClientSecret are the application key of the OAuth2 endpoint.
	ClientID     string
	ClientSecret string
	// Username and Password are the only user who can log in to a session.
	Username string
	Password string

	// Accounts are the billing accounts that the user may use (default:
	// DefaultAccount).
	Accounts []string
	// Devices are the device identifiers that the network knows. Empty means
	// that it knows every device; another device fails with "Device not found".
	Devices []string

	// TokenLifetime counts from a token's first issue (default one hour).
	TokenLifetime time.Duration
	// SessionIdle ends a session that was not used for so long (default 20 minutes).
	SessionIdle time.Duration
	// AckDelay passes between the answer to a create and its first callback.
	// A negative delay means none.
	AckDelay time.Duration
	// OnDelay passes between the acknowledgement and QosChangeOn. A negative
	// delay means none.
	OnDelay time.Duration
	// TerminateDelay passes between the answer to a stop and its callback. A
	// negative delay means none.
	TerminateDelay time.Duration

	// Switches are the first setting of what the documents leave open.
	Switches Switches

	// Logger takes one line per request and per callback, none with a secret
	// (default: discard).
	Logger *slog.Logger
	// CallbackTransport sends the callbacks (default: a transport of its own).
	CallbackTransport http.RoundTripper
}

// Switches choose between readings of what the documents leave open. The zero
// value is the documented or the more cautious reading.
type Switches struct {
	// PluralPathOnly serves enhanceQoS at /devices/ (as Verizon's SDKs call it)
	// and not at the documented /device/.
	PluralPathOnly bool `json:"pluralPathOnly"`
	// RefuseOverwrite refuses to register a callback service that is
	// registered; it must be deregistered first.
	RefuseOverwrite bool `json:"refuseOverwrite"`
	// XMLNotFound answers an unknown path with the gateway's XML fault rather
	// than its JSON one.
	XMLNotFound bool `json:"xmlNotFound"`
	// AnyPort accepts callback URLs on ports that ThingSpace does not reach,
	// which a receiver on a loopback port needs.
	AnyPort bool `json:"anyPort"`
	// SingleSession lets a login end the sessions of earlier logins.
	SingleSession bool `json:"singleSession"`
	// TerminatedUnderOriginal sends the callback of a stop under the request id
	// of the create instead of the stop's own.
	TerminatedUnderOriginal bool `json:"terminatedUnderOriginal"`
	// BareEvents leaves the credentials out of network events, which are
	// otherwise sent with those of the registration.
	BareEvents bool `json:"bareEvents"`
	// VariantCasing spells as other pages of the documents and real callbacks
	// do: QoSChangeOn rather than QosChangeOn, and device kinds in lower case.
	VariantCasing bool `json:"variantCasing"`
}

func (o Options) withDefaults() Options {
	o.ClientID = cmp.Or(o.ClientID, DefaultClientID)
	o.ClientSecret = cmp.Or(o.ClientSecret, DefaultClientSecret)
	o.Username = cmp.Or(o.Username, DefaultUsername)
	o.Password = cmp.Or(o.Password, DefaultPassword)
	o.TokenLifetime = cmp.Or(o.TokenLifetime, DefaultTokenLifetime)
	o.SessionIdle = cmp.Or(o.SessionIdle, DefaultSessionIdle)
	o.AckDelay = max(cmp.Or(o.AckDelay, DefaultAckDelay), 0)
	o.OnDelay = max(cmp.Or(o.OnDelay, DefaultOnDelay), 0)
	o.TerminateDelay = max(cmp.Or(o.TerminateDelay, DefaultTerminateDelay), 0)
	o.Accounts = slices.Clone(o.Accounts)
	if len(o.Accounts) == 0 {
		o.Accounts = []string{DefaultAccount}
	}
	if o.Clock == nil {
		o.Clock = clockwork.NewRealClock()
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}
