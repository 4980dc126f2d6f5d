package api_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qosform/terraform-provider-qos/internal/camara/api"
	"github.com/qosform/terraform-provider-qos/internal/camara/auth"
	"github.com/qosform/terraform-provider-qos/internal/sandbox/camara"
)

// operator is a simulated one, and how to speak to it.
type operator struct {
	kind    camara.Version
	version api.Version
	// scopes are those of sessions and profiles.
	scopes []string
	lists  bool
}

// operators are all that there are to simulate. The second hybrid serves 1.1 with
// a device and a webhook as 0.10 has them, so it is spoken to as that.
func operators() []operator {
	var all []operator
	for _, v := range api.Versions() {
		f := v.Features()
		all = append(all, operator{camara.Version(v), v, append(slices.Clone(f.Scopes), f.ProfileScope), f.RetrieveSessions})
	}
	return append(all,
		operator{camara.HybridA, api.V010, nil, true},
		operator{camara.HybridB, api.V010, []string{"qod"}, true},
	)
}

// TestLifecycle drives every kind of operator with every way to get a token.
func TestLifecycle(t *testing.T) {
	t.Parallel()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	privateKey := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	client := camara.Client{ID: "app", Secret: "app-secret", Keys: []camara.Key{{ID: "k", Public: key.Public()}}}
	ways := map[string]auth.Config{
		"client credentials by secret": {Flow: auth.ClientCredentials, ClientSecret: client.Secret},
		"client credentials by key":    {Flow: auth.ClientCredentials, PrivateKeyPEM: privateKey, KeyID: "k"},
		"JWT bearer":                   {Flow: auth.JWTBearer, PrivateKeyPEM: privateKey, KeyID: "k"},
		"CIBA by secret":               {Flow: auth.CIBA, ClientSecret: client.Secret},
		"CIBA by key":                  {Flow: auth.CIBA, PrivateKeyPEM: privateKey, KeyID: "k"},
	}
	for _, op := range operators() {
		for name, way := range ways {
			t.Run(string(op.kind)+" "+name, func(t *testing.T) {
				t.Parallel()
				sandbox := camara.New(camara.Options{Version: op.kind, Clients: []camara.Client{client}, AvailableDelay: -1})
				t.Cleanup(sandbox.Close)
				server := httptest.NewServer(sandbox.Handler())
				t.Cleanup(server.Close)
				c := newClient(t, op, way, sandbox.URLs(server.URL))
				device := &api.Device{PhoneNumber: "+34666666666"}
				subject, _ := api.LoginHint(*device)
				profiles, err := c.Profiles(t.Context(), subject, api.ProfileQuery{})
				if err != nil || len(profiles) == 0 {
					t.Fatalf("profiles %v, err = %v", profiles, err)
				}
				sessionLife(t, op, c, sandbox, subject, device)
				assignmentLife(t, c, subject, device)
				if live := sandbox.Live(); len(live) != 0 {
					t.Errorf("sessions left: %+v", live)
				}
			})
		}
	}
}

func assignmentScopes() []string {
	const of = "qos-provisioning:qos-assignments:"
	return []string{of + "create", of + "read", of + "delete", of + "read-by-device"}
}

func newClient(t *testing.T, op operator, way auth.Config, urls camara.URLs) *api.Client {
	t.Helper()
	way.TokenURL, way.BackchannelURL, way.ClientID = urls.Token, urls.Backchannel, "app"
	way.Scopes = slices.Concat([]string{"openid", "dpv:RequestedServiceProvision"}, op.scopes, assignmentScopes())
	tokens, err := auth.New(way)
	if err != nil {
		t.Fatal(err)
	}
	config := api.Config{
		BaseURL: urls.QoD, Version: op.version, ProfilesURL: urls.Profiles, ProvisioningURL: urls.Provisioning,
		Tokens: tokens, DeviceBound: way.DeviceBound(), MaxRequestsPerSecond: 1000,
	}
	if op.kind == camara.HybridA {
		config.Tokens, config.DeviceBound = auth.None(), false
		config.Headers = map[string]string{camara.DefaultAPIKeyHeader: camara.DefaultAPIKey}
	}
	c, err := api.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// sessionLife creates a session, extends it, loses its token and ends it.
func sessionLife(t *testing.T, op operator, c *api.Client, sandbox *camara.Sandbox, subject string, device *api.Device) {
	t.Helper()
	ctx := t.Context()
	created, err := c.CreateSession(ctx, subject, api.CreateSession{
		Device: device, ApplicationServer: &api.ApplicationServer{IPv4Address: "198.51.100.0/24"},
		QoSProfile: "QOS_E", Duration: 600,
	})
	if err != nil {
		t.Fatal(err)
	}
	if created.Status != api.StatusAvailable || created.StartedAt == nil || created.ExpiresAt == nil || created.Duration != 600 {
		t.Errorf("created %+v", created)
	}
	wantListed(ctx, t, op, c, subject, device, created)
	extended, err := c.ExtendSession(ctx, subject, created.ID, 60)
	if err != nil || extended.Duration != 660 || extended.ExpiresAt.Sub(*created.ExpiresAt).Round(time.Second) != time.Minute {
		t.Errorf("extended %+v, err = %v", extended, err)
	}
	sandbox.ExpireTokens()
	if read, err := c.Session(ctx, subject, created.ID); err != nil || read.ID != created.ID {
		t.Errorf("read %+v, err = %v", read, err)
	}
	if err := c.DeleteSession(ctx, subject, created.ID); err != nil {
		t.Error(err)
	}
	if _, err := c.Session(ctx, subject, created.ID); !api.Gone(err) {
		t.Errorf("after its end: err = %v", err)
	}
}

func wantListed(ctx context.Context, t *testing.T, op operator, c *api.Client, subject string, device *api.Device, want *api.Session) {
	t.Helper()
	sessions, err := c.RetrieveSessions(ctx, subject, device)
	if !op.lists {
		if !errors.Is(err, api.ErrNotInAPI) {
			t.Errorf("listed %+v, err = %v", sessions, err)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]api.Session{*want}, sessions); diff != "" {
		t.Errorf("sessions (-want +got):\n%s", diff)
	}
}

func assignmentLife(t *testing.T, c *api.Client, subject string, device *api.Device) {
	t.Helper()
	ctx := t.Context()
	created, err := c.CreateAssignment(ctx, subject, api.CreateAssignment{Device: device, QoSProfile: "QOS_E"})
	if err != nil {
		t.Fatal(err)
	}
	if found, err := c.RetrieveAssignment(ctx, subject, device); err != nil || found.ID != created.ID {
		t.Errorf("found %+v, err = %v", found, err)
	}
	if pending, err := c.DeleteAssignment(ctx, subject, created.ID); pending || err != nil {
		t.Errorf("pending %v, err = %v", pending, err)
	}
	if _, err := c.Assignment(ctx, subject, created.ID); !api.Gone(err) {
		t.Errorf("after its end: err = %v", err)
	}
}
