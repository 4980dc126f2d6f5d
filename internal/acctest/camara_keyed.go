package acctest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"strings"
	"testing"

	sandbox "github.com/qosform/terraform-provider-qos/internal/sandbox/camara"
)

// KeyedWorld is a simulated operator that knows its client by a key pair, as the
// flows with assertions need.
type KeyedWorld struct {
	*CamaraWorld
	// PrivateKey is the client's, as PEM.
	PrivateKey string
}

// NewKeyedCamara starts an operator of that version that ends with the test.
func NewKeyedCamara(t *testing.T, version sandbox.Version, options ...func(*sandbox.Options)) *KeyedWorld {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	client := func(o *sandbox.Options) {
		o.Clients = []sandbox.Client{{ID: OperatorClientID, Keys: []sandbox.Key{{Public: &key.PublicKey}}}}
	}
	return &KeyedWorld{
		CamaraWorld: NewCamara(t, version, append([]func(*sandbox.Options){client}, options...)...),
		PrivateKey:  string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
	}
}

// ProviderConfig is a provider block for the operator with a flow; extra lines
// go into its oauth.
func (w *KeyedWorld) ProviderConfig(flow string, extra ...string) string {
	return w.ProviderBlock(w.OAuth(flow, append(extra, fmt.Sprintf("private_key = <<EOT\n%sEOT", w.PrivateKey))...))
}

// OAuth is the attribute of a provider block that gets tokens by a flow, without
// what proves the client.
func (w *CamaraWorld) OAuth(flow string, extra ...string) string {
	urls := w.URLs()
	return fmt.Sprintf("oauth = {\n    flow = %q\n    token_url = %q\n    backchannel_url = %q\n    client_id = %q\n    %s\n  }",
		flow, urls.Token, urls.Backchannel, OperatorClientID, strings.Join(extra, "\n    "))
}

// Scopes is the attribute of oauth that asks for all operations, by tokens of two
// legs or of three.
func (w *CamaraWorld) Scopes(threeLegged bool) string {
	scopes := w.scopes()
	if threeLegged {
		scopes = strings.Replace(scopes, "[", `["openid", "dpv:RequestedServiceProvision", `, 1)
	}
	return "scopes = " + scopes
}
