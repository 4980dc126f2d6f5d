package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// events are those of one test in one run.
func events(run, test, action string, output ...string) string {
	var b strings.Builder
	write := func(action, output string) {
		fmt.Fprintf(&b, "{\"Action\":%q,\"Package\":\"example.com/p [%s]\",\"Test\":%q,\"Output\":%q}\n", action, run, test, output)
	}
	write("run", "")
	write("output", "=== RUN   "+test+"\n")
	for _, line := range output {
		write("output", line+"\n")
	}
	write("output", "--- "+action+": "+test+" (0.00s)\n")
	write(action, "")
	return b.String()
}

const wants = "    x_test.go:7: needs an engine with actions, this is Terraform 1.11.4"

func TestPrint(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		events  string
		want    []string
		unknown int
	}{
		"nothing was skipped": {
			events: events("one", "TestA", "pass"),
			want:   []string{"SKIPPED for want of an engine, in sum: 0 tests that ran on none of them"},
		},
		"one engine has what the other lacks": {
			events: events("one", "TestA", "skip", wants) + events("one", "TestB", "skip", wants) + events("two", "TestA", "pass") + events("two", "TestB", "skip", wants),
			want: []string{
				"SKIPPED for want of another engine: 2 on one", "SKIPPED for want of another engine: 1 on two",
				"SKIPPED for want of an engine, in sum: 1 tests that ran on none of them",
			},
		},
		"a failure is no skip": {
			events: events("one", "TestA", "skip", wants) + events("two", "TestA", "fail"),
			want: []string{
				"SKIPPED for want of another engine: 1 on one",
				"SKIPPED for want of an engine, in sum: 0 tests that ran on none of them",
			},
		},
		"terraform-plugin-testing's words": {
			events: events("one", "TestA", "skip", "    x_test.go:7: Terraform CLI version 1.8.0 is below minimum version 1.11.0: skipping test"),
			want: []string{
				"SKIPPED for want of another engine: 1 on one",
				"SKIPPED for want of an engine, in sum: 1 tests that ran on none of them",
			},
		},
		"other reasons": {
			events: events("one", "TestA", "skip", "    x_test.go:1: no moon tonight") + events("one", "TestA/sub", "skip"),
			want: []string{
				"SKIPPED, as is known: example.com/p TestA [one]: x_test.go:1: no moon tonight",
				"SKIPPED for no known reason: example.com/p TestA/sub [one]: ",
				"SKIPPED for want of an engine, in sum: 0 tests that ran on none of them",
			},
			unknown: 1,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var s summary
			if err := s.read(strings.NewReader(test.events)); err != nil {
				t.Fatal(err)
			}
			var out strings.Builder
			if got := s.print(&out, []string{"no moon"}); got != test.unknown {
				t.Errorf("%d unknown reasons, want %d", got, test.unknown)
			}
			if got := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n"); !slices.Equal(got, test.want) {
				t.Errorf("printed %q, want %q", got, test.want)
			}
		})
	}
}

func TestReadWhatIsNoEvent(t *testing.T) {
	t.Parallel()
	var s summary
	if err := s.read(strings.NewReader("FAIL\n")); err == nil {
		t.Error("it is read as an event")
	}
}

func TestRunFailsInCIAlone(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	file := write("events", events("one", "TestA", "skip", "no moon tonight"))
	known, none := write("known", "# It comes back.\nno moon\n"), write("none", "# no moon\n\n")
	for name, test := range map[string]struct {
		ci, known string
		fails     bool
	}{
		"at home":           {known: none},
		"in CI":             {ci: "true", known: none, fails: true},
		"in CI, none known": {ci: "true", fails: true},
		"in CI, and known":  {ci: "true", known: known},
		"no such file":      {known: filepath.Join(dir, "absent"), fails: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("CI", test.ci)
			if err := run(test.known, []string{file}); (err != nil) != test.fails {
				t.Errorf("error = %v", err)
			}
		})
	}
}
