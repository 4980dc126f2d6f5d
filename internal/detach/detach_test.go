package detach_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/qosform/terraform-provider-qos/internal/detach"
)

type key struct{}

func TestOutlastSurvivesCancel(t *testing.T) {
	t.Parallel()
	parent, interrupt := context.WithCancel(context.WithValue(t.Context(), key{}, "kept"))
	ctx, cancel := detach.Outlast(parent, time.Hour)
	defer cancel()

	interrupt()
	if err := ctx.Err(); err != nil {
		t.Fatalf("ended with its parent: %v", err)
	}
	if got := ctx.Value(key{}); got != "kept" {
		t.Errorf("value = %v, want kept", got)
	}
	cancel()
	if !errors.Is(ctx.Err(), context.Canceled) {
		t.Errorf("after cancel: %v", ctx.Err())
	}
}

func TestOutlastEndsAfterGrace(t *testing.T) {
	t.Parallel()
	parent, interrupt := context.WithCancelCause(t.Context())
	ctx, cancel := detach.Outlast(parent, time.Millisecond)
	defer cancel()

	why := errors.New("interrupted")
	interrupt(why)
	<-ctx.Done()
	if cause := context.Cause(ctx); !errors.Is(cause, why) {
		t.Errorf("cause = %v, want the parent's", cause)
	}
}

func TestOutlastTellsItsDeadline(t *testing.T) {
	t.Parallel()
	end := time.Now().Add(time.Hour)
	parent, interrupt := context.WithDeadline(t.Context(), end)
	defer interrupt()
	ctx, cancel := detach.Outlast(parent, time.Minute)
	defer cancel()
	if got, bounded := ctx.Deadline(); !bounded || !got.Equal(end.Add(time.Minute)) {
		t.Errorf("deadline %v, want %v", got, end.Add(time.Minute))
	}
	if _, bounded := unbounded(t).Deadline(); bounded {
		t.Error("a deadline although the parent has none")
	}
}

func unbounded(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := detach.Outlast(context.WithoutCancel(t.Context()), time.Minute)
	t.Cleanup(cancel)
	return ctx
}
