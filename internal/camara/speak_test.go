package camara_test

import (
	"maps"
	"strings"
	"testing"

	"github.com/jonboulle/clockwork"

	"github.com/qosform/terraform-provider-qos/internal/acctest"
	"github.com/qosform/terraform-provider-qos/internal/acctest/protocol"
	"github.com/qosform/terraform-provider-qos/internal/camara"
	"github.com/qosform/terraform-provider-qos/internal/camara/api"
	"github.com/qosform/terraform-provider-qos/internal/camara/auth"
	sandbox "github.com/qosform/terraform-provider-qos/internal/sandbox/camara"
)

// phone is the device that tests speak of, and phoneHint its subscriber.
const (
	phone     = "+34666666666"
	phoneHint = "tel:" + phone
)

func thePhone() protocol.Object { return protocol.Object{"phone_number": phone} }

// dialogue is an operator, a provider for it, and a client that has sessions and
// assignments there which no state knows.
type dialogue struct {
	*acctest.CamaraWorld
	provider *protocol.Server
	client   *api.Client
	subject  string
	// block is the provider block of another provider that is the same.
	block string
}

// speak starts an operator, and a provider with tokens of two legs, or with the
// API key where the operator wants one.
func speak(t *testing.T, version sandbox.Version, options ...func(*sandbox.Options)) *dialogue {
	t.Helper()
	d := &dialogue{CamaraWorld: acctest.NewCamara(t, version, options...)}
	d.block = d.ProviderConfig()
	config := api.Config{}
	credentials := protocol.Object{"access_token": acctest.OperatorAccessToken}
	if version == sandbox.HybridA {
		config.Headers = map[string]string{sandbox.DefaultAPIKeyHeader: acctest.OperatorAPIKey}
		credentials = protocol.Object{"headers": config.Headers}
	} else {
		config.Tokens = must(auth.Static(acctest.OperatorAccessToken))(t)
	}
	return d.with(t, config, credentials)
}

// speakBound does the same with tokens that are bound to devices.
func speakBound(t *testing.T, version sandbox.Version, flow auth.Flow, options ...func(*sandbox.Options)) *dialogue {
	t.Helper()
	w := acctest.NewKeyedCamara(t, version, options...)
	scopes := append([]string{"openid", "dpv:RequestedServiceProvision"}, api.Version(w.APIVersion()).Features().Scopes...)
	for _, right := range []string{"create", "read", "delete", "read-by-device"} {
		scopes = append(scopes, "qos-provisioning:qos-assignments:"+right)
	}
	urls := w.URLs()
	tokens := must(auth.New(auth.Config{
		Flow: flow, TokenURL: urls.Token, BackchannelURL: urls.Backchannel, ClientID: acctest.OperatorClientID, PrivateKeyPEM: w.PrivateKey, Scopes: scopes,
	}))(t)
	d := &dialogue{CamaraWorld: w.CamaraWorld, subject: phoneHint, block: w.ProviderConfig(string(flow), w.Scopes(true))}
	return d.with(t, api.Config{Tokens: tokens, DeviceBound: true}, protocol.Object{"oauth": protocol.Object{
		"flow": string(flow), "token_url": urls.Token, "backchannel_url": urls.Backchannel, "client_id": acctest.OperatorClientID, "private_key": w.PrivateKey, "scopes": scopes,
	}})
}

func (d *dialogue) with(t *testing.T, config api.Config, credentials protocol.Object) *dialogue {
	t.Helper()
	urls := d.URLs()
	config.BaseURL, config.ProvisioningURL, config.Version, config.MaxRequestsPerSecond = urls.QoD, urls.Provisioning, api.Version(d.APIVersion()), 1000
	d.client = must(api.New(config))(t)
	d.provider = d.serve(t, credentials)
	return d
}

// serve is a provider for the operator with these credentials.
func (d *dialogue) serve(t *testing.T, credentials protocol.Object, options ...camara.Option) *protocol.Server {
	t.Helper()
	urls := d.URLs()
	block := protocol.Object{
		"base_url": urls.QoD, "api_version": d.APIVersion(), "qos_profiles_url": urls.Profiles, "qos_provisioning_url": urls.Provisioning, "max_requests_per_second": 1000,
	}
	maps.Copy(block, credentials)
	return spoken(t, options...).Configure(block)
}

// spoken is a provider that is not configured, and reads no environment.
func spoken(t *testing.T, options ...camara.Option) *protocol.Server {
	t.Helper()
	options = append([]camara.Option{camara.WithEnvironment(func(string) string { return "" })}, options...)
	return protocol.Serve(t, camara.New("test", options...))
}

func must[T any](made T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return made
	}
}

// session creates a session with a server, which the operator grants at once.
func (d *dialogue) session(t *testing.T, server string, change ...func(*api.CreateSession)) *api.Session {
	t.Helper()
	wanted := api.CreateSession{
		Device: &api.Device{PhoneNumber: phone}, ApplicationServer: &api.ApplicationServer{IPv4Address: server}, QoSProfile: "QOS_E", Duration: 600,
	}
	for _, f := range change {
		f(&wanted)
	}
	return must(d.client.CreateSession(t.Context(), d.subject, wanted))(t)
}

func (d *dialogue) assignment(t *testing.T) *api.Assignment {
	t.Helper()
	return must(d.client.CreateAssignment(t.Context(), d.subject, api.CreateAssignment{Device: &api.Device{PhoneNumber: phone}, QoSProfile: "QOS_E"}))(t)
}

// atOnce lets an operator grant with its first answer.
func atOnce(o *sandbox.Options) { o.AvailableDelay = -1 }

// at gives an operator a clock.
func at(clock clockwork.Clock) func(*sandbox.Options) {
	return func(o *sandbox.Options) { o.Clock = clock }
}

// wantNothingSaid fails on errors and warnings.
func wantNothingSaid(t *testing.T, said protocol.Diagnostics) {
	t.Helper()
	if len(said) > 0 {
		t.Fatal(said)
	}
}

// wantErrorSaid looks for words in the errors.
func wantErrorSaid(t *testing.T, said protocol.Diagnostics, wants ...string) {
	t.Helper()
	wantWords(t, said.Errors(), wants...)
}

// wantWarned looks for words in the warnings.
func wantWarned(t *testing.T, said protocol.Diagnostics, wants ...string) {
	t.Helper()
	wantWords(t, said.Warnings(), wants...)
}

func wantWords(t *testing.T, said protocol.Diagnostics, wants ...string) {
	t.Helper()
	text := said.String()
	if text == "" {
		t.Fatalf("nothing said, want %q", wants)
	}
	for _, want := range wants {
		if !strings.Contains(text, want) {
			t.Errorf("%s\n\ndoes not say %q", text, want)
		}
	}
}
