package qossubscription_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/qosform/terraform-provider-qos/internal/acctest"
	sandbox "github.com/qosform/terraform-provider-qos/internal/sandbox/thingspace"
)

// traffic counts a server's requests and how many were open at once.
type traffic struct {
	total, open, most atomic.Int64
	path              string
}

func (c *traffic) wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, c.path) {
			next.ServeHTTP(w, r)
			return
		}
		c.total.Add(1)
		for now := c.open.Add(1); ; {
			most := c.most.Load()
			if now <= most || c.most.CompareAndSwap(most, now) {
				break
			}
		}
		defer c.open.Add(-1)
		next.ServeHTTP(w, r)
	})
}

func TestAccTwoHundredSubscriptions(t *testing.T) {
	t.Parallel()
	const count = 200
	w := acctest.New(t)
	waits := &traffic{path: "/v1/requests/wait"}
	w.ReceiverGate.Interpose(waits.wrap)
	config := behind(w, fmt.Sprintf(`
resource "thingspace_qos_subscription" "test" {
  count        = %d
  account_name = %q
  device_info  = [%s]
}
`, count, acctest.Account, device(`"5550000000"`, `"\"5550000000\""`, `format("555%07d", count.index)`)))
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: acctest.Factories(),
		CheckDestroy:             nothingLive(w),
		Steps: []resource.TestStep{
			{Config: config, Check: liveMatchesState(w)},
		},
	})
	for op, most := range map[sandbox.Operation]int{sandbox.OpCreate: count, sandbox.OpStop: count} {
		if got := w.ThingSpace.Count(op); got != most {
			t.Errorf("%d %s requests, want %d", got, op, most)
		}
	}
	if most := waits.most.Load(); most > 8 { // one for each resource would be the engine's ten
		t.Errorf("%d waits in flight at once, want a handful for all", most)
	}
	if total := waits.total.Load(); total > 4*count {
		t.Errorf("%d wait requests for %d creations and as many stops", total, count)
	}
}
