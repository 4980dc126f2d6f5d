// Package tfcli finds the Terraform or OpenTofu command line that tests, demo
// and documentation run, and installs Terraform where there is none.
package tfcli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/go-version"
	"github.com/hashicorp/hc-install/product"
	"github.com/hashicorp/hc-install/releases"
)

// Version of Terraform that is installed where no CLI is found.
const Version = "1.11.4"

// PathVariable names the environment variable that overrides the search; it is
// terraform-plugin-testing's.
const PathVariable = "TF_ACC_TERRAFORM_PATH"

// Find returns the path of the CLI to use: the one PathVariable names, else
// terraform or tofu on PATH, else a Terraform that it downloads from HashiCorp's
// releases (checksum and signature verified) into a folder of cacheDir, once.
func Find(ctx context.Context, cacheDir string) (string, error) {
	if path := os.Getenv(PathVariable); path != "" {
		return exec.LookPath(path)
	}
	for _, name := range []string{"terraform", "tofu"} {
		path, err := exec.LookPath(name)
		if err == nil {
			return filepath.Abs(path)
		}
		if !errors.Is(err, exec.ErrNotFound) {
			return "", err
		}
	}
	path, err := install(ctx, cacheDir)
	if err != nil {
		return "", fmt.Errorf("neither terraform nor tofu is on PATH, and downloading Terraform %s failed: %w\n"+
			"Install one of them (https://developer.hashicorp.com/terraform/install, https://opentofu.org/docs/intro/install/), "+
			"or set %s to the path of one", Version, err, PathVariable)
	}
	return path, nil
}

// EnginesVariable names the environment variable with the paths of further CLIs to
// test with, separated by commas or white space.
const EnginesVariable = "TF_ENGINES"

// Engine is a CLI and what it says of itself.
type Engine struct {
	Path string
	// Name is that of the product with its version, such as "OpenTofu 1.12.6".
	Name string
}

// All returns the engine that Find finds, then each other one that is on PATH or
// that EnginesVariable names. No product is there twice in the same version.
func All(ctx context.Context, cacheDir string) ([]Engine, error) {
	first, err := Find(ctx, cacheDir)
	if err != nil {
		return nil, err
	}
	paths := []string{first}
	for _, name := range []string{"terraform", "tofu"} {
		if path, err := exec.LookPath(name); err == nil {
			paths = append(paths, path)
		}
	}
	paths = append(paths, strings.FieldsFunc(os.Getenv(EnginesVariable), func(r rune) bool { return r == ',' || r == ' ' || r == '\n' })...)
	var engines []Engine
	for _, path := range paths {
		engine, err := ask(ctx, path)
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(engines, func(e Engine) bool { return e.Name == engine.Name }) {
			engines = append(engines, engine)
		}
	}
	return engines, nil
}

// greeting is the first line of `terraform version`.
var greeting = regexp.MustCompile(`^(Terraform|OpenTofu) v(\S+)`)

// ask has the CLI at path name itself.
func ask(ctx context.Context, path string) (Engine, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return Engine{}, err
	}
	cmd := exec.CommandContext(ctx, path, "version")
	cmd.Env = append(os.Environ(), "CHECKPOINT_DISABLE=1", "TF_CLI_CONFIG_FILE="+os.DevNull)
	out, err := cmd.Output()
	if err != nil {
		return Engine{}, fmt.Errorf("asking %s for its version: %w", path, err)
	}
	said := greeting.FindStringSubmatch(string(out))
	if said == nil {
		return Engine{}, fmt.Errorf("%s is neither Terraform nor OpenTofu: it says %q", path, out)
	}
	return Engine{Path: path, Name: said[1] + " " + said[2]}, nil
}

// IsOpenTofu tells OpenTofu from Terraform by the name of its program.
func IsOpenTofu(path string) bool {
	return strings.HasPrefix(filepath.Base(path), "tofu")
}

func install(ctx context.Context, cacheDir string) (string, error) {
	dir, err := filepath.Abs(filepath.Join(cacheDir, "terraform-"+Version))
	if err != nil {
		return "", err
	}
	if path, err := exec.LookPath(filepath.Join(dir, product.Terraform.BinaryName())); err == nil {
		return path, nil
	}
	wanted, err := version.NewVersion(Version)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return "", err
	}
	installer := &releases.ExactVersion{Product: product.Terraform, Version: wanted, InstallDir: dir}
	return installer.Install(ctx)
}
