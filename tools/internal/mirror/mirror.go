// Package mirror lays out a provider as Terraform's filesystem mirrors want it,
// so that `terraform init -plugin-dir` installs it without a registry.
package mirror

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
)

// Address is the source address of a provider of this repository.
func Address(name string) string { return "registry.terraform.io/qosform/" + name }

// Add copies program into the mirror at root as the provider called name, in
// the given version (semantic, without a leading v), for this platform.
func Add(root, program, name, version string) error {
	platform := runtime.GOOS + "_" + runtime.GOARCH
	dir := filepath.Join(root, filepath.FromSlash(Address(name)), version, platform)
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return err
	}
	file := filepath.Join(dir, fmt.Sprintf("terraform-provider-%s_v%s", name, version))
	if runtime.GOOS == "windows" {
		file += ".exe"
	}
	if err := copyProgram(program, file); err != nil {
		return fmt.Errorf("adding %s to the mirror: %w", program, err)
	}
	return nil
}

func copyProgram(from, to string) (err error) {
	in, err := os.Open(from) //nolint:gosec // G304: the path is what the caller just built
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o755) //nolint:gosec // G302, G304: a program must be executable
	if err != nil {
		return err
	}
	defer func() {
		if closeErr := out.Close(); err == nil {
			err = closeErr
		}
	}()
	_, err = io.Copy(out, in)
	return err
}
