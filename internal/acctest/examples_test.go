package acctest_test

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/go-version"

	"github.com/qosform/terraform-provider-qos/internal/acctest"
	sandbox "github.com/qosform/terraform-provider-qos/internal/sandbox/thingspace"
	"github.com/qosform/terraform-provider-qos/internal/transport"
)

const (
	examplesRoot = "../../examples/thingspace"
	// What the examples name.
	exampleReceiver  = "https://qos.example.com"
	exampleRequestID = "be36accb-0a9a-4367-93ab-0af6c4ed256a"
	exampleDevice    = "5551234567"
)

// preamble is what a snippet leaves to its reader.
const preamble = `
terraform {
  required_providers {
    thingspace = {
      source = "qosform/thingspace"
    }
  }
}

provider "thingspace" {}
`

// TestAccExamples plans every folder of examples. A new one needs an entry here.
func TestAccExamples(t *testing.T) {
	t.Parallel()
	requireEngine(t)
	plans := map[string]string{
		"data-sources/thingspace_callbacks":         "qos_listener",
		"data-sources/thingspace_qos_subscriptions": "elevated_devices",
		"provider":                              "Plan: 2 to add, 0 to change, 0 to destroy.",
		"quickstart":                            "Plan: 2 to add, 0 to change, 0 to destroy.",
		"resources/thingspace_callback":         "Plan: 1 to add, 0 to change, 0 to destroy.",
		"resources/thingspace_qos_subscription": "Plan: 2 to add, 0 to change, 0 to destroy.",
		"scenarios/ipv6-devices":                "Plan: 2 to add, 0 to change, 0 to destroy.",
		"scenarios/pipeline":                    "Plan: 3 to add, 0 to change, 0 to destroy.",
		"scenarios/unclaimed":                   "import_blocks",
	}
	folders := exampleFolders(t)
	if known := slices.Sorted(maps.Keys(plans)); !slices.Equal(folders, known) {
		t.Fatalf("examples are in %q, and this test knows %q", folders, known)
	}
	for _, folder := range folders {
		t.Run(folder, func(t *testing.T) {
			t.Parallel()
			world := acctest.New(t)
			world.Register()
			cli := newExample(t, world, exampleReceiver)
			cli.add(folder)
			if folder == "provider" { // nothing to plan by itself
				cli.add("resources/thingspace_qos_subscription")
			}
			out, _ := cli.plan()
			// A check says so while it waits for what is to be created.
			unexpected := strings.ReplaceAll(out, "Warning: Check block assertion known after apply", "")
			if !strings.Contains(out, plans[folder]) || strings.Contains(unexpected, "Warning:") {
				t.Errorf("want a plan with %q and without a warning, got\n%s", plans[folder], out)
			}
		})
	}
}

func TestAccReadme(t *testing.T) {
	t.Parallel()
	requireEngine(t)
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(readme), "```hcl\n")
	config, _, found := strings.Cut(rest, "```")
	if !found {
		t.Fatal("README.md has no configuration")
	}
	cli := newExample(t, acctest.New(t), exampleReceiver)
	cli.write("main.tf", []byte(config))
	if out, _ := cli.plan(); !strings.Contains(out, "Plan: 2 to add,") {
		t.Errorf("want a plan with two to add, got\n%s", out)
	}
}

// TestAccExamplesApply runs the examples that are whole, from apply to destroy.
func TestAccExamplesApply(t *testing.T) {
	t.Parallel()
	requireEngine(t)
	live := map[string]int{"quickstart": 1, "scenarios/ipv6-devices": 3, "scenarios/pipeline": 2}
	for folder, want := range live {
		t.Run(folder, func(t *testing.T) {
			t.Parallel()
			world := acctest.New(t)
			cli := newExample(t, world, world.ReceiverURL())
			cli.add(folder)
			cli.init()
			if out, err := cli.Apply(); err != nil {
				t.Fatalf("apply: %v\n%s", err, out)
			}
			if got := len(world.ThingSpace.Live()); got != want {
				t.Errorf("%d subscriptions are live, want %d", got, want)
			}
			if out, err := cli.Destroy(); err != nil {
				t.Fatalf("destroy: %v\n%s", err, out)
			}
			if left := world.ThingSpace.Live(); len(left) > 0 {
				t.Errorf("left on: %v", left)
			}
		})
	}
}

// TestAccExamplesImport takes each way of importing that the examples show.
func TestAccExamplesImport(t *testing.T) {
	t.Parallel()
	requireEngine(t)
	for _, resource := range []string{"thingspace_callback", "thingspace_qos_subscription"} {
		folder := "resources/" + resource
		t.Run(resource+" by command", func(t *testing.T) {
			t.Parallel()
			cli := newImportExample(t, folder)
			cli.init()
			cli.MustRun(append([]string{"import", "-input=false", "-no-color"}, importArguments(t, folder)...)...)
			if out := cli.MustRun("state", "list"); !strings.HasPrefix(out, resource+".") {
				t.Errorf("the state has %q, want a %s", out, resource)
			}
		})
		for _, file := range []string{"import-by-string-id.tf", "import-by-identity.tf"} {
			t.Run(resource+" "+file, func(t *testing.T) {
				t.Parallel()
				cli := newImportExample(t, folder)
				if file == "import-by-identity.tf" {
					cli.needs("1.12.0")
				}
				cli.addFile(filepath.Join(folder, file))
				out, _ := cli.plan()
				if !strings.Contains(out, "Plan: 1 to import,") || !strings.Contains(out, "0 to destroy.") {
					t.Errorf("want a plan that imports one and destroys nothing, got\n%s", out)
				}
			})
		}
	}
}

func requireEngine(t *testing.T) {
	t.Helper()
	if os.Getenv("TF_ACC") == "" {
		t.Skip("runs the engine: set TF_ACC=1")
	}
}

// exampleFolders are the folders with configurations, relative to examplesRoot.
func exampleFolders(t *testing.T) []string {
	t.Helper()
	folders := map[string]bool{}
	err := filepath.WalkDir(examplesRoot, func(path string, _ fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".tf" {
			return err
		}
		folder, err := filepath.Rel(examplesRoot, filepath.Dir(path))
		folders[filepath.ToSlash(folder)] = true
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return slices.Sorted(maps.Keys(folders))
}

// example is a working directory made of example files.
type example struct {
	*acctest.CLI
	t        *testing.T
	provider bool // whether a file configures the provider
}

// newExample runs in world. ThingSpace is to reach the receiver at publicURL.
func newExample(t *testing.T, world *acctest.World, publicURL string) *example {
	t.Helper()
	cli := acctest.NewCLI(t,
		"THINGSPACE_BASE_URL="+world.ThingSpaceURL(),
		"THINGSPACE_CLIENT_ID="+acctest.ClientID, "THINGSPACE_CLIENT_SECRET="+acctest.ClientSecret,
		"THINGSPACE_USERNAME="+acctest.Username, "THINGSPACE_PASSWORD="+acctest.Password,
		"THINGSPACE_RECEIVER_URL="+world.ReceiverURL(), "THINGSPACE_RECEIVER_TOKEN="+acctest.ReceiverToken,
		"TF_VAR_account_name="+acctest.Account,
		"TF_VAR_receiver_url="+world.ReceiverURL(), "TF_VAR_receiver_public_url="+publicURL,
		"TF_VAR_callback_username="+acctest.CallbackUsername, "TF_VAR_callback_password="+acctest.CallbackPassword,
	)
	return &example{CLI: cli, t: t}
}

// newImportExample has what the import examples of folder name: the callback is
// registered, and the receiver has heard of a request that something else made.
func newImportExample(t *testing.T, folder string) *example {
	t.Helper()
	world := acctest.New(t)
	world.ThingSpace.SetCallback(sandbox.Callback{
		AccountName: acctest.Account, ServiceName: "QoS", URL: exampleReceiver + "/thingspace/callbacks", Username: "terraform",
	})
	acknowledge(t, world)
	cli := newExample(t, world, exampleReceiver)
	cli.add(folder)
	return cli
}

func acknowledge(t *testing.T, world *acctest.World) {
	t.Helper()
	body := fmt.Sprintf(`{
		"username": %q, "password": %q, "requestId": %q,
		"deviceIds": [{"id": %q, "kind": "mdn"}],
		"deviceResponse": {"qoS": [{
			"accountName": %q, "qosSubscriptionId": "imported", "reportedTime": "2026-01-01T12:00:00.000",
			"qosEvent": "QoSChangeReqAck", "status": "SUCCESS"
		}]},
		"callbackCount": 1, "maxCallbackThreshold": 4
	}`, acctest.CallbackUsername, acctest.CallbackPassword, exampleRequestID, exampleDevice, acctest.Account)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, world.CallbackURL(), strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := (&http.Client{Transport: transport.New()}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("the receiver answered %s", resp.Status)
	}
}

// add copies a folder's configuration without its ways of importing.
func (e *example) add(folder string) {
	e.t.Helper()
	files, err := filepath.Glob(filepath.Join(examplesRoot, folder, "*.tf"))
	if err != nil || len(files) == 0 {
		e.t.Fatalf("no configuration in %s (%v)", folder, err)
	}
	for _, file := range files {
		if name := filepath.Base(file); !strings.HasPrefix(name, "import-") {
			e.addFile(filepath.Join(folder, name))
		}
	}
}

func (e *example) addFile(name string) {
	e.t.Helper()
	content, err := os.ReadFile(filepath.Join(examplesRoot, name)) // #nosec G304 -- a file of this repository
	if err != nil {
		e.t.Fatal(err)
	}
	e.provider = e.provider || strings.Contains(string(content), "required_providers")
	e.write(filepath.Base(name), content)
}

func (e *example) write(name string, content []byte) {
	e.t.Helper()
	if err := os.WriteFile(filepath.Join(e.Dir(), name), content, 0o600); err != nil {
		e.t.Fatal(err)
	}
}

func (e *example) init() {
	e.t.Helper()
	if !e.provider {
		e.write("preamble.tf", []byte(preamble))
	}
	e.serveOpenTofu()
	e.MustRun("init", "-input=false", "-no-color")
}

func (e *example) plan() (out string, changes bool) {
	e.t.Helper()
	e.init()
	return e.Plan()
}

// serveOpenTofu puts the provider where OpenTofu looks for a source without a
// host, which it takes for one of its own registry.
func (e *example) serveOpenTofu() {
	e.t.Helper()
	plugins := filepath.Join(e.Dir(), "terraform.d", "plugins")
	if err := os.CopyFS(filepath.Join(plugins, "registry.opentofu.org"), os.DirFS(filepath.Join(plugins, "registry.terraform.io"))); err != nil {
		e.t.Fatal(err)
	}
}

// needs skips the test where the engine is older.
func (e *example) needs(oldest string) {
	e.t.Helper()
	var engine struct {
		Version string `json:"terraform_version"`
	}
	if err := json.Unmarshal([]byte(e.MustRun("version", "-json")), &engine); err != nil {
		e.t.Fatal(err)
	}
	if version.Must(version.NewVersion(engine.Version)).LessThan(version.Must(version.NewVersion(oldest))) {
		e.t.Skipf("needs %s, the engine is %s", oldest, engine.Version)
	}
}

// importArguments are those of the command in a folder's import.sh.
func importArguments(t *testing.T, folder string) []string {
	t.Helper()
	script, err := os.ReadFile(filepath.Join(examplesRoot, folder, "import.sh")) // #nosec G304 -- a file of this repository
	if err != nil {
		t.Fatal(err)
	}
	_, command, ok := strings.Cut(string(script), "\nterraform import ")
	if !ok {
		t.Fatalf("%s/import.sh has no terraform import", folder)
	}
	return strings.Fields(command)
}
