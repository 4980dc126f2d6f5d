package wait_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/jonboulle/clockwork"

	"github.com/qosform/terraform-provider-qos/internal/wait"
)

func TestFirstCheckComesBeforeThePause(t *testing.T) {
	t.Parallel()
	err := wait.Poll(t.Context(), clockwork.NewFakeClock(), func(context.Context) (bool, error) { return true, nil })
	if err != nil {
		t.Fatal(err)
	}
}

func TestPausesGrowAndStayBounded(t *testing.T) {
	t.Parallel()
	clock := clockwork.NewFakeClock()
	var asked []time.Time
	finished := make(chan error, 1)
	go func() {
		finished <- wait.Poll(t.Context(), clock, func(context.Context) (bool, error) {
			asked = append(asked, clock.Now())
			return len(asked) == 15, nil
		})
	}()
	const step = 50 * time.Millisecond
	for done := false; !done; {
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			_ = clock.BlockUntilContext(ctx, 1)
			cancel()
		}()
		select {
		case err := <-finished:
			if err != nil {
				t.Fatal(err)
			}
			done = true
		case <-ctx.Done():
			clock.Advance(step)
		}
		cancel()
	}
	for i := 1; i < len(asked); i++ {
		if gap := asked[i].Sub(asked[i-1]); gap < 250*time.Millisecond || gap > 15*time.Second+step {
			t.Errorf("pause %d is %s", i, gap)
		}
	}
	if begin, end := asked[1].Sub(asked[0]), asked[14].Sub(asked[13]); begin > 800*time.Millisecond || end < 5*time.Second {
		t.Errorf("the first pause is %s and the last %s", begin, end)
	}
}

func TestEnds(t *testing.T) {
	t.Parallel()
	failed := errors.New("failed")
	if err := wait.Poll(t.Context(), clockwork.NewFakeClock(), func(context.Context) (bool, error) { return false, failed }); !errors.Is(err, failed) {
		t.Errorf("a check that fails: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	err := wait.Poll(ctx, clockwork.NewFakeClock(), func(context.Context) (bool, error) {
		cancel()
		return false, nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("a context that ends: %v", err)
	}
}

// News ends a pause on a clock that stands still, as often as there is some.
func TestPollOrSooner(t *testing.T) {
	t.Parallel()
	clock := clockwork.NewFakeClock()
	news, checks := make(chan struct{}), make(chan struct{}, 10)
	done := make(chan error, 1)
	go func() {
		done <- wait.PollOrSooner(t.Context(), clock, news, func(context.Context) (bool, error) {
			checks <- struct{}{}
			return len(checks) == 4, nil
		})
	}()
	for range 3 {
		news <- struct{}{}
	}
	if err := <-done; err != nil || len(checks) != 4 {
		t.Errorf("%d checks, %v", len(checks), err)
	}
}
