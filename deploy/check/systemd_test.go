package check_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/coreos/go-systemd/v22/unit"
)

const unitFile = "deploy/systemd/qos-receiver.service"

// settings are a unit file's by section and name, in their order.
type settings map[string]map[string][]string

func parseUnit(t *testing.T, content string) settings {
	t.Helper()
	options, err := unit.DeserializeOptions(strings.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	s := settings{}
	for _, o := range options {
		if s[o.Section] == nil {
			s[o.Section] = map[string][]string{}
		}
		s[o.Section][o.Name] = append(s[o.Section][o.Name], o.Value)
	}
	return s
}

// environment is what the unit sets itself.
func (s settings) environment() map[string]string {
	return assignments(s["Service"]["Environment"])
}

func assignments(lines []string) map[string]string {
	values := map[string]string{}
	for _, line := range lines {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok && !strings.HasPrefix(name, "#") {
			values[name] = value
		}
	}
	return values
}

// systemdAnalyze skips where there is no systemd to ask.
func systemdAnalyze(t *testing.T) string {
	t.Helper()
	program, err := exec.LookPath("systemd-analyze")
	if err != nil {
		missing(t, err)
	}
	return program
}

func TestSystemdAcceptsTheUnit(t *testing.T) {
	t.Parallel()
	program := systemdAnalyze(t)
	// It looks for the program, too.
	content := strings.ReplaceAll(read(t, unitFile), "/usr/local/bin/qos-receiver", receiver)
	if said := output(t, program, "verify", "--man=no", write(t, "qos-receiver.service", content)); said != "" {
		t.Error(said)
	}
}

// TestUnitIsConfined asks systemd for its judgement: 0 is locked up, 100 open.
func TestUnitIsConfined(t *testing.T) {
	t.Parallel()
	output(t, systemdAnalyze(t), "security", "--offline=true", "--threshold=15", "--no-pager", absolute(t, unitFile))
}

func TestUnit(t *testing.T) {
	t.Parallel()
	service := parseUnit(t, read(t, unitFile))["Service"]
	for name, want := range map[string]string{
		"User":                  "qos-receiver",
		"ExecStart":             "/usr/local/bin/qos-receiver serve",
		"StateDirectory":        "qos-receiver",
		"StateDirectoryMode":    "0700",
		"ProtectSystem":         "strict",
		"NoNewPrivileges":       "yes",
		"Restart":               "always",
		"SystemCallErrorNumber": "EPERM",
	} {
		if got := service[name]; !slices.Equal(got, []string{want}) {
			t.Errorf("%s=%v, want %s", name, got, want)
		}
	}
	// systemd would stop trying while a database is away.
	if limit := parseUnit(t, read(t, unitFile))["Unit"]["StartLimitIntervalSec"]; !slices.Equal(limit, []string{"0"}) {
		t.Errorf("StartLimitIntervalSec=%v, want 0", limit)
	}
}
