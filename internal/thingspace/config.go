package thingspace

import (
	"cmp"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/qosform/terraform-provider-qos/internal/explain"
	"github.com/qosform/terraform-provider-qos/internal/logbridge"
	"github.com/qosform/terraform-provider-qos/internal/receiver"
	"github.com/qosform/terraform-provider-qos/internal/thingspace/api"
	"github.com/qosform/terraform-provider-qos/internal/thingspace/backend"
)

const (
	environmentPrefix         = "THINGSPACE_"
	defaultBaseURL            = "https://thingspace.verizon.com"
	defaultEnhanceQoSPath     = "/api/m2m/v1/device/actions/enhanceQoS"
	defaultRequestsPerSecond  = 10
	leastRequestsPerSecond    = 0.01
	defaultRetries            = 4
	mostRetries               = 100
	summaryConfigure          = "Unable to configure provider thingspace"
	summaryMissingCredentials = "Missing ThingSpace credentials"
)

type model struct {
	BaseURL              types.String  `tfsdk:"base_url"`
	ClientID             types.String  `tfsdk:"client_id"`
	ClientSecret         types.String  `tfsdk:"client_secret"`
	AccessToken          types.String  `tfsdk:"access_token"`
	Username             types.String  `tfsdk:"username"`
	Password             types.String  `tfsdk:"password"`
	SessionToken         types.String  `tfsdk:"session_token"`
	ReceiverURL          types.String  `tfsdk:"receiver_url"`
	ReceiverToken        types.String  `tfsdk:"receiver_token"`
	EnhanceQoSPath       types.String  `tfsdk:"enhance_qos_path"`
	MaxRequestsPerSecond types.Float64 `tfsdk:"max_requests_per_second"`
	MaxRetries           types.Int64   `tfsdk:"max_retries"`
}

// pairs are two ways to prove who we are: two attributes together, or the one
// in their place.
var pairs = [...]struct{ id, secret, instead string }{
	{"client_id", "client_secret", "access_token"},
	{"username", "password", "session_token"},
}

// UnknownError means that the provider block holds values that are only known
// after apply. It never falls back to a default: that could be another account.
type UnknownError struct{ Attributes []string }

func (e *UnknownError) Error() string {
	return fmt.Sprintf("the provider's %s is not known until apply. Give it a value that is known when planning, or apply what it "+
		"depends on first (-target)", strings.Join(e.Attributes, ", "))
}

// texts returns the configured string attributes by name.
func (m *model) texts() map[string]types.String {
	return map[string]types.String{
		"base_url": m.BaseURL, "enhance_qos_path": m.EnhanceQoSPath,
		"client_id": m.ClientID, "client_secret": m.ClientSecret, "access_token": m.AccessToken,
		"username": m.Username, "password": m.Password, "session_token": m.SessionToken,
		"receiver_url": m.ReceiverURL, "receiver_token": m.ReceiverToken,
	}
}

// settings reads attributes from configuration, then environment, then default,
// and notes which of those that were read are not known yet.
type settings struct {
	configured map[string]types.String
	getenv     func(string) string
	diags      *diag.Diagnostics
	unknown    []string
}

// get reads an attribute in which blanks at either end mean nothing.
func (s *settings) get(name, fallback string) string {
	return cmp.Or(strings.TrimSpace(s.verbatim(name)), fallback)
}

// verbatim reads an attribute as it is: a blank may be part of a password.
func (s *settings) verbatim(name string) string {
	v := s.configured[name]
	switch {
	case v.IsUnknown():
		s.unknown = append(s.unknown, name)
		return ""
	case !v.IsNull():
		return v.ValueString()
	default:
		return s.getenv(environmentName(name))
	}
}

// credentials reads a pair or what stands in its place. What the configuration
// says decides which of them the environment may fill in.
func (s *settings) credentials(id, secret, instead string) (idValue, secretValue, insteadValue string) {
	pairConfigured := !s.configured[id].IsNull() || !s.configured[secret].IsNull()
	if !pairConfigured {
		if insteadValue = s.verbatim(instead); insteadValue != "" || s.configured[instead].IsUnknown() {
			return "", "", insteadValue
		}
	}
	return s.verbatim(id), s.verbatim(secret), ""
}

func (s *settings) requestsPerSecond(configured types.Float64) float64 {
	const name = "max_requests_per_second"
	switch {
	case configured.IsUnknown():
		s.unknown = append(s.unknown, name)
		return 0
	case !configured.IsNull():
		return configured.ValueFloat64()
	}
	text := strings.TrimSpace(s.getenv(environmentName(name)))
	if text == "" {
		return defaultRequestsPerSecond
	}
	value, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(value) || math.IsInf(value, 0) || value < leastRequestsPerSecond {
		s.refuseNumber(name, fmt.Sprintf("a number of at least %v", leastRequestsPerSecond), text)
	}
	return value
}

func (s *settings) retries(configured types.Int64) int {
	const name = "max_retries"
	switch {
	case configured.IsUnknown():
		s.unknown = append(s.unknown, name)
		return 0
	case !configured.IsNull():
		return int(configured.ValueInt64())
	}
	text := strings.TrimSpace(s.getenv(environmentName(name)))
	if text == "" {
		return defaultRetries
	}
	value, err := strconv.Atoi(text)
	if err != nil || value < 0 || value > mostRetries {
		s.refuseNumber(name, fmt.Sprintf("a whole number from 0 to %d", mostRetries), text)
	}
	return value
}

func (s *settings) refuseNumber(name, want, got string) {
	s.diags.AddAttributeError(path.Root(name), summaryConfigure, fmt.Sprintf("%s must be %s, got %q.", environmentName(name), want, got))
}

func (s *settings) err() error {
	if len(s.unknown) == 0 {
		return nil
	}
	return &UnknownError{Attributes: s.unknown}
}

func environmentName(attribute string) string {
	return environmentPrefix + strings.ToUpper(attribute)
}

// validatePairs refuses half a pair, where the other half is neither configured
// nor in the environment.
func (m *model) validatePairs(getenv func(string) string, diags *diag.Diagnostics) {
	configured := m.texts()
	for _, p := range pairs {
		for _, half := range [][2]string{{p.id, p.secret}, {p.secret, p.id}} {
			given, missing := half[0], half[1]
			if !configured[given].IsNull() && configured[missing].IsNull() && getenv(environmentName(missing)) == "" {
				diags.AddAttributeError(path.Root(given), summaryMissingCredentials,
					fmt.Sprintf("%s is set and %s is not: set it too, or %s in the environment.", given, missing, environmentName(missing)))
			}
		}
	}
}

// backend makes what the resources work with. No network I/O happens here.
func (m *model) backend(getenv func(string) string, version string, diags *diag.Diagnostics) *backend.Backend {
	userAgent := "terraform-provider-thingspace/" + version
	thingSpace, thingSpaceErr := m.thingSpace(getenv, userAgent, diags)
	journal, journalErr := m.journal(getenv, userAgent, diags)
	return backend.New(thingSpace, thingSpaceErr, journal, journalErr)
}

func (m *model) thingSpace(getenv func(string) string, userAgent string, diags *diag.Diagnostics) (*api.Client, error) {
	config, err := m.thingSpaceConfig(&settings{configured: m.texts(), getenv: getenv, diags: diags})
	if err != nil || diags.HasError() {
		return nil, err
	}
	config.UserAgent = userAgent
	config.Logger = logbridge.New(config.ClientSecret, config.AccessToken, config.Password, config.SessionToken)
	client, err := api.New(config)
	if err != nil {
		diags.AddError(summaryConfigure, explain.Sentence(err.Error())+" Each of these comes from the provider block, or from its "+
			environmentPrefix+"… variable in the environment.")
		return nil, nil
	}
	return client, nil
}

func (m *model) thingSpaceConfig(s *settings) (api.Config, error) {
	config := api.Config{
		BaseURL:              s.get("base_url", defaultBaseURL),
		EnhanceQoSPath:       s.get("enhance_qos_path", defaultEnhanceQoSPath),
		MaxRequestsPerSecond: s.requestsPerSecond(m.MaxRequestsPerSecond),
		MaxRetries:           s.retries(m.MaxRetries),
	}
	config.ClientID, config.ClientSecret, config.AccessToken = s.credentials("client_id", "client_secret", "access_token")
	config.Username, config.Password, config.SessionToken = s.credentials("username", "password", "session_token")
	if err := s.err(); err != nil {
		return api.Config{}, err
	}
	requireCredentials(config.AccessToken, config.ClientID, config.ClientSecret, pairs[0].id, pairs[0].secret, pairs[0].instead, s.diags)
	requireCredentials(config.SessionToken, config.Username, config.Password, pairs[1].id, pairs[1].secret, pairs[1].instead, s.diags)
	return config, nil
}

// journal returns no client and no error where no receiver is configured.
func (m *model) journal(getenv func(string) string, userAgent string, diags *diag.Diagnostics) (*receiver.Client, error) {
	config, err := m.receiverConfig(&settings{configured: m.texts(), getenv: getenv, diags: diags})
	if err != nil || config.URL == "" {
		return nil, err
	}
	config.UserAgent = userAgent
	config.Logger = logbridge.New(config.Token)
	client, err := receiver.NewClient(config)
	if err != nil {
		diags.AddAttributeError(path.Root("receiver_url"), summaryConfigure, explain.Sentence(err.Error()))
		return nil, nil
	}
	return client, nil
}

func (m *model) receiverConfig(s *settings) (receiver.ClientConfig, error) {
	config := receiver.ClientConfig{URL: s.get("receiver_url", "")}
	if config.URL != "" {
		config.Token = s.get("receiver_token", "")
	}
	return config, s.err()
}

func requireCredentials(insteadValue, idValue, secretValue, id, secret, instead string, diags *diag.Diagnostics) {
	if insteadValue != "" || (idValue != "" && secretValue != "") {
		return
	}
	missing := id
	if idValue != "" {
		missing = secret
	}
	diags.AddAttributeError(path.Root(missing), summaryMissingCredentials,
		fmt.Sprintf("Set %s and %s in the provider block (or %s and %s in the environment), or %s in their place.",
			id, secret, environmentName(id), environmentName(secret), instead))
}
