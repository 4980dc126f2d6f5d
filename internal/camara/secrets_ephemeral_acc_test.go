package camara_test

import (
	"fmt"
	"maps"
	"net/http"
	"testing"

	"github.com/qosform/terraform-provider-qos/internal/acctest/protocol"
	sandbox "github.com/qosform/terraform-provider-qos/internal/sandbox/camara"
)

// ephemeralConfig hands the access token to write-only arguments, which is where
// a run may use it.
func (r *secretRun) ephemeralConfig() string {
	device := ""
	if r.world.APIVersion() == string(sandbox.Version12) {
		device = fmt.Sprintf("device = { phone_number = %q }", phone)
	}
	config := r.world.ProviderBlock(r.world.lines...) + "ephemeral \"camara_access_token\" \"test\" {\n  " + device + "\n}\n"
	for _, k := range kinds() {
		config += k.block("test", `sink = "https://n.example.com"
  sink_credential = {
    access_token_expires_utc = "2040-01-31T12:00:00Z"
    access_token_wo          = ephemeral.camara_access_token.test.access_token
    access_token_wo_version  = 1
  }`)
	}
	return config
}

// The token of an ephemeral resource is used when planning and when applying,
// with every log turned up and with refusals that quote it, and is nowhere after.
func TestAccEphemeralTokenGoesNowhere(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"client secret", "private key, three legs", "access token"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newSecretRun(t, secretWorlds()[name](t))
			r.Write(r.ephemeralConfig())
			r.savePlan(t, "first.plan")
			r.run(t, false, "apply", "first.plan")
			for _, k := range kinds() {
				r.echo(http.MethodPost, k.collection)
				r.run(t, true, "apply", "-auto-approve", "-replace="+k.address())
			}
			r.world.Gate.Interpose(nil)
			r.run(t, false, "apply", "-auto-approve")
			r.run(t, false, "plan")
			wantInLog(t, r, "QUOTED: you sent", "camara_access_token")
			for file, content := range r.files(t) {
				r.wantNoSecret(t, file, content, "")
			}
			r.wantNoSecret(t, "what was printed", r.printed.String(), "")
			r.run(t, false, "destroy", "-auto-approve")
		})
	}
}

// A secret that the state keeps is warned of where the engine has another way.
func TestPlainSecretsAreWarnedOf(t *testing.T) {
	t.Parallel()
	credential := protocol.Object{"sink": "https://n.example.com", "sink_credential": protocol.Object{"access_token": "kept", "access_token_expires_utc": "2040-01-31T12:00:00Z"}}
	writeOnly := protocol.Object{"sink": "https://n.example.com", "sink_credential": protocol.Object{"access_token_wo": "not-kept", "access_token_wo_version": 1, "access_token_expires_utc": "2040-01-31T12:00:00Z"}}
	server := protocol.Object{"application_server": protocol.Object{"ipv4_address": "203.0.113.5"}, "duration": 600}
	for name, test := range map[string]struct {
		typeName string
		with     []protocol.Object
		prefers  string
	}{
		"a session's sink":     {sessionType, []protocol.Object{server, credential}, "sink_credential.access_token_wo"},
		"an assignment's sink": {assignmentType, []protocol.Object{credential}, "sink_credential.access_token_wo"},
		"a webhook": {sessionType, []protocol.Object{server, {"webhook": protocol.Object{
			"notification_url": "https://n.example.com", "notification_auth_token": "a-token-of-20-letters",
		}}}, "webhook.notification_auth_token_wo"},
		"a session's sink, write-only":     {sessionType, []protocol.Object{server, writeOnly}, ""},
		"an assignment's sink, write-only": {assignmentType, []protocol.Object{writeOnly}, ""},
		"a session without":                {sessionType, []protocol.Object{server}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := protocol.Object{"device": thePhone(), "qos_profile": "QOS_E"}
			for _, lines := range test.with {
				maps.Copy(config, lines)
			}
			said := spoken(t).Validate(test.typeName, config)
			if len(said.Errors()) > 0 || (test.prefers == "") != (len(said) == 0) {
				t.Fatalf("said %q, want a word of %q", said, test.prefers)
			}
			if test.prefers != "" {
				wantWarned(t, said, test.prefers+" available")
			}
		})
	}
}
