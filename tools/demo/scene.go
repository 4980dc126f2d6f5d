//go:build unix

package main

import (
	"context"
	"fmt"
	"io"
	"slices"
)

// scene is a story that is told with one provider and one simulated network.
type scene interface {
	title() string
	// provider is the name of the provider.
	provider() string
	// config is the folder of the configuration, in the repository.
	config() string
	// env is what leads the configuration to the stage.
	env() []string
	// play tells the story, in a folder with the configuration.
	play(ctx context.Context, t terraform) error
}

// scenes are all of them, in the order in which they are played.
func scenes(s *stage) []scene { return []scene{thingSpace{s}, camara{s}} }

// held is something that a network has on.
type held interface {
	id() string
	report(out io.Writer)
}

// expectLive prints what a network has on. It fails unless that is what
// Terraform has, by id.
func expectLive[T held](out io.Writer, network string, live []T, want ...string) error {
	heading(out, "What the network has on, asked of the simulated %s itself", network)
	if len(live) == 0 {
		_, _ = fmt.Fprintln(out, "Nothing.")
	}
	got := make([]string, len(live))
	for i, l := range live {
		l.report(out)
		got[i] = l.id()
	}
	if !slices.Equal(got, want) {
		return fmt.Errorf("the network has %q on, and Terraform's state has %q", got, want)
	}
	return nil
}
