package acctest

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Case is a configuration to be planned: a provider block, and blocks that are
// called "test".
type Case struct {
	Provider, Config string
	// Want are the words of an error about it, in this order; none if it is to be
	// planned without one.
	Want []string
}

// Judge plans all cases, as many as possible in one run of the engine, and
// compares what it says of each. What they share is configuration as well.
func Judge(t *testing.T, c *CLI, shared string, cases map[string]Case) {
	t.Helper()
	said := c.judge(shared, cases)
	for _, name := range slices.Sorted(maps.Keys(cases)) {
		t.Run(name, func(t *testing.T) {
			v, want := said[name], cases[name].Want
			switch {
			case len(want) > 0 && !Words(want...).MatchString(v.errors):
				t.Errorf("want the error %q, got %q", want, v.errors)
			case len(want) == 0 && v.errors != "":
				t.Errorf("want a plan, got %s", v.errors)
			case len(want) == 0 && !v.planned:
				t.Error("it was not planned")
			}
		})
	}
}

// verdict is what the engine says of a case.
type verdict struct {
	errors  string
	planned bool
}

// judge plans until the engine has an error of each case, or a plan for what is
// left: it makes no plan while there is an error of configuration.
func (c *CLI) judge(shared string, cases map[string]Case) map[string]verdict {
	c.t.Helper()
	c.Write("")
	said, left := map[string]verdict{}, maps.Clone(cases)
	for len(left) > 0 {
		s := newSheet(shared, left)
		if err := os.WriteFile(filepath.Join(c.dir, "cases.tf"), []byte(s.text.String()), 0o600); err != nil {
			c.t.Fatal(err)
		}
		out, err := c.Run("plan", "-json", "-input=false")
		if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
			c.t.Fatalf("plan: %v\n%s", err, out)
		}
		found := s.read(out)
		maps.Copy(said, found)
		if err == nil {
			break
		}
		before := len(left)
		maps.DeleteFunc(left, func(name string, _ Case) bool { return found[name].errors != "" })
		if len(left) == before {
			c.t.Fatalf("the engine has errors of no case:\n%s", out)
		}
	}
	return said
}

// sheet is one configuration of many cases.
type sheet struct {
	text strings.Builder
	line int
	// at is the case of a line, and called that of a block.
	at     map[int]string
	called map[string]string
}

func newSheet(shared string, cases map[string]Case) *sheet {
	s := &sheet{line: 1, at: map[int]string{}, called: map[string]string{}}
	s.add("", shared)
	aliases := map[string]string{}
	for i, name := range slices.Sorted(maps.Keys(cases)) {
		block := cases[name].Provider
		if aliases[block] == "" {
			aliases[block] = fmt.Sprintf("of_%d", i)
			s.add(name, strings.Replace(block, "{", fmt.Sprintf("{\n  alias = %q", aliases[block]), 1))
		}
		label := fmt.Sprintf("case_%d", i)
		s.called[label] = name
		family, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(block), `provider "`), `"`)
		s.add(name, strings.ReplaceAll(cases[name].Config, "\"test\" {", fmt.Sprintf("%q {\n  provider = %s.%s\n", label, family, aliases[block])))
	}
	return s
}

func (s *sheet) add(name, text string) {
	text += "\n"
	s.text.WriteString(text)
	for range strings.Count(text, "\n") {
		s.at[s.line] = name
		s.line++
	}
}

// message is one line of the engine's output.
type message struct {
	Type       string `json:"type"`
	Diagnostic struct {
		Severity, Summary, Detail string
		Range                     struct {
			Filename string
			Start    struct{ Line int }
		}
		Snippet struct{ Code string }
	} `json:"diagnostic"`
	Change struct {
		Resource struct {
			Name string `json:"resource_name"`
		} `json:"resource"`
	} `json:"change"`
}

// read finds what is said of each case.
func (s *sheet) read(out string) map[string]verdict {
	found := map[string]verdict{}
	for line := range strings.Lines(out) {
		var m message
		if json.Unmarshal([]byte(line), &m) != nil {
			continue
		}
		switch d := m.Diagnostic; {
		case m.Type == "diagnostic" && d.Severity == "error" && d.Range.Filename == "cases.tf":
			name := s.at[d.Range.Start.Line]
			v := found[name]
			v.errors += strings.Join([]string{d.Summary, d.Snippet.Code, d.Detail}, "\n") + "\n"
			found[name] = v
		case m.Type == "planned_change" && s.called[m.Change.Resource.Name] != "":
			name := s.called[m.Change.Resource.Name]
			v := found[name]
			v.planned = true
			found[name] = v
		}
	}
	delete(found, "")
	return found
}
