package camara_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/qosform/terraform-provider-qos/internal/acctest"
	sandbox "github.com/qosform/terraform-provider-qos/internal/sandbox/camara"
)

const (
	notificationToken = "acc-notification-token-8d21c4" // #nosec G101 -- opens nothing
	tokenVariable     = "variable \"notification_token\" {\n  type      = string\n  sensitive = true\n  ephemeral = true\n}\n"
)

// secretWorld is an operator, and a way to prove oneself to it that is in the
// environment and not in the configuration.
type secretWorld struct {
	*acctest.CamaraWorld
	// lines are what the provider block says of it, env the rest.
	lines []string
	env   []string
	// secrets are those of the client, by name.
	secrets map[string]string
}

func secretWorlds() map[string]func(*testing.T) secretWorld {
	return map[string]func(*testing.T) secretWorld{
		"client secret": func(t *testing.T) secretWorld {
			t.Helper()
			w := acctest.NewCamara(t, sandbox.Version11)
			return secretWorld{
				CamaraWorld: w, lines: []string{w.OAuth("client_credentials", w.Scopes(false))},
				env: []string{"CAMARA_OAUTH_CLIENT_SECRET=" + acctest.OperatorClientSecret},
				secrets: map[string]string{
					"the client secret":   acctest.OperatorClientSecret,
					"the client's header": base64.StdEncoding.EncodeToString([]byte(acctest.OperatorClientID + ":" + acctest.OperatorClientSecret)),
				},
			}
		},
		"private key, two legs":   func(t *testing.T) secretWorld { t.Helper(); return keyed(t, "client_credentials") },
		"private key, three legs": func(t *testing.T) secretWorld { t.Helper(); return keyed(t, "jwt_bearer") },
		"access token": func(t *testing.T) secretWorld {
			t.Helper()
			return secretWorld{
				CamaraWorld: acctest.NewCamara(t, sandbox.Version10), env: []string{"CAMARA_ACCESS_TOKEN=" + acctest.OperatorAccessToken},
				secrets: map[string]string{"the access token": acctest.OperatorAccessToken},
			}
		},
		"API key": func(t *testing.T) secretWorld {
			t.Helper()
			return secretWorld{
				CamaraWorld: acctest.NewCamara(t, sandbox.HybridA), env: []string{fmt.Sprintf("CAMARA_HEADERS={%q: %q}", sandbox.DefaultAPIKeyHeader, acctest.OperatorAPIKey)},
				secrets: map[string]string{"the API key": acctest.OperatorAPIKey},
			}
		},
	}
}

// keyed has each line of the key's body for a secret.
func keyed(t *testing.T, flow string) secretWorld {
	t.Helper()
	w := acctest.NewKeyedCamara(t, sandbox.Version12)
	secrets := map[string]string{}
	for i, line := range strings.Split(strings.TrimSpace(w.PrivateKey), "\n") {
		if !strings.HasPrefix(line, "-----") {
			secrets[fmt.Sprintf("line %d of the private key", i)] = line
		}
	}
	return secretWorld{
		CamaraWorld: w.CamaraWorld, lines: []string{w.OAuth(flow, w.Scopes(flow == "jwt_bearer"))},
		env: []string{"CAMARA_OAUTH_PRIVATE_KEY=" + w.PrivateKey}, secrets: secrets,
	}
}

// secretRun is a working directory in which everything is logged that can be.
type secretRun struct {
	*acctest.CLI
	world secretWorld
	log   string
	// printed is all that the engine has printed.
	printed strings.Builder
}

func newSecretRun(t *testing.T, w secretWorld) *secretRun {
	t.Helper()
	acctest.NeedsWriteOnly(t)
	r := &secretRun{world: w, log: filepath.Join(t.TempDir(), "trace.log")}
	r.CLI = newCLI(t, append(w.env, "TF_LOG=TRACE", "TF_LOG_CORE=TRACE", "TF_LOG_PROVIDER=TRACE", "TF_LOG_PATH="+r.log, "TF_VAR_notification_token="+notificationToken)...)
	return r
}

// config has one of each kind with a notification token, write-only or not.
func (r *secretRun) config(writeOnly bool) string {
	suffix, version := "", ""
	if writeOnly {
		suffix, version = "_wo", "_wo_version = 1"
	}
	config := tokenVariable
	if !writeOnly {
		config = strings.Replace(config, "  ephemeral = true\n", "", 1)
	}
	config += r.world.ProviderBlock(r.world.lines...)
	for _, k := range kinds() {
		name, lines := "access_token", "sink = \"https://n.example.com\"\n  sink_credential = {\n    access_token_expires_utc = \"2040-01-31T12:00:00Z\"\n    %s = var.notification_token\n    %s\n  }"
		if k.create == sandbox.OpCreateSession && r.world.APIVersion() == string(sandbox.Version010) {
			name, lines = "notification_auth_token", "webhook = {\n    notification_url = \"https://n.example.com\"\n    %s = var.notification_token\n    %s\n  }"
		}
		if version != "" {
			version = name + "_wo_version = 1"
		}
		config += k.block("test", fmt.Sprintf(lines, name+suffix, version))
	}
	return config
}

func (r *secretRun) run(t *testing.T, fails bool, args ...string) {
	t.Helper()
	out, err := r.Run(append([]string{args[0], "-no-color", "-input=false"}, args[1:]...)...)
	r.printed.WriteString(out)
	if (err != nil) != fails {
		t.Fatalf("%s: %v\n%s", args[0], err, out)
	}
}

// echo lets the operator refuse requests of paths with one of the parts, and quote
// all that they carried.
func (r *secretRun) echo(method string, parts ...string) {
	r.world.Gate.Interpose(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			within := func(part string) bool { return strings.Contains(req.URL.Path, part) }
			if req.Method != method || !slices.ContainsFunc(parts, within) {
				next.ServeHTTP(w, req)
				return
			}
			body, _ := io.ReadAll(req.Body)
			message := fmt.Sprint("you sent ", req.Header, string(body))
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusForbidden)
			_ = json.NewEncoder(w).Encode(map[string]any{"status": http.StatusForbidden, "code": "QUOTED", "message": message, "error": "quoted", "error_description": message})
		})
	})
}

// secrets are all that must be nowhere, by name: with the client's, what the
// operator has handed out and got.
func (r *secretRun) secrets(t *testing.T) map[string]string {
	t.Helper()
	secrets := map[string]string{"the notification token": notificationToken}
	maps.Copy(secrets, r.world.secrets)
	for i, request := range r.world.Operator.Requests() {
		if bearer, ok := strings.CutPrefix(request.Header.Get("Authorization"), "Bearer "); ok {
			secrets[fmt.Sprintf("the bearer of request %d", i)] = bearer
		}
		if request.Operation != sandbox.OpToken {
			continue
		}
		form, err := url.ParseQuery(string(request.Body))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"assertion", "client_assertion"} {
			if assertion := form.Get(name); assertion != "" {
				secrets[fmt.Sprintf("the %s of request %d", name, i)] = assertion
			}
		}
	}
	return secrets
}

// wantNoSecret fails for each secret in content, but for the one named.
func (r *secretRun) wantNoSecret(t *testing.T, where, content, but string) {
	t.Helper()
	for name, secret := range r.secrets(t) {
		if at := strings.Index(content, secret); at >= 0 && name != but {
			t.Errorf("%s is in %s: …%s", name, where, strings.ReplaceAll(content[max(0, at-300):at], secret, "(it)"))
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

// savePlan saves a plan and looks through it, packed and as JSON.
func (r *secretRun) savePlan(t *testing.T, name string) {
	t.Helper()
	for file, content := range r.SavePlan(name) {
		r.wantNoSecret(t, name+"'s "+file, content, "")
	}
	r.wantNoSecret(t, name+" as JSON", r.MustRun("show", "-json", name), "")
}

// A whole life of a session and an assignment with every log turned up, and with
// refusals that quote what was sent: no secret is printed, logged, or kept in
// state or plan.
func TestAccSecretsGoNowhere(t *testing.T) {
	t.Parallel()
	for name, world := range secretWorlds() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newSecretRun(t, world(t))
			r.Write(r.config(true))
			r.savePlan(t, "first.plan")
			r.run(t, false, "apply", "first.plan")
			r.run(t, false, "plan")

			sessions, assignments := kinds()[0], kinds()[1]
			r.echo(http.MethodGet, sessions.collection+"/", assignments.collection+"/")
			r.run(t, true, "plan")
			r.echo(http.MethodPost, "/oauth/")
			r.run(t, len(r.world.lines) > 0, "destroy", "-auto-approve", "-refresh=false")
			r.echo(http.MethodPost, sessions.collection, assignments.collection)
			r.run(t, true, "apply", "-auto-approve", "-replace="+sessions.address(), "-replace="+assignments.address())
			r.world.Gate.Interpose(nil)
			r.run(t, false, "apply", "-auto-approve")

			wantInLog(t, r, "HTTP request answered", "QUOTED: you sent")
			for file, content := range r.files(t) {
				r.wantNoSecret(t, file, content, "")
			}
			r.wantNoSecret(t, "what was printed", r.printed.String(), "")
			r.run(t, false, "destroy", "-auto-approve")
		})
	}
}

func wantInLog(t *testing.T, r *secretRun, lines ...string) {
	t.Helper()
	for _, line := range lines {
		if !strings.Contains(r.files(t)["trace.log"], line) {
			t.Errorf("%q is not in the log: has it been tried?", line)
		}
	}
}

// A notification token that the user puts into the state is there, and nowhere
// else.
func TestAccNotificationTokenIsInTheStateAlone(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"client secret", "API key"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newSecretRun(t, secretWorlds()[name](t))
			r.Write(r.config(false))
			r.run(t, false, "apply", "-auto-approve")
			r.run(t, false, "plan")
			sessions, assignments := kinds()[0], kinds()[1]
			r.echo(http.MethodPost, sessions.collection, assignments.collection)
			r.run(t, true, "apply", "-auto-approve", "-replace="+sessions.address(), "-replace="+assignments.address())
			r.world.Gate.Interpose(nil)
			r.run(t, false, "apply", "-auto-approve")
			if !strings.Contains(r.State(), notificationToken) {
				t.Error("the token is not in the state")
			}
			for file, content := range r.files(t) {
				but := ""
				if strings.HasPrefix(file, "terraform.tfstate") {
					but = "the notification token"
				}
				r.wantNoSecret(t, file, content, but)
			}
			r.wantNoSecret(t, "what was printed", r.printed.String(), "")
			r.run(t, false, "destroy", "-auto-approve")
		})
	}
}
