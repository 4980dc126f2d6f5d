//go:build unix

// Demo plays each provider from init to destroy, against simulated networks and a
// receiver that it starts on loopback. It never speaks to a real network, and
// stops what it has started however it ends.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/qosform/terraform-provider-qos/tools/internal/mirror"
	"github.com/qosform/terraform-provider-qos/tools/internal/tfcli"
)

// timeout ends a demo in which something hangs.
const timeout = 3 * time.Minute

type options struct {
	bin, cache, root, version string
}

func main() {
	var o options
	flag.StringVar(&o.bin, "bin", "bin", "folder of the programs that `make build` makes")
	flag.StringVar(&o.cache, "cache", ".tools", "folder for a Terraform that has to be downloaded")
	flag.StringVar(&o.root, "root", ".", "root of the repository, for its configurations")
	flag.StringVar(&o.version, "version", "0.1.0", "version to install the providers as")
	flag.Parse()
	if err := demo(o); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "\ndemo:", err)
		os.Exit(1)
	}
}

// demo runs until it is done, interrupted, or its terminal or pipe is gone.
func demo(o options) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGPIPE)
	defer stop()
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, fmt.Errorf("not done after %s", timeout))
	defer cancel()
	return run(ctx, o, os.Stdout)
}

func run(ctx context.Context, o options, out io.Writer) (err error) {
	started := time.Now()
	cli, err := tfcli.Find(ctx, o.cache)
	if err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "qos-demo-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	s := newStage()
	stop, err := s.start(ctx, o.bin, work)
	if err != nil {
		return err
	}
	defer func() {
		stop()
		_, _ = fmt.Fprintln(out, "\nEverything that was started has been stopped.")
	}()
	_, _ = fmt.Fprintf(out, "Simulated networks are at %s, and a receiver is at %s.\n", s.sandboxURL, s.receiverURL)
	for _, scene := range scenes(s) {
		if err := o.perform(ctx, cli, work, scene, out); err != nil {
			return err
		}
	}
	_, _ = fmt.Fprintf(out, "\nDone in %s.\n", time.Since(started).Round(time.Second))
	return nil
}

// perform plays a scene in a folder of its own in work.
func (o options) perform(ctx context.Context, cli, work string, s scene, out io.Writer) error {
	_, _ = fmt.Fprintf(out, "\n======== %s ========\n", s.title())
	dir := filepath.Join(work, s.provider())
	t := terraform{
		cli: cli, dir: filepath.Join(dir, "config"), plugins: filepath.Join(dir, "plugins"),
		env: terraformEnv(os.Environ(), s), out: out,
	}
	if err := o.install(t, s); err != nil {
		return err
	}
	return s.play(ctx, t)
}

// install copies the scene's configuration and provider to where t looks for them.
func (o options) install(t terraform, s scene) error {
	if err := os.CopyFS(t.dir, os.DirFS(filepath.Join(o.root, s.config()))); err != nil {
		return fmt.Errorf("copying the configuration: %w", err)
	}
	program := filepath.Join(o.bin, "terraform-provider-"+s.provider())
	if err := mirror.Add(t.plugins, program, s.provider(), o.version); err != nil {
		return err
	}
	if !tfcli.IsOpenTofu(t.cli) {
		return nil
	}
	// The configuration's source has no host, and OpenTofu takes it for one of its own registry.
	return os.Rename(filepath.Join(t.plugins, "registry.terraform.io"), filepath.Join(t.plugins, "registry.opentofu.org"))
}
