package explain_test

import (
	"testing"

	"github.com/qosform/terraform-provider-qos/internal/explain"
)

func TestSentence(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                      "",
		"lost":                  "Lost.",
		"  already a sentence.": "Already a sentence.",
		"émis":                  "Émis.",
		"import {\n}":           "Import {\n}",
		"run:\n\n  fix --it":    "Run:\n\n  fix --it",
	} {
		if got := explain.Sentence(text); got != want {
			t.Errorf("Sentence(%q) = %q, want %q", text, got, want)
		}
	}
}
