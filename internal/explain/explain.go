// Package explain turns errors into diagnostics that read like sentences.
package explain

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/hashicorp/terraform-plugin-framework/diag"
)

// Error adds err under a summary of the form "Unable to <verb> <thing>".
func Error(diags *diag.Diagnostics, summary string, err error) {
	diags.AddError(summary, Sentence(err.Error()))
}

// Sentence begins text with a capital and ends it with a full stop, unless it
// ends with an indented line.
func Sentence(text string) string {
	text = strings.TrimSpace(text)
	first, size := utf8.DecodeRuneInString(text)
	if size == 0 {
		return ""
	}
	text = string(unicode.ToUpper(first)) + text[size:]
	if lastLine := text[strings.LastIndex(text, "\n")+1:]; strings.HasPrefix(lastLine, "  ") {
		return text // something to copy, which a full stop would become part of
	}
	if last, _ := utf8.DecodeLastRuneInString(text); strings.ContainsRune(".!?}`", last) {
		return text
	}
	return text + "."
}
