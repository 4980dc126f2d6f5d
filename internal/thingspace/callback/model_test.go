package callback

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/qosform/terraform-provider-qos/internal/thingspace/api"
)

func TestDocumentedPort(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]bool{
		"https://qos.example.com":          true,
		"http://qos.example.com:80":        true,
		"https://qos.example.com:443/x":    true,
		"https://qos.example.com:9001":     true,
		"https://qos.example.com:9006":     true,
		"https://qos.example.com:28200":    true,
		"https://qos.example.com:28220":    true,
		"https://qos.example.com:50551":    true,
		"https://qos.example.com:50559":    true,
		"http://localhost:1234":            true,
		"http://127.0.0.1:1234":            true,
		"http://[::1]:1234":                true,
		"https://qos.example.com:9000":     false,
		"https://qos.example.com:9007":     false,
		"https://qos.example.com:28199":    false,
		"https://qos.example.com:28221":    false,
		"https://qos.example.com:50550":    false,
		"https://qos.example.com:50560":    false,
		"https://qos.example.com:8443":     false,
		"https://qos.example.com:8":        false,
		"https://127.example.com:8443":     false,
		"https://localhost.example.com:81": false,
	} {
		u, err := url.Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		if got := documentedPort(u); got != want {
			t.Errorf("documentedPort(%s) = %v, want %v", raw, got, want)
		}
	}
}

func TestListenerURL(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]struct{ err, warning string }{
		"https://qos.example.com/thingspace/callbacks":   {},
		"http://203.0.113.5:9001/":                       {},
		"https://[2001:db8::5]/x?a=b":                    {},
		"":                                               {err: "http or https URL"},
		"qos.example.com":                                {err: "http or https URL"},
		"ftp://qos.example.com":                          {err: "http or https URL"},
		"https://":                                       {err: "http or https URL"},
		"https://:443/x":                                 {err: "http or https URL"},
		"https://qos.example.com/a b":                    {err: "http or https URL"},
		" https://qos.example.com":                       {err: "http or https URL"},
		"https://qos.example.com/o'neill":                {err: "http or https URL"},
		"https://qos.example.com/<x>":                    {err: "http or https URL"},
		`https://qos.example.com/a\b`:                    {err: "http or https URL"},
		"https://qos.example.com/\n":                     {err: "http or https URL"},
		"https://user:hidden@qos.example.com/x":          {err: "user or password"},
		"https://qos.example.com:8443":                   {warning: "has port 8443"},
		"https://user:hidden@qos.example.com:8443/hooks": {err: "user or password"},
	} {
		resp := &validator.StringResponse{}
		listenerURL{}.ValidateString(t.Context(), validator.StringRequest{Path: path.Root("url"), ConfigValue: types.StringValue(raw)}, resp)
		var errs, warnings strings.Builder
		for _, d := range resp.Diagnostics.Errors() {
			errs.WriteString(d.Detail())
		}
		for _, d := range resp.Diagnostics.Warnings() {
			warnings.WriteString(d.Detail())
		}
		if (want.err == "") != (errs.Len() == 0) || !strings.Contains(errs.String(), want.err) {
			t.Errorf("%q: errors %q, want %q", raw, errs.String(), want.err)
		}
		if (want.warning == "") != (warnings.Len() == 0) || !strings.Contains(warnings.String(), want.warning) {
			t.Errorf("%q: warnings %q, want %q", raw, warnings.String(), want.warning)
		}
		if strings.Contains(errs.String()+warnings.String(), "hidden") {
			t.Errorf("%q: its password is quoted", raw)
		}
	}
}

func TestListenerURLWithoutAValue(t *testing.T) {
	t.Parallel()
	for _, value := range []types.String{types.StringNull(), types.StringUnknown()} {
		resp := &validator.StringResponse{}
		listenerURL{}.ValidateString(t.Context(), validator.StringRequest{Path: path.Root("url"), ConfigValue: value}, resp)
		if len(resp.Diagnostics) > 0 {
			t.Errorf("%s: %v", value, resp.Diagnostics)
		}
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	callbacks := []api.Callback{{Name: "NiddService", URL: "a"}, {Name: "QoS", URL: "b"}}
	if got := find(callbacks, "qos"); got == nil || got.URL != "b" {
		t.Errorf("find qos = %v, want the one at b", got)
	}
	for _, none := range [][]api.Callback{nil, callbacks[:1]} {
		if got := find(none, "QoS"); got != nil {
			t.Errorf("find in %v = %v, want none", none, got)
		}
	}
}

func TestRefresh(t *testing.T) {
	t.Parallel()
	const written = "https://QoS.example.com:443/thingspace/callbacks/"
	m := model{URL: types.StringValue(written), Username: types.StringValue("listener"), Password: types.StringValue("kept")}
	m.refresh(&api.Callback{URL: "https://qos.example.com/thingspace/callbacks", Password: "listed"})
	if got := m.URL.ValueString(); got != written {
		t.Errorf("a normalised URL became %s", got)
	}
	if !m.Username.IsNull() {
		t.Errorf("an empty user name became %s, want null", m.Username)
	}
	if got := m.Password.ValueString(); got != "kept" {
		t.Error("a listed password reached the model")
	}
	m.refresh(&api.Callback{URL: "https://other.example.com", Username: "changed"})
	if m.URL.ValueString() != "https://other.example.com" || m.Username.ValueString() != "changed" {
		t.Errorf("drift became url %s and username %s", m.URL, m.Username)
	}
}

func TestRegistration(t *testing.T) {
	t.Parallel()
	m := model{Name: types.StringValue("QoS"), URL: types.StringValue("https://x"), Username: types.StringValue("u"), Password: types.StringValue("state")}
	for name, test := range map[string]struct {
		writeOnly types.String
		want      string
	}{
		"password":    {types.StringNull(), "state"},
		"password_wo": {types.StringValue("write-only"), "write-only"},
	} {
		want := api.CallbackRegistration{Name: "QoS", URL: "https://x", Username: "u", Password: test.want}
		if diff := cmp.Diff(want, m.registration(test.writeOnly)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if got := (&model{}).registration(types.StringNull()); got.Username != "" || got.Password != "" {
		t.Errorf("nothing configured became %#v", got)
	}
}

func TestRegistersSame(t *testing.T) {
	t.Parallel()
	base := model{URL: types.StringValue("a"), Username: types.StringValue("u"), Password: types.StringNull(), PasswordWOVersion: types.Int64Value(1)}
	for name, test := range map[string]struct {
		change func(*model)
		want   bool
	}{
		"nothing":             {func(*model) {}, true},
		"overwrite_existing":  {func(m *model) { m.OverwriteExisting = types.BoolValue(true) }, true},
		"force_destroy":       {func(m *model) { m.ForceDestroy = types.BoolValue(true) }, true},
		"url":                 {func(m *model) { m.URL = types.StringValue("b") }, false},
		"username":            {func(m *model) { m.Username = types.StringNull() }, false},
		"password":            {func(m *model) { m.Password = types.StringValue("p") }, false},
		"password_wo_version": {func(m *model) { m.PasswordWOVersion = types.Int64Value(2) }, false},
	} {
		changed := base
		test.change(&changed)
		if got := changed.registersSame(&base); got != test.want {
			t.Errorf("%s changed: %v, want %v", name, got, test.want)
		}
	}
}

func TestRefusedAsTaken(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]bool{400: true, 409: true, 401: false, 403: false, 404: false, 429: false, 500: false} {
		if got := api.Rejected(fmt.Errorf("wrapped: %w", &api.Error{StatusCode: status})); got != want {
			t.Errorf("HTTP %d: %v, want %v", status, got, want)
		}
	}
	for _, err := range []error{nil, errors.New("connection lost")} {
		if api.Rejected(err) {
			t.Errorf("%v counts as a refusal", err)
		}
	}
}
