package thingspace

import (
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/qosform/terraform-provider-qos/internal/explain"
	"github.com/qosform/terraform-provider-qos/internal/logbridge"
	"github.com/qosform/terraform-provider-qos/internal/receiver"
	"github.com/qosform/terraform-provider-qos/internal/settings"
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

// texts returns the configured string attributes by name.
func (m *model) texts() map[string]types.String {
	return map[string]types.String{
		"base_url": m.BaseURL, "enhance_qos_path": m.EnhanceQoSPath,
		"client_id": m.ClientID, "client_secret": m.ClientSecret, "access_token": m.AccessToken,
		"username": m.Username, "password": m.Password, "session_token": m.SessionToken,
		"receiver_url": m.ReceiverURL, "receiver_token": m.ReceiverToken,
	}
}

// reader reads the attributes, which are at a path.
func (m *model) reader(getenv func(string) string, at path.Path, diags *diag.Diagnostics) *settings.Reader {
	return &settings.Reader{Configured: m.texts(), Prefix: environmentPrefix, Getenv: getenv, At: at, Summary: summaryConfigure, Diags: diags}
}

// credentials reads a pair or what stands in its place. What the configuration
// says decides which of them the environment may fill in.
func credentials(r *settings.Reader, id, secret, instead string) (idValue, secretValue, insteadValue string) {
	if text, chosen := r.Instead(instead, id, secret); chosen {
		return "", "", text
	}
	return r.Verbatim(id), r.Verbatim(secret), ""
}

// validatePairs refuses half a pair, where the other half is neither configured
// nor in the environment.
func validatePairs(r *settings.Reader) {
	for _, p := range pairs {
		for _, half := range [][2]string{{p.id, p.secret}, {p.secret, p.id}} {
			given, missing := half[0], half[1]
			if !r.Configured[given].IsNull() && r.Configured[missing].IsNull() && r.Getenv(r.Variable(missing)) == "" {
				r.Diags.AddAttributeError(r.Path(given), summaryMissingCredentials,
					fmt.Sprintf("%s is set and %s is not: set it too, or %s in the environment.", given, missing, r.Variable(missing)))
			}
		}
	}
}

// backend makes what the resources work with. No network I/O happens here.
func (m *model) backend(getenv func(string) string, version string, at path.Path, diags *diag.Diagnostics) *backend.Backend {
	userAgent := "terraform-provider-thingspace/" + version
	thingSpace, thingSpaceErr := m.thingSpace(m.reader(getenv, at, diags), userAgent)
	journal, journalErr := m.journal(m.reader(getenv, at, diags), userAgent)
	return backend.New(thingSpace, thingSpaceErr, journal, journalErr)
}

func (m *model) thingSpace(r *settings.Reader, userAgent string) (*api.Client, error) {
	config, err := m.thingSpaceConfig(r)
	if err != nil || r.Diags.HasError() {
		return nil, err
	}
	config.UserAgent = userAgent
	config.Logger = logbridge.New(config.ClientSecret, config.AccessToken, config.Password, config.SessionToken)
	client, err := api.New(config)
	if err != nil {
		r.Diags.AddError(summaryConfigure, explain.Sentence(err.Error())+" Each of these comes from the provider block, or from its "+
			environmentPrefix+"… variable in the environment.")
		return nil, nil
	}
	return client, nil
}

func (m *model) thingSpaceConfig(r *settings.Reader) (api.Config, error) {
	config := api.Config{
		BaseURL:              r.Text("base_url", defaultBaseURL),
		EnhanceQoSPath:       r.Text("enhance_qos_path", defaultEnhanceQoSPath),
		MaxRequestsPerSecond: r.Number("max_requests_per_second", m.MaxRequestsPerSecond, defaultRequestsPerSecond, leastRequestsPerSecond),
		MaxRetries:           r.Count("max_retries", m.MaxRetries, defaultRetries, mostRetries),
	}
	config.ClientID, config.ClientSecret, config.AccessToken = credentials(r, "client_id", "client_secret", "access_token")
	config.Username, config.Password, config.SessionToken = credentials(r, "username", "password", "session_token")
	if err := r.Err(); err != nil {
		return api.Config{}, err
	}
	requireCredentials(r, config.AccessToken, config.ClientID, config.ClientSecret, pairs[0].id, pairs[0].secret, pairs[0].instead)
	requireCredentials(r, config.SessionToken, config.Username, config.Password, pairs[1].id, pairs[1].secret, pairs[1].instead)
	return config, nil
}

// journal returns no client and no error where no receiver is configured.
func (m *model) journal(r *settings.Reader, userAgent string) (*receiver.Client, error) {
	config, err := receiverConfig(r)
	if err != nil || config.URL == "" {
		return nil, err
	}
	config.UserAgent = userAgent
	config.Logger = logbridge.New(config.Token)
	client, err := receiver.NewClient(config)
	if err != nil {
		r.Refuse("receiver_url", explain.Sentence(err.Error()))
		return nil, nil
	}
	return client, nil
}

func receiverConfig(r *settings.Reader) (receiver.ClientConfig, error) {
	config := receiver.ClientConfig{URL: r.Text("receiver_url", "")}
	if config.URL != "" {
		config.Token = r.Text("receiver_token", "")
	}
	return config, r.Err()
}

func requireCredentials(r *settings.Reader, insteadValue, idValue, secretValue, id, secret, instead string) {
	if insteadValue != "" || (idValue != "" && secretValue != "") {
		return
	}
	missing := id
	if idValue != "" {
		missing = secret
	}
	r.Diags.AddAttributeError(r.Path(missing), summaryMissingCredentials,
		fmt.Sprintf("Set %s and %s in the provider block (or %s and %s in the environment), or %s in their place.",
			id, secret, r.Variable(id), r.Variable(secret), instead))
}
