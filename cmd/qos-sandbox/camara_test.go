package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/qosform/terraform-provider-qos/internal/sandbox/camara"
)

const sessionBody = `{"device":{"phoneNumber":"+34666000001"},"applicationServer":{"ipv4Address":"198.51.100.1"},"qosProfile":"QOS_E","duration":60}`

func TestServeOperators(t *testing.T) {
	t.Parallel()
	url := serveForTest(t, "--camara", "0.10", "--camara", "1.1", "--camara", "hybrid-a",
		"--camara-access-token", "mock", "--camara-available-delay", "0s", "--camara-api-key", "key")
	for path, name := range map[string]string{
		"/camara/0.10/qod/v0": "Authorization", "/camara/1.1/quality-on-demand/v1": "Authorization",
		"/camara/hybrid-a/qod/v0": camara.DefaultAPIKeyHeader,
	} {
		create := request(t, http.MethodPost, url+path+"/sessions", "application/json", sessionBody)
		create.Header.Set("Authorization", "Bearer mock")
		create.Header.Set(camara.DefaultAPIKeyHeader, "key")
		if status, body := send(t, create); status != http.StatusCreated || !strings.Contains(body, `"AVAILABLE"`) {
			t.Errorf("%s: got %d %s", path, status, body)
		}
		create = request(t, http.MethodPost, url+path+"/sessions", "application/json", sessionBody)
		create.Header.Set(name, "x")
		if status, body := send(t, create); status != http.StatusUnauthorized {
			t.Errorf("%s: got %d %s", path, status, body)
		}
	}
	// Each operator has its own sessions, and its own side.
	status, body := send(t, request(t, http.MethodGet, url+"/camara/1.1/sandbox/sessions?live=true", "", ""))
	if status != http.StatusOK || strings.Count(body, "sessionId") != 1 {
		t.Errorf("admin: got %d %s", status, body)
	}
	if status, body := send(t, request(t, http.MethodGet, url+"/sandbox/subscriptions", "", "")); status != http.StatusOK || body != "[]" {
		t.Errorf("ThingSpace's admin: got %d %s", status, body)
	}
	if status, _ := send(t, request(t, http.MethodGet, url+"/camara/1.2/sandbox/sessions", "", "")); status != http.StatusNotFound {
		t.Errorf("an operator that is not served: got %d", status)
	}
}

func TestServeOperatorWithAKey(t *testing.T) {
	t.Parallel()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "key.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	token := serveForTest(t, "--camara", "1.1", "--camara-client-id", "app", "--camara-public-key", file) + "/camara/1.1/oauth/token"
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key}, nil)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	assertion, err := jwt.Signed(signer).Claims(jwt.Claims{
		Issuer: "app", Subject: "app", Audience: jwt.Audience{token}, ID: "1",
		IssuedAt: jwt.NewNumericDate(now), Expiry: jwt.NewNumericDate(now.Add(time.Minute)),
	}).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	status, body := send(t, request(t, http.MethodPost, token, "application/x-www-form-urlencoded",
		"grant_type=client_credentials&scope=quality-on-demand:sessions:read"+
			"&client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer&client_assertion="+assertion))
	var answer struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.Unmarshal([]byte(body), &answer); err != nil || status != http.StatusOK || answer.AccessToken == "" {
		t.Errorf("got %d %s (%v)", status, body, err)
	}
}

func TestOperatorFlags(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "key.pem")
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for want, args := range map[string][]string{
		`unknown version "2.0"`: {"--camara", "2.0"},
		"1.1 is given twice":    {"--camara", "1.1", "--camara", "1.1"},
		"not in PEM form":       {"--camara", "1.1", "--camara-public-key", file},
		"no such file":          {"--camara", "1.1", "--camara-public-key", file + "x"},
	} {
		var stderr bytes.Buffer
		code := run(t.Context(), append([]string{"serve"}, args...), io.Discard, &stderr)
		if code != 1 || !strings.Contains(stderr.String(), want) {
			t.Errorf("%v: got %d %s, want %q", args, code, &stderr, want)
		}
	}
}
