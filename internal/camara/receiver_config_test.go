package camara

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/jonboulle/clockwork"

	"github.com/qosform/terraform-provider-qos/internal/settings"
)

func TestReceiver(t *testing.T) {
	t.Parallel()
	const url, token = "https://qos.example.com", "token-that-reads"
	both := environment{"CAMARA_RECEIVER_URL": url + "/env", "CAMARA_RECEIVER_TOKEN": "token-of-the-environment"}
	for name, test := range map[string]struct {
		url, token types.String
		env        environment
		wantURL    string
		wantToken  string
		unknown    []string
		refused    string
	}{
		"none":                    {url: types.StringNull(), token: types.StringNull()},
		"configuration":           {url: types.StringValue(url), token: types.StringValue(token), env: both, wantURL: url, wantToken: token},
		"environment":             {url: types.StringNull(), token: types.StringNull(), env: both, wantURL: url + "/env", wantToken: "token-of-the-environment"},
		"a token of no receiver":  {url: types.StringNull(), token: types.StringValue(token)},
		"a URL not known yet":     {url: types.StringUnknown(), token: types.StringValue(token), env: both, unknown: []string{"receiver_url"}},
		"a token not known yet":   {url: types.StringValue(url), token: types.StringUnknown(), unknown: []string{"receiver_token"}},
		"a URL with credentials":  {url: types.StringValue("https://u:hunter2@qos.example.com"), token: types.StringNull(), wantURL: "https://u:hunter2@qos.example.com", refused: "must not contain credentials"},
		"an address of no scheme": {url: types.StringValue("qos.example.com"), token: types.StringNull(), wantURL: "qos.example.com", refused: "must be absolute"},
	} {
		m := bare()
		m.BaseURL, m.AccessToken = types.StringValue("https://op/qod/v0"), types.StringValue("t")
		m.ReceiverURL, m.ReceiverToken = test.url, test.token
		var diags diag.Diagnostics
		_, creds, err := m.config(t.Context(), readerOf(m, test.env, &diags))
		var unknown *settings.UnknownError
		if errors.As(err, &unknown) != (test.unknown != nil) || test.unknown != nil && !slices.Equal(unknown.Attributes, test.unknown) {
			t.Errorf("%s: %v, want %v not known", name, err, test.unknown)
		}
		if creds.receiver.URL != test.wantURL || creds.receiver.Token != test.wantToken || test.wantToken != "" && !slices.Contains(creds.secrets(), test.wantToken) {
			t.Errorf("%s: the receiver is %+v", name, creds.receiver)
		}
		made := m.backend(t.Context(), process{version: "test", getenv: func(name string) string { return test.env[name] }, clock: clockwork.NewFakeClock()}, readerOf(m, test.env, &diags))
		if got := details(diags); (test.refused == "") != (got == "") || !strings.Contains(got, test.refused) || strings.Contains(got, "hunter2") {
			t.Errorf("%s: %q, want %q", name, got, test.refused)
		}
		hears := made.Listener("https://qos.example.com/camara/notifications") != nil
		if hears != (test.wantToken != "") || made.Listener("") != nil {
			t.Errorf("%s: hears %t", name, hears)
		}
	}
}
