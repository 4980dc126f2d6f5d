package mirror

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

func TestAdd(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("looks at Unix permissions")
	}
	source := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(source, []byte("binary"), 0o600); err != nil {
		t.Fatal(err)
	}
	root := t.TempDir()
	for range 2 { // a second time replaces the first
		if err := Add(root, source, "thingspace", "1.2.3"); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(root, "registry.terraform.io", "qosform", "thingspace", "1.2.3",
		runtime.GOOS+"_"+runtime.GOARCH, "terraform-provider-thingspace_v1.2.3")
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(content) != "binary" {
		t.Errorf("copied %q", content)
	}
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm()&0o111 == 0 {
		t.Errorf("mode %v is not executable", info.Mode())
	}
}

func TestAddNamesTheProgramThatIsMissing(t *testing.T) {
	t.Parallel()
	if err := Add(t.TempDir(), filepath.Join(t.TempDir(), "none"), "thingspace", "1.2.3"); err == nil {
		t.Fatal("want an error")
	}
}
