package main

import (
	"context"
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/qosform/terraform-provider-qos/internal/sandbox/camara"
)

// camaraFlags configure all CAMARA operators alike.
type camaraFlags struct {
	ClientID     string `name:"client-id" default:"${camara_client_id}" placeholder:"ID" help:"Client of the operators' OAuth servers (default: ${default})."`
	ClientSecret string `default:"${camara_client_secret}" placeholder:"SECRET" help:"The client's secret (default: ${default})."`
	PublicKey    string `type:"existingfile" placeholder:"FILE" help:"The client's public key or certificate in PEM form, for assertions (private_key_jwt, JWT bearer)."`
	AccessToken  string `placeholder:"TOKEN" help:"A two-legged access token with all scopes that never expires."`
	APIKey       string `name:"api-key" default:"${camara_api_key}" placeholder:"KEY" help:"Value of the ${camara_api_key_header} header that hybrid-a demands (default: ${default})."`

	TokenLifetime  time.Duration `default:"${camara_token_lifetime}" help:"How long an access token lives (default: ${default})."`
	AvailableDelay time.Duration `default:"${camara_available_delay}" help:"Time from a create's answer to AVAILABLE; 0s says AVAILABLE in the answer (default: ${default})."`
	AnySink        bool          `help:"Accept notification URLs with http where the version demands https."`
}

// operator is a simulated one and the path that it is served below.
type operator struct {
	version camara.Version
	path    string
	sandbox *camara.Sandbox
}

// operators makes one for each version.
func (f camaraFlags) operators(versions []string, log *slog.Logger) ([]operator, error) {
	options, err := f.options(log)
	if err != nil {
		return nil, err
	}
	var all []operator
	seen := map[camara.Version]bool{}
	for _, name := range versions {
		version, err := camara.ParseVersion(name)
		if err != nil {
			return nil, fmt.Errorf("--camara: %w", err)
		}
		if seen[version] {
			return nil, fmt.Errorf("--camara: %s is given twice", version)
		}
		seen[version] = true
		options.Version = version
		options.Logger = log.With("operator", string(version))
		all = append(all, operator{version, "/camara/" + name, camara.New(options)})
	}
	return all, nil
}

func (f camaraFlags) options(log *slog.Logger) (camara.Options, error) {
	client := camara.Client{ID: f.ClientID, Secret: f.ClientSecret}
	if f.PublicKey != "" {
		key, err := readPublicKey(f.PublicKey)
		if err != nil {
			return camara.Options{}, fmt.Errorf("--camara-public-key: %w", err)
		}
		client.Keys = []camara.Key{{Public: key}}
	}
	return camara.Options{
		Clients: []camara.Client{client}, AccessToken: f.AccessToken,
		APIKeys:       map[string]string{camara.DefaultAPIKeyHeader: f.APIKey},
		TokenLifetime: f.TokenLifetime, AvailableDelay: orNone(f.AvailableDelay),
		Switches: camara.Switches{AnySink: f.AnySink}, Logger: log,
	}, nil
}

// readPublicKey reads a PKIX public key, or that of a certificate.
func readPublicKey(file string) (crypto.PublicKey, error) {
	content, err := os.ReadFile(file) // #nosec G304 -- the file is the user's choice
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(content)
	if block == nil {
		return nil, errors.New("the file is not in PEM form")
	}
	if block.Type == "CERTIFICATE" {
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		return certificate.PublicKey, nil
	}
	return x509.ParsePKIXPublicKey(block.Bytes)
}

// mount serves the operator's APIs and its own side, /sandbox/, below its path.
func (o operator) mount(mux *http.ServeMux) {
	own := http.NewServeMux()
	own.Handle("/sandbox/", o.sandbox.AdminHandler())
	own.Handle("/", o.sandbox.Handler())
	mux.Handle(o.path+"/", http.StripPrefix(o.path, own))
}

// announce logs where the operator is found.
func (o operator) announce(ctx context.Context, log *slog.Logger, root string) {
	urls := o.sandbox.URLs(root + o.path)
	log.InfoContext(ctx, "operator", "camara", string(o.version), "base_url", urls.QoD,
		"qos_profiles_url", urls.Profiles, "qos_provisioning_url", urls.Provisioning,
		"token_url", urls.Token, "backchannel_url", urls.Backchannel)
}
