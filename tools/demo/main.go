//go:build unix

// Demo runs the quickstart example from init to destroy, against a simulated
// ThingSpace and a receiver that it starts on loopback. It never speaks to a
// real network, and stops what it has started however it ends.
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
	bin, cache, example, version string
}

func main() {
	var o options
	flag.StringVar(&o.bin, "bin", "bin", "folder of the programs that `make build` makes")
	flag.StringVar(&o.cache, "cache", ".tools", "folder for a Terraform that has to be downloaded")
	flag.StringVar(&o.example, "example", "examples/thingspace/quickstart", "configuration to run")
	flag.StringVar(&o.version, "version", "0.1.0", "version to install the provider as")
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
	t := terraform{cli: cli, dir: filepath.Join(work, "config"), plugins: filepath.Join(work, "plugins"), out: out}
	if err := o.install(t); err != nil {
		return err
	}

	s := newScene()
	stop, err := s.start(ctx, o.bin, work)
	if err != nil {
		return err
	}
	defer func() {
		stop()
		_, _ = fmt.Fprintln(out, "\nEverything that was started has been stopped.")
	}()
	heading(out, "A simulated ThingSpace at %s, a receiver at %s", s.sandboxURL, s.receiverURL)
	t.env = s.terraformEnv(os.Environ())
	if err := play(ctx, t, s, out); err != nil {
		return err
	}
	heading(out, "Done in %s", time.Since(started).Round(time.Second))
	return nil
}

// install copies the example and the provider to where t looks for them.
func (o options) install(t terraform) error {
	if err := os.CopyFS(t.dir, os.DirFS(o.example)); err != nil {
		return fmt.Errorf("copying the example: %w", err)
	}
	if err := mirror.Add(t.plugins, filepath.Join(o.bin, "terraform-provider-thingspace"), "thingspace", o.version); err != nil {
		return err
	}
	if !tfcli.IsOpenTofu(t.cli) {
		return nil
	}
	// The example's source has no host, and OpenTofu takes it for one of its own registry.
	return os.Rename(filepath.Join(t.plugins, "registry.terraform.io"), filepath.Join(t.plugins, "registry.opentofu.org"))
}
