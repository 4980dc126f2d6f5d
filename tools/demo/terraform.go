//go:build unix

package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
)

// terraform runs the CLI in one folder.
type terraform struct {
	cli, dir string
	plugins  string // a filesystem mirror; init looks nowhere else
	env      []string
	out      io.Writer
}

// init installs the provider. What it prints matters only when it fails.
func (t terraform) init(ctx context.Context) error {
	t.heading("init")
	var printed bytes.Buffer
	if err := t.run(ctx, &printed, "init", "-input=false", "-no-color", "-plugin-dir="+t.plugins); err != nil {
		return fmt.Errorf("%w\n%s", err, printed.Bytes())
	}
	_, _ = fmt.Fprintln(t.out, "The provider is installed from the local build.")
	return nil
}

// show runs a command for people to watch.
func (t terraform) show(ctx context.Context, command string, args ...string) error {
	t.heading(command)
	return t.run(ctx, t.out, command, append([]string{"-input=false", "-no-color"}, args...)...)
}

// output returns one of the configuration's outputs.
func (t terraform) output(ctx context.Context, name string) (string, error) {
	var printed bytes.Buffer
	if err := t.run(ctx, &printed, "output", "-raw", name); err != nil {
		return "", fmt.Errorf("%w\n%s", err, printed.Bytes())
	}
	return printed.String(), nil
}

func (t terraform) heading(command string) {
	heading(t.out, "%s %s", filepath.Base(t.cli), command)
}

func (t terraform) run(ctx context.Context, out io.Writer, command string, args ...string) error {
	cmd := process(ctx, t.cli, append([]string{command}, args...)...)
	cmd.Dir, cmd.Env = t.dir, t.env
	cmd.Stdout, cmd.Stderr = out, out
	err := cmd.Run()
	killRest(cmd)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return fmt.Errorf("%s: %w", command, interrupted(ctx))
	default:
		return fmt.Errorf("%s: %w", command, err)
	}
}

// without drops the variables whose names start with one of prefixes.
func without(env []string, prefixes ...string) []string {
	return slices.DeleteFunc(slices.Clone(env), func(entry string) bool {
		return slices.ContainsFunc(prefixes, func(prefix string) bool { return strings.HasPrefix(entry, prefix) })
	})
}
