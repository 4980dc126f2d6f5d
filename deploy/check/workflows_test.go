package check_test

import (
	"os/exec"
	"path/filepath"
	"testing"
)

// actionlint is run as a program, because its module does not compile with the
// versions that others here need.
const actionlint = "github.com/rhysd/actionlint/cmd/actionlint@v1.7.12"

func TestWorkflows(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(absolute(t, ".github/workflows/*.yml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("workflows %v, %v", files, err)
	}
	command := exec.CommandContext(t.Context(), "go", append([]string{"run", actionlint, "-no-color"}, files...)...)
	command.Dir = t.TempDir() // outside of this module
	if out, err := command.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
