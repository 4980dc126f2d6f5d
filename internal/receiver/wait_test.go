package receiver_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jonboulle/clockwork"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
	"github.com/qosform/terraform-provider-qos/internal/receiver/store"
)

func TestWaitAnswersAtOnce(t *testing.T) {
	t.Parallel()
	f := start(t, receiver.ServerConfig{})
	client := f.client(t, readToken)
	r := journal(t, f, "claim-1", "5551230000", "r-1")
	changed, missing, err := client.Wait(t.Context(), []receiver.WaitItem{{ID: r.ID, Revision: r.Revision - 1}, {ID: "nothing"}}, 30*time.Second)
	if err != nil || len(changed) != 1 || changed[0].ID != r.ID || len(missing) != 1 || missing[0] != "nothing" {
		t.Errorf("changed %v, missing %v, %v", changed, missing, err)
	}
	changed, missing, err = client.Wait(t.Context(), []receiver.WaitItem{{ID: r.ID, Revision: r.Revision}}, 0)
	if err != nil || len(changed) != 0 || len(missing) != 0 {
		t.Errorf("changed %v, missing %v, %v", changed, missing, err)
	}
}

// lookingStore says when a long-poll has looked and when it has renewed.
type lookingStore struct {
	receiver.Store
	looked  chan struct{}
	renewed chan struct{}
}

func looking(s receiver.Store) *lookingStore {
	return &lookingStore{s, make(chan struct{}, 100), make(chan struct{}, 100)}
}

func (s *lookingStore) Revised(ctx context.Context, items []receiver.WaitItem) ([]receiver.Request, []string, error) {
	changed, missing, err := s.Store.Revised(ctx, items)
	s.looked <- struct{}{}
	return changed, missing, err
}

func (s *lookingStore) Renew(ctx context.Context, items []receiver.WaitItem) error {
	err := s.Store.Renew(ctx, items)
	s.renewed <- struct{}{}
	return err
}

func TestWaitWakesForACallback(t *testing.T) {
	t.Parallel()
	journalled := looking(openStore(t, store.Options{}))
	// With a clock that stands still, only the wake-up can end the wait.
	f := startOn(t, journalled, receiver.ServerConfig{Clock: clockwork.NewFakeClock()})
	r := journal(t, f, "claim-1", "5551230000", "r-1")
	var done sync.WaitGroup
	done.Go(func() {
		changed, _, err := f.client(t, readToken).Wait(t.Context(), []receiver.WaitItem{{ID: r.ID, Revision: r.Revision}}, 30*time.Second)
		if err != nil || len(changed) != 1 || changed[0].Status != receiver.StatusAcknowledged {
			t.Errorf("changed %v, %v", changed, err)
		}
	})
	<-journalled.looked
	f.deliver(t, acknowledgement("r-1", "s-1", "5551230000"))
	done.Wait()
}

func TestWaitRenewsLeases(t *testing.T) {
	t.Parallel()
	clock := clockwork.NewFakeClock()
	journalled := looking(openStore(t, store.Options{Clock: clock}))
	f := prepare(t, journalled, receiver.ServerConfig{Clock: clock})
	r, err := f.client(t, journalToken).CreateRequest(t.Context(), intent("claim-1", "5551230000"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, leave := context.WithCancel(t.Context())
	var done sync.WaitGroup
	done.Go(func() {
		_, _, err := f.client(t, journalToken).Wait(ctx, []receiver.WaitItem{{ID: r.ID, Revision: r.Revision, Claim: "claim-1"}}, 30*time.Second)
		if !errors.Is(err, context.Canceled) {
			t.Errorf("wait: %v", err)
		}
	})
	<-journalled.renewed
	// The wait's timeout and two tickers.
	if err := clock.BlockUntilContext(t.Context(), 3); err != nil {
		t.Fatal(err)
	}
	for range 5 {
		clock.Advance(receiver.DefaultLease / 3)
		<-journalled.renewed
	}
	if state := stateOf(t, f, r.ID); state != receiver.StateOpen {
		t.Errorf("state %s while its provider waits", state)
	}
	leave()
	done.Wait()
	clock.Advance(receiver.DefaultLease + time.Second)
	if state := stateOf(t, f, r.ID); state != receiver.StateVoid {
		t.Errorf("state %s after its provider has gone", state)
	}
}

func TestReadersWaitRenewsNothing(t *testing.T) {
	t.Parallel()
	journalled := looking(openStore(t, store.Options{}))
	f := startOn(t, journalled, receiver.ServerConfig{})
	_, _, err := f.client(t, readToken).Wait(t.Context(), []receiver.WaitItem{{ID: "x", Claim: "claim-1"}}, 0)
	if err != nil || len(journalled.renewed) != 0 {
		t.Errorf("%v, %d renewals", err, len(journalled.renewed))
	}
}

func stateOf(t *testing.T, f *fixture, id string) receiver.State {
	t.Helper()
	if err := f.store.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	page, err := f.client(t, readToken).Requests(t.Context(), receiver.Filter{ID: id})
	if err != nil || len(page.Requests) != 1 {
		t.Fatalf("page %+v, %v", page, err)
	}
	return page.Requests[0].State
}

func TestWaitEndsWithTheServer(t *testing.T) {
	t.Parallel()
	journalled := looking(openStore(t, store.Options{}))
	f := startOn(t, journalled, receiver.ServerConfig{Clock: clockwork.NewFakeClock()})
	r := journal(t, f, "claim-1", "5551230000", "r-1")
	var done sync.WaitGroup
	done.Go(func() {
		changed, missing, err := f.client(t, readToken).Wait(t.Context(), []receiver.WaitItem{{ID: r.ID, Revision: r.Revision}}, 30*time.Second)
		if err != nil || len(changed) != 0 || len(missing) != 0 {
			t.Errorf("changed %v, missing %v, %v", changed, missing, err)
		}
	})
	<-journalled.looked
	f.stop()
	done.Wait()
}

// pollCounter counts the long-polls that are in flight at a time.
type pollCounter struct {
	next                     http.RoundTripper
	polls, inFlight, busiest atomic.Int64
}

func (c *pollCounter) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.HasSuffix(r.URL.Path, "/wait") {
		c.polls.Add(1)
		defer c.inFlight.Add(-1)
		c.note(c.inFlight.Add(1))
	}
	return c.next.RoundTrip(r)
}

func (c *pollCounter) note(now int64) {
	for {
		busiest := c.busiest.Load()
		if now <= busiest || c.busiest.CompareAndSwap(busiest, now) {
			return
		}
	}
}

// TestManyResourcesWait is an apply as the receiver sees it: many requests are journalled and awaited, ten at a time, while their callbacks come in.
func TestManyResourcesWait(t *testing.T) {
	t.Parallel()
	f := start(t, receiver.ServerConfig{})
	counter := &pollCounter{next: f.http.Transport}
	client, err := receiver.NewClient(receiver.ClientConfig{URL: f.url, Token: journalToken, Transport: counter})
	if err != nil {
		t.Fatal(err)
	}
	waiter := receiver.NewWaiter(client)
	const resources = 60
	var all sync.WaitGroup
	slots := make(chan struct{}, 10)
	for i := range resources {
		all.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			createAndAwait(t, f, waiter, i)
		})
	}
	all.Wait()
	if busiest := counter.busiest.Load(); busiest > 1 {
		t.Errorf("up to %d polls in flight for %d requests", busiest, resources)
	}
	t.Logf("%d polls", counter.polls.Load())
}

func createAndAwait(t *testing.T, f *fixture, waiter *receiver.Waiter, i int) {
	t.Helper()
	claim, device, requestID := fmt.Sprintf("claim-%d", i), fmt.Sprintf("555%07d", i), fmt.Sprintf("r-%d", i)
	client := f.client(t, journalToken)
	r, err := client.CreateRequest(t.Context(), intent(claim, device))
	if err != nil {
		t.Errorf("create %d: %v", i, err)
		return
	}
	defer waiter.Hold(r.ID, claim)()
	acknowledge := func() {
		if got := f.deliver(t, acknowledgement(requestID, "s-"+requestID, device)); got.status != http.StatusOK {
			t.Errorf("callback %d is answered %d", i, got.status)
		}
	}
	// Every other callback comes before its 201 is journalled.
	early := i%2 == 0
	if early {
		acknowledge()
	}
	for _, change := range []receiver.Change{{Kind: receiver.ChangeSent, Claim: claim}, {Kind: receiver.ChangeAccepted, Claim: claim, RequestID: requestID}} {
		if r, err = client.ChangeRequest(t.Context(), r.ID, change); err != nil {
			t.Errorf("%s %d: %v", change.Kind, i, err)
			return
		}
	}
	if !early {
		acknowledge()
	}
	acknowledged := func(r *receiver.Request) bool { return r.Status == receiver.StatusAcknowledged }
	if acknowledged(r) {
		return
	}
	if r, err = waiter.Await(t.Context(), r.ID, claim, r.Revision, acknowledged); err != nil {
		t.Errorf("await %d: %v, %+v", i, err, r)
	}
}
