package acctest_test

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/qosform/terraform-provider-qos/internal/acctest"
	sandbox "github.com/qosform/terraform-provider-qos/internal/sandbox/thingspace"
	"github.com/qosform/terraform-provider-qos/internal/transport"
)

// What the thingspace examples name.
const (
	exampleReceiver  = "https://qos.example.com"
	exampleRequestID = "be36accb-0a9a-4367-93ab-0af6c4ed256a"
	exampleDevice    = "5551234567"
)

// TestAccExamples plans every folder of examples. A new one needs an entry here.
func TestAccExamples(t *testing.T) {
	t.Parallel()
	requireEngine(t)
	plans := map[string]string{
		"actions/thingspace_callback_test":          "Plan: 1 to add, 0 to change, 0 to destroy. Actions: 1 to invoke.",
		"actions/thingspace_qos_subscription_stop":  "No changes.",
		"data-sources/thingspace_callbacks":         "qos_listener",
		"data-sources/thingspace_qos_subscriptions": "elevated_devices",
		"ephemeral-resources/thingspace_session":    "Plan: 1 to add, 0 to change, 0 to destroy.",
		"functions/flow_endpoint":                   `"[2001:db8:1::20]:5004"`,
		"functions/parse_event":                     "QosChangeOn",
		"functions/parse_flow_endpoint":             "8554",
		"provider":                                  "Plan: 2 to add, 0 to change, 0 to destroy.",
		"quickstart":                                "Plan: 2 to add, 0 to change, 0 to destroy.",
		"resources/thingspace_callback":             "Plan: 1 to add, 0 to change, 0 to destroy.",
		"resources/thingspace_qos_subscription":     "Plan: 2 to add, 0 to change, 0 to destroy.",
		"scenarios/ipv6-devices":                    "Plan: 2 to add, 0 to change, 0 to destroy.",
		"scenarios/pipeline":                        "Plan: 3 to add, 0 to change, 0 to destroy.",
		"scenarios/unclaimed":                       "import_blocks",
	}
	requireAll(t, "thingspace", plans)
	for folder, want := range plans {
		t.Run(folder, func(t *testing.T) {
			t.Parallel()
			world := acctest.New(t)
			world.Register()
			cli := newExample(t, world, exampleReceiver)
			cli.add(folder)
			if folder == "provider" { // nothing to plan by itself
				cli.add("resources/thingspace_qos_subscription")
			}
			cli.planShows(want)
		})
	}
}

func TestAccReadme(t *testing.T) {
	t.Parallel()
	requireEngine(t)
	cli := newExample(t, acctest.New(t), exampleReceiver)
	cli.write("main.tf", readmeConfig(t, "thingspace_callback"))
	cli.planShows("Plan: 2 to add,")
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
			destroy := cli.apply()
			if got := len(world.ThingSpace.Live()); got != want {
				t.Errorf("%d subscriptions are live, want %d", got, want)
			}
			destroy()
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
			cli.importCommand(folder)
			if out := cli.MustRun("state", "list"); !strings.HasPrefix(out, resource+".") {
				t.Errorf("the state has %q, want a %s", out, resource)
			}
		})
		for _, file := range []string{"import-by-string-id.tf", "import-by-identity.tf"} {
			t.Run(resource+" "+file, func(t *testing.T) {
				t.Parallel()
				cli := newImportExample(t, folder)
				cli.addFile(filepath.Join(folder, file))
				out, _ := cli.plan()
				if !strings.Contains(out, "Plan: 1 to import,") || !strings.Contains(out, "0 to destroy.") {
					t.Errorf("want a plan that imports one and destroys nothing, got\n%s", out)
				}
			})
		}
	}
}

// newExample runs in world. ThingSpace is to reach the receiver at publicURL.
func newExample(t *testing.T, world *acctest.World, publicURL string) *example {
	t.Helper()
	return newExampleOf(t, acctest.FamilyThingSpace, thingSpaceEnvironment(world, publicURL)...)
}

func thingSpaceEnvironment(world *acctest.World, publicURL string) []string {
	return []string{
		"THINGSPACE_BASE_URL=" + world.ThingSpaceURL(),
		"THINGSPACE_CLIENT_ID=" + acctest.ClientID, "THINGSPACE_CLIENT_SECRET=" + acctest.ClientSecret,
		"THINGSPACE_USERNAME=" + acctest.Username, "THINGSPACE_PASSWORD=" + acctest.Password,
		"THINGSPACE_RECEIVER_URL=" + world.ReceiverURL(), "THINGSPACE_RECEIVER_TOKEN=" + acctest.ReceiverToken,
		"TF_VAR_account_name=" + acctest.Account,
		"TF_VAR_receiver_url=" + world.ReceiverURL(), "TF_VAR_receiver_public_url=" + publicURL,
		"TF_VAR_callback_username=" + acctest.CallbackUsername, "TF_VAR_callback_password=" + acctest.CallbackPassword,
	}
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
