package thingspace_test

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/qosform/terraform-provider-qos/internal/acctest"
	"github.com/qosform/terraform-provider-qos/internal/thingspace"
)

// withEnvironment serves the provider with an environment of the test's own.
func withEnvironment(env map[string]string) map[string]func() (tfprotov6.ProviderServer, error) {
	getenv := func(name string) string { return env[name] }
	return map[string]func() (tfprotov6.ProviderServer, error){
		"thingspace": providerserver.NewProtocol6WithError(thingspace.New("test", thingspace.WithEnvironment(getenv))),
	}
}

// services are callback services that an account may have besides QoS.
var services = []string{
	"AlertService", "CarrierService", "DeviceService", "DeviceUsage", "DiagnosticsService",
	"NiddService", "PromoChanges", "PwnService", "StateService", "VIPCallbackService",
}

// callbacks are so many registrations, each a resource of its own.
func callbacks(w *acctest.World, n int) string {
	var b strings.Builder
	for _, service := range services[:n] {
		fmt.Fprintf(&b, "resource \"thingspace_callback\" %q {\n  account_name = %q\n  name = %q\n  url = %q\n}\n", service, acctest.Account, service, w.CallbackURL())
	}
	return b.String()
}

// subscription is the resource called name for a device with one flow.
func subscription(name, deviceID string, extra ...string) string {
	return fmt.Sprintf(`
resource "thingspace_qos_subscription" %q {
  account_name = %q
  device_info = [{
    device_id = { id = %q, kind = "MDN" }
    flow_info = [{
      flow_server    = "203.0.113.5:443"
      flow_device    = "198.51.100.7:5000"
      flow_direction = "UPLINK"
      flow_protocol  = "UDP"
      qci_option     = "Premium"
    }]
  }]
  %s
}
`, name, acctest.Account, deviceID, strings.Join(extra, "\n  "))
}

// closedPort is the URL of a loopback port on which nobody listens.
func closedPort(t *testing.T) string {
	t.Helper()
	var config net.ListenConfig
	listener, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	return "http://" + listener.Addr().String()
}

// tripwire is a server that counts the connections made to it.
func tripwire(t *testing.T) (url string, connections *atomic.Int32) {
	t.Helper()
	connections = &atomic.Int32{}
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	return server.URL, connections
}
