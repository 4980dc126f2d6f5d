package acctest_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qosform/terraform-provider-qos/internal/acctest"
)

// TestAccExamplesTerraformTest runs the tests that examples have for their own
// configurations, in the language of `terraform test`.
func TestAccExamplesTerraformTest(t *testing.T) {
	t.Parallel()
	requireEngine(t)
	noNetwork := func(family acctest.Family) func(*testing.T) *example {
		return func(t *testing.T) *example { t.Helper(); return newExampleOf(t, family) }
	}
	tests := map[string]func(*testing.T) *example{
		"thingspace/quickstart/tests":         noNetwork(acctest.FamilyThingSpace),
		"thingspace/scenarios/pipeline/tests": noNetwork(acctest.FamilyThingSpace),
		"camara/scenarios/keep-alive/tests":   noNetwork(acctest.FamilyCamara),
		"thingspace/quickstart/tests/sandbox": func(t *testing.T) *example {
			t.Helper()
			world := acctest.New(t)
			return newExample(t, world, world.ReceiverURL())
		},
		"camara/quickstart/plain/tests/sandbox": func(t *testing.T) *example {
			t.Helper()
			e, _ := newCamaraExample(t, camaraExample{configured: true})
			return e
		},
	}
	for folder, files := range testFolders(t) {
		start, ok := tests[folder]
		if !ok {
			t.Errorf("this test does not know %s", folder)
			continue
		}
		delete(tests, folder)
		t.Run(folder, func(t *testing.T) {
			t.Parallel()
			e := start(t)
			e.runTests(folder, files)
		})
	}
	if diff := cmp.Diff(0, len(tests)); diff != "" {
		t.Errorf("no example has %v", tests)
	}
}

// testFolders are the folders of examples with tests, and the tests' files.
func testFolders(t *testing.T) map[string][]string {
	t.Helper()
	folders := map[string][]string{}
	examples := filepath.Join("..", "..", "examples")
	err := filepath.WalkDir(examples, func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".tftest.hcl") {
			return err
		}
		folder, err := filepath.Rel(examples, filepath.Dir(path))
		folders[filepath.ToSlash(folder)] = append(folders[filepath.ToSlash(folder)], path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return folders
}

// runTests runs tests, whose folder is below that of the configuration.
func (e *example) runTests(folder string, files []string) {
	e.t.Helper()
	below := folder[strings.Index(folder, "/tests")+1:]
	e.add(strings.TrimSuffix(strings.TrimPrefix(folder, e.provider+"/"), "/"+below))
	if err := os.MkdirAll(filepath.Join(e.Dir(), below), 0o700); err != nil {
		e.t.Fatal(err)
	}
	var runs int
	for _, file := range files {
		content, err := os.ReadFile(file) // #nosec G304 -- a file of this repository
		if err != nil {
			e.t.Fatal(err)
		}
		runs += strings.Count(string(content), "\nrun \"")
		if err := os.WriteFile(filepath.Join(e.Dir(), below, filepath.Base(file)), content, 0o600); err != nil {
			e.t.Fatal(err)
		}
	}
	directory := "-test-directory=" + below
	e.MustRun("init", "-input=false", "-no-color", directory)
	out, err := e.Run("test", "-no-color", directory)
	if err != nil || strings.Count(out, "... pass\n") < runs {
		e.t.Errorf("want %d runs to pass: %v\n%s", runs, err, out)
	}
}
