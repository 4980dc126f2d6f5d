package forward_test

import (
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/qosform/terraform-provider-qos/internal/pgtest"
	"github.com/qosform/terraform-provider-qos/internal/receiver"
	"github.com/qosform/terraform-provider-qos/internal/receiver/forward"
	"github.com/qosform/terraform-provider-qos/internal/receiver/store"
)

// TestOutage takes away the listener, and then the database, and brings back both:
// the listener gets everything, and what it refuses is a dead letter.
func TestOutage(t *testing.T) {
	t.Parallel()
	const callbacks = 20
	server := pgtest.Start(t)
	var up, lenient atomic.Bool
	l := listen(t, func(_ http.ResponseWriter, _ int, body string) int {
		switch {
		case strings.Contains(body, "odd") && !lenient.Load():
			return http.StatusUnprocessableEntity
		case up.Load():
			return http.StatusOK
		}
		return http.StatusServiceUnavailable
	})
	f := prepare(t, func(testing.TB) string { return server.URL() }, l.URL)
	f.run()
	f.deliver("odd", `{"odd":1}`)
	for i := range callbacks {
		f.deliver(fmt.Sprint("s", i%5), fmt.Sprintf(`{"n":%d}`, i))
	}
	f.hurry(time.Second)
	f.await("tried", func(held []receiver.Delivery) bool {
		tried := 0
		for _, d := range held {
			tried += d.Attempts
		}
		return tried > 3
	})
	server.Stop(t)
	up.Store(true)
	f.logged("claim deliveries")
	server.Restart(t)
	dead := f.await("but for a dead letter", func(held []receiver.Delivery) bool { return len(held) == 1 && allDead(held) })
	lenient.Store(true)
	if count, err := f.store.RetryDeliveries(t.Context(), receiver.DeliveryChoice{IDs: []string{dead[0].ID}}); err != nil || count != 1 {
		t.Fatalf("retried %d, %v", count, err)
	}
	f.await("empty", empty)
	close(l.heard)
	ids := map[string]string{}
	for got := range l.heard {
		id := got.header.Get(forward.HeaderDelivery)
		if before := ids[got.body]; before != "" && before != id {
			t.Errorf("%s came as %s, then as %s", got.body, before, id)
		}
		ids[got.body] = id
	}
	if len(ids) != callbacks+1 {
		t.Errorf("the listener got %v", ids)
	}
}

// logged returns once the log says something.
func (f *fixture) logged(text string) {
	f.t.Helper()
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	for !strings.Contains(f.logs.String(), text) {
		select {
		case <-ticker.C:
		case <-f.t.Context().Done():
			f.t.Fatalf("the log never says %q:\n%s", text, f.logs.String())
		}
	}
}

// deadlinedOutbox tells how long a settlement may take.
type deadlinedOutbox struct {
	*store.Store
	within chan time.Duration
}

func (o deadlinedOutbox) SettleDeliveries(ctx context.Context, settled []receiver.Settlement) error {
	deadline, ends := ctx.Deadline()
	if !ends {
		deadline = time.Now().Add(time.Hour)
	}
	o.within <- time.Until(deadline)
	return o.Store.SettleDeliveries(ctx, settled)
}

// A receiver that is told to end is not held up by a database that does not answer,
// and a claim is not over before it is settled.
func TestSettlementsEnd(t *testing.T) {
	t.Parallel()
	l := listen(t, always(http.StatusOK))
	journal, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "receiver.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = journal.Close() })
	outbox := deadlinedOutbox{journal, make(chan time.Duration, 1)}
	forwarder, err := forward.New(outbox, forward.Options{Targets: targets(t, l.URL)})
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{t: t, forwarder: forwarder}
	stop := f.run()
	passing, err := forwarder.Prepare(http.Header{}, []byte(`{}`), true)
	if err != nil {
		t.Fatal(err)
	}
	if err := journal.Record(t.Context(), []receiver.Event{{QoSEvent: "QoSChangeOn", QoSSubscriptionID: "s", Forward: passing}}); err != nil {
		t.Fatal(err)
	}
	forwarder.Wake()
	if within := <-outbox.within; within > 5*time.Second {
		t.Errorf("a settlement may take %s", within)
	}
	stop()
}
