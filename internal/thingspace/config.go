package thingspace

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

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
	defaultRetries            = 4
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

// strings returns the configured string attributes by name.
func (m *model) strings() map[string]types.String {
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
	unknown    []string
}

func (s *settings) get(name, fallback string) string {
	v := s.configured[name]
	switch {
	case v.IsUnknown():
		s.unknown = append(s.unknown, name)
		return ""
	case !v.IsNull():
		return strings.TrimSpace(v.ValueString())
	}
	if v := strings.TrimSpace(s.getenv(environmentName(name))); v != "" {
		return v
	}
	return fallback
}

// credentials reads a pair or what stands in its place. What the configuration
// says decides which of them the environment may fill in.
func (s *settings) credentials(id, secret, instead string) (idValue, secretValue, insteadValue string) {
	pairConfigured := !s.configured[id].IsNull() || !s.configured[secret].IsNull()
	if !pairConfigured {
		if insteadValue = s.get(instead, ""); insteadValue != "" || s.configured[instead].IsUnknown() {
			return "", "", insteadValue
		}
	}
	return s.get(id, ""), s.get(secret, ""), ""
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
	configured := m.strings()
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
	s := &settings{configured: m.strings(), getenv: getenv}
	config := api.Config{
		BaseURL:        s.get("base_url", defaultBaseURL),
		EnhanceQoSPath: s.get("enhance_qos_path", defaultEnhanceQoSPath),
		UserAgent:      userAgent,
	}
	config.ClientID, config.ClientSecret, config.AccessToken = s.credentials("client_id", "client_secret", "access_token")
	config.Username, config.Password, config.SessionToken = s.credentials("username", "password", "session_token")
	config.MaxRequestsPerSecond = s.number("max_requests_per_second", m.MaxRequestsPerSecond, defaultRequestsPerSecond, diags)
	config.MaxRetries = int(s.number("max_retries", m.MaxRetries, defaultRetries, diags))
	if err := s.err(); err != nil {
		return nil, err
	}
	requireCredentials(config.AccessToken, config.ClientID, config.ClientSecret, pairs[0].id, pairs[0].secret, pairs[0].instead, diags)
	requireCredentials(config.SessionToken, config.Username, config.Password, pairs[1].id, pairs[1].secret, pairs[1].instead, diags)
	if diags.HasError() {
		return nil, nil
	}
	config.Logger = logbridge.New(config.ClientSecret, config.AccessToken, config.Password, config.SessionToken)
	client, err := api.New(config)
	if err != nil {
		diags.AddError(summaryConfigure, err.Error())
	}
	return client, nil
}

func (m *model) journal(getenv func(string) string, userAgent string, diags *diag.Diagnostics) (*receiver.Client, error) {
	s := &settings{configured: m.strings(), getenv: getenv}
	config := receiver.ClientConfig{
		URL:       s.get("receiver_url", ""),
		Token:     s.get("receiver_token", ""),
		UserAgent: userAgent,
	}
	if err := s.err(); err != nil {
		return nil, err
	}
	if config.URL == "" {
		return nil, nil
	}
	config.Logger = logbridge.New(config.Token)
	client, err := receiver.NewClient(config)
	if err != nil {
		diags.AddAttributeError(path.Root("receiver_url"), summaryConfigure, err.Error())
	}
	return client, nil
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

// number reads a numeric attribute from configuration, environment or default.
func (s *settings) number(name string, configured attr.Value, fallback float64, diags *diag.Diagnostics) float64 {
	switch v := configured.(type) {
	case types.Float64:
		if !v.IsNull() && !v.IsUnknown() {
			return v.ValueFloat64()
		}
	case types.Int64:
		if !v.IsNull() && !v.IsUnknown() {
			return float64(v.ValueInt64())
		}
	}
	if configured.IsUnknown() {
		s.unknown = append(s.unknown, name)
		return fallback
	}
	text := strings.TrimSpace(s.getenv(environmentName(name)))
	if text == "" {
		return fallback
	}
	value, err := strconv.ParseFloat(text, 64)
	if err != nil || value < 0 {
		diags.AddAttributeError(path.Root(name), summaryConfigure,
			fmt.Sprintf("%s must be a number that is not negative, got %q.", environmentName(name), text))
		return fallback
	}
	return value
}
