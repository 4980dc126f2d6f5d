// Package settings reads the attributes of a provider block: from configuration,
// else from the environment, else the default. It keeps apart what is left out
// from what is not known yet.
package settings

import (
	"cmp"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// UnknownError means that the provider block holds values that are only known
// after apply. It never falls back to a default: that could be another account.
type UnknownError struct{ Attributes []string }

// Error names the attributes and says what to do.
func (e *UnknownError) Error() string {
	return fmt.Sprintf("the provider's %s is not known until apply. Give it a value that is known when planning, or apply what it "+
		"depends on first (-target)", strings.Join(e.Attributes, ", "))
}

// Reader reads attributes by their names, nested ones as outer.inner, and notes
// which of those that were read are not known yet.
type Reader struct {
	// Configured are the text attributes of the configuration.
	Configured map[string]types.String
	// Prefix begins the names of environment variables, such as THINGSPACE_.
	Prefix string
	Getenv func(string) string
	// At is where the attributes are; the zero value is the provider block itself.
	At path.Path
	// Summary is that of the errors.
	Summary string
	Diags   *diag.Diagnostics
	// Unknown are the attributes that were read and are not known yet.
	Unknown []string
}

// Err is an *UnknownError if anything that was read is not known yet.
func (r *Reader) Err() error {
	if len(r.Unknown) == 0 {
		return nil
	}
	return &UnknownError{Attributes: r.Unknown}
}

// Variable is the name of the attribute's environment variable.
func (r *Reader) Variable(name string) string {
	return r.Prefix + strings.ToUpper(strings.ReplaceAll(name, ".", "_"))
}

// Path is where the attribute is.
func (r *Reader) Path(name string) path.Path {
	at := r.At
	for step := range strings.SplitSeq(name, ".") {
		at = at.AtName(step)
	}
	return at
}

// Refuse adds an error about the attribute.
func (r *Reader) Refuse(name, detail string) {
	r.Diags.AddAttributeError(r.Path(name), r.Summary, detail)
}

// Text reads an attribute in which blanks at either end mean nothing.
func (r *Reader) Text(name, fallback string) string {
	return cmp.Or(strings.TrimSpace(r.Verbatim(name)), fallback)
}

// Verbatim reads an attribute as it is: a blank may be part of a password.
func (r *Reader) Verbatim(name string) string {
	v := r.Configured[name]
	switch {
	case v.IsUnknown():
		r.Unknown = append(r.Unknown, name)
		return ""
	case !v.IsNull():
		return v.ValueString()
	default:
		return r.Getenv(r.Variable(name))
	}
}

// Instead reads an attribute that stands in place of others. Where one of those
// is configured, the environment does not fill it in. Chosen is whether it is
// the one to use, though its value may not be known yet.
func (r *Reader) Instead(name string, others ...string) (text string, chosen bool) {
	for _, other := range others {
		if !r.Configured[other].IsNull() {
			return "", false
		}
	}
	text = r.Verbatim(name)
	return text, text != "" || r.Configured[name].IsUnknown()
}

// Number reads a number that is at least least.
func (r *Reader) Number(name string, configured types.Float64, fallback, least float64) float64 {
	switch {
	case configured.IsUnknown():
		r.Unknown = append(r.Unknown, name)
		return 0
	case !configured.IsNull():
		return configured.ValueFloat64()
	}
	text := strings.TrimSpace(r.Getenv(r.Variable(name)))
	if text == "" {
		return fallback
	}
	number, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(number) || math.IsInf(number, 0) || number < least {
		r.refuseNumber(name, fmt.Sprintf("a number of at least %v", least), text)
	}
	return number
}

// Count reads a whole number from 0 to most.
func (r *Reader) Count(name string, configured types.Int64, fallback, most int) int {
	switch {
	case configured.IsUnknown():
		r.Unknown = append(r.Unknown, name)
		return 0
	case !configured.IsNull():
		return int(configured.ValueInt64())
	}
	text := strings.TrimSpace(r.Getenv(r.Variable(name)))
	if text == "" {
		return fallback
	}
	count, err := strconv.Atoi(text)
	if err != nil || count < 0 || count > most {
		r.refuseNumber(name, fmt.Sprintf("a whole number from 0 to %d", most), text)
	}
	return count
}

func (r *Reader) refuseNumber(name, want, got string) {
	r.Refuse(name, fmt.Sprintf("%s must be %s, got %q.", r.Variable(name), want, got))
}
