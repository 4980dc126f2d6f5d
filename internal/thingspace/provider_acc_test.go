package thingspace_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"

	"github.com/qosform/terraform-provider-qos/internal/acctest"
	sandbox "github.com/qosform/terraform-provider-qos/internal/sandbox/thingspace"
)

// Configuring the provider and planning what does not exist yet connects to
// nobody.
func TestAccPlanOfACreateConnectsToNobody(t *testing.T) {
	t.Parallel()
	thingSpace, toThingSpace := tripwire(t)
	receiver, toReceiver := tripwire(t)
	provider := func(baseURL, receiverURL string) string {
		return fmt.Sprintf(`
provider "thingspace" {
  base_url       = %q
  client_id      = "id"
  client_secret  = "secret"
  username       = "user"
  password       = "password"
  receiver_url   = %q
  receiver_token = "token"
}
resource "thingspace_callback" "qos" {
  account_name = %q
  url          = "https://qos.example.com/thingspace/callbacks"
}
`, baseURL, receiverURL, acctest.Account) + subscription("test", "5551234567")
	}
	creates := resource.ConfigPlanChecks{PostApplyPreRefresh: []plancheck.PlanCheck{
		plancheck.ExpectResourceAction("thingspace_callback.qos", plancheck.ResourceActionCreate),
		plancheck.ExpectResourceAction("thingspace_qos_subscription.test", plancheck.ResourceActionCreate),
	}}
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: acctest.Factories(),
		Steps: []resource.TestStep{
			{Config: provider(thingSpace, receiver), PlanOnly: true, ExpectNonEmptyPlan: true, ConfigPlanChecks: creates},
			{Config: provider(closedPort(t), closedPort(t)), PlanOnly: true, ExpectNonEmptyPlan: true, ConfigPlanChecks: creates},
		},
	})
	if n, m := toThingSpace.Load(), toReceiver.Load(); n > 0 || m > 0 {
		t.Errorf("%d connections to ThingSpace and %d to the receiver while planning creates, want none", n, m)
	}
}

// A value that is unknown at plan never becomes a default: what needs no
// request is planned, and apply has the value.
func TestAccUnknownProviderValues(t *testing.T) {
	t.Parallel()
	const path = "/api/m2m/v1/device/actions/enhanceQoS"
	fleet, values := acctest.Fleet[*acctest.World]{}, ""
	for _, name := range []string{"base_url", "client_secret", "password", "receiver_url", "receiver_token", "enhance_qos_path"} {
		w := acctest.New(t)
		w.Register()
		value := map[string]string{
			"base_url": w.ThingSpaceURL(), "client_secret": acctest.ClientSecret, "password": acctest.Password,
			"receiver_url": w.ReceiverURL(), "receiver_token": acctest.ReceiverToken, "enhance_qos_path": path,
		}[name]
		known := w.ProviderConfig()
		if name == "enhance_qos_path" {
			known = w.ProviderConfig(fmt.Sprintf("enhance_qos_path = %q", path))
		}
		provider := strings.Replace(known, fmt.Sprintf("%q\n", value), "terraform_data."+name+".output\n", 1)
		if provider == known {
			t.Fatalf("the provider block does not use the unknown value:\n%s", provider)
		}
		values += fmt.Sprintf("resource \"terraform_data\" %q {\n  input = %q\n}\n", name, value)
		fleet[name] = acctest.Member[*acctest.World]{World: w, Provider: provider}
	}
	config := values + fleet.Config(subscription("test", "5551234567"))
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: fleet.Factories(acctest.Factories()),
		Steps: []resource.TestStep{
			{Config: config, PlanOnly: true, ExpectNonEmptyPlan: true},
			{Config: config},
		},
	})
	for name, member := range fleet {
		if posts := member.World.ThingSpace.Count(sandbox.OpCreate); posts != 1 {
			t.Errorf("%s: %d POSTs, want 1", name, posts)
		}
	}
}

// A resource that exists cannot be read once a provider value is unknown again,
// as when its source is replaced. The error says which value it is, and the
// state stays.
func TestAccRefreshWithUnknownProviderValue(t *testing.T) {
	t.Parallel()
	w := acctest.New(t)
	w.Register()
	config := func(generation string) string {
		return fmt.Sprintf("resource \"terraform_data\" \"value\" {\n  input = %q\n  triggers_replace = %q\n}\n", w.ReceiverURL(), generation) +
			strings.Replace(w.ProviderConfig(), fmt.Sprintf("%q\n", w.ReceiverURL()), "terraform_data.value.output\n", 1) + subscription("test", "5551234567")
	}
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: acctest.Factories(),
		Steps: []resource.TestStep{
			{Config: config("one")},
			{Config: config("two"), ExpectError: acctest.Words("Unable to read QoS subscription", "The provider's receiver_url is not known until apply")},
			{Config: config("one"), PlanOnly: true},
		},
	})
}

// A data source that must be read while a provider value is unknown fails, and
// says which value it is.
func TestAccReadWithUnknownProviderValue(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ read, want string }{
		"base_url":     {"data \"thingspace_callbacks\" \"all\" {\n  account_name = \"1-1\"\n}\n", "Unable to list callbacks"},
		"session":      {"data \"thingspace_callbacks\" \"all\" {\n  account_name = \"1-1\"\n}\n", "Unable to list callbacks"},
		"receiver_url": {"data \"thingspace_qos_subscriptions\" \"all\" {}\n", "Unable to list QoS subscriptions"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			attributes := map[string]string{
				"base_url": fmt.Sprintf("%q", closedPort(t)), "client_id": `"id"`, "client_secret": `"secret"`,
				"session_token": `"session"`, "receiver_url": fmt.Sprintf("%q", closedPort(t)), "receiver_token": `"token"`,
			}
			unknown := name
			if name == "session" {
				unknown = "session_token"
			}
			attributes[unknown] = "terraform_data.value.output"
			var b strings.Builder
			for key, value := range attributes {
				fmt.Fprintf(&b, "  %s = %s\n", key, value)
			}
			config := "resource \"terraform_data\" \"value\" {\n  input = \"http://127.0.0.1:1\"\n}\nprovider \"thingspace\" {\n" + b.String() + "}\n" + test.read
			resource.Test(t, resource.TestCase{
				ProtoV6ProviderFactories: acctest.Factories(),
				Steps: []resource.TestStep{{
					Config: config, PlanOnly: true,
					ExpectError: acctest.Words(test.want, "The provider's "+unknown+" is not known until apply"),
				}},
			})
		})
	}
}

// The environment fills in what the configuration leaves out, and a blank line
// at the end of a file does no harm to what cannot contain one.
func TestAccConfiguredFromTheEnvironment(t *testing.T) {
	t.Parallel()
	w := acctest.New(t)
	w.Register()
	env := map[string]string{
		"THINGSPACE_BASE_URL":                w.ThingSpaceURL() + "/",
		"THINGSPACE_CLIENT_ID":               acctest.ClientID,
		"THINGSPACE_CLIENT_SECRET":           acctest.ClientSecret + "\n",
		"THINGSPACE_USERNAME":                acctest.Username,
		"THINGSPACE_PASSWORD":                acctest.Password,
		"THINGSPACE_RECEIVER_URL":            w.ReceiverURL() + "\n",
		"THINGSPACE_RECEIVER_TOKEN":          acctest.ReceiverToken + "\n",
		"THINGSPACE_ENHANCE_QOS_PATH":        "/api/m2m/v1/device/actions/enhanceQoS",
		"THINGSPACE_MAX_REQUESTS_PER_SECOND": "500",
		"THINGSPACE_MAX_RETRIES":             "0",
	}
	config := subscription("test", "5551234567")
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: withEnvironment(env),
		Steps:                    []resource.TestStep{{Config: config}},
	})
	if posts := w.ThingSpace.Count(sandbox.OpCreate); posts != 1 {
		t.Errorf("%d POSTs, want 1", posts)
	}
}

func TestAccBadEnvironment(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change map[string]string
		want   string
	}{
		"rate":         {map[string]string{"THINGSPACE_MAX_REQUESTS_PER_SECOND": "fast"}, "THINGSPACE_MAX_REQUESTS_PER_SECOND must be a number of at least 0.01"},
		"retries":      {map[string]string{"THINGSPACE_MAX_RETRIES": "1.5"}, "THINGSPACE_MAX_RETRIES must be a whole number from 0 to 100"},
		"base URL":     {map[string]string{"THINGSPACE_BASE_URL": "verizon"}, "the base URL must be absolute"},
		"receiver URL": {map[string]string{"THINGSPACE_RECEIVER_URL": "ftp://x"}, "The receiver's URL must be absolute"},
		"path":         {map[string]string{"THINGSPACE_ENHANCE_QOS_PATH": "enhanceQoS"}, "the enhanceQoS path must begin with a slash"},
		"token":        {map[string]string{"THINGSPACE_ACCESS_TOKEN": "hidden\ntoken"}, "the access token contains a blank, a line break"},
		"half a login": {map[string]string{"THINGSPACE_PASSWORD": ""}, "Set username and password"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env := map[string]string{
				"THINGSPACE_CLIENT_ID": "id", "THINGSPACE_CLIENT_SECRET": "secret", "THINGSPACE_USERNAME": "user", "THINGSPACE_PASSWORD": "password",
				"THINGSPACE_BASE_URL": closedPort(t), "THINGSPACE_RECEIVER_URL": closedPort(t),
			}
			maps.Copy(env, test.change)
			resource.Test(t, resource.TestCase{
				ProtoV6ProviderFactories: withEnvironment(env),
				Steps:                    []resource.TestStep{{Config: subscription("test", "5551234567"), PlanOnly: true, ExpectError: acctest.Words(test.want)}},
			})
		})
	}
}
