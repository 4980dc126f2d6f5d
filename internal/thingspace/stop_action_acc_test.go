package thingspace_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/qosform/terraform-provider-qos/internal/acctest"
	"github.com/qosform/terraform-provider-qos/internal/receiver"
	sandbox "github.com/qosform/terraform-provider-qos/internal/sandbox/thingspace"
)

// An interrupt while ThingSpace is asked does not end the provider before the
// answer is journalled.
func TestAccInvokeInterrupted(t *testing.T) {
	t.Parallel()
	acctest.NeedsActions(t)
	d := speak(t)
	d.Register()
	made := d.made(t, "5551234567")[0]
	c := acctest.NewCLI(t)
	c.Write(d.ProviderConfig() + fmt.Sprintf(`
action "thingspace_qos_subscription_stop" "left" {
  config {
    account_name        = %q
    qos_subscription_id = %q
  }
}
`, acctest.Account, made.ID))
	d.ThingSpace.Inject(sandbox.Fault{Kind: sandbox.FaultDropCallback, Event: "QoSChangeTerminated", Times: 10})
	hold := acctest.NewHold(http.MethodDelete, "/")
	d.ThingSpaceGate.Interpose(hold.Wrap)
	process := c.Start("apply", "-auto-approve", "-input=false", "-no-color", "-invoke=action.thingspace_qos_subscription_stop.left")
	<-hold.Reached()
	ended := make(chan struct{})
	d.ReceiverGate.Interpose(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPatch {
				// The answer takes its time to be journalled: long enough for a provider that is
				// not waited for to be gone.
				select {
				case <-ended:
					return
				case <-time.After(2 * time.Second):
				}
			}
			next.ServeHTTP(w, r)
		})
	})
	process.Interrupt()
	hold.Release()
	out, _ := process.Wait()
	close(ended)
	stop := d.heard(t, receiver.Filter{RequestID: made.RequestID}).Subscriptions[0].Stop
	if stop == nil || stop.State != receiver.StopSent || stop.RequestID == "" {
		t.Errorf("the stop is journalled as %+v, and Terraform says\n%s", stop, out)
	}
	if live := d.live(); len(live) > 0 {
		t.Errorf("live are %v", live)
	}
}
