//go:build unix

package main

import (
	"fmt"
	"io"
	"strings"
)

// heading says what comes next.
func heading(out io.Writer, format string, args ...any) {
	_, _ = fmt.Fprintf(out, "\n==> "+format+"\n", args...)
}

// excerpt is what a reader follows a story by in what a plan or an apply
// printed: what changes and how, warnings, and what was done. It leaves out what
// is the same every time, and values that nobody knows yet.
func excerpt(printed string) string {
	if _, actions, found := strings.Cut(printed, "perform the following actions:\n"); found {
		printed = actions
	}
	printed, _, _ = strings.Cut(printed, "\nOutputs:\n")
	var kept strings.Builder
	section := ""
	for line := range strings.Lines(printed) {
		line = strings.TrimRight(line, "\n")
		if line == "" {
			continue
		}
		if !strings.HasPrefix(line, " ") {
			section = line
		}
		if worthReading(section, line) {
			kept.WriteString(line + "\n")
		}
	}
	return kept.String()
}

// worthReading judges a line below a line that is not indented, or such a line
// itself.
func worthReading(section, line string) bool {
	switch {
	case strings.HasPrefix(section, "Changes to Outputs:"):
		return false
	case strings.HasPrefix(section, "Warning:"):
		return line == section // not where in the configuration
	default:
		return !strings.HasSuffix(line, "= (known after apply)") && !strings.HasSuffix(line, "attributes hidden)")
	}
}
