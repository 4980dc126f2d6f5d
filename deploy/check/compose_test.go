package check_test

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
)

const composeFile = "deploy/compose/compose.yaml"

// project loads the compose file as `docker compose` does, with everything that
// a profile adds.
func project(t *testing.T) *types.Project {
	t.Helper()
	file := absolute(t, composeFile)
	p, err := loader.LoadWithContext(t.Context(), types.ConfigDetails{
		WorkingDir:  filepath.Dir(file),
		ConfigFiles: []types.ConfigFile{{Filename: file}},
		Environment: types.Mapping{},
	}, loader.WithProfiles([]string{"*"}))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestComposeServices(t *testing.T) {
	t.Parallel()
	p := project(t)
	if got, want := p.ServiceNames(), []string{"database", "grafana", "prometheus", "receiver"}; !slices.Equal(got, want) {
		t.Errorf("services %v, want %v", got, want)
	}
	for name, s := range p.Services {
		if !pinned(s.Image) {
			t.Errorf("%s: the image %s has no version", name, s.Image)
		}
		if s.Privileged {
			t.Errorf("%s is privileged", name)
		}
		for _, port := range s.Ports {
			if port.HostIP != "127.0.0.1" {
				t.Errorf("%s: port %s is open to the network without TLS", name, port.Published)
			}
		}
		if s.Restart != types.RestartPolicyUnlessStopped {
			t.Errorf("%s: restart: %q", name, s.Restart)
		}
	}
}

func TestComposeReceiverIsConfined(t *testing.T) {
	t.Parallel()
	s := project(t).Services["receiver"]
	if !s.ReadOnly || !slices.Contains(s.CapDrop, "ALL") || !slices.Contains(s.SecurityOpt, "no-new-privileges:true") {
		t.Errorf("read_only %t, cap_drop %v, security_opt %v", s.ReadOnly, s.CapDrop, s.SecurityOpt)
	}
	if condition := s.DependsOn["database"].Condition; condition != types.ServiceConditionHealthy {
		t.Errorf("it starts when the database is %q", condition)
	}
}

// TestComposeSecretsAreMade runs make-secrets and looks for every file that the
// services want.
func TestComposeSecretsAreMade(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("openssl"); err != nil {
		missing(t, err)
	}
	p := project(t)
	dir := t.TempDir()
	script := filepath.Join(dir, "make-secrets")
	if err := os.WriteFile(script, []byte(read(t, "deploy/compose/make-secrets")), 0o700); err != nil {
		t.Fatal(err)
	}
	output(t, "bash", script)
	first := contents(t, filepath.Join(dir, "secrets"))
	output(t, "bash", script)
	for name, content := range contents(t, filepath.Join(dir, "secrets")) {
		if content != first[name] {
			t.Errorf("%s was made twice", name)
		}
	}
	for name, secret := range p.Secrets {
		if first[filepath.Base(secret.File)] == "" {
			t.Errorf("no file for %s", name)
		}
	}
	for name, value := range p.Services["receiver"].Environment {
		if file, ok := strings.CutPrefix(*value, "/run/secrets/qos-receiver/"); ok && first["receiver/"+file] == "" {
			t.Errorf("no file for %s", name)
		}
	}
	if url := first["receiver/database-url"]; !strings.Contains(url, ":"+strings.TrimSpace(first["database-password"])+"@database:5432/") {
		t.Error("the database's URL has another password than the database")
	}
	if mode := modeOf(t, filepath.Join(dir, "secrets")); mode != 0o700 {
		t.Errorf("the folder has mode %o", mode)
	}
}

func modeOf(t *testing.T, path string) fs.FileMode {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode().Perm()
}

// contents are the files of a folder by their names from there.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	folder := os.DirFS(dir)
	err := fs.WalkDir(folder, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(folder, name)
		files[name] = string(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
