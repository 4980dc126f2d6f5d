package camara_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jonboulle/clockwork"

	"github.com/qosform/terraform-provider-qos/internal/acctest"
	"github.com/qosform/terraform-provider-qos/internal/acctest/protocol"
	"github.com/qosform/terraform-provider-qos/internal/camara"
	"github.com/qosform/terraform-provider-qos/internal/camara/auth"
	sandbox "github.com/qosform/terraform-provider-qos/internal/sandbox/camara"
)

const tokenType = "camara_access_token"

// oauth is the attribute of a provider block for two legs.
func (d *dialogue) oauth() protocol.Object {
	return protocol.Object{"oauth": protocol.Object{
		"flow": "client_credentials", "token_url": d.URLs().Token, "client_id": acctest.OperatorClientID, "client_secret": acctest.OperatorClientSecret,
	}}
}

// The token is the provider's own, asked for once, and no request is made when
// its use ends.
func TestAccessTokenIsShared(t *testing.T) {
	t.Parallel()
	clock := clockwork.NewFakeClockAt(time.Date(2030, 5, 6, 7, 8, 9, 0, time.UTC))
	d := speak(t, sandbox.Version11, atOnce, at(clock))
	d.provider = d.serve(t, d.oauth(), camara.WithClock(clock))
	opened := d.provider.Open(tokenType, protocol.Object{})
	wantNothingSaid(t, opened.Diagnostics)
	d.ask(sessionType, thePhone())
	again := d.provider.Open(tokenType, protocol.Object{"device": thePhone()})
	wantNothingSaid(t, again.Diagnostics)
	wantNothingSaid(t, opened.Close())

	token, _ := opened.Result["access_token"].(string)
	if token == "" || token != again.Result["access_token"] || opened.Result["token_type"] != "Bearer" || !opened.RenewAt.IsZero() {
		t.Errorf("opened %v, and again %v", opened.Result, again.Result)
	}
	// Servers tell whole seconds, and it takes a moment to read them.
	expires, err := time.Parse(time.RFC3339, fmt.Sprint(opened.Result["expires_at"]))
	if left := expires.Sub(clock.Now()); err != nil || left < 59*time.Minute || left > time.Hour {
		t.Errorf("it ends at %v, in %s", opened.Result["expires_at"], left)
	}
	var made []string
	for _, r := range d.Operator.Requests() {
		made = append(made, string(r.Operation))
		if r.Operation == sandbox.OpRetrieveSessions && r.Header.Get("Authorization") != "Bearer "+token {
			t.Error("the list was asked for with another token")
		}
	}
	if diff := cmp.Diff([]string{string(sandbox.OpToken), string(sandbox.OpRetrieveSessions)}, made); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}

func TestAccessTokenOfEachDevice(t *testing.T) {
	t.Parallel()
	for _, flow := range []auth.Flow{auth.JWTBearer, auth.CIBA} {
		d := speakBound(t, sandbox.Version11, flow)
		tokens := map[any]bool{}
		for _, number := range []string{phone, "+34777777777", phone} {
			opened := d.provider.Open(tokenType, protocol.Object{"device": protocol.Object{"phone_number": number}})
			wantNothingSaid(t, opened.Diagnostics)
			tokens[opened.Result["access_token"]] = true
		}
		if len(tokens) != 2 || d.Operator.Count(sandbox.OpToken) != 2 {
			t.Errorf("%s: %d tokens by %d requests for two devices", flow, len(tokens), d.Operator.Count(sandbox.OpToken))
		}
		nobodys := d.provider.Open(tokenType, protocol.Object{})
		wantErrorSaid(t, nobodys.Diagnostics, "device is required", "whose is needed", `AttributeName("device")`)
	}
}

func TestAccessTokenThatIsConfigured(t *testing.T) {
	t.Parallel()
	opened := speak(t, sandbox.Version11).provider.Open(tokenType, protocol.Object{})
	wantNothingSaid(t, opened.Diagnostics)
	want := protocol.Object{"device": nil, "access_token": acctest.OperatorAccessToken, "token_type": "Bearer", "expires_at": nil}
	if diff := cmp.Diff(want, opened.Result); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAccessTokenRefused(t *testing.T) {
	t.Parallel()
	keyed := speak(t, sandbox.HybridA).provider.Open(tokenType, protocol.Object{})
	wantErrorSaid(t, keyed.Diagnostics, "Unable to get access token", "The provider has none", "Set oauth or access_token")

	invalid := speak(t, sandbox.Version11).provider.Open(tokenType, protocol.Object{"device": protocol.Object{"ipv6_address": "no"}})
	wantErrorSaid(t, invalid.Diagnostics, "device.ipv6_address must be one IPv6 address")

	// A server that quotes what it was sent gives nothing away.
	d := speak(t, sandbox.Version11)
	d.provider = d.serve(t, d.oauth())
	d.Gate.Interpose(func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusUnauthorized)
			_ = json.NewEncoder(w).Encode(map[string]string{"error": "invalid_client", "error_description": fmt.Sprint("you sent ", r.Header, string(body))})
		})
	})
	refused := d.provider.Open(tokenType, protocol.Object{})
	wantErrorSaid(t, refused.Diagnostics, "Unable to get access token", "invalid_client", "you sent")
	if strings.Contains(refused.Diagnostics.String(), acctest.OperatorClientSecret) {
		t.Error("the error has the client's secret")
	}
}
