package soak

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/qosform/terraform-provider-qos/internal/pgtest"
)

// outage is the shortest time for which the database is away: a callback goes to the
// spool after a second.
const outage = 1500 * time.Millisecond

// spooled is a counter.
const spooled = "callbacks that waited on disk at a time, at most"

// faults are what goes wrong during a run. There is always one replica that can
// take a callback.
type faults struct {
	random   *rand.Rand
	pause    time.Duration // how long things are away, and well again
	replicas []*replica
	database *pgtest.Server
	ledger   *ledger
}

// play lets each thing go wrong once, in any order, and again until the time is
// over. Everything is well when it returns.
func (f *faults) play(ctx context.Context, t *testing.T, until time.Time) {
	t.Helper()
	all := map[string]func(ctx context.Context, t *testing.T){
		"replicas killed":                       f.replicaKilled,
		"replicas stopped":                      f.replicaStopped,
		"databases stopped":                     f.databaseStopped,
		"databases crashed with a replica dead": f.databaseCrashed,
	}
	names := []string{"replicas killed", "databases stopped", "replicas stopped", "databases crashed with a replica dead"}
	for again := true; again; again = time.Now().Before(until) {
		f.random.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
		for _, name := range names {
			f.rest(ctx, t)
			began := time.Now()
			all[name](ctx, t)
			t.Logf("%s: %s", name, time.Since(began).Round(10*time.Millisecond))
			f.ledger.add(name, 1)
		}
	}
}

// rest lets some time pass.
func (f *faults) rest(ctx context.Context, t *testing.T) {
	t.Helper()
	if err := wait(ctx, f.pause/2+share(f.random, f.pause)); err != nil {
		t.Fatal(err)
	}
}

func (f *faults) one() *replica { return f.replicas[f.random.IntN(len(f.replicas))] }

func (f *faults) replicaKilled(ctx context.Context, t *testing.T) {
	t.Helper()
	f.replaced(ctx, t, (*replica).kill)
}

func (f *faults) replicaStopped(ctx context.Context, t *testing.T) {
	t.Helper()
	f.replaced(ctx, t, (*replica).stop)
}

func (f *faults) replaced(ctx context.Context, t *testing.T, end func(*replica) error) {
	t.Helper()
	victim := f.one()
	if err := end(victim); err != nil {
		t.Fatal(err)
	}
	f.rest(ctx, t)
	if err := victim.start(ctx); err != nil {
		t.Fatal(err)
	}
}

func (f *faults) databaseStopped(ctx context.Context, t *testing.T) {
	t.Helper()
	f.database.Stop(t)
	f.outlast(ctx, t)
	f.database.Restart(t) //nolint:contextcheck // It has a bound of its own.
}

// databaseCrashed kills a replica that has callbacks on its disk, which only come
// to the database when it is started again.
func (f *faults) databaseCrashed(ctx context.Context, t *testing.T) {
	t.Helper()
	f.database.Crash(t)
	f.outlast(ctx, t)
	victim := f.one()
	if err := victim.kill(); err != nil {
		t.Fatal(err)
	}
	f.rest(ctx, t)
	f.database.Restart(t) //nolint:contextcheck // It has a bound of its own.
	if err := victim.start(ctx); err != nil {
		t.Fatal(err)
	}
}

// outlast waits through an outage, and counts what waits on the replicas' disks then.
func (f *faults) outlast(ctx context.Context, t *testing.T) {
	t.Helper()
	if err := wait(ctx, outage); err != nil {
		t.Fatal(err)
	}
	f.rest(ctx, t)
	waiting := 0
	for _, r := range f.replicas {
		depth, err := r.spooled(ctx)
		if err != nil {
			t.Fatal(err)
		}
		waiting += depth
	}
	f.ledger.atLeast(spooled, waiting)
}
