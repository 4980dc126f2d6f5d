// Gendocs writes the Terraform documentation of each provider in this
// repository: docs/NAME from the provider's schema, templates/NAME and
// examples/NAME.
//
// Tfplugindocs expects one provider per repository, called like the repository,
// in HashiCorp's namespace. So each provider gets a folder of its own to be
// documented in, and a schema file under the address that tfplugindocs looks up.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"

	"github.com/qosform/terraform-provider-qos/tools/internal/mirror"
	"github.com/qosform/terraform-provider-qos/tools/internal/tfcli"
)

// A documented provider: its name in configurations and its name in titles.
type documented struct{ name, title string }

func providers() []documented {
	return []documented{{name: "thingspace", title: "ThingSpace"}}
}

type generator struct {
	root         string // of the repository
	cli          string // terraform or tofu
	tfplugindocs string
}

func main() {
	root := flag.String("root", ".", "root of the repository")
	cache := flag.String("cache", ".tools", "folder of built and downloaded tools; holds tfplugindocs")
	flag.Parse()
	if err := run(*root, *cache); err != nil {
		fmt.Fprintln(os.Stderr, "gendocs:", err)
		os.Exit(1)
	}
}

func run(root, cache string) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	root, err := filepath.Abs(root)
	if err != nil {
		return err
	}
	tfplugindocs, err := filepath.Abs(filepath.Join(cache, "tfplugindocs"))
	if err != nil {
		return err
	}
	cli, err := tfcli.Find(ctx, cache)
	if err != nil {
		return err
	}
	g := generator{root: root, cli: cli, tfplugindocs: tfplugindocs}
	for _, p := range providers() {
		if err := g.document(ctx, p); err != nil {
			return fmt.Errorf("documenting provider %s: %w", p.name, err)
		}
	}
	return nil
}

// document replaces docs/NAME. Nothing is replaced unless all of it was made
// and found valid.
func (g generator) document(ctx context.Context, p documented) error {
	work, err := os.MkdirTemp("", "gendocs-"+p.name+"-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(work) }()

	program := filepath.Join(work, "program")
	if err := runQuietly(command(ctx, g.root, "go", "build", "-o", program, ".")); err != nil {
		return fmt.Errorf("building the provider: %w", err)
	}
	plugins := filepath.Join(work, "plugins")
	if err := mirror.Add(plugins, program, p.name, schemaVersion); err != nil {
		return err
	}
	schema, err := g.schema(ctx, filepath.Join(work, "config"), plugins, p.name)
	if err != nil {
		return fmt.Errorf("reading the provider's schema: %w", err)
	}
	site := filepath.Join(work, "site")
	if err := g.render(ctx, site, schema, p); err != nil {
		return err
	}
	docs := filepath.Join(g.root, "docs", p.name)
	if err := os.RemoveAll(docs); err != nil {
		return err
	}
	return os.CopyFS(docs, os.DirFS(filepath.Join(site, "docs")))
}

// render runs tfplugindocs in site, laid out as a repository of this provider
// alone.
func (g generator) render(ctx context.Context, site string, schema []byte, p documented) error {
	if err := os.MkdirAll(site, 0o750); err != nil {
		return err
	}
	for _, dir := range []string{"templates", "examples"} {
		source := os.DirFS(filepath.Join(g.root, dir, p.name))
		if err := os.CopyFS(filepath.Join(site, dir), source); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	schemaFile := filepath.Join(site, "schema.json")
	if err := os.WriteFile(schemaFile, schema, 0o600); err != nil {
		return err
	}
	common := []string{"--provider-dir", site, "--provider-name", p.name, "--providers-schema", schemaFile}
	generate := append([]string{"generate", "--rendered-provider-name", p.title}, common...)
	if err := runQuietly(command(ctx, site, g.tfplugindocs, generate...)); err != nil {
		return fmt.Errorf("tfplugindocs generate: %w", err)
	}
	validate := append([]string{"validate"}, common...)
	if err := runQuietly(command(ctx, site, g.tfplugindocs, validate...)); err != nil {
		return fmt.Errorf("tfplugindocs validate: %w", err)
	}
	return nil
}

// command prepares a program that runs in dir, away from the user's Terraform
// configuration.
func command(ctx context.Context, dir, program string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "TF_CLI_CONFIG_FILE="+os.DevNull, "CHECKPOINT_DISABLE=1")
	return cmd
}

// runQuietly runs a program whose output matters only when it fails; the error
// then carries it.
func runQuietly(cmd *exec.Cmd) error {
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	return nil
}
