package camara_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/qosform/terraform-provider-qos/internal/acctest"
	sandbox "github.com/qosform/terraform-provider-qos/internal/sandbox/camara"
)

// A token that nobody renews is refused: whoever reads that must know which one,
// and what to do.
func TestAccStaticTokenRefused(t *testing.T) {
	t.Parallel()
	forEachKind(t, func(t *testing.T, k kind) {
		t.Helper()
		w := acctest.NewCamara(t, sandbox.Version11)
		good := w.ProviderBlock(`access_token = "`+acctest.OperatorAccessToken+`"`) + k.block("test")
		stale := w.ProviderBlock(`access_token = "a-token-of-yesterday"`) + k.block("test")
		says := []string{"HTTP 401", "has refused the configured access_token", "not renewed", "Set access_token to a new one", "oauth"}
		resource.Test(t, resource.TestCase{
			ProtoV6ProviderFactories: acctest.CamaraFactories(),
			Steps: []resource.TestStep{
				{Config: stale, ExpectError: acctest.Words(append([]string{"Unable to create " + k.noun}, says...)...)},
				{Config: good},
				{Config: stale, ExpectError: acctest.Words(append([]string{"Unable to read " + k.noun}, says...)...)},
				{Config: good},
			},
		})
		k.wantPosts(t, w, 1)
	})
}

func TestAccAPIKeyRefused(t *testing.T) {
	t.Parallel()
	w := acctest.NewCamara(t, sandbox.HybridA)
	config := w.ProviderBlock(`headers = { "`+sandbox.DefaultAPIKeyHeader+`" = "not-the-key" }`) + kinds()[0].block("test")
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: acctest.CamaraFactories(),
		Steps:                    []resource.TestStep{{Config: config, ExpectError: acctest.Words("HTTP 401", "carry no access token", "check the keys in headers")}},
	})
}

// A token of two legs names no device, so every request about one does.
func TestAccTwoLegsAlwaysNameTheDevice(t *testing.T) {
	t.Parallel()
	fleet, blocks := acctest.NewCamaraFleet(t), ""
	for _, k := range kinds() {
		blocks += k.block("test")
	}
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: fleet.Factories(acctest.CamaraFactories()),
		Steps:                    []resource.TestStep{{Config: fleet.Config(blocks)}},
	})
	for version, member := range fleet {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			for _, k := range kinds() {
				k.wantPosts(t, member.World, 1)
			}
			for _, r := range member.World.Operator.Requests() {
				if aboutDevice(r.Operation) && !strings.Contains(string(r.Body), `"device":{"phoneNumber":"+34666666666"}`) {
					t.Errorf("%s without the device: %s", r.Operation, r.Body)
				}
			}
		})
	}
}

// aboutDevice reports whether an operation has a device in its body.
func aboutDevice(op sandbox.Operation) bool {
	return slices.ContainsFunc(kinds(), func(k kind) bool { return op == k.create || op == k.list })
}

// Two devices, and a session and an assignment for each: there is one token for
// each device, and from 1.0 on no request says once more whose it is.
func TestAccThreeLegsHaveOneTokenPerDevice(t *testing.T) {
	t.Parallel()
	for _, version := range []sandbox.Version{sandbox.Version10, sandbox.Version11, sandbox.Version12} {
		t.Run(string(version), func(t *testing.T) {
			t.Parallel()
			w := acctest.NewKeyedCamara(t, version)
			config := w.ProviderConfig("jwt_bearer", w.Scopes(true))
			for _, k := range kinds() {
				config += k.block("test") + strings.Replace(k.block("second"), "+34666666666", "+34666666667", 1)
			}
			c := newCLI(t)
			c.Write(config)
			c.MustRun("apply", "-auto-approve", "-no-color")
			for _, k := range kinds() {
				k.wantHeld(t, w.CamaraWorld, c)
				k.wantPosts(t, w.CamaraWorld, 2)
			}
			if diff := cmp.Diff([]string{"tel:+34666666666", "tel:+34666666667"}, subjects(t, w.CamaraWorld)); diff != "" {
				t.Errorf("whose tokens were asked for (-want +got):\n%s", diff)
			}
			for _, r := range w.Operator.Requests() {
				if r.Status == http.StatusForbidden || strings.Contains(string(r.Body), `"device"`) {
					t.Errorf("%s: %d, sent %s", r.Operation, r.Status, r.Body)
				}
			}
			for _, k := range kinds() {
				k.wantDestroyed(t, w.CamaraWorld, c)
			}
		})
	}
}

// subjects are those of the assertions that tokens were got by, sorted.
func subjects(t *testing.T, w *acctest.CamaraWorld) []string {
	t.Helper()
	var found []string
	for _, r := range w.Operator.Requests() {
		if r.Operation != sandbox.OpToken {
			continue
		}
		form, err := url.ParseQuery(string(r.Body))
		if err != nil {
			t.Fatal(err)
		}
		_, rest, _ := strings.Cut(form.Get("assertion"), ".")
		payload, _, _ := strings.Cut(rest, ".")
		raw, err := base64.RawURLEncoding.DecodeString(payload)
		if err != nil {
			t.Fatal(err)
		}
		var claims struct {
			Subject string `json:"sub"`
		}
		if err := json.Unmarshal(raw, &claims); err != nil {
			t.Fatal(err)
		}
		found = append(found, claims.Subject)
	}
	slices.Sort(found)
	return found
}
