package wholefile_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qosform/terraform-provider-qos/internal/receiver/wholefile"
)

// content is what write may put into a file.
func content(text string) func(string) error {
	return func(partial string) error { return os.WriteFile(partial, []byte(text), 0o600) }
}

func files(t *testing.T, folder string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, entry := range entries {
		text, err := os.ReadFile(filepath.Join(folder, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		found[entry.Name()] = string(text)
	}
	return found
}

func TestWrite(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	path := filepath.Join(folder, "copy")
	if err := wholefile.Write(path, content("all of it")); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}
	if err := wholefile.Write(path, content("another")); !errors.Is(err, fs.ErrExist) {
		t.Errorf("error = %v, want that it exists", err)
	}
	if diff := cmp.Diff(map[string]string{"copy": "all of it"}, files(t, folder)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

func TestWriteLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	failure := errors.New("no")
	err := wholefile.Write(filepath.Join(folder, "copy"), func(partial string) error {
		return errors.Join(content("half of")(partial), failure)
	})
	if !errors.Is(err, failure) {
		t.Errorf("error = %v", err)
	}
	if diff := cmp.Diff(map[string]string{}, files(t, folder)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

func TestWriteToAFolderOfOnesOwn(t *testing.T) { //nolint:paralleltest // It changes the folder.
	t.Chdir(t.TempDir())
	if err := wholefile.Write("copy", content("here")); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"copy": "here"}, files(t, ".")); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	if err := wholefile.Write(filepath.Join("none", "copy"), content("")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error = %v, want that the folder does not exist", err)
	}
}
