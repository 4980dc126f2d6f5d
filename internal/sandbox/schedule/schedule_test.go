package schedule_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/jonboulle/clockwork"

	"github.com/qosform/terraform-provider-qos/internal/sandbox/schedule"
)

// everything counts whatever is scheduled.
func everything(time.Time) bool { return true }

func TestJobsRunAtTheirTime(t *testing.T) {
	t.Parallel()
	clock := clockwork.NewFakeClock()
	s := schedule.New(clock)
	t.Cleanup(s.Close)
	ran := make(chan string, 2)
	s.After(time.Minute, func(context.Context) { ran <- "later" })
	s.At(clock.Now().Add(time.Second), func(context.Context) { ran <- "sooner" })
	due := func(at time.Time) bool { return !at.After(clock.Now()) }

	if err := s.Wait(t.Context(), due); err != nil || len(ran) != 0 {
		t.Fatalf("got %v and %d jobs before their time", err, len(ran))
	}
	clock.Advance(time.Second)
	if err := s.Wait(t.Context(), due); err != nil || len(ran) != 1 || <-ran != "sooner" {
		t.Fatalf("got %v, want the job that is due", err)
	}
	clock.Advance(time.Minute)
	if err := s.Wait(t.Context(), everything); err != nil || <-ran != "later" {
		t.Fatalf("got %v, want the other job", err)
	}
}

func TestNowReturnsAfterTheJob(t *testing.T) {
	t.Parallel()
	s := schedule.New(clockwork.NewFakeClock())
	t.Cleanup(s.Close)
	ran := false
	s.Now(func(context.Context) { ran = true })
	if !ran {
		t.Error("the job has not run")
	}
}

func TestWaitEndsWithItsContext(t *testing.T) {
	t.Parallel()
	s := schedule.New(clockwork.NewFakeClock())
	t.Cleanup(s.Close)
	s.After(time.Hour, func(context.Context) {})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Wait(ctx, everything); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestCloseCancelsAndForgets(t *testing.T) {
	t.Parallel()
	clock := clockwork.NewFakeClock()
	s := schedule.New(clock)
	started := make(chan struct{})
	var cancelled error
	s.After(0, func(ctx context.Context) {
		close(started)
		<-ctx.Done()
		cancelled = ctx.Err()
	})
	s.After(time.Hour, func(context.Context) { t.Error("a job ran after the end") })
	<-started
	s.Close()
	if !errors.Is(cancelled, context.Canceled) {
		t.Errorf("got %v in the job that was running", cancelled)
	}
	<-s.Done()
	s.After(0, func(context.Context) { t.Error("a job was taken after the end") })
	clock.Advance(2 * time.Hour)
	if err := s.Wait(t.Context(), func(time.Time) bool { return false }); err != nil {
		t.Error(err)
	}
}
