package acctest_test

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/qosform/terraform-provider-qos/internal/acctest"
)

// What a snippet may leave to its reader.
const (
	sourceBlock = `
terraform {
  required_providers {
    %[1]s = {
      source = "qosform/%[1]s"
    }
  }
}
`
	providerBlock = "provider %q {}\n"
)

// waiting is what an engine says of a check while what it asserts is unknown.
const waiting = "Warning: Check block assertion known after apply"

func requireEngine(t *testing.T) {
	t.Helper()
	if os.Getenv("TF_ACC") == "" {
		t.Skip("runs the engine: set TF_ACC=1")
	}
}

// requireAll fails where a folder of a provider's examples has no entry in a
// test, or an entry no folder.
func requireAll[T any](t *testing.T, provider string, entries map[string]T) {
	t.Helper()
	if folders, known := exampleFolders(t, provider), slices.Sorted(maps.Keys(entries)); !slices.Equal(folders, known) {
		t.Fatalf("examples are in %q, and this test knows %q", folders, known)
	}
}

// examplesOf is the folder of a provider's examples.
func examplesOf(provider string) string { return filepath.Join("..", "..", "examples", provider) }

// exampleFolders are the folders with configurations, relative to examplesOf.
func exampleFolders(t *testing.T, provider string) []string {
	t.Helper()
	folders := map[string]bool{}
	err := filepath.WalkDir(examplesOf(provider), func(path string, _ fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".tf" {
			return err
		}
		folder, err := filepath.Rel(examplesOf(provider), filepath.Dir(path))
		folders[filepath.ToSlash(folder)] = true
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return slices.Sorted(maps.Keys(folders))
}

// example is a working directory made of a provider's example files.
type example struct {
	*acctest.CLI
	t        *testing.T
	provider string
	env      []string
	// sourced and configured are whether a file has the source, and the provider
	// block.
	sourced, configured bool
	// replace is what stands in the world of the test for what the files name.
	replace *strings.Replacer
}

func newExampleOf(t *testing.T, family acctest.Family, env ...string) *example {
	t.Helper()
	e := &example{CLI: acctest.NewCLIOf(t, []acctest.Family{family}, env...), t: t, provider: string(family), env: env, replace: strings.NewReplacer()}
	e.serveOpenTofu()
	return e
}

// serveOpenTofu puts the provider where OpenTofu looks for a source without a
// host, which it takes for one of its own registry.
func (e *example) serveOpenTofu() {
	e.t.Helper()
	plugins := filepath.Join(e.Dir(), "terraform.d", "plugins")
	if err := os.CopyFS(filepath.Join(plugins, "registry.opentofu.org"), os.DirFS(filepath.Join(plugins, "registry.terraform.io"))); err != nil {
		e.t.Fatal(err)
	}
}

// add copies a folder's configuration without its ways of importing.
func (e *example) add(folder string) {
	e.t.Helper()
	files, err := filepath.Glob(filepath.Join(examplesOf(e.provider), folder, "*.tf"))
	if err != nil || len(files) == 0 {
		e.t.Fatalf("no configuration in %s (%v)", folder, err)
	}
	for _, file := range files {
		if name := filepath.Base(file); !strings.HasPrefix(name, "import-") {
			e.addFile(filepath.Join(folder, name))
		}
	}
}

func (e *example) addFile(name string) {
	e.t.Helper()
	content, err := os.ReadFile(filepath.Join(examplesOf(e.provider), name)) // #nosec G304 -- a file of this repository
	if err != nil {
		e.t.Fatal(err)
	}
	e.write(filepath.Base(name), e.replace.Replace(string(content)))
}

func (e *example) write(name, content string) {
	e.t.Helper()
	needLanguage(e.t, content)
	e.sourced = e.sourced || strings.Contains(content, "required_providers")
	e.configured = e.configured || strings.Contains("\n"+content, "\nprovider \"")
	if err := os.WriteFile(filepath.Join(e.Dir(), name), []byte(content), 0o600); err != nil {
		e.t.Fatal(err)
	}
}

// needLanguage skips the test where the engine is older than what a configuration
// makes use of.
func needLanguage(t *testing.T, content string) {
	t.Helper()
	for mark, need := range map[string]func(*testing.T){
		"\nephemeral \"": acctest.NeedsEphemeral,
		"_wo_version":    acctest.NeedsWriteOnly,
		"  identity = {": acctest.NeedsIdentity,
		"\nlist \"":      acctest.NeedsQuery,
		"\naction \"":    acctest.NeedsActions,
	} {
		if strings.Contains("\n"+content, mark) {
			need(t)
		}
	}
}

func (e *example) init() {
	e.t.Helper()
	if !e.sourced {
		e.write("source.tf", fmt.Sprintf(sourceBlock, e.provider))
	}
	if !e.configured {
		e.write("provider_block.tf", fmt.Sprintf(providerBlock, e.provider))
	}
	e.MustRun("init", "-input=false", "-no-color")
}

func (e *example) plan() (out string, changes bool) {
	e.t.Helper()
	e.init()
	return e.Plan()
}

// planShows plans, which must show that and warn of nothing.
func (e *example) planShows(want string) {
	e.t.Helper()
	out, _ := e.plan()
	if !strings.Contains(out, want) || strings.Contains(strings.ReplaceAll(out, waiting, ""), "Warning:") {
		e.t.Errorf("want a plan with %q and without a warning, got\n%s", want, out)
	}
}

// apply applies, destroys when the test asks for it, and must succeed in both.
func (e *example) apply() (destroy func()) {
	e.t.Helper()
	e.init()
	if out, err := e.Apply(); err != nil {
		e.t.Fatalf("apply: %v\n%s", err, out)
	}
	return func() {
		e.t.Helper()
		if out, err := e.Destroy(); err != nil {
			e.t.Fatalf("destroy: %v\n%s", err, out)
		}
	}
}

// importCommand runs the command in a folder's import.sh.
func (e *example) importCommand(folder string) {
	e.t.Helper()
	script, err := os.ReadFile(filepath.Join(examplesOf(e.provider), folder, "import.sh")) // #nosec G304 -- a file of this repository
	if err != nil {
		e.t.Fatal(err)
	}
	_, command, ok := strings.Cut(e.replace.Replace(string(script)), "\nterraform import ")
	if !ok {
		e.t.Fatalf("%s/import.sh has no terraform import", folder)
	}
	e.MustRun(append([]string{"import", "-input=false", "-no-color"}, strings.Fields(command)...)...)
}

// readmeConfig is the configuration in README.md that has the text.
func readmeConfig(t *testing.T, text string) string {
	t.Helper()
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, rest := range strings.Split(string(readme), "```hcl\n")[1:] {
		if config, _, ended := strings.Cut(rest, "```"); ended && strings.Contains(config, text) {
			return config
		}
	}
	t.Fatalf("README.md has no configuration with %q", text)
	return ""
}
