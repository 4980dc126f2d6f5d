package backend

import (
	"context"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"github.com/jonboulle/clockwork"

	"github.com/qosform/terraform-provider-qos/internal/camara/api"
	"github.com/qosform/terraform-provider-qos/internal/camara/grant"
)

const (
	id      = "3fa85f64-5717-4562-b3fc-2c963f66afa6"
	baseURL = "https://op.example.com/quality-on-demand/v1"
)

// noTokens is for what makes no request.
type noTokens struct{}

func (noTokens) Token(context.Context, string) (string, error) { return "", nil }
func (noTokens) Invalidate(string, string)                     {}

func newBackend(t *testing.T, url, clientID string, bound bool) *Backend {
	t.Helper()
	operator, err := api.New(api.Config{BaseURL: url, Version: api.V110, DeviceBound: bound, Tokens: noTokens{}})
	if err != nil {
		t.Fatal(err)
	}
	return New(operator, nil, Application{ClientID: clientID}, clockwork.NewFakeClock())
}

func identityOf(t *testing.T, values map[string]string) *tfsdk.ResourceIdentity {
	t.Helper()
	identity := IdentitySchema("session_id", "session")
	raw := map[string]tftypes.Value{}
	for name := range identity.Attributes {
		raw[name] = tftypes.NewValue(tftypes.String, nil)
	}
	for name, text := range values {
		raw[name] = tftypes.NewValue(tftypes.String, text)
	}
	return &tfsdk.ResourceIdentity{Schema: identity, Raw: tftypes.NewValue(identity.Type().TerraformType(t.Context()), raw)}
}

func TestImportID(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		bound    bool
		id       string
		identity map[string]string
		says     string // of the error, "" for none
	}{
		"an id":                                {id: id},
		"an identity":                          {identity: map[string]string{"session_id": id, "base_url": baseURL + "/"}},
		"an identity of another operator":      {identity: map[string]string{"session_id": id, "base_url": "https://other"}, says: "is of the operator at https://other"},
		"no id":                                {id: "a/b", says: "must be the session_id alone"},
		"a subscriber that need not be told":   {id: id + ",tel:+34666666666"},
		"a subscriber":                         {bound: true, id: id + ",tel:+34666666666"},
		"a subscriber behind a port":           {bound: true, id: id + ",ipport:203.0.113.7:59765"},
		"a subscriber behind an IPv4 address":  {bound: true, id: id + ",ipport:203.0.113.7"},
		"a subscriber behind an IPv6 address":  {bound: true, id: id + ",ipport:[2001:db8::1]"},
		"a subscriber's port there":            {bound: true, id: id + ",ipport:[2001:db8::1]:59765"},
		"a subscriber by an operator's token":  {bound: true, id: id + ",operatortoken:x.y.z"},
		"a number that is no login hint":       {bound: true, id: id + ",+34666666666", says: "login_hint behind the comma must be like tel:+34666666666"},
		"a number without its plus":            {bound: true, id: id + ",tel:34666666666", says: "login_hint"},
		"a number with blanks":                 {bound: true, id: id + ",tel:+34 666 666 666", says: "login_hint"},
		"an IPv6 address without its brackets": {bound: true, id: id + ",ipport:2001:db8::1", says: "login_hint"},
		"an IPv4 address in brackets":          {bound: true, id: id + ",ipport:[203.0.113.7]", says: "login_hint"},
		"a port that there is not":             {bound: true, id: id + ",ipport:203.0.113.7:99999", says: "login_hint"},
		"nothing behind the comma":             {bound: true, id: id + ",", says: "login_hint"},
		"no subscriber":                        {bound: true, id: id, says: "session_id,login_hint, such as " + id + ",tel:+34666666666"},
		"an identity with a subscriber":        {bound: true, identity: map[string]string{"session_id": id + ",tel:+34666666666"}},
		"an identity with no login hint":       {bound: true, identity: map[string]string{"session_id": id + ",666666666"}, says: "The login_hint behind the comma must be like tel:+34666666666"},
		"an identity without a subscriber":     {bound: true, identity: map[string]string{"session_id": id}, says: "An identity has the same as its session_id"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var diags diag.Diagnostics
			gotID, subject := newBackend(t, baseURL, "app", test.bound).importID(t.Context(), Import{Key: "session_id", Summary: "Unable to import"},
				resource.ImportStateRequest{ID: test.id, Identity: identityOf(t, test.identity)}, &diags)
			text := ""
			for _, d := range diags {
				text += d.Detail()
			}
			if (text == "") != (test.says == "") || !strings.Contains(text, test.says) {
				t.Errorf("%q, want %q", text, test.says)
			}
			_, want, _ := strings.Cut(test.id+test.identity["session_id"], ",")
			if test.says == "" && (gotID != id || subject != want) {
				t.Errorf("imported %q of %q", gotID, subject)
			}
		})
	}
}

func TestCheckOrigin(t *testing.T) {
	t.Parallel()
	made := newBackend(t, baseURL, "app", false).Origin("tel:+34666666666")
	if diff := made.BaseURL + " " + made.ClientID + " " + made.Subject; diff != baseURL+" app tel:+34666666666" {
		t.Errorf("the origin is %s", diff)
	}
	for name, test := range map[string]struct {
		origin        grant.Origin
		url, clientID string
		says          string
	}{
		"the same":                          {made, baseURL, "app", ""},
		"a slash more":                      {made, baseURL + "/", "app", ""},
		"another operator":                  {made, "https://other/quality-on-demand/v1", "app", "the QoD session x was made at " + baseURL + ", and the provider is configured for https://other/quality-on-demand/v1"},
		"another application":               {made, baseURL, "other", "was made by the application app, and the provider is configured for the application other"},
		"another way to authorize":          {made, baseURL, "", ""},
		"made with another way":             {grant.Origin{BaseURL: baseURL}, baseURL, "app", ""},
		"made before origins were recorded": {grant.Origin{}, baseURL, "app", ""},
	} {
		err := newBackend(t, test.url, test.clientID, false).CheckOrigin("QoD session x", test.origin)
		if (err == nil) != (test.says == "") || err != nil && !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: %v, want %q", name, err, test.says)
		}
	}
}
