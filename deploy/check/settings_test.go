package check_test

import (
	"bufio"
	"context"
	"io"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// known are the receiver's settings, as its help names them.
func known(t *testing.T) (variables, flags map[string]bool) {
	t.Helper()
	help := output(t, receiver, "serve", "--help")
	return set(regexp.MustCompile(`QOS_RECEIVER_[A-Z_]+`).FindAllString(help, -1)),
		set(regexp.MustCompile(`--[a-z][a-z-]+`).FindAllString(help, -1))
}

func set(words []string) map[string]bool {
	all := map[string]bool{}
	for _, word := range words {
		all[word] = true
	}
	return all
}

// TestSettingsExist looks for variables that the receiver does not read, in what
// is deployed and in its manual, comments included.
func TestSettingsExist(t *testing.T) {
	t.Parallel()
	variables, flags := known(t)
	if !variables["QOS_RECEIVER_LISTEN"] || !flags["--listen"] {
		t.Fatal("the help names no settings")
	}
	for _, name := range append(deployed(t), runbook) {
		for _, variable := range regexp.MustCompile(`QOS_RECEIVER_[A-Z_]+`).FindAllString(read(t, name), -1) {
			if !variables[variable] {
				t.Errorf("%s: the receiver does not read %s", name, variable)
			}
		}
		for _, line := range regexp.MustCompile(`qos-receiver serve [^\n`+"`"+`]*`).FindAllString(read(t, name), -1) {
			for _, flag := range regexp.MustCompile(`--[a-z][a-z-]+`).FindAllString(line, -1) {
				if !flags[flag] {
					t.Errorf("%s: the receiver has no flag %s", name, flag)
				}
			}
		}
	}
}

// TestReceiverStartsAsDeployed starts the receiver with the settings of each
// deployment, and only moves files, address and database to where a test may
// have them.
func TestReceiverStartsAsDeployed(t *testing.T) {
	t.Parallel()
	c := render(t)
	unit := parseUnit(t, read(t, unitFile)).environment()
	maps.Copy(unit, assignments(strings.Split(read(t, "deploy/systemd/qos-receiver.env"), "\n")))
	compose := map[string]string{}
	service := project(t).Services["receiver"]
	for name, value := range service.Environment {
		compose[name] = *value
	}
	for name, test := range map[string]struct {
		args        []string
		environment map[string]string
	}{
		"systemd":    {[]string{"serve"}, unit},
		"compose":    {service.Command, compose},
		"kubernetes": {c.receiver().Args, c.environment()},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			address := start(t, dir, test.args, moved(t, dir, test.environment))
			for path, status := range map[string]int{"/healthz": 200, "/readyz": 200, "/readyz/callbacks": 200, "/v1/info": 200} {
				if got := get(t, "http://"+address+path); got != status {
					t.Errorf("%s is answered %d, want %d", path, got, status)
				}
			}
		})
	}
}

const token = "0123456789abcdef0123456789abcdef"

// moved puts what the environment names into a folder of the test's.
func moved(t *testing.T, dir string, environment map[string]string) []string {
	t.Helper()
	all := []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir}
	for name, value := range environment {
		switch {
		case name == "QOS_RECEIVER_LISTEN":
			continue
		case name == "QOS_RECEIVER_SPOOL":
			value = filepath.Join(dir, "spool")
		case name == "QOS_RECEIVER_DATABASE_FILE":
			value = write(t, "database-url", filepath.Join(dir, "receiver.db"))
		case strings.HasSuffix(name, "_FILE"):
			value = write(t, filepath.Base(value), token)
		}
		all = append(all, name+"="+value)
	}
	return append(all, "QOS_RECEIVER_LISTEN=127.0.0.1:0")
}

// start runs the receiver until the test ends, and returns where it listens.
func start(t *testing.T, dir string, args, environment []string) (address string) {
	t.Helper()
	command := exec.CommandContext(t.Context(), receiver, args...)
	command.Dir, command.Env = dir, environment
	command.Cancel = func() error { return command.Process.Signal(syscall.SIGTERM) }
	log, err := command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = command.Wait() })
	listening := regexp.MustCompile(`listening.*address"?[=:]"?([0-9.]+:[0-9]+)`)
	var said strings.Builder
	for lines := bufio.NewScanner(io.TeeReader(log, &said)); lines.Scan(); {
		if found := listening.FindStringSubmatch(lines.Text()); found != nil {
			go func() { _, _ = io.Copy(io.Discard, log) }()
			return found[1]
		}
	}
	t.Fatalf("it ended:\n%s", &said)
	return ""
}

func get(t *testing.T, url string) int {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := new(http.Client).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	return resp.StatusCode
}
