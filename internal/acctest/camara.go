package acctest

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/qosform/terraform-provider-qos/internal/camara"
	"github.com/qosform/terraform-provider-qos/internal/qos"
	sandbox "github.com/qosform/terraform-provider-qos/internal/sandbox/camara"
	"github.com/qosform/terraform-provider-qos/internal/thingspace"
)

// What every operator in a test has. The secrets are long and odd enough to be
// searched for.
const (
	OperatorClientID     = "acc-operator-client-id"
	OperatorClientSecret = "acc-operator-client-secret-91c7aa" // #nosec G101 -- opens a simulator only
	OperatorAccessToken  = "acc-operator-access-token-3be07f"  // #nosec G101 -- opens a simulator only
	OperatorAPIKey       = "acc-operator-api-key-6d5f12"       // #nosec G101 -- opens a simulator only
)

// CamaraWorld is a simulated operator.
type CamaraWorld struct {
	Operator *sandbox.Sandbox
	// Gate stands in front of the operator.
	Gate *Gate

	version sandbox.Version
	root    string
}

// NewCamara starts an operator of that version that ends with the test.
func NewCamara(t *testing.T, version sandbox.Version, options ...func(*sandbox.Options)) *CamaraWorld {
	t.Helper()
	o := sandbox.Options{
		Version: version,
		Clients: []sandbox.Client{{ID: OperatorClientID, Secret: OperatorClientSecret}}, AccessToken: OperatorAccessToken,
		APIKeys:  map[string]string{sandbox.DefaultAPIKeyHeader: OperatorAPIKey},
		Switches: sandbox.Switches{AnySink: true},
	}
	for _, option := range options {
		option(&o)
	}
	w := &CamaraWorld{Operator: sandbox.New(o), Gate: &Gate{}, version: version}
	w.Gate.Open(w.Operator.Handler())
	server := httptest.NewServer(w.Gate)
	w.root = server.URL
	t.Cleanup(func() {
		w.Operator.Close()
		server.CloseClientConnections()
		server.Close()
	})
	return w
}

// Root is the operator's root URL.
func (w *CamaraWorld) Root() string { return w.root }

// URLs are where the operator's APIs begin.
func (w *CamaraWorld) URLs() sandbox.URLs { return w.Operator.URLs(w.root) }

// APIVersion is what api_version says of the operator. The hybrids speak the
// words of 0.10.
func (w *CamaraWorld) APIVersion() string {
	switch w.version {
	case sandbox.HybridA, sandbox.HybridB:
		return string(sandbox.Version010)
	case sandbox.Version010, sandbox.Version011, sandbox.Version10, sandbox.Version11, sandbox.Version12:
	}
	return string(w.version)
}

// ProviderConfig is a provider block for the operator with two-legged tokens, or
// with its API key where it has no others; extra lines go into it.
func (w *CamaraWorld) ProviderConfig(extra ...string) string {
	urls := w.URLs()
	credentials := fmt.Sprintf("oauth = {\n    flow          = \"client_credentials\"\n    token_url     = %q\n    client_id     = %q\n    client_secret = %q\n    scopes        = %s\n  }",
		urls.Token, OperatorClientID, OperatorClientSecret, w.scopes())
	if w.version == sandbox.HybridA {
		credentials = fmt.Sprintf("headers = { %q = %q }", sandbox.DefaultAPIKeyHeader, OperatorAPIKey)
	}
	return w.ProviderBlock(append([]string{credentials}, extra...)...)
}

// ProviderBlock is a provider block for the operator with only the given lines
// to authorize the requests.
func (w *CamaraWorld) ProviderBlock(lines ...string) string {
	urls := w.URLs()
	return fmt.Sprintf(`
provider "camara" {
  base_url                = %q
  api_version             = %q
  qos_profiles_url        = %q
  qos_provisioning_url    = %q
  max_requests_per_second = 1000
  %s
}
`, urls.QoD, w.APIVersion(), urls.Profiles, urls.Provisioning, strings.Join(lines, "\n  "))
}

// scopes are those of all operations, as an HCL list.
func (w *CamaraWorld) scopes() string {
	provisioning := `"qos-provisioning:qos-assignments:create", "qos-provisioning:qos-assignments:read", "qos-provisioning:qos-assignments:delete", "qos-provisioning:qos-assignments:read-by-device"`
	switch w.version {
	case sandbox.Version010:
		return `["qod-sessions-write", "qod-sessions-read", "qod-sessions-delete", "qod-profiles-read", ` + provisioning + `]`
	case sandbox.HybridB:
		return `["qod", ` + provisioning + `]`
	case sandbox.HybridA, sandbox.Version011, sandbox.Version10, sandbox.Version11, sandbox.Version12:
	}
	const sessions = "quality-on-demand:sessions:"
	return fmt.Sprintf(`["%[1]screate", "%[1]sread", "%[1]sdelete", "%[1]supdate", "%[1]sretrieve-by-device", "qos-profiles:read", %[2]s]`, sessions, provisioning)
}

// CamaraFactories serves the camara provider in the test's own process. It reads
// no environment.
func CamaraFactories(options ...camara.Option) map[string]func() (tfprotov6.ProviderServer, error) {
	options = append([]camara.Option{camara.WithEnvironment(func(string) string { return "" })}, options...)
	return map[string]func() (tfprotov6.ProviderServer, error){
		"camara": providerserver.NewProtocol6WithError(camara.New("test", options...)),
	}
}

// QoSFactories serves the provider that has both families, in the test's own
// process. It reads no environment.
func QoSFactories() map[string]func() (tfprotov6.ProviderServer, error) {
	empty := func(string) string { return "" }
	both := qos.New("test", thingspace.New("test", thingspace.WithEnvironment(empty)), camara.New("test", camara.WithEnvironment(empty)))
	return map[string]func() (tfprotov6.ProviderServer, error){"qos": providerserver.NewProtocol6WithError(both)}
}
