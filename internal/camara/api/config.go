package api

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/jonboulle/clockwork"
	"golang.org/x/net/http/httpguts"

	"github.com/qosform/terraform-provider-qos/internal/camara/auth"
	"github.com/qosform/terraform-provider-qos/internal/transport"
)

// Defaults of Config.
const (
	DefaultMaxRequestsPerSecond = 10.0
	DefaultMaxRetries           = 4
	DefaultAttemptTimeout       = 30 * time.Second
)

// unrepeatableAttempts is by how much longer than AttemptTimeout an attempt may
// take that cannot be repeated. Some operators answer a create once the network
// is set up; to hang up on them would lose the answer.
const unrepeatableAttempts = 4

const defaultUserAgent = "terraform-provider-camara"

// Config says where an operator's APIs are, in which version, and what
// authorizes the requests. It prints without secrets.
type Config struct {
	// BaseURL is the root of the Quality-on-Demand API with its path, such as
	// https://api.example.com/quality-on-demand/v1.
	BaseURL string
	// Version is that of the API at BaseURL. Empty means the one that the path
	// tells: see InferVersion.
	Version Version
	// ProfilesURL is the root of the QoS profiles' API. Empty means BaseURL on
	// 0.10, and from 0.11 on its sibling /qos-profiles where BaseURL has
	// /quality-on-demand. On 0.10, a root other than BaseURL is one of an API of
	// its own, as from 0.11 on.
	ProfilesURL string
	// ProvisioningURL is the root of the QoS provisioning API, 0.3 or 0.4. Empty
	// means BaseURL's sibling /qos-provisioning in the version released with
	// Version, where there is one.
	ProvisioningURL string

	// Tokens authorizes the requests; nil means auth.None().
	Tokens auth.Source
	// DeviceBound says that each token is for one device, which from 0.11 on
	// is then left out of the requests.
	DeviceBound bool
	// TwoLegged says that tokens surely name no device, so that requests have to.
	// Where neither it nor DeviceBound is set, a token may name one.
	TwoLegged bool
	// Headers are sent with every request to the APIs, such as an API key. An
	// Authorization among them is replaced by the token if there is one.
	Headers map[string]string

	// MaxRequestsPerSecond paces all requests of the Client together; up to one
	// second's worth may go at once. 0 means DefaultMaxRequestsPerSecond.
	MaxRequestsPerSecond float64
	// MaxRetries is how often one request is repeated at most after a lost
	// connection or a server's fault, where repeating it is safe. 0 means never;
	// the usual value is DefaultMaxRetries. Rate limits are waited out besides, until
	// the context's deadline or for attempt.MaxPatience.
	MaxRetries int
	// AttemptTimeout bounds one attempt from dial to the end of the answer. A
	// create and an extension, which cannot be repeated, may take four times as
	// long. 0 means DefaultAttemptTimeout.
	AttemptTimeout time.Duration

	// UserAgent is sent with every request.
	UserAgent string
	// Transport makes the connections; nil means transport.New().
	Transport http.RoundTripper
	// Logger gets one debug line per attempt, without secrets; nil discards them.
	Logger *slog.Logger
	// Clock is what the operator's is compared with, see Client.Skew; nil means the
	// real clock.
	Clock clockwork.Clock
}

// String names the target and hides everything else.
func (c Config) String() string {
	return fmt.Sprintf("CAMARA Quality-on-Demand %s at %s", c.Version, transport.HostOf(c.BaseURL))
}

// GoString is String, so that %#v prints no secret either.
func (c Config) GoString() string { return c.String() }

// LogValue implements slog.LogValuer like String.
func (c Config) LogValue() slog.Value { return slog.StringValue(c.String()) }

// withDefaults fills in what was left out and trims what a file or an
// environment variable may have padded.
func (c Config) withDefaults() Config {
	for _, s := range []*string{&c.BaseURL, &c.ProfilesURL, &c.ProvisioningURL} {
		*s = strings.TrimRight(strings.TrimSpace(*s), "/")
	}
	if c.Version == "" {
		c.Version, _ = InferVersion(c.BaseURL)
	}
	c.ProfilesURL = cmp.Or(c.ProfilesURL, c.defaultProfilesURL())
	c.ProvisioningURL = cmp.Or(c.ProvisioningURL, c.defaultProvisioningURL())
	c.UserAgent = cmp.Or(strings.TrimSpace(c.UserAgent), defaultUserAgent)
	c.MaxRequestsPerSecond = cmp.Or(c.MaxRequestsPerSecond, DefaultMaxRequestsPerSecond)
	c.AttemptTimeout = cmp.Or(c.AttemptTimeout, DefaultAttemptTimeout)
	if c.Tokens == nil {
		c.Tokens = auth.None()
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Clock == nil {
		c.Clock = clockwork.NewRealClock()
	}
	return c
}

// sessionsRoot is the path that the sibling APIs' paths are derived from.
const sessionsRoot = "/quality-on-demand/"

func (c Config) defaultProfilesURL() string {
	if c.Version.Features().ProfilesInSameAPI {
		return c.BaseURL
	}
	before, version, found := strings.Cut(c.BaseURL, sessionsRoot)
	if !found {
		return ""
	}
	return before + "/qos-profiles/" + version
}

func (c Config) defaultProvisioningURL() string {
	before, _, found := strings.Cut(c.BaseURL, sessionsRoot)
	version := c.Version.Features().Provisioning
	if !found || version == "" {
		return ""
	}
	return before + "/qos-provisioning/" + version
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
	for _, root := range []struct{ name, url string }{
		{"base", cmp.Or(c.BaseURL, "missing")}, {"QoS profiles", c.ProfilesURL}, {"QoS provisioning", c.ProvisioningURL},
	} {
		if err := transport.CheckURL(root.url); root.url != "" && err != nil {
			errs = append(errs, fmt.Errorf("the %s URL %w", root.name, err))
		}
	}
	note(c.Version == "", "the base URL does not tell the API's version: name it")
	note(c.Version != "" && !slices.Contains(Versions(), c.Version), "the API version must be one of "+strings.Join(versionNames(), ", "))
	note(c.MaxRequestsPerSecond < 0, "the requests per second must be more than 0")
	note(c.MaxRetries < 0, "the number of retries must not be negative")
	note(c.AttemptTimeout < 0, "the attempt timeout must not be negative")
	note(transport.HasControl(c.UserAgent), "the user agent contains a line break or another control character")
	return errors.Join(append(errs, c.validateHeaders()...)...)
}

func (c Config) validateHeaders() []error {
	var errs []error
	for name, value := range c.Headers {
		switch {
		case !httpguts.ValidHeaderFieldName(name):
			// The name stays out: it may be a key in the wrong place.
			errs = append(errs, errors.New("a header's name contains a blank, a colon or another character that no name has"))
		case ownHeader(name):
			errs = append(errs, fmt.Errorf("the header %s is set by the client itself", name))
		case !httpguts.ValidHeaderFieldValue(value) || transport.HasControl(value):
			errs = append(errs, fmt.Errorf("the value of the header %s contains a line break or another control character", name))
		}
	}
	return errs
}

// ownHeader reports whether a header is not for a configuration to set.
func ownHeader(name string) bool {
	switch http.CanonicalHeaderKey(name) {
	case "Accept", "Connection", "Content-Length", "Content-Type", "Host", "Transfer-Encoding", headerCorrelator:
		return true
	default:
		return false
	}
}
