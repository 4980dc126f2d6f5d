package thingspace_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/qosform/terraform-provider-qos/internal/acctest"
	sandbox "github.com/qosform/terraform-provider-qos/internal/sandbox/thingspace"
)

const (
	tokenPath     = "/api/ts/v1/oauth2/token"
	loginPath     = "/api/m2m/v1/session/login"
	callbacksPath = "/api/m2m/v1/callbacks/"
	qosPath       = "/api/m2m/v1/device/actions/enhanceQoS"
)

// secretRun is a working directory in which everything is logged that can be,
// and in whose configuration no secret is written.
type secretRun struct {
	*acctest.CLI
	world *acctest.World
	log   string
	// printed is all that the engine has printed.
	printed strings.Builder
}

func newSecretRun(t *testing.T) *secretRun {
	t.Helper()
	r := &secretRun{world: acctest.New(t), log: filepath.Join(t.TempDir(), "trace.log")}
	r.CLI = acctest.NewCLI(t,
		"TF_LOG=TRACE", "TF_LOG_CORE=TRACE", "TF_LOG_PROVIDER=TRACE", "TF_LOG_PATH="+r.log,
		"THINGSPACE_CLIENT_SECRET="+acctest.ClientSecret, "THINGSPACE_PASSWORD="+acctest.Password, "THINGSPACE_RECEIVER_TOKEN="+acctest.ReceiverToken,
		"TF_VAR_listener_password="+acctest.CallbackPassword)
	return r
}

func (r *secretRun) config(listenerPassword, url string, deviceIDs ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, `
provider "thingspace" {
  base_url                = %q
  client_id               = %q
  username                = %q
  receiver_url            = %q
  max_requests_per_second = 1000
}
resource "thingspace_callback" "qos" {
  account_name = %q
  url          = %q
  username     = %q
  %s
}
data "thingspace_callbacks" "all" {
  account_name = thingspace_callback.qos.account_name
}
data "thingspace_qos_subscriptions" "all" {}
output "everything" {
  value = [data.thingspace_callbacks.all, data.thingspace_qos_subscriptions.all]
}
`, r.world.ThingSpaceURL(), acctest.ClientID, acctest.Username, r.world.ReceiverURL(), acctest.Account, url, acctest.CallbackUsername, listenerPassword)
	for i, id := range deviceIDs {
		text := subscription(fmt.Sprintf("s%d", i), id, `timeouts = { create = "10s" }`)
		b.WriteString(strings.Replace(text, fmt.Sprintf("%q", acctest.Account), "thingspace_callback.qos.account_name", 1))
	}
	return b.String()
}

func (r *secretRun) run(t *testing.T, fails bool, args ...string) {
	t.Helper()
	out, err := r.Run(append([]string{args[0], "-no-color", "-input=false"}, args[1:]...)...)
	r.printed.WriteString(out)
	if (err != nil) != fails {
		t.Fatalf("%s: %v\n%s", args[0], err, out)
	}
}

// echo lets ThingSpace refuse a kind of request, and quote all that it carried.
func (r *secretRun) echo(method, path string) {
	r.world.ThingSpaceGate.Interpose(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			if req.Method != method || !strings.HasPrefix(req.URL.Path, path) {
				next.ServeHTTP(w, req)
				return
			}
			body, _ := io.ReadAll(req.Body)
			message := fmt.Sprint("you sent ", req.Header, string(body))
			w.WriteHeader(http.StatusForbidden)
			_ = json.NewEncoder(w).Encode(map[string]string{"errorCode": "QUOTED", "errorMessage": message})
		})
	})
}

// issued are the tokens that the simulator has handed out and got back.
func (r *secretRun) issued() []string {
	var tokens []string
	for _, request := range r.world.ThingSpace.Requests() {
		if bearer, ok := strings.CutPrefix(request.Header.Get("Authorization"), "Bearer "); ok {
			tokens = append(tokens, bearer)
		}
		if session := request.Header.Get("VZ-M2M-Token"); session != "" {
			tokens = append(tokens, session)
		}
	}
	return tokens
}

// secrets are all that must be nowhere, by name.
func (r *secretRun) secrets() map[string]string {
	secrets := map[string]string{
		"the client secret":     acctest.ClientSecret,
		"the client's header":   base64.StdEncoding.EncodeToString([]byte(acctest.ClientID + ":" + acctest.ClientSecret)),
		"the login password":    acctest.Password,
		"the receiver's token":  acctest.ReceiverToken,
		"the callback password": acctest.CallbackPassword,
	}
	for i, token := range r.issued() {
		secrets[fmt.Sprintf("issued token %d", i)] = token
	}
	return secrets
}

// wantNoSecret fails for each secret in content, but for those named.
func (r *secretRun) wantNoSecret(t *testing.T, where, content string, but ...string) {
	t.Helper()
	for name, secret := range r.secrets() {
		if at := strings.Index(content, secret); at >= 0 && !strings.Contains(strings.Join(but, ","), name) {
			start := max(0, at-300)
			t.Errorf("%s is in %s: …%s", name, where, strings.ReplaceAll(content[start:at], secret, "(it)"))
		}
	}
}

// files returns the working directory's own files, and the log.
func (r *secretRun) files(t *testing.T) map[string]string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(r.Dir(), "*"))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, name := range append(names, r.log) {
		if info, err := os.Stat(name); err != nil || info.IsDir() {
			continue
		}
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		files[filepath.Base(name)] = string(content)
	}
	return files
}

// A whole life with every log turned up, with refusals that quote what was
// sent: no secret is printed, logged, or kept in state or plan.
func TestAccSecretsGoNowhere(t *testing.T) {
	t.Parallel()
	acctest.NeedsWriteOnly(t)
	r := newSecretRun(t)
	const writeOnly = "password_wo = var.listener_password\n  password_wo_version = 1"
	const variable = "variable \"listener_password\" {\n  type      = string\n  sensitive = true\n  ephemeral = true\n}\n"

	r.Write(variable + r.config(writeOnly, r.world.CallbackURL(), "5551234567"))
	for name, content := range r.SavePlan("first.plan") {
		r.wantNoSecret(t, "the saved plan's "+name, content)
	}
	r.run(t, false, "apply", "first.plan")
	r.run(t, false, "plan")

	// Refusals of a registration, of a request, and an answer that is lost.
	r.Write(variable + r.config(writeOnly, r.world.CallbackURL()+"?again", "5551234567"))
	r.echo(http.MethodPost, callbacksPath)
	r.run(t, true, "apply", "-auto-approve")
	r.Write(variable + r.config(writeOnly, r.world.CallbackURL(), "5551234567", "5557654321", "5550000001"))
	r.echo(http.MethodPost, qosPath)
	r.run(t, true, "apply", "-auto-approve")
	r.echo(http.MethodPost, loginPath)
	r.run(t, true, "plan")
	r.world.ThingSpaceGate.Interpose(nil)
	r.world.ThingSpace.Inject(sandbox.Fault{Kind: sandbox.FaultLoseAnswer, Operation: sandbox.OpCreate, Times: 1})
	r.run(t, false, "apply", "-auto-approve")
	r.world.StopReceiver()
	r.run(t, true, "plan")
	r.world.StartReceiver(t)
	for name, content := range r.SavePlan("last.plan") {
		r.wantNoSecret(t, "the saved plan's "+name, content)
	}
	r.run(t, false, "destroy", "-auto-approve")

	files := r.files(t)
	for _, name := range []string{"trace.log", "terraform.tfstate"} {
		if files[name] == "" {
			t.Errorf("there is no %s", name)
		}
	}
	for _, line := range []string{"HTTP request answered", "QUOTED: you sent"} {
		if !strings.Contains(files["trace.log"], line) {
			t.Errorf("%q is not in the log: has it been tried?", line)
		}
	}
	for name, content := range files {
		r.wantNoSecret(t, name, content)
	}
	r.wantNoSecret(t, "what was printed", r.printed.String())
}

// A password that the user puts into the state is there, and nowhere else.
func TestAccPasswordIsInTheStateAlone(t *testing.T) {
	t.Parallel()
	r := newSecretRun(t)
	const variable = "variable \"listener_password\" {\n  type      = string\n  sensitive = true\n}\n"
	r.Write(variable + r.config("password = var.listener_password", r.world.CallbackURL(), "5551234567"))
	r.run(t, false, "apply", "-auto-approve")
	r.run(t, false, "plan")
	r.echo(http.MethodDelete, qosPath)
	r.run(t, true, "destroy", "-auto-approve")
	r.world.ThingSpaceGate.Interpose(nil)
	if !strings.Contains(r.State(), acctest.CallbackPassword) {
		t.Error("the password is not in the state")
	}
	for name, content := range r.files(t) {
		if name == "terraform.tfstate" || name == "terraform.tfstate.backup" {
			r.wantNoSecret(t, name, content, "the callback password")
			continue
		}
		r.wantNoSecret(t, name, content)
	}
	r.wantNoSecret(t, "what was printed", r.printed.String())
	r.run(t, false, "destroy", "-auto-approve")
}
