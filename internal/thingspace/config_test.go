package thingspace

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/qosform/terraform-provider-qos/internal/settings"
	"github.com/qosform/terraform-provider-qos/internal/thingspace/api"
	"github.com/qosform/terraform-provider-qos/internal/thingspace/backend"
)

type environment map[string]string

func (e environment) get(name string) string { return e[name] }

// attribute is one string attribute: where it is in the model, how to read what
// became of it, and what the rest must be so that it counts.
type attribute struct {
	field    func(*model) *types.String
	value    func(*settings.Reader, *model) (string, error)
	with     environment
	fallback string
	// required: without a value there is an error instead of a default.
	required bool
}

func fromThingSpace(read func(api.Config) string) func(*settings.Reader, *model) (string, error) {
	return func(r *settings.Reader, m *model) (string, error) {
		config, err := m.thingSpaceConfig(r)
		return read(config), err
	}
}

func fromReceiver(token bool) func(*settings.Reader, *model) (string, error) {
	return func(r *settings.Reader, _ *model) (string, error) {
		config, err := receiverConfig(r)
		if token {
			return config.Token, err
		}
		return config.URL, err
	}
}

func stringAttributes() map[string]attribute {
	client := environment{"THINGSPACE_CLIENT_ID": "id", "THINGSPACE_CLIENT_SECRET": "secret"}
	login := environment{"THINGSPACE_USERNAME": "user", "THINGSPACE_PASSWORD": "password"}
	both := join(client, login)
	return map[string]attribute{
		"base_url": {
			field: func(m *model) *types.String { return &m.BaseURL }, with: both, fallback: "https://thingspace.verizon.com",
			value: fromThingSpace(func(c api.Config) string { return c.BaseURL }),
		},
		"enhance_qos_path": {
			field: func(m *model) *types.String { return &m.EnhanceQoSPath }, with: both, fallback: "/api/m2m/v1/device/actions/enhanceQoS",
			value: fromThingSpace(func(c api.Config) string { return c.EnhanceQoSPath }),
		},
		"client_id": {
			field: func(m *model) *types.String { return &m.ClientID }, with: join(login, environment{"THINGSPACE_CLIENT_SECRET": "secret"}), required: true,
			value: fromThingSpace(func(c api.Config) string { return c.ClientID }),
		},
		"client_secret": {
			field: func(m *model) *types.String { return &m.ClientSecret }, with: join(login, environment{"THINGSPACE_CLIENT_ID": "id"}), required: true,
			value: fromThingSpace(func(c api.Config) string { return c.ClientSecret }),
		},
		"access_token": {
			field: func(m *model) *types.String { return &m.AccessToken }, with: login, required: true,
			value: fromThingSpace(func(c api.Config) string { return c.AccessToken }),
		},
		"username": {
			field: func(m *model) *types.String { return &m.Username }, with: join(client, environment{"THINGSPACE_PASSWORD": "password"}), required: true,
			value: fromThingSpace(func(c api.Config) string { return c.Username }),
		},
		"password": {
			field: func(m *model) *types.String { return &m.Password }, with: join(client, environment{"THINGSPACE_USERNAME": "user"}), required: true,
			value: fromThingSpace(func(c api.Config) string { return c.Password }),
		},
		"session_token": {
			field: func(m *model) *types.String { return &m.SessionToken }, with: client, required: true,
			value: fromThingSpace(func(c api.Config) string { return c.SessionToken }),
		},
		"receiver_url": {field: func(m *model) *types.String { return &m.ReceiverURL }, value: fromReceiver(false)},
		"receiver_token": {
			field: func(m *model) *types.String { return &m.ReceiverToken },
			with:  environment{"THINGSPACE_RECEIVER_URL": "https://receiver"}, value: fromReceiver(true),
		},
	}
}

func join(environments ...environment) environment {
	all := environment{}
	for _, e := range environments {
		maps.Copy(all, e)
	}
	return all
}

func TestStringAttributes(t *testing.T) {
	t.Parallel()
	attributes := stringAttributes()
	if diff := cmp.Diff(slices.Sorted(maps.Keys((&model{}).texts())), slices.Sorted(maps.Keys(attributes))); diff != "" {
		t.Fatalf("string attributes of the model (-) and of this table (+):\n%s", diff)
	}
	for name, a := range attributes {
		variable := environmentPrefix + strings.ToUpper(name)
		for source, test := range map[string]struct {
			configured types.String
			env        environment
			want       string
			unknown    bool
		}{
			"configuration":             {configured: types.StringValue("from-configuration"), want: "from-configuration"},
			"environment":               {configured: types.StringNull(), env: environment{variable: "from-environment"}, want: "from-environment"},
			"both":                      {configured: types.StringValue("from-configuration"), env: environment{variable: "from-environment"}, want: "from-configuration"},
			"neither":                   {configured: types.StringNull(), want: a.fallback},
			"unknown":                   {configured: types.StringUnknown(), unknown: true},
			"unknown, with environment": {configured: types.StringUnknown(), env: environment{variable: "from-environment"}, unknown: true},
		} {
			var diags diag.Diagnostics
			m := &model{}
			*a.field(m) = test.configured
			got, err := a.value(m.reader(join(a.with, test.env).get, path.Empty(), &diags), m)
			var unknown *settings.UnknownError
			switch {
			case test.unknown:
				if !errors.As(err, &unknown) || !strings.Contains(err.Error(), name) || got != "" {
					t.Errorf("%s from %s: %q, %v, want an error that names it and no value", name, source, got, err)
				}
			case err != nil || got != test.want:
				t.Errorf("%s from %s: %q, %v, want %q", name, source, got, err, test.want)
			case diags.HasError() != (a.required && test.want == ""):
				t.Errorf("%s from %s: %v", name, source, diags)
			}
		}
	}
}

func TestCredentialsChoice(t *testing.T) {
	t.Parallel()
	null, unknown, value := types.StringNull(), types.StringUnknown(), types.StringValue
	env := environment{"THINGSPACE_CLIENT_ID": "env-id", "THINGSPACE_CLIENT_SECRET": "env-secret", "THINGSPACE_ACCESS_TOKEN": "env-token"}
	pairOnly := environment{"THINGSPACE_CLIENT_ID": "env-id", "THINGSPACE_CLIENT_SECRET": "env-secret"}
	for name, test := range map[string]struct {
		id, secret, token types.String
		env               environment
		want              [3]string
		unknown           []string
	}{
		"nothing configured, all in the environment":   {null, null, null, env, [3]string{"", "", "env-token"}, nil},
		"nothing configured, a pair in it":             {null, null, null, pairOnly, [3]string{"env-id", "env-secret", ""}, nil},
		"a pair configured":                            {value("id"), value("secret"), null, env, [3]string{"id", "secret", ""}, nil},
		"half a pair configured":                       {value("id"), null, null, env, [3]string{"id", "env-secret", ""}, nil},
		"the other half configured":                    {null, value("secret"), null, env, [3]string{"env-id", "secret", ""}, nil},
		"a token configured":                           {null, null, value("token"), env, [3]string{"", "", "token"}, nil},
		"a token unknown, a pair in the environment":   {null, null, unknown, pairOnly, [3]string{}, []string{"access_token"}},
		"half a pair unknown, all in the environment":  {value("id"), unknown, null, env, [3]string{"id", "", ""}, []string{"client_secret"}},
		"a pair unknown, a token in the environment":   {unknown, unknown, null, env, [3]string{}, []string{"client_id", "client_secret"}},
		"a pair with blanks that are part of a secret": {value("id"), value(" secret "), null, nil, [3]string{"id", " secret ", ""}, nil},
	} {
		m := &model{ClientID: test.id, ClientSecret: test.secret, AccessToken: test.token}
		r := m.reader(test.env.get, path.Empty(), nil)
		id, secret, token := credentials(r, "client_id", "client_secret", "access_token")
		if diff := cmp.Diff(test.want, [3]string{id, secret, token}); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if diff := cmp.Diff(test.unknown, r.Unknown); diff != "" {
			t.Errorf("%s: unknown (-want +got):\n%s", name, diff)
		}
	}
}

func TestValidatePairs(t *testing.T) {
	t.Parallel()
	value := types.StringValue("x")
	for name, test := range map[string]struct {
		model model
		env   environment
		want  []string
	}{
		"nothing":                             {},
		"whole pairs":                         {model: model{ClientID: value, ClientSecret: value, Username: value, Password: value}},
		"client_id alone":                     {model: model{ClientID: value}, want: []string{"THINGSPACE_CLIENT_SECRET"}},
		"client_secret alone":                 {model: model{ClientSecret: value}, want: []string{"THINGSPACE_CLIENT_ID"}},
		"username alone":                      {model: model{Username: value}, want: []string{"THINGSPACE_PASSWORD"}},
		"password alone":                      {model: model{Password: value}, want: []string{"THINGSPACE_USERNAME"}},
		"one half of each":                    {model: model{ClientID: value, Password: value}, want: []string{"THINGSPACE_CLIENT_SECRET", "THINGSPACE_USERNAME"}},
		"the other half unknown":              {model: model{ClientID: value, ClientSecret: types.StringUnknown()}},
		"the other half in the environment":   {model: model{Password: value}, env: environment{"THINGSPACE_USERNAME": "x"}},
		"an unknown half without the other":   {model: model{Username: types.StringUnknown()}, want: []string{"THINGSPACE_PASSWORD"}},
		"a token in the environment is no id": {model: model{ClientID: value}, env: environment{"THINGSPACE_ACCESS_TOKEN": "x"}, want: []string{"THINGSPACE_CLIENT_SECRET"}},
	} {
		var diags diag.Diagnostics
		validatePairs(test.model.reader(test.env.get, path.Empty(), &diags))
		if len(diags) != len(test.want) {
			t.Errorf("%s: %v, want %d errors", name, diags, len(test.want))
			continue
		}
		for i, want := range test.want {
			if !strings.Contains(diags[i].Detail(), want) {
				t.Errorf("%s: %q, want it to name %s", name, diags[i].Detail(), want)
			}
		}
	}
}

func configured() model {
	v := types.StringValue
	return model{ClientID: v("id"), ClientSecret: v("hidden-client"), Username: v("user"), Password: v("hidden-login"), ReceiverURL: v("http://127.0.0.1:1")}
}

func TestBackend(t *testing.T) {
	t.Parallel()
	v := types.StringValue
	for name, test := range map[string]struct {
		change                    func(*model)
		thingSpaceErr, journalErr string
		refused                   string
	}{
		"whole":                      {change: func(*model) {}},
		"no receiver":                {change: func(m *model) { m.ReceiverURL = types.StringNull() }, journalErr: "no receiver_url"},
		"no receiver, token unknown": {change: func(m *model) { m.ReceiverURL, m.ReceiverToken = types.StringNull(), types.StringUnknown() }, journalErr: "no receiver_url"},
		"receiver unknown":           {change: func(m *model) { m.ReceiverURL = types.StringUnknown() }, journalErr: "receiver_url is not known until apply"},
		"base URL unknown":           {change: func(m *model) { m.BaseURL = types.StringUnknown() }, thingSpaceErr: "base_url is not known until apply"},
		"token with a line break": {change: func(m *model) {
			m.ClientID, m.ClientSecret, m.AccessToken = types.StringNull(), types.StringNull(), v("hidden\ntoken")
		}, refused: "access token contains"},
		"password with a line break": {change: func(m *model) { m.Password = v("hidden-login\n") }, refused: "password contains a line break"},
		"client secret with one":     {change: func(m *model) { m.ClientSecret = v("hidden\nclient") }, refused: "client secret contains a line break"},
		"no credentials at all":      {change: func(m *model) { *m = model{} }, refused: "client_id and client_secret", journalErr: "no receiver_url"},
		"bad base URL":               {change: func(m *model) { m.BaseURL = v("ftp://hidden") }, refused: "base URL must be absolute"},
		"bad receiver URL":           {change: func(m *model) { m.ReceiverURL = v("https://u:hidden@x") }, refused: "must not contain credentials"},
		"bad path":                   {change: func(m *model) { m.EnhanceQoSPath = v("api?x=hidden") }, refused: "begin with a slash"},
	} {
		m := configured()
		test.change(&m)
		var diags diag.Diagnostics
		made := m.backend(environment{}.get, "test", path.Empty(), &diags)
		if test.refused != "" {
			text := detail(diags)
			if !strings.Contains(text, test.refused) || strings.Contains(text, "hidden") {
				t.Errorf("%s: %q, want %q and no value quoted", name, text, test.refused)
			}
			continue
		}
		if diags.HasError() {
			t.Errorf("%s: %v", name, diags)
			continue
		}
		_, err := made.ThingSpace()
		wantError(t, name, err, test.thingSpaceErr)
		_, err = made.Journal()
		wantError(t, name, err, test.journalErr)
		if without := errors.Is(err, backend.ErrNoReceiver); without != strings.Contains(test.journalErr, "no receiver_url") {
			t.Errorf("%s: ErrNoReceiver is %v", name, without)
		}
		if (made.Waiter() == nil) != (test.journalErr != "") {
			t.Errorf("%s: waiter is %v", name, made.Waiter())
		}
	}
}

func wantError(t *testing.T, name string, err error, want string) {
	t.Helper()
	if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
		t.Errorf("%s: %v, want %q", name, err, want)
	}
}

func detail(diags diag.Diagnostics) string {
	var b strings.Builder
	for _, d := range diags {
		b.WriteString(d.Detail() + "\n")
	}
	return b.String()
}
