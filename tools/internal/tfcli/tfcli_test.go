package tfcli

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func program(t *testing.T, dir, name string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestFindPrefersTheVariableThenTerraformThenTofu(t *testing.T) {
	bin := t.TempDir()
	t.Setenv("PATH", bin)
	t.Setenv(PathVariable, "")

	tofu := program(t, bin, "tofu")
	expectFound(t, tofu)
	terraform := program(t, bin, "terraform")
	expectFound(t, terraform)
	other := program(t, t.TempDir(), "tofu-1.12")
	t.Setenv(PathVariable, other)
	expectFound(t, other)
}

func TestFindReusesWhatItInstalled(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	t.Setenv(PathVariable, "")
	cache := t.TempDir()
	dir := filepath.Join(cache, "terraform-"+Version)
	if err := os.Mkdir(dir, 0o750); err != nil {
		t.Fatal(err)
	}
	want := program(t, dir, "terraform")
	got, err := Find(t.Context(), cache)
	if err != nil {
		t.Fatal(err)
	}
	if got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestFindSaysWhatToDo(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	t.Setenv(PathVariable, "")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	path, err := Find(ctx, t.TempDir())
	if err == nil {
		t.Fatalf("found %s, want an error: nothing can be downloaded on a cancelled context", path)
	}
	for _, hint := range []string{"neither terraform nor tofu is on PATH", "https://", PathVariable} {
		if !strings.Contains(err.Error(), hint) {
			t.Errorf("error %q does not say %q", err, hint)
		}
	}
}

func TestFindRefusesAVariableThatNamesNothing(t *testing.T) {
	t.Setenv(PathVariable, filepath.Join(t.TempDir(), "terraform"))
	if path, err := Find(t.Context(), t.TempDir()); err == nil {
		t.Fatalf("found %s, want an error", path)
	}
}

func TestAllNamesEachEngineOnce(t *testing.T) {
	bin := t.TempDir()
	t.Setenv("PATH", bin+":/bin:/usr/bin")
	terraform := engine(t, bin, "terraform", "Terraform v1.11.4")
	tofu := engine(t, bin, "tofu", "OpenTofu v1.12.6")
	again := engine(t, t.TempDir(), "terraform", "Terraform v1.11.4")
	newer := engine(t, t.TempDir(), "terraform", "Terraform v1.16.0")
	for name, test := range map[string]struct {
		first, further string
		want           []Engine
	}{
		"on PATH":            {"", "", []Engine{{terraform, "Terraform 1.11.4"}, {tofu, "OpenTofu 1.12.6"}}},
		"the preferred":      {tofu, "", []Engine{{tofu, "OpenTofu 1.12.6"}, {terraform, "Terraform 1.11.4"}}},
		"further, by commas": {"", newer + "," + again, []Engine{{terraform, "Terraform 1.11.4"}, {tofu, "OpenTofu 1.12.6"}, {newer, "Terraform 1.16.0"}}},
		"further, by spaces": {"", again + " \n" + newer, []Engine{{terraform, "Terraform 1.11.4"}, {tofu, "OpenTofu 1.12.6"}, {newer, "Terraform 1.16.0"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(PathVariable, test.first)
			t.Setenv(EnginesVariable, test.further)
			got, err := All(t.Context(), t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestAllRefusesWhatIsNoEngine(t *testing.T) {
	bin := t.TempDir()
	t.Setenv("PATH", bin+":/bin:/usr/bin")
	t.Setenv(PathVariable, "")
	engine(t, bin, "terraform", "Terraform v1.11.4")
	for name, path := range map[string]string{
		"missing": filepath.Join(bin, "nothing"),
		"other":   engine(t, t.TempDir(), "vagrant", "Vagrant 2.4.1"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(EnginesVariable, path)
			if engines, err := All(t.Context(), t.TempDir()); err == nil || !strings.Contains(err.Error(), path) {
				t.Errorf("got %q and the error %v, want an error that names %s", engines, err, path)
			}
		})
	}
}

func engine(t *testing.T, dir, name, version string) string {
	t.Helper()
	path := program(t, dir, name)
	if err := os.WriteFile(path, []byte("#!/bin/sh\necho '"+version+"'\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestIsOpenTofu(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]bool{"/usr/bin/tofu": true, "/opt/tofu-1.12": true, "/tofu/terraform": false} {
		if got := IsOpenTofu(path); got != want {
			t.Errorf("IsOpenTofu(%q) = %t, want %t", path, got, want)
		}
	}
}

func expectFound(t *testing.T, want string) {
	t.Helper()
	got, err := Find(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
