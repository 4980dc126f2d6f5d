//go:build unix

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
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

func (t terraform) init(ctx context.Context) error {
	heading(t.out, "%s init, with the provider that was just built", t.name())
	_, err := t.quiet(ctx, "init", "-input=false", "-no-color", "-plugin-dir="+t.plugins)
	return err
}

// amend overrides what the configuration says of a block, attribute by attribute.
func (t terraform) amend(block string) error {
	return os.WriteFile(filepath.Join(t.dir, "demo_override.tf"), []byte(block), 0o600)
}

// expectNoChanges plans again.
func (t terraform) expectNoChanges(ctx context.Context) error {
	err := t.show(ctx, "what is configured is what the network has", "plan", "-detailed-exitcode")
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == 2 {
		return errors.New("a plan right after apply has changes")
	}
	return err
}

// destroy leaves the plan out, which says at length what has been said before.
func (t terraform) destroy(ctx context.Context) error {
	heading(t.out, "%s destroy: end what is on", t.name())
	if _, err := t.quiet(ctx, "plan", "-destroy", "-input=false", "-no-color", "-out=destroy.tfplan"); err != nil {
		return err
	}
	return t.run(ctx, t.out, "apply", "-input=false", "-no-color", "destroy.tfplan")
}

// show runs a command for people to watch, after telling them what it does.
func (t terraform) show(ctx context.Context, does, command string, args ...string) error {
	heading(t.out, "%s %s: %s", t.name(), command, does)
	return t.run(ctx, t.out, command, append([]string{"-input=false", "-no-color"}, args...)...)
}

// follow is show with only what is worth reading of a plan or an apply.
func (t terraform) follow(ctx context.Context, does, command string, args ...string) error {
	heading(t.out, "%s %s: %s", t.name(), command, does)
	printed, err := t.quiet(ctx, command, append([]string{"-input=false", "-no-color"}, args...)...)
	_, _ = io.WriteString(t.out, excerpt(printed))
	return err
}

// quiet runs a command and returns what it printed, which is in the error when
// it failed by itself.
func (t terraform) quiet(ctx context.Context, command string, args ...string) (string, error) {
	var printed bytes.Buffer
	err := t.run(ctx, &printed, command, args...)
	switch {
	case err == nil:
		return printed.String(), nil
	case ctx.Err() != nil:
		return "", err
	default:
		return "", fmt.Errorf("%w\n%s", err, printed.Bytes())
	}
}

func (t terraform) name() string { return filepath.Base(t.cli) }

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

// terraformEnv is env with the scene in place of anything that would lead to a
// real network, and without a CLI configuration of the user's.
func terraformEnv(env []string, s scene) []string {
	return slices.Concat(without(env, "TF_", "THINGSPACE_", "CAMARA_"), []string{
		"TF_CLI_CONFIG_FILE=" + os.DevNull,
		"TF_IN_AUTOMATION=1",
		"CHECKPOINT_DISABLE=1",
	}, s.env())
}

// without drops the variables whose names start with one of prefixes.
func without(env []string, prefixes ...string) []string {
	return slices.DeleteFunc(slices.Clone(env), func(entry string) bool {
		return slices.ContainsFunc(prefixes, func(prefix string) bool { return strings.HasPrefix(entry, prefix) })
	})
}
