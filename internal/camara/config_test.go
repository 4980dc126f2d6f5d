package camara

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/qosform/terraform-provider-qos/internal/camara/api"
	"github.com/qosform/terraform-provider-qos/internal/camara/attribute"
	"github.com/qosform/terraform-provider-qos/internal/camara/auth"
	"github.com/qosform/terraform-provider-qos/internal/settings"
)

type environment map[string]string

func oauthType() types.ObjectType {
	text := types.StringType
	return types.ObjectType{AttrTypes: map[string]attr.Type{
		"flow": text, "token_url": text, "backchannel_url": text, "client_id": text, "client_secret": text,
		"private_key": text, "key_id": text, "scopes": types.ListType{ElemType: text},
	}}
}

// oauthOf is an oauth attribute with these texts.
func oauthOf(texts map[string]attr.Value) types.Object {
	all := map[string]attr.Value{"scopes": types.ListNull(types.StringType)}
	for name, kind := range oauthType().AttrTypes {
		if kind.Equal(types.StringType) {
			all[name] = types.StringNull()
		}
	}
	maps.Copy(all, texts)
	return types.ObjectValueMust(oauthType().AttrTypes, all)
}

func texts(of map[string]string) map[string]attr.Value {
	all := map[string]attr.Value{}
	for name, text := range of {
		all[name] = types.StringValue(text)
	}
	return all
}

func bare() *model {
	return &model{OAuth: types.ObjectNull(oauthType().AttrTypes), Headers: types.MapNull(types.StringType)}
}

func readerOf(m *model, env environment, diags *diag.Diagnostics) *settings.Reader {
	p := New("test", WithEnvironment(func(name string) string { return env[name] }))
	return p.reader(path.Empty(), m, diags)
}

func TestTexts(t *testing.T) {
	t.Parallel()
	const url = "https://op.example.com/x"
	for name, test := range map[string]struct {
		field    func(*model) *types.String
		variable string
		value    func(api.Config) string
	}{
		"base_url":             {func(m *model) *types.String { return &m.BaseURL }, "CAMARA_BASE_URL", func(c api.Config) string { return c.BaseURL }},
		"qos_profiles_url":     {func(m *model) *types.String { return &m.QoSProfilesURL }, "CAMARA_QOS_PROFILES_URL", func(c api.Config) string { return c.ProfilesURL }},
		"qos_provisioning_url": {func(m *model) *types.String { return &m.QoSProvisioningURL }, "CAMARA_QOS_PROVISIONING_URL", func(c api.Config) string { return c.ProvisioningURL }},
	} {
		for source, test2 := range map[string]struct {
			configured types.String
			env        environment
			want       string
			unknown    bool
		}{
			"configuration": {types.StringValue(url + "/c"), nil, url + "/c", false},
			"environment":   {types.StringNull(), environment{test.variable: url + "/e\n"}, url + "/e", false},
			"both":          {types.StringValue(url + "/c"), environment{test.variable: url + "/e"}, url + "/c", false},
			"unknown":       {types.StringUnknown(), environment{test.variable: url + "/e"}, "", true},
		} {
			m := bare()
			m.BaseURL, m.APIVersion, m.AccessToken = types.StringValue(url), types.StringValue("1.2"), types.StringValue("t")
			*test.field(m) = test2.configured
			var diags diag.Diagnostics
			config, _, err := m.config(t.Context(), readerOf(m, test2.env, &diags))
			var unknown *settings.UnknownError
			if errors.As(err, &unknown) != test2.unknown || test2.unknown && !slices.Equal(unknown.Attributes, []string{name}) {
				t.Errorf("%s from %s: %v", name, source, err)
			}
			if got := test.value(config); got != test2.want || diags.HasError() {
				t.Errorf("%s from %s: %q, want %q, %v", name, source, got, test2.want, diags)
			}
		}
	}
}

func TestVersion(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		url, configured, variable string
		want                      api.Version
		refused                   string
	}{
		"path of 0.10":            {url: "https://op/qod/v0", want: api.V010},
		"path of 0.11":            {url: "https://op/quality-on-demand/v0.11/", want: api.V011},
		"path of 1.x":             {url: "https://op/quality-on-demand/v1", want: api.V110},
		"configured":              {url: "https://op/quality-on-demand/v1", configured: "1.2", variable: "1.0", want: api.V120},
		"environment":             {url: "https://op/anything", variable: "1.0", want: api.V100},
		"path says nothing":       {url: "https://op/anything", refused: "set api_version, or CAMARA_API_VERSION"},
		"no version":              {url: "https://op/qod/v0", variable: "0.9", refused: "must be one of 0.10, 0.11"},
		"no URL":                  {refused: "Set base_url"},
		"a version without a URL": {configured: "1.1", refused: "Set base_url"},
	} {
		m := bare()
		if test.url != "" {
			m.BaseURL = types.StringValue(test.url)
		}
		if test.configured != "" {
			m.APIVersion = types.StringValue(test.configured)
		}
		m.AccessToken = types.StringValue("t")
		var diags diag.Diagnostics
		config, _, err := m.config(t.Context(), readerOf(m, environment{"CAMARA_API_VERSION": test.variable}, &diags))
		if err != nil || config.Version != test.want && test.refused == "" {
			t.Errorf("%s: %q, %v", name, config.Version, err)
		}
		if got := details(diags); (test.refused == "") != (got == "") || !strings.Contains(got, test.refused) {
			t.Errorf("%s: %q, want %q", name, got, test.refused)
		}
	}
}

func details(diags diag.Diagnostics) string {
	var all []string
	for _, d := range diags {
		all = append(all, d.Detail())
	}
	return strings.Join(all, "\n")
}

func TestCredentials(t *testing.T) {
	t.Parallel()
	clientCredentials := map[string]string{"flow": "client_credentials", "token_url": "https://op/token", "client_id": "id", "client_secret": "s"}
	fromEnvironment := environment{
		"CAMARA_OAUTH_FLOW": "ciba", "CAMARA_OAUTH_TOKEN_URL": "https://env/token", "CAMARA_OAUTH_BACKCHANNEL_URL": "https://env/bc", "CAMARA_OAUTH_CLIENT_ID": "env",
		"CAMARA_OAUTH_CLIENT_SECRET": "env-secret", "CAMARA_OAUTH_KEY_ID": "env-key", "CAMARA_OAUTH_SCOPES": " a  b ",
	}
	token := environment{"CAMARA_ACCESS_TOKEN": " env-token\n"}
	headers := environment{"CAMARA_HEADERS": `{"X-Key": "env"}`}
	both := environment{}
	maps.Copy(both, fromEnvironment)
	maps.Copy(both, token)
	withKey := environment{"CAMARA_OAUTH_PRIVATE_KEY": "env-pem"}
	maps.Copy(withKey, fromEnvironment)
	bySecret := func(flow auth.Flow) *auth.Config {
		return &auth.Config{Flow: flow, TokenURL: "https://env/token", BackchannelURL: "https://env/bc", ClientID: "env", ClientSecret: "env-secret", KeyID: "env-key", Scopes: []string{"a", "b"}}
	}
	byKey := func(flow auth.Flow) *auth.Config {
		config := bySecret(flow)
		config.ClientSecret, config.PrivateKeyPEM = "", "env-pem"
		return config
	}
	withScopes := texts(clientCredentials)
	withScopes["scopes"] = types.ListValueMust(types.StringType, []attr.Value{types.StringValue("x")})
	unknownScope := texts(clientCredentials)
	unknownScope["scopes"] = types.ListValueMust(types.StringType, []attr.Value{types.StringUnknown()})
	for name, test := range map[string]struct {
		change  func(*model)
		env     environment
		want    credentials
		unknown []string
		refused string
	}{
		"nothing":                        {refused: "Set access_token, oauth or headers"},
		"a token":                        {change: func(m *model) { m.AccessToken = types.StringValue("t") }, env: both, want: credentials{accessToken: "t"}},
		"a token in the environment":     {env: both, want: credentials{accessToken: "env-token"}},
		"a token not known yet":          {change: func(m *model) { m.AccessToken = types.StringUnknown() }, env: fromEnvironment, unknown: []string{"access_token"}},
		"oauth in the environment":       {env: fromEnvironment, want: credentials{oauth: bySecret(auth.CIBA)}},
		"oauth, a token in environment":  {change: func(m *model) { m.OAuth = oauthOf(withScopes) }, env: token, want: credentials{oauth: &auth.Config{Flow: auth.ClientCredentials, TokenURL: "https://op/token", ClientID: "id", ClientSecret: "s", Scopes: []string{"x"}}}},
		"oauth, the rest in environment": {change: func(m *model) { m.OAuth = oauthOf(texts(map[string]string{"flow": "ciba", "private_key": "pem"})) }, env: both, want: credentials{oauth: &auth.Config{Flow: auth.CIBA, TokenURL: "https://env/token", BackchannelURL: "https://env/bc", ClientID: "env", PrivateKeyPEM: "pem", KeyID: "env-key", Scopes: []string{"a", "b"}}}},
		"the key that the flow needs":    {change: func(m *model) { m.OAuth = oauthOf(texts(map[string]string{"flow": "jwt_bearer"})) }, env: withKey, want: credentials{oauth: byKey(auth.JWTBearer)}},
		"a secret beside a key":          {change: func(m *model) { m.OAuth = oauthOf(texts(map[string]string{"flow": "ciba"})) }, env: withKey, want: credentials{oauth: bySecret(auth.CIBA)}},
		"a configured secret": {change: func(m *model) {
			m.OAuth = oauthOf(texts(map[string]string{"flow": "jwt_bearer", "client_secret": "env-secret"}))
		}, env: withKey, want: credentials{oauth: bySecret(auth.JWTBearer)}},
		"oauth not known yet":    {change: func(m *model) { m.OAuth = types.ObjectUnknown(oauthType().AttrTypes) }, env: token, unknown: []string{"oauth"}},
		"a secret not known yet": {change: func(m *model) { m.OAuth = oauthOf(map[string]attr.Value{"client_secret": types.StringUnknown()}) }, env: fromEnvironment, unknown: []string{"oauth.client_secret"}},
		"a scope not known yet":  {change: func(m *model) { m.OAuth = oauthOf(unknownScope) }, unknown: []string{"oauth.scopes"}},
		"headers": {change: func(m *model) {
			m.Headers = types.MapValueMust(types.StringType, map[string]attr.Value{"X-Key": types.StringValue("k")})
		}, env: headers, want: credentials{headers: map[string]string{"X-Key": "k"}}},
		"headers in the environment": {env: headers, want: credentials{headers: map[string]string{"X-Key": "env"}}},
		"headers that are no JSON":   {env: environment{"CAMARA_HEADERS": "hidden"}, refused: "must be a JSON object"},
		"a header not known yet": {change: func(m *model) {
			m.Headers = types.MapValueMust(types.StringType, map[string]attr.Value{"X-Key": types.StringUnknown()})
		}, env: token, unknown: []string{"headers"}},
	} {
		m := bare()
		m.BaseURL = types.StringValue("https://op/qod/v0")
		if test.change != nil {
			test.change(m)
		}
		var diags diag.Diagnostics
		_, got, err := m.config(t.Context(), readerOf(m, test.env, &diags))
		if unknown, ok := errors.AsType[*settings.UnknownError](err); ok != (test.unknown != nil) || ok && !slices.Equal(unknown.Attributes, test.unknown) {
			t.Errorf("%s: %v, want %v not known", name, err, test.unknown)
			continue
		}
		if text := details(diags); (text == "") != (test.refused == "") || !strings.Contains(text, test.refused) || strings.Contains(text, "hidden") {
			t.Errorf("%s: %q, want %q", name, text, test.refused)
		}
		if diff := cmp.Diff(test.want, got, cmp.AllowUnexported(credentials{})); diff != "" && test.refused == "" && test.unknown == nil {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestDefaultScopes(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		flow    auth.Flow
		version api.Version
		want    string
	}{
		"two legs on 0.10":   {auth.ClientCredentials, api.V010, ""},
		"two legs on 1.1":    {auth.ClientCredentials, api.V110, "quality-on-demand:sessions:create"},
		"three legs on 0.10": {auth.CIBA, api.V010, "openid dpv:RequestedServiceProvision qod-sessions-write"},
		"three legs on 1.2":  {auth.JWTBearer, api.V120, "openid dpv:RequestedServiceProvision quality-on-demand:sessions:create"},
	} {
		if got := strings.Join(defaultScopes(test.flow, test.version), " "); !strings.HasPrefix(got, test.want) || test.want == "" && got != "" {
			t.Errorf("%s: %q, want %q…", name, got, test.want)
		}
	}
}

func TestBackend(t *testing.T) {
	t.Parallel()
	v := types.StringValue
	for name, test := range map[string]struct {
		change    func(*model)
		err       string
		refused   string
		twoLegged bool
	}{
		"whole": {change: func(*model) {}},
		"two-legged": {change: func(m *model) {
			m.AccessToken = types.StringNull()
			m.OAuth = oauthOf(texts(map[string]string{"flow": "client_credentials", "token_url": "https://op/t", "client_id": "i", "client_secret": "hidden-s"}))
		}, twoLegged: true},
		"base URL unknown":        {change: func(m *model) { m.BaseURL = types.StringUnknown() }, err: "base_url is not known until apply"},
		"several unknown":         {change: func(m *model) { m.BaseURL, m.AccessToken = types.StringUnknown(), types.StringUnknown() }, err: "base_url, access_token is not known"},
		"bad base URL":            {change: func(m *model) { m.BaseURL = v("ftp://hidden/qod/v0") }, refused: "base URL must be absolute"},
		"token with a line break": {change: func(m *model) { m.AccessToken = v("hidden\ntoken") }, refused: "access token contains"},
		"ciba without backchannel": {change: func(m *model) {
			m.AccessToken = types.StringNull()
			m.OAuth = oauthOf(texts(map[string]string{"flow": "ciba", "token_url": "https://op/t", "client_id": "i", "client_secret": "hidden-s"}))
		}, refused: "backchannel URL"},
		"a key that is none": {change: func(m *model) {
			m.AccessToken = types.StringNull()
			m.OAuth = oauthOf(texts(map[string]string{"flow": "jwt_bearer", "token_url": "https://op/t", "client_id": "i", "private_key": "hidden-key"}))
		}, refused: "private key"},
		"a header of ours": {change: func(m *model) {
			m.Headers = types.MapValueMust(types.StringType, map[string]attr.Value{"Content-Length": v("hidden")})
		}, refused: "Content-Length"},
	} {
		m := bare()
		m.BaseURL, m.AccessToken = v("https://op/qod/v0"), v("hidden-token")
		test.change(m)
		var diags diag.Diagnostics
		p := New("test")
		made := m.backend(t.Context(), p.process, readerOf(m, nil, &diags))
		if text := details(diags); (text == "") != (test.refused == "") || !strings.Contains(text, test.refused) || strings.Contains(text, "hidden") {
			t.Errorf("%s: %q, want %q and no value quoted", name, text, test.refused)
		}
		if test.refused != "" {
			continue
		}
		operator, err := made.Operator()
		if (err == nil) != (test.err == "") || err != nil && !strings.Contains(err.Error(), test.err) || err == nil && operator == nil {
			t.Errorf("%s: %v, %v, want %q", name, operator, err, test.err)
		}
		var needed diag.Diagnostics
		made.CheckDevice(types.ObjectNull(attribute.DeviceType().AttrTypes), nil, &needed)
		if needed.HasError() != test.twoLegged {
			t.Errorf("%s: a device is needed: %v", name, needed)
		}
	}
}
