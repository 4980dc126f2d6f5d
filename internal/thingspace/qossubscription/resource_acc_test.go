package qossubscription_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/qosform/terraform-provider-qos/internal/acctest"
	sandbox "github.com/qosform/terraform-provider-qos/internal/sandbox/thingspace"
)

const address = "thingspace_qos_subscription.test"

// device is one element of device_info with one flow.
func device(id string, changes ...string) string {
	text := fmt.Sprintf(`{
      device_id = { id = %q, kind = "MDN" }
      flow_info = [{
        flow_server    = "203.0.113.5:443"
        flow_device    = "198.51.100.7:5000"
        flow_direction = "UPLINK"
        flow_protocol  = "UDP"
        qci_option     = "Premium"
      }]
    }`, id)
	for i := 0; i+1 < len(changes); i += 2 {
		text = strings.ReplaceAll(text, changes[i], changes[i+1])
	}
	return text
}

// subscription is the resource "test" for devices, with extra lines.
func subscription(devices []string, extra ...string) string {
	return fmt.Sprintf(`
resource "thingspace_qos_subscription" "test" {
  account_name = %q
  device_info  = [%s]
  %s
}
`, acctest.Account, strings.Join(devices, ", "), strings.Join(extra, "\n  "))
}

// behind makes the subscription follow the callback resource.
func behind(w *acctest.World, config string) string {
	return w.ProviderConfig() + w.CallbackConfig() +
		strings.Replace(config, fmt.Sprintf("account_name = %q", acctest.Account), "account_name = thingspace_callback.qos.account_name", 1)
}

// liveMatchesState compares what the network holds with what the state names.
func liveMatchesState(w *acctest.World) resource.TestCheckFunc {
	return func(s *terraform.State) error {
		var inState []string
		for _, r := range s.RootModule().Resources {
			if r.Type != "thingspace_qos_subscription" {
				continue
			}
			for key, value := range r.Primary.Attributes {
				if strings.HasPrefix(key, "subscriptions.") && strings.HasSuffix(key, ".qos_subscription_id") {
					inState = append(inState, value)
				}
			}
		}
		slices.Sort(inState)
		if diff := cmp.Diff(liveIDs(w), inState); diff != "" {
			return fmt.Errorf("live at the network (-) and in the state (+):\n%s", diff)
		}
		return nil
	}
}

func liveIDs(w *acctest.World) []string {
	var ids []string
	for _, s := range w.ThingSpace.Live() {
		ids = append(ids, s.ID)
	}
	slices.Sort(ids)
	return ids
}

func nothingLive(w *acctest.World) resource.TestCheckFunc {
	return func(*terraform.State) error {
		if live := liveIDs(w); len(live) > 0 {
			return fmt.Errorf("still live after destroy: %v", live)
		}
		return nil
	}
}

func action(a plancheck.ResourceActionType) resource.ConfigPlanChecks {
	return resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectResourceAction(address, a)}}
}

func status(want string) statecheck.StateCheck {
	return statecheck.ExpectKnownValue(address, tfjsonpath.New("status"), knownvalue.StringExact(want))
}

func TestAccLifecycle(t *testing.T) {
	t.Parallel()
	w := acctest.New(t)
	config := behind(w, subscription([]string{device("5551234567")}))
	changed := behind(w, subscription([]string{device("5551234567", "UPLINK", "BIDIRECTION")}))
	reordered := behind(w, subscription([]string{device("5551234567", "UPLINK", "BIDIRECTION")}, `wait_for = "on"`, `timeouts = { create = "30s" }`))
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: acctest.Factories(),
		CheckDestroy:             nothingLive(w),
		Steps: []resource.TestStep{
			{
				Config: config,
				Check:  liveMatchesState(w),
				ConfigStateChecks: []statecheck.StateCheck{
					statecheck.ExpectKnownValue(address, tfjsonpath.New("status"), knownvalue.StringRegexp(regexp.MustCompile(`^(ACKNOWLEDGED|ON)$`))),
					statecheck.ExpectKnownValue(address, tfjsonpath.New("subscriptions").AtMapKey("5551234567").AtMapKey("qos_subscription_id"), knownvalue.NotNull()),
				},
			},
			{Config: changed, ConfigPlanChecks: action(plancheck.ResourceActionReplace), Check: liveMatchesState(w)},
			{Config: reordered, ConfigPlanChecks: action(plancheck.ResourceActionUpdate), Check: liveMatchesState(w)},
		},
	})
	if posts := w.ThingSpace.Count(sandbox.OpCreate); posts != 2 {
		t.Errorf("%d POSTs for a create and a replacement, want 2", posts)
	}
	if live := len(w.ThingSpace.Callbacks(acctest.Account)); live != 0 {
		t.Errorf("%d callbacks registered after destroy, want none", live)
	}
}

func TestAccGoldenRequests(t *testing.T) {
	t.Parallel()
	w := acctest.New(t)
	config := behind(w, fmt.Sprintf(`
resource "thingspace_qos_subscription" "test" {
  account_name = %q
  device_info = [{
    device_id        = { id = "0551234567", kind = "MDN" }
    device_ipv6_addr = "2001:db8::7"
    flow_info = [{
      flow_server    = "[2001:db8::5]:443"
      flow_device    = "[2001:db8::7]:5000"
      flow_direction = "UPLINK"
      flow_protocol  = "UDP"
      qci_option     = "Premium"
    }]
  }]
}
`, acctest.Account))
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: acctest.Factories(),
		Steps:                    []resource.TestStep{{Config: config, Check: liveMatchesState(w)}},
	})
	wantBody := `{"accountName":"0000123456-00001","deviceInfo":[{"deviceId":{"id":"0551234567","kind":"MDN"},"deviceIPv6Addr":"2001:db8::7",` +
		`"flowInfo":[{"flowServer":"[2001:db8::5]:443","flowDevice":"[2001:db8::7]:5000","flowDirection":"UPLINK","flowProtocol":"UDP","qciOption":"Premium"}]}]}`
	create := recorded(t, w, sandbox.OpCreate)
	if create.Method != http.MethodPost || create.Path != "/api/m2m/v1/device/actions/enhanceQoS" || create.Header.Get("Content-Type") != "application/json" {
		t.Errorf("create is %s %s with content type %q", create.Method, create.Path, create.Header.Get("Content-Type"))
	}
	if diff := cmp.Diff(wantBody, compact(t, create.Body)); diff != "" {
		t.Errorf("create body (-want +got):\n%s", diff)
	}
	stop := recorded(t, w, sandbox.OpStop)
	if len(stop.Body) != 0 {
		t.Errorf("DELETE has the body %q", stop.Body)
	}
	wantQuery := map[string][]string{"accountName": {acctest.Account}, "qosSubscriptionId": {w.ThingSpace.Subscriptions()[0].ID}}
	if diff := cmp.Diff(wantQuery, map[string][]string(stop.Query)); diff != "" {
		t.Errorf("DELETE query (-want +got):\n%s", diff)
	}
	register := recorded(t, w, sandbox.OpRegisterCallback)
	wantRegistration := fmt.Sprintf(`{"name":"QoS","url":%q,"username":%q,"password":%q}`, w.CallbackURL(), acctest.CallbackUsername, acctest.CallbackPassword)
	if diff := cmp.Diff(wantRegistration, compact(t, register.Body)); diff != "" {
		t.Errorf("registration body (-want +got):\n%s", diff)
	}
}

func recorded(t *testing.T, w *acctest.World, op sandbox.Operation) sandbox.RecordedRequest {
	t.Helper()
	for _, r := range w.ThingSpace.Requests() {
		if r.Operation == op {
			return r
		}
	}
	t.Fatalf("no %s request was sent", op)
	return sandbox.RecordedRequest{}
}

func compact(t *testing.T, body []byte) string {
	t.Helper()
	if !json.Valid(body) {
		t.Fatalf("not JSON: %q", body)
	}
	return strings.TrimSpace(string(body))
}
