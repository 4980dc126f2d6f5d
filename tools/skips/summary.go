package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

// What tests that an engine is too old for say: ours, and terraform-plugin-testing's.
var forWantOfAnEngine = []string{"needs an engine with ", "needs an engine of version ", "is below minimum version"}

// event is one of `go test -json`. The package's name may end with the name of the
// run in brackets.
type event struct {
	Action, Package, Test, Output string
}

// run is the name of the run that the event is of, and test that of the test,
// which is the same in every run.
func (e event) names() (run, test string) {
	name, run, _ := strings.Cut(strings.TrimSuffix(e.Package, "]"), " [")
	return run, name + " " + e.Test
}

// skip is a skipped test and why it says that it was.
type skip struct{ run, test, reason string }

// summary is what has been read of all runs.
type summary struct {
	runs  []string
	skips []skip
	// passed has the tests that some run did not skip.
	passed map[string]bool
	// said is what a test has printed since it began.
	said map[[2]string]string
}

func (s *summary) readFile(name string) (err error) {
	file, err := os.Open(name) // #nosec G304 -- named on the command line
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	return s.read(file)
}

func (s *summary) read(from io.Reader) error {
	if s.passed == nil {
		s.passed, s.said = map[string]bool{}, map[[2]string]string{}
	}
	decoder := json.NewDecoder(bufio.NewReader(from))
	for {
		var e event
		switch err := decoder.Decode(&e); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("reading the events: %w", err)
		}
		if e.Test != "" {
			s.add(e)
		}
	}
}

func (s *summary) add(e event) {
	run, test := e.names()
	if !slices.Contains(s.runs, run) {
		s.runs = append(s.runs, run)
	}
	key := [2]string{run, test}
	switch e.Action {
	case "output":
		s.said[key] += e.Output
		return
	case "skip":
		s.skips = append(s.skips, skip{run, test, reasonIn(s.said[key])})
	case "pass", "fail":
		s.passed[test] = true
	default:
		return
	}
	delete(s.said, key)
}

// reasonIn is what a skipped test has printed, without the lines that go test adds.
func reasonIn(said string) string {
	var lines []string
	for line := range strings.Lines(said) {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "=== ") && !strings.HasPrefix(line, "--- ") {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, " ")
}

// print returns how many tests were skipped for a reason that is not known.
func (s *summary) print(to io.Writer, known []string) (unknown int) {
	wanting, nowhere := map[string]int{}, map[string]bool{}
	for _, k := range s.skips {
		switch {
		case contains(k.reason, forWantOfAnEngine):
			wanting[k.run]++
			nowhere[k.test] = nowhere[k.test] || !s.passed[k.test]
		case contains(k.reason, known):
			_, _ = fmt.Fprintf(to, "SKIPPED, as is known: %s [%s]: %s\n", k.test, k.run, k.reason)
		default:
			unknown++
			_, _ = fmt.Fprintf(to, "SKIPPED for no known reason: %s [%s]: %s\n", k.test, k.run, k.reason)
		}
	}
	for _, run := range s.runs {
		if wanting[run] > 0 {
			_, _ = fmt.Fprintf(to, "SKIPPED for want of another engine: %d on %s\n", wanting[run], run)
		}
	}
	_, _ = fmt.Fprintf(to, "SKIPPED for want of an engine, in sum: %d tests that ran on none of them\n", count(nowhere))
	return unknown
}

func contains(text string, parts []string) bool {
	return slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(text, part) })
}

func count(set map[string]bool) int {
	n := 0
	for _, in := range set {
		if in {
			n++
		}
	}
	return n
}

// readReasons reads the file of known reasons; no name means none.
func readReasons(name string) ([]string, error) {
	if name == "" {
		return nil, nil
	}
	content, err := os.ReadFile(name) // #nosec G304 -- named on the command line
	if err != nil {
		return nil, err
	}
	var reasons []string
	for line := range strings.Lines(string(content)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			reasons = append(reasons, line)
		}
	}
	return reasons, nil
}
