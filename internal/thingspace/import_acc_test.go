package thingspace_test

import (
	"testing"
	"time"

	"github.com/qosform/terraform-provider-qos/internal/acctest"
	"github.com/qosform/terraform-provider-qos/internal/receiver"
	sandbox "github.com/qosform/terraform-provider-qos/internal/sandbox/thingspace"
)

// Devices that no callback named are taken from the configuration, and nothing is
// sent for them.
func TestAccImportWithoutDevices(t *testing.T) {
	t.Parallel()
	d := speak(t)
	d.Register()
	on := receiver.Event{RequestID: "left", AccountName: acctest.Account, QoSSubscriptionID: "left-subscription", QoSEvent: "QoSChangeOn", ReceivedAt: time.Now(), Authenticated: true}
	if err := d.Store.Record(t.Context(), []receiver.Event{on}); err != nil {
		t.Fatal(err)
	}
	c := acctest.NewCLI(t)
	c.Write(d.ProviderConfig() + subscription("test", "5551234567"))
	c.MustRun("import", "-no-color", "-input=false", subscriptionType+".test", acctest.Account+"/left")
	wantWords(t, c.MustRun("apply", "-auto-approve", "-input=false", "-no-color"), "0 added, 1 changed, 0 destroyed")
	c.MustRun("apply", "-refresh-only", "-auto-approve", "-input=false", "-no-color")
	if out, changes := c.Plan(); changes {
		t.Errorf("the plan is not empty:\n%s", out)
	}
	if posts, stops := d.ThingSpace.Count(sandbox.OpCreate), d.ThingSpace.Count(sandbox.OpStop); posts+stops > 0 {
		t.Errorf("%d POSTs and %d DELETEs", posts, stops)
	}
	known := d.heard(t, receiver.Filter{RequestID: "left"})
	if known == nil || len(known.Subscriptions) != 1 || known.Subscriptions[0].DeviceID != "5551234567" || known.Subscriptions[0].QoSSubscriptionID != "left-subscription" {
		t.Errorf("the journal has %+v", known)
	}
}
