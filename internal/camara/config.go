package camara

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"
	"github.com/jonboulle/clockwork"

	"github.com/qosform/terraform-provider-qos/internal/camara/api"
	"github.com/qosform/terraform-provider-qos/internal/camara/auth"
	"github.com/qosform/terraform-provider-qos/internal/camara/backend"
	"github.com/qosform/terraform-provider-qos/internal/camara/grant"
	"github.com/qosform/terraform-provider-qos/internal/camara/listener"
	"github.com/qosform/terraform-provider-qos/internal/explain"
	"github.com/qosform/terraform-provider-qos/internal/logbridge"
	"github.com/qosform/terraform-provider-qos/internal/receiver"
	"github.com/qosform/terraform-provider-qos/internal/settings"
	"github.com/qosform/terraform-provider-qos/internal/value"
)

const (
	environmentPrefix         = "CAMARA_"
	leastRequestsPerSecond    = 0.01
	mostRetries               = 100
	summaryConfigure          = "Unable to configure provider camara"
	summaryMissingCredentials = "Missing CAMARA credentials"
)

type model struct {
	BaseURL              types.String  `tfsdk:"base_url"`
	APIVersion           types.String  `tfsdk:"api_version"`
	QoSProfilesURL       types.String  `tfsdk:"qos_profiles_url"`
	QoSProvisioningURL   types.String  `tfsdk:"qos_provisioning_url"`
	AccessToken          types.String  `tfsdk:"access_token"`
	OAuth                types.Object  `tfsdk:"oauth"`
	Headers              types.Map     `tfsdk:"headers"`
	ReceiverURL          types.String  `tfsdk:"receiver_url"`
	ReceiverToken        types.String  `tfsdk:"receiver_token"`
	MaxRequestsPerSecond types.Float64 `tfsdk:"max_requests_per_second"`
	MaxRetries           types.Int64   `tfsdk:"max_retries"`
}

type oauthModel struct {
	Flow           types.String `tfsdk:"flow"`
	TokenURL       types.String `tfsdk:"token_url"`
	BackchannelURL types.String `tfsdk:"backchannel_url"`
	ClientID       types.String `tfsdk:"client_id"`
	ClientSecret   types.String `tfsdk:"client_secret"`
	PrivateKey     types.String `tfsdk:"private_key"`
	KeyID          types.String `tfsdk:"key_id"`
	Scopes         types.List   `tfsdk:"scopes"`
}

// process is what a configuration is completed with.
type process struct {
	version string
	getenv  func(string) string
	clock   clockwork.Clock
}

func thisProcess(version string) process {
	return process{version: version, getenv: os.Getenv, clock: clockwork.NewRealClock()}
}

// credentials are the ways to authorize requests, of which one is used besides
// the headers.
type credentials struct {
	accessToken string
	oauth       *auth.Config
	headers     map[string]string
	// receiver is who hears of notifications, with a token of its own; no URL is none.
	receiver receiver.ClientConfig
}

func (c credentials) secrets() []string {
	secrets := append([]string{c.accessToken, c.receiver.Token}, slices.Collect(maps.Values(c.headers))...)
	if c.oauth != nil {
		secrets = append(secrets, c.oauth.ClientSecret, c.oauth.PrivateKeyPEM)
	}
	return secrets
}

// application is who the operator takes these credentials for, as far as they tell.
func (c credentials) application() backend.Application {
	if c.oauth == nil {
		return backend.Application{}
	}
	return backend.Application{ClientID: c.oauth.ClientID, TwoLegged: !c.oauth.DeviceBound()}
}

// backend makes what the resources work with. No network I/O happens here.
func (m *model) backend(ctx context.Context, p process, r *settings.Reader) *backend.Backend {
	config, creds, err := m.config(ctx, r)
	if err != nil || r.Diags.HasError() {
		return backend.New(nil, err, backend.Application{}, p.clock)
	}
	config.UserAgent = "terraform-provider-camara/" + p.version
	config.Clock = p.clock
	config.Logger = logbridge.New(creds.secrets()...)
	config.Tokens, err = creds.source(config.UserAgent, config.MaxRetries, p.clock, config.Logger)
	if err != nil {
		r.Refuse("oauth", explain.Sentence(err.Error())+" Each of these comes from the provider block, or from its "+r.Prefix+"OAUTH_… variable in the environment.")
		return backend.New(nil, nil, backend.Application{}, p.clock)
	}
	client, err := api.New(config)
	if err != nil {
		r.Diags.AddError(r.Summary, explain.Sentence(err.Error())+" Each of these comes from the provider block, or from its "+r.Prefix+"… variable in the environment.")
		return backend.New(nil, nil, backend.Application{}, p.clock)
	}
	made := backend.New(client, nil, creds.application(), p.clock)
	if creds.receiver.URL == "" {
		return made
	}
	return made.Hearing(creds.listener(config, r))
}

// listener returns nil, and says why, where the receiver's URL cannot be used.
func (c credentials) listener(config api.Config, r *settings.Reader) grant.Listener {
	c.receiver.UserAgent, c.receiver.Logger, c.receiver.Clock = config.UserAgent, config.Logger, config.Clock
	// The operator is asked meanwhile, so nothing is gained by insisting.
	c.receiver.MaxRetries = 1
	client, err := receiver.NewClient(c.receiver)
	if err != nil {
		r.Refuse("receiver_url", explain.Sentence(err.Error()))
		return nil
	}
	return listener.New(client, config.Logger)
}

func receiverConfig(r *settings.Reader) receiver.ClientConfig {
	config := receiver.ClientConfig{URL: r.Text("receiver_url", "")}
	if config.URL != "" {
		config.Token = r.Text("receiver_token", "")
	}
	return config
}

// config reads everything, so that an error about unknown values names them all.
func (m *model) config(ctx context.Context, r *settings.Reader) (api.Config, credentials, error) {
	config := api.Config{
		BaseURL:              r.Text("base_url", ""),
		ProfilesURL:          r.Text("qos_profiles_url", ""),
		ProvisioningURL:      r.Text("qos_provisioning_url", ""),
		MaxRequestsPerSecond: r.Number("max_requests_per_second", m.MaxRequestsPerSecond, api.DefaultMaxRequestsPerSecond, leastRequestsPerSecond),
		MaxRetries:           r.Count("max_retries", m.MaxRetries, api.DefaultMaxRetries, mostRetries),
	}
	version := r.Text("api_version", "")
	creds := m.credentials(ctx, r)
	creds.receiver = receiverConfig(r)
	if err := r.Err(); err != nil {
		return api.Config{}, credentials{}, err
	}
	if config.BaseURL == "" {
		r.Refuse("base_url", "Set base_url, the root of the operator's Quality-on-Demand API with its path, or "+r.Variable("base_url")+" in the environment.")
		return api.Config{}, credentials{}, nil
	}
	config.Version = versionOf(version, config.BaseURL, r)
	config.Headers = creds.headers
	if creds.oauth != nil {
		config.DeviceBound = creds.oauth.DeviceBound()
		config.TwoLegged = !config.DeviceBound
		if len(creds.oauth.Scopes) == 0 {
			creds.oauth.Scopes = defaultScopes(creds.oauth.Flow, config.Version)
		}
	}
	if creds.accessToken == "" && creds.oauth == nil && len(creds.headers) == 0 {
		r.Diags.AddAttributeError(r.Path("access_token"), summaryMissingCredentials, fmt.Sprintf("Set access_token, oauth or headers in the provider block, or %s, %s… or %s in the environment.",
			r.Variable("access_token"), r.Variable("oauth.flow"), r.Variable("headers")))
	}
	return config, creds, nil
}

// versionOf is the version said, or else that of the URL.
func versionOf(text, baseURL string, r *settings.Reader) api.Version {
	if text == "" {
		version, ok := api.InferVersion(baseURL)
		if !ok {
			r.Refuse("api_version", fmt.Sprintf("The path of base_url does not tell the version of the API: set api_version, or %s in the environment, to one of %s.",
				r.Variable("api_version"), strings.Join(versionNames(), ", ")))
		}
		return version
	}
	version, err := api.ParseVersion(text)
	if err != nil {
		r.Refuse("api_version", explain.Sentence(err.Error()))
	}
	return version
}

func versionNames() []string {
	names := make([]string, len(api.Versions()))
	for i, v := range api.Versions() {
		names[i] = string(v)
	}
	return names
}

// credentials reads what authorizes the requests. What the configuration says
// decides what the environment may fill in.
func (m *model) credentials(ctx context.Context, r *settings.Reader) credentials {
	creds := credentials{headers: m.headers(ctx, r)}
	if m.OAuth.IsUnknown() {
		r.Unknown = append(r.Unknown, "oauth")
		return creds
	}
	if m.OAuth.IsNull() {
		text, chosen := r.Instead("access_token")
		creds.accessToken = strings.TrimSpace(text)
		if chosen || r.Getenv(r.Variable("oauth.flow")) == "" {
			return creds
		}
	}
	creds.oauth = m.oauth(ctx, r)
	return creds
}

// oauth reads the oauth attribute, or what the environment has in its place.
func (m *model) oauth(ctx context.Context, r *settings.Reader) *auth.Config {
	o := oauthModel{Scopes: types.ListNull(types.StringType)}
	if !m.OAuth.IsNull() {
		r.Diags.Append(m.OAuth.As(ctx, &o, basetypes.ObjectAsOptions{})...)
	}
	for name, text := range o.texts() {
		r.Configured["oauth."+name] = text
	}
	config := &auth.Config{
		Flow:           auth.Flow(r.Text("oauth.flow", "")),
		TokenURL:       r.Text("oauth.token_url", ""),
		BackchannelURL: r.Text("oauth.backchannel_url", ""),
		ClientID:       r.Text("oauth.client_id", ""),
		KeyID:          r.Text("oauth.key_id", ""),
		Scopes:         scopes(ctx, o.Scopes, r),
	}
	config.ClientSecret, config.PrivateKeyPEM = proof(config.Flow, r)
	return config
}

// proof reads what the application proves itself by. Where the environment has
// both, a flow that needs the key takes that, and the others take the secret.
func proof(flow auth.Flow, r *settings.Reader) (secret, key string) {
	const secretName, keyName = "oauth.client_secret", "oauth.private_key" // #nosec G101 -- names of attributes
	if flow == auth.JWTBearer {
		if key, chosen := r.Instead(keyName, secretName); chosen {
			return "", key
		}
	}
	if secret, chosen := r.Instead(secretName, keyName); chosen {
		return secret, ""
	}
	return "", r.Verbatim(keyName)
}

func (o oauthModel) texts() map[string]types.String {
	return map[string]types.String{
		"flow": o.Flow, "token_url": o.TokenURL, "backchannel_url": o.BackchannelURL, "client_id": o.ClientID,
		"client_secret": o.ClientSecret, "private_key": o.PrivateKey, "key_id": o.KeyID,
	}
}

func scopes(ctx context.Context, configured types.List, r *settings.Reader) []string {
	if configured.IsNull() {
		return strings.Fields(r.Getenv(r.Variable("oauth.scopes")))
	}
	if !wholly(configured.IsUnknown(), configured.Elements()) {
		r.Unknown = append(r.Unknown, "oauth.scopes")
		return nil
	}
	var list []string
	r.Diags.Append(configured.ElementsAs(ctx, &list, false)...)
	return list
}

// defaultScopes are those of all operations on sessions. CAMARA has a purpose
// beside them in a three-legged token, and 0.10 has none in a two-legged one.
func defaultScopes(flow auth.Flow, version api.Version) []string {
	features := version.Features()
	switch {
	case flow.DeviceBound():
		return append([]string{"openid", "dpv:RequestedServiceProvision"}, features.Scopes...)
	case version == api.V010:
		return nil
	default:
		return features.Scopes
	}
}

// headers reads a map, or the JSON object in the environment.
func (m *model) headers(ctx context.Context, r *settings.Reader) map[string]string {
	var headers map[string]string
	switch {
	case m.Headers.IsNull():
		text := strings.TrimSpace(r.Getenv(r.Variable("headers")))
		if text != "" && json.Unmarshal([]byte(text), &headers) != nil {
			r.Refuse("headers", r.Variable("headers")+` must be a JSON object of texts, such as {"X-API-Key": "…"}.`)
		}
	case !wholly(m.Headers.IsUnknown(), slices.Collect(maps.Values(m.Headers.Elements()))):
		r.Unknown = append(r.Unknown, "headers")
	default:
		r.Diags.Append(m.Headers.ElementsAs(ctx, &headers, false)...)
	}
	return headers
}

// wholly reports whether a collection and all in it is known.
func wholly[T interface{ IsUnknown() bool }](unknown bool, elements []T) bool {
	return !unknown && !slices.ContainsFunc(elements, T.IsUnknown)
}

// source makes what hands out the tokens.
func (c credentials) source(userAgent string, retries int, clock clockwork.Clock, logger *slog.Logger) (auth.Source, error) {
	switch {
	case c.oauth != nil:
		config := *c.oauth
		config.UserAgent, config.MaxRetries, config.Clock, config.Logger = userAgent, retries, clock, logger
		return auth.New(config)
	case c.accessToken != "":
		return auth.Static(c.accessToken)
	default:
		return auth.None(), nil
	}
}

// validate refuses what no environment can mend: requests authorized in two ways.
func (m *model) validate(r *settings.Reader, diags *diag.Diagnostics) {
	if value.Known(m.OAuth) && value.Known(m.AccessToken) {
		diags.AddAttributeError(r.Path("access_token"), summaryConfigure, "access_token and oauth are two ways to authorize the same requests: set one of them.")
	}
}
