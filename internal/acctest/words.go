package acctest

import (
	"regexp"
	"strings"
)

// Words matches texts, one after the other, whatever line breaks and frames an
// engine puts into them.
func Words(texts ...string) *regexp.Regexp {
	patterns := make([]string, len(texts))
	for i, text := range texts {
		fields := strings.Fields(text)
		for j := range fields {
			fields[j] = regexp.QuoteMeta(fields[j])
		}
		patterns[i] = strings.Join(fields, `[\s│]+`)
	}
	return regexp.MustCompile(strings.Join(patterns, `(?s:.*)`))
}
