package soak

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/qosform/terraform-provider-qos/internal/pgtest"
	"github.com/qosform/terraform-provider-qos/internal/receiver"
	"github.com/qosform/terraform-provider-qos/internal/transport"
)

const (
	// settling is what the run gets, after the last callback was due, until
	// everybody must have been told everything.
	settling = 4 * time.Minute
	// auditing is what it takes, after that, to look at what is there.
	auditing = time.Minute
	// faultShare is the part of the run that one pause takes.
	faultShare = 25
)

// TestSoak is described with the package. It holds that every callback which was
// answered 2xx is stored exactly once, that everybody who waits is told what they
// wait for, and that nobody is ever told what the network has not said.
func TestSoak(t *testing.T) { //nolint:paralleltest // It measures nothing, but loads the machine enough alone.
	p := readPlan(t)
	t.Logf("QOS_SOAK=%s QOS_SOAK_WAITERS=%d QOS_SOAK_SEED=%d plays the same again", p.length, p.waiters, p.seed)
	r := newRun(t, p)
	ctx, cancel := context.WithTimeout(t.Context(), p.length+settling+auditing)
	defer cancel()
	for _, each := range r.replicas {
		if err := each.start(ctx); err != nil {
			t.Fatal(err)
		}
	}
	defer r.ledger.report(t)
	r.play(ctx, t)
}

// run is one of the plan, with what it takes.
type run struct {
	plan
	database *pgtest.Server
	replicas []*replica
	clients  []*receiver.Client
	ledger   *ledger
	mine     []*script
	foreign  []*script
}

func newRun(t *testing.T, p plan) *run {
	t.Helper()
	r := &run{plan: p, database: pgtest.Start(t), ledger: newLedger(), mine: p.awaited(), foreign: p.foreign()}
	binary := build(t)
	for range replicaCount {
		each := newReplica(t, binary, r.database.URL())
		client, err := each.client()
		if err != nil {
			t.Fatal(err)
		}
		r.replicas, r.clients = append(r.replicas, each), append(r.clients, client)
	}
	return r
}

// play lets the network, Terraform and the faults at the replicas, and looks at
// what is there when all is quiet.
func (r *run) play(ctx context.Context, t *testing.T) {
	t.Helper()
	follower := &follower{clients: r.clients, ledger: r.ledger}
	quiet := make(chan struct{})
	var following sync.WaitGroup
	following.Go(func() { follower.run(ctx, quiet) })
	r.load(ctx, t)
	r.awaitDrained(ctx, t)
	close(quiet)
	following.Wait()
	r.ledger.auditEvents(ctx, t, r.clients[0], follower.seen)
	r.ledger.auditRequests(ctx, t, r.clients[1], slices.Concat(r.mine, r.foreign))
	if r.ledger.count(spooled) == 0 {
		t.Error("no callback was ever seen in a spool: the outages have proven nothing")
	}
}

// load returns when everything is sent and everybody was told, or should have been.
func (r *run) load(ctx context.Context, t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, r.length+settling)
	defer cancel()
	started := time.Now()
	carrier := transport.New()
	defer carrier.CloseIdleConnections()
	n := &network{replicas: r.replicas, ledger: r.ledger, http: &http.Client{Transport: carrier}, started: started}
	var sending, waiting sync.WaitGroup
	for _, s := range slices.Concat(r.mine, r.foreign) {
		sending.Go(func() { n.play(ctx, s) })
	}
	r.startProviders(ctx, &waiting, started)
	trouble := &faults{random: r.random(3), pause: r.length / faultShare, replicas: r.replicas, database: r.database, ledger: r.ledger}
	trouble.play(ctx, t, started.Add(r.length*4/5))
	t.Logf("all is well again after %s", time.Since(started).Round(time.Second))
	sending.Wait()
	t.Logf("all is sent after %s", time.Since(started).Round(time.Second))
	waiting.Wait()
	t.Logf("all are told after %s", time.Since(started).Round(time.Second))
}

// startProviders lets the awaited requests be made by provider processes, which
// have a replica each.
func (r *run) startProviders(ctx context.Context, waiting *sync.WaitGroup, started time.Time) {
	i := 0
	for scripts := range slices.Chunk(r.mine, providerSize) {
		client := r.clients[i%len(r.clients)]
		p := &provider{client: client, waiter: receiver.NewWaiter(client), ledger: r.ledger, slots: make(chan struct{}, parallelism), started: started}
		for _, s := range scripts {
			waiting.Go(func() { p.create(ctx, s) })
		}
		i++
	}
}

func (r *run) awaitDrained(ctx context.Context, t *testing.T) {
	t.Helper()
	for _, each := range r.replicas {
		err := each.await(ctx, func() bool {
			depth, err := each.spooled(ctx)
			return err == nil && depth == 0
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
