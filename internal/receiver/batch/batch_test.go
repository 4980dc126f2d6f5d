package batch_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/qosform/terraform-provider-qos/internal/receiver/batch"
)

// slow is work that waits until the test lets it go on.
type slow struct {
	begun, proceed chan struct{}
	mu             sync.Mutex
	groups         [][]int
}

func newSlow() *slow { return &slow{begun: make(chan struct{}), proceed: make(chan struct{})} }

func (s *slow) work(_ context.Context, take func() []int) error {
	s.begun <- struct{}{}
	<-s.proceed
	group := take()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.groups = append(s.groups, group)
	return nil
}

func one(int) int { return 1 }

// gather lets items wait behind work that has begun.
func gather(t *testing.T, b *batch.Batcher[int], s *slow, items int) *sync.WaitGroup {
	t.Helper()
	var callers sync.WaitGroup
	for n := range items {
		callers.Go(func() {
			if err := b.Do(t.Context(), n); err != nil {
				t.Error(err)
			}
		})
		if n == 0 {
			<-s.begun
		}
	}
	for b.Waiting() < items {
		continue
	}
	return &callers
}

func TestWhoComesMeanwhileGoesAlong(t *testing.T) {
	t.Parallel()
	s := newSlow()
	b := batch.New(100, one, s.work)
	callers := gather(t, b, s, 20)
	s.proceed <- struct{}{}
	callers.Wait()
	b.Wait()
	if len(s.groups) != 1 || len(s.groups[0]) != 20 {
		t.Errorf("groups %v", s.groups)
	}
}

func TestGroupsAreLimited(t *testing.T) {
	t.Parallel()
	s := newSlow()
	b := batch.New(4, func(n int) int { return 1 + 9*(n%2) }, s.work) // every second is too heavy
	callers := gather(t, b, s, 6)
	s.proceed <- struct{}{}
	go func() {
		for range s.begun {
			s.proceed <- struct{}{}
		}
	}()
	callers.Wait()
	b.Wait()
	close(s.begun)
	var all []int
	for _, group := range s.groups {
		if heavy := slices.ContainsFunc(group, func(n int) bool { return n%2 == 1 }); heavy && len(group) > 1 || len(group) == 0 {
			t.Errorf("group %v", group)
		}
		all = append(all, group...)
	}
	slices.Sort(all)
	if diff := cmp.Diff([]int{0, 1, 2, 3, 4, 5}, all); diff != "" {
		t.Error(diff)
	}
}

func TestWhoLeavesIsNotWorkedOn(t *testing.T) {
	t.Parallel()
	s := newSlow()
	b := batch.New(100, one, s.work)
	callers := gather(t, b, s, 1)
	ctx, leave := context.WithCancel(t.Context())
	left := make(chan error, 1)
	go func() { left <- b.Do(ctx, 99) }()
	for b.Waiting() < 2 {
		continue
	}
	leave()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Errorf("error = %v", err)
	}
	s.proceed <- struct{}{}
	callers.Wait()
	b.Wait()
	if diff := cmp.Diff([][]int{{0}}, s.groups); diff != "" {
		t.Errorf("groups (-want +got):\n%s", diff)
	}
}

func TestFailureIsEverybodys(t *testing.T) {
	t.Parallel()
	failure := errors.New("no disk")
	for name, takes := range map[string]bool{"before the group": false, "with the group": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := batch.New(100, one, func(_ context.Context, take func() []int) error {
				if takes {
					take()
				}
				return failure
			})
			var callers sync.WaitGroup
			for n := range 10 {
				callers.Go(func() {
					if err := b.Do(t.Context(), n); !errors.Is(err, failure) {
						t.Errorf("error = %v", err)
					}
				})
			}
			callers.Wait()
		})
	}
}

func TestAnEndedCallerDoesNotCome(t *testing.T) {
	t.Parallel()
	b := batch.New(1, one, func(context.Context, func() []int) error { t.Error("worked"); return nil })
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := b.Do(ctx, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("error = %v", err)
	}
	b.Wait()
}

func TestOneItemDoesNotFailItsGroup(t *testing.T) {
	t.Parallel()
	bad, away := errors.New("bad item"), errors.New("away")
	for name, test := range map[string]struct {
		fails map[int]error
		want  []error
	}{
		"one is bad":             {map[int]error{2: bad}, []error{nil, nil, bad, nil, nil}},
		"two are bad":            {map[int]error{0: bad, 4: bad}, []error{bad, nil, nil, nil, bad}},
		"it goes away meanwhile": {map[int]error{1: bad, 3: away}, []error{nil, bad, nil, away, away}},
		"it is away":             {map[int]error{0: away, 1: bad}, []error{away, away, away, away, away}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSlow()
			b := batch.New(100, one, func(ctx context.Context, take func() []int) error {
				var group []int
				err := s.work(ctx, func() []int { group = take(); return group })
				for _, n := range group {
					if err == nil {
						err = test.fails[n]
					}
				}
				return err
			}).Apart(func(err error) bool { return errors.Is(err, bad) })
			if diff := cmp.Diff(test.want, inTurn(t, b, s, len(test.want)), cmpopts.EquateErrors()); diff != "" {
				t.Errorf("errors (-want +got):\n%s", diff)
			}
		})
	}
}

// What fails before anybody's item is looked at is not tried once more for each.
func TestNoItemIsToBlameForWhatCameBefore(t *testing.T) {
	t.Parallel()
	bad := errors.New("bad")
	attempts, proceed := 0, make(chan struct{})
	b := batch.New(100, one, func(context.Context, func() []int) error {
		attempts++
		<-proceed
		return bad
	}).Apart(func(err error) bool { return errors.Is(err, bad) })
	var callers sync.WaitGroup
	for n := range 5 {
		callers.Go(func() {
			if err := b.Do(t.Context(), n); !errors.Is(err, bad) {
				t.Errorf("error = %v", err)
			}
		})
	}
	for b.Waiting() < 5 {
		continue
	}
	close(proceed)
	callers.Wait()
	b.Wait()
	if attempts != 1 {
		t.Errorf("%d attempts, want 1", attempts)
	}
}

// inTurn lets items that came one after the other share a group, and returns what
// became of each.
func inTurn(t *testing.T, b *batch.Batcher[int], s *slow, items int) []error {
	t.Helper()
	errs := make([]error, items)
	var callers sync.WaitGroup
	for n := range items {
		callers.Go(func() { errs[n] = b.Do(t.Context(), n) })
		if n == 0 {
			<-s.begun
		}
		for b.Waiting() <= n {
			continue
		}
	}
	go func() {
		for range s.begun {
			s.proceed <- struct{}{}
		}
	}()
	s.proceed <- struct{}{}
	callers.Wait()
	b.Wait()
	close(s.begun)
	return errs
}
