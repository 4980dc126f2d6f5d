package thingspace_test

import (
	"strings"
	"testing"

	"github.com/qosform/terraform-provider-qos/internal/acctest"
	"github.com/qosform/terraform-provider-qos/internal/acctest/protocol"
	"github.com/qosform/terraform-provider-qos/internal/receiver"
	sandbox "github.com/qosform/terraform-provider-qos/internal/sandbox/thingspace"
	"github.com/qosform/terraform-provider-qos/internal/thingspace"
	"github.com/qosform/terraform-provider-qos/internal/thingspace/api"
)

const (
	callbackType     = "thingspace_callback"
	subscriptionType = "thingspace_qos_subscription"
	sessionType      = "thingspace_session"
	stopType         = "thingspace_qos_subscription_stop"
	testType         = "thingspace_callback_test"
)

// dialogue is a world, a provider that a test speaks to, and a script's client.
type dialogue struct {
	*acctest.World
	provider *protocol.Server
	script   *api.Client
}

func speak(t *testing.T) *dialogue {
	t.Helper()
	w := acctest.New(t)
	client, err := api.New(api.Config{
		BaseURL: w.ThingSpaceURL(), ClientID: acctest.ClientID, ClientSecret: acctest.ClientSecret, Username: acctest.Username, Password: acctest.Password,
	})
	if err != nil {
		t.Fatal(err)
	}
	return &dialogue{World: w, script: client, provider: spoken(t).Configure(blockOf(w))}
}

// spoken is a provider that is not configured, and reads no environment.
func spoken(t *testing.T) *protocol.Server {
	t.Helper()
	return protocol.Serve(t, thingspace.New("test", thingspace.WithEnvironment(func(string) string { return "" })))
}

// blockOf is the provider block for a world.
func blockOf(w *acctest.World) protocol.Object {
	return protocol.Object{
		"base_url": w.ThingSpaceURL(), "client_id": acctest.ClientID, "client_secret": acctest.ClientSecret, "username": acctest.Username, "password": acctest.Password,
		"receiver_url": w.ReceiverURL(), "receiver_token": acctest.ReceiverToken, "max_requests_per_second": 1000,
	}
}

// made is what a script has made for a device, once the receiver has heard that
// it is on. The receiver must be registered.
func (d *dialogue) made(t *testing.T, deviceIDs ...string) []sandbox.Subscription {
	t.Helper()
	request := api.EnhanceQoSRequest{AccountName: acctest.Account}
	for _, id := range deviceIDs {
		request.DeviceInfo = append(request.DeviceInfo, api.DeviceInfo{
			DeviceID: api.DeviceID{ID: id, Kind: "MDN"},
			FlowInfo: []api.FlowInfo{{FlowServer: "203.0.113.5:443", FlowDevice: "198.51.100.7:5000", FlowDirection: "UPLINK", FlowProtocol: "UDP", QCIOption: "Premium"}},
		})
	}
	requestID, err := d.script.EnhanceQoS(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	acctest.Eventually(t, "the receiver has heard of the script's request", func() bool {
		known := d.heard(t, receiver.Filter{RequestID: requestID})
		return known != nil && known.Status == receiver.StatusOn && len(known.Subscriptions) == len(deviceIDs)
	})
	var subscriptions []sandbox.Subscription
	for _, s := range d.ThingSpace.Live() {
		if s.RequestID == requestID {
			subscriptions = append(subscriptions, s)
		}
	}
	return subscriptions
}

// held is such a request that a Terraform state has.
func (d *dialogue) held(t *testing.T, deviceIDs ...string) []sandbox.Subscription {
	t.Helper()
	subscriptions := d.made(t, deviceIDs...)
	if _, said := d.provider.Import(subscriptionType, acctest.Account+"/"+subscriptions[0].RequestID); len(said) > 0 {
		t.Fatal(said)
	}
	return subscriptions
}

// heard is the only request that a filter selects, nil if none.
func (d *dialogue) heard(t *testing.T, f receiver.Filter) *receiver.Request {
	t.Helper()
	page, err := d.Journal(t).Requests(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	if len(page.Requests) != 1 {
		return nil
	}
	return &page.Requests[0]
}

// journalled is a request of a Terraform state, with its flows and policies, that
// the receiver is told of.
func (d *dialogue) journalled(t *testing.T, requestID string, policies receiver.Policies, devices ...receiver.Device) *receiver.Request {
	t.Helper()
	known := make([]receiver.Subscription, len(devices))
	for i, device := range devices {
		known[i] = receiver.Subscription{DeviceID: device.ID, QoSSubscriptionID: requestID + "-" + device.ID, Status: receiver.StatusOn}
	}
	request, err := d.Journal(t).CreateRequest(t.Context(), receiver.NewRequest{
		AccountName: acctest.Account, Devices: devices, Policies: policies, Claim: "claim of " + requestID, RequestID: requestID, Subscriptions: known,
	})
	if err != nil {
		t.Fatal(err)
	}
	return request
}

// wantNothingSaid fails on errors and warnings.
func wantNothingSaid(t *testing.T, said protocol.Diagnostics) {
	t.Helper()
	if len(said) > 0 {
		t.Fatal(said)
	}
}

// wantWords looks for words in a text.
func wantWords(t *testing.T, text string, wants ...string) {
	t.Helper()
	for _, want := range wants {
		if !strings.Contains(text, want) {
			t.Errorf("want %q in\n%s", want, text)
		}
	}
}
