package qossubscription_test

import (
	"testing"

	"github.com/qosform/terraform-provider-qos/internal/acctest"
	"github.com/qosform/terraform-provider-qos/internal/receiver"
	sandbox "github.com/qosform/terraform-provider-qos/internal/sandbox/thingspace"
	"github.com/qosform/terraform-provider-qos/internal/thingspace/api"
)

// script makes a subscription without Terraform and returns when the receiver
// has heard that it is on.
func script(t *testing.T, w *acctest.World, deviceID string) sandbox.Subscription {
	t.Helper()
	client, err := api.New(api.Config{
		BaseURL: w.ThingSpaceURL(), ClientID: acctest.ClientID, ClientSecret: acctest.ClientSecret, Username: acctest.Username, Password: acctest.Password,
	})
	if err != nil {
		t.Fatal(err)
	}
	requestID, err := client.EnhanceQoS(t.Context(), api.EnhanceQoSRequest{AccountName: acctest.Account, DeviceInfo: []api.DeviceInfo{{
		DeviceID: api.DeviceID{ID: deviceID, Kind: "MDN"},
		FlowInfo: []api.FlowInfo{{FlowServer: "203.0.113.5:443", FlowDevice: "198.51.100.7:5000", FlowDirection: "UPLINK", FlowProtocol: "UDP", QCIOption: "Premium"}},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	acctest.Eventually(t, "the receiver has heard of the script's request", func() bool {
		page, err := w.Journal(t).Requests(t.Context(), receiver.Filter{RequestID: requestID, Status: []receiver.Status{receiver.StatusOn}})
		return err == nil && len(page.Requests) == 1
	})
	for _, s := range w.ThingSpace.Live() {
		if s.RequestID == requestID {
			return s
		}
	}
	t.Fatalf("request %s is not live", requestID)
	return sandbox.Subscription{}
}
