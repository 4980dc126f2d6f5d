package soak

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
)

const (
	acknowledged = "QoSChangeReqAck"
	on           = "QoSChangeOn"
	failed       = "QoSChangeFailed"
	terminated   = "QoSChangeTerminated"

	replicaCount = 2
	// foreignShare is how many requests per second come from elsewhere than from
	// Terraform, as long as the network sends.
	foreignShare = 10
)

// plan is what one run plays. Its seed decides everything but the timing.
type plan struct {
	seed    uint64
	length  time.Duration
	waiters int
}

// readPlan takes the plan from the environment: QOS_SOAK is how long callbacks
// come, QOS_SOAK_WAITERS how many requests are waited for and QOS_SOAK_SEED the seed
// of a run to be played again.
func readPlan(t *testing.T) plan {
	t.Helper()
	p := plan{seed: rand.Uint64(), length: 10 * time.Second, waiters: 40} //nolint:gosec // Nothing depends on nobody guessing it.
	var err error
	if text := os.Getenv("QOS_SOAK"); text != "" {
		if p.length, err = time.ParseDuration(text); err != nil {
			t.Fatalf("QOS_SOAK: %v", err)
		}
	}
	if text := os.Getenv("QOS_SOAK_WAITERS"); text != "" {
		if p.waiters, err = strconv.Atoi(text); err != nil {
			t.Fatalf("QOS_SOAK_WAITERS: %v", err)
		}
	}
	if text := os.Getenv("QOS_SOAK_SEED"); text != "" {
		if p.seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatalf("QOS_SOAK_SEED: %v", err)
		}
	}
	return p
}

// random is a source of its own for one part of the run.
func (p plan) random(part uint64) *rand.Rand {
	return rand.New(rand.NewPCG(p.seed, part)) //nolint:gosec // It is meant to be repeated.
}

// fact is one step of one subscription, as an entry of a callback tells it. The
// network sends each in one way only, so it is an event's identity as well.
type fact struct{ requestID, subscriptionID, device, event string }

func (f fact) status() receiver.Status {
	switch f.event {
	case acknowledged:
		return receiver.StatusAcknowledged
	case on:
		return receiver.StatusOn
	case failed:
		return receiver.StatusFailed
	case terminated:
		return receiver.StatusTerminated
	default:
		return receiver.StatusRequested
	}
}

// delivery is one callback on its way.
type delivery struct {
	facts []fact
	count int           // how often the network says to have sent it
	due   time.Duration // after the start of the run
	first int           // the replica that it is sent to
}

// script is what the network does with one request.
type script struct {
	requestID  string
	devices    []string
	start      time.Duration // when Terraform creates it
	deliveries []delivery    // by the time at which they are due
	final      map[string]receiver.Status
	posted     chan struct{} // closed when the network has the request
}

// awaited are the scripts of requests that Terraform makes and waits for. They
// begin in the first third of the run, and hear of the network in the rest.
func (p plan) awaited() []*script {
	random := p.random(1)
	scripts := make([]*script, 0, p.waiters)
	for i := range p.waiters {
		first := p.length/3 + share(random, p.length/3)
		s := p.script(random, fmt.Sprintf("mine-%05d", i), fmt.Sprintf("1%06d", i), first)
		s.start, s.posted = share(random, p.length/3), make(chan struct{})
		scripts = append(scripts, s)
	}
	return scripts
}

// foreign are the scripts of requests that something else makes.
func (p plan) foreign() []*script {
	random := p.random(2)
	scripts := make([]*script, 0, int(p.length.Seconds())*foreignShare)
	for i := range cap(scripts) {
		s := p.script(random, fmt.Sprintf("foreign-%05d", i), fmt.Sprintf("2%06d", i), share(random, p.length*2/3))
		s.posted = make(chan struct{})
		close(s.posted)
		scripts = append(scripts, s)
	}
	return scripts
}

// script makes up the deliveries of a request: all devices are acknowledged with
// one callback, then each goes its own way. One of three requests hears of it in any
// order, and one of three callbacks comes again.
func (p plan) script(random *rand.Rand, requestID, prefix string, first time.Duration) *script {
	s := &script{requestID: requestID, final: map[string]receiver.Status{}}
	var acknowledgement []fact
	var later [][]fact
	for i := range 1 + random.IntN(3) {
		device := fmt.Sprintf("%s%03d", prefix, i)
		s.devices = append(s.devices, device)
		told := func(event string) fact { return fact{requestID, "sub-" + device, device, event} }
		acknowledgement = append(acknowledgement, told(acknowledged))
		last := told(on)
		switch random.IntN(10) {
		case 0, 1:
			last = told(failed)
		case 2, 3:
			later = append(later, []fact{told(on)})
			last = told(terminated)
		}
		later = append(later, []fact{last})
		s.final[device] = last.status()
	}
	callbacks := append([][]fact{acknowledgement}, later...)
	if random.IntN(3) == 0 {
		random.Shuffle(len(callbacks), func(i, j int) { callbacks[i], callbacks[j] = callbacks[j], callbacks[i] })
	}
	for _, facts := range callbacks {
		first += share(random, p.length/20)
		s.deliveries = append(s.deliveries, delivery{facts, 1, first, random.IntN(replicaCount)})
		if random.IntN(3) == 0 {
			again := first + share(random, p.length/10)
			s.deliveries = append(s.deliveries, delivery{facts, 2, again, random.IntN(replicaCount)})
		}
	}
	slices.SortStableFunc(s.deliveries, func(a, b delivery) int { return cmp.Compare(a.due, b.due) })
	return s
}

// share is a random part of d.
func share(random *rand.Rand, d time.Duration) time.Duration {
	return time.Duration(random.Int64N(int64(d)))
}
