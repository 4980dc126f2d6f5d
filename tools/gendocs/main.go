// Gendocs writes the Terraform documentation of each provider in this
// repository: docs/NAME from the provider's schema, templates/NAME and
// examples/NAME.
//
// Tfplugindocs expects one provider per repository, called like the repository.
// So each provider gets a folder of its own to be documented in.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
)

// A documented provider.
type documented struct {
	// name is that in configurations, title that in headings.
	name, title string
	// indexOnly leaves out its resources and data sources, which the pages of
	// other providers describe: tfplugindocs knows only those that begin with the
	// provider's name.
	indexOnly bool
}

func providers() []documented {
	return []documented{
		{name: "thingspace", title: "ThingSpace"},
		{name: "camara", title: "CAMARA"},
		{name: "qos", title: "QoS", indexOnly: true},
	}
}

type generator struct {
	root         string // of the repository
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
	g := generator{root: root, tfplugindocs: tfplugindocs}
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

	schema, err := g.schema(ctx, p.name)
	if err != nil {
		return fmt.Errorf("reading the provider's schema: %w", err)
	}
	if p.indexOnly {
		if schema, err = withoutResources(schema); err != nil {
			return fmt.Errorf("cutting down the provider's schema: %w", err)
		}
	}
	if err := g.render(ctx, work, schema, p); err != nil {
		return err
	}
	docs := filepath.Join(g.root, "docs", p.name)
	if err := os.RemoveAll(docs); err != nil {
		return err
	}
	return os.CopyFS(docs, os.DirFS(filepath.Join(work, "docs")))
}

// render runs tfplugindocs in site, laid out as a repository of this provider
// alone.
func (g generator) render(ctx context.Context, site string, schema []byte, p documented) error {
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

// schema asks the provider for its schema, in Terraform's JSON.
func (g generator) schema(ctx context.Context, name string) ([]byte, error) {
	var stdout, stderr bytes.Buffer
	cmd := command(ctx, g.root, "go", "run", "./internal/providerschema", name)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%w\n%s", err, stderr.Bytes())
	}
	return stdout.Bytes(), nil
}

// withoutResources leaves of a schema document what a provider block is made of.
func withoutResources(document []byte) ([]byte, error) {
	var all struct {
		FormatVersion string                                `json:"format_version"`
		Schemas       map[string]map[string]json.RawMessage `json:"provider_schemas"`
	}
	if err := json.Unmarshal(document, &all); err != nil {
		return nil, err
	}
	for _, schema := range all.Schemas {
		maps.DeleteFunc(schema, func(kind string, _ json.RawMessage) bool { return kind != "provider" })
	}
	return json.Marshal(all)
}

func command(ctx context.Context, dir, program string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = dir
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
