//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
)

// stage is the network as it is by itself, whatever Terraform believes.
type stage interface {
	live(ctx context.Context) ([]subscription, error)
}

// play is the demo itself.
func play(ctx context.Context, t terraform, network stage, out io.Writer) error {
	if err := t.init(ctx); err != nil {
		return err
	}
	if err := t.show(ctx, "plan", "-out=demo.tfplan"); err != nil {
		return err
	}
	if err := t.show(ctx, "apply", "demo.tfplan"); err != nil {
		return err
	}
	granted, err := t.quiet(ctx, "output", "-raw", "qos_subscription_id")
	if err != nil {
		return err
	}
	if err := expectLive(ctx, network, out, granted); err != nil {
		return fmt.Errorf("after apply: %w", err)
	}
	if err := t.expectNoChanges(ctx); err != nil {
		return err
	}
	if err := t.destroy(ctx); err != nil {
		return err
	}
	if err := expectLive(ctx, network, out); err != nil {
		return fmt.Errorf("after destroy: %w", err)
	}
	return nil
}

// expectLive prints what the network has on. It fails unless that is what
// Terraform has, by id.
func expectLive(ctx context.Context, network stage, out io.Writer, want ...string) error {
	live, err := network.live(ctx)
	if err != nil {
		return err
	}
	heading(out, "What the network has on, asked of the simulated ThingSpace itself")
	report(out, live)
	got := make([]string, len(live))
	for i, s := range live {
		got[i] = s.ID
	}
	if !slices.Equal(got, want) {
		return fmt.Errorf("the network has %q on, and Terraform's state has %q", got, want)
	}
	return nil
}

func report(out io.Writer, live []subscription) {
	if len(live) == 0 {
		_, _ = fmt.Fprintln(out, "Nothing.")
	}
	for _, s := range live {
		_, _ = fmt.Fprintf(out, "subscription %s: %s\n  %s %s of account %s\n", s.ID, s.Status, s.Device.Kind, s.Device.ID, s.AccountName)
		for _, f := range s.Flows {
			_, _ = fmt.Fprintf(out, "  %s, %s %s, between device %s and server %s\n", f.QCIOption, f.Protocol, f.Direction, f.Device, f.Server)
		}
	}
}

func heading(out io.Writer, format string, args ...any) {
	_, _ = fmt.Fprintf(out, "\n==> "+format+"\n", args...)
}

// interrupted says in one word why ctx ended before its work was done.
func interrupted(ctx context.Context) error {
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		return cause
	}
	return errors.New("interrupted")
}
