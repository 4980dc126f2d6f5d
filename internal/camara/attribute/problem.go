package attribute

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/qosform/terraform-provider-qos/internal/camara/api"
)

// Problems are what is wrong with a request, by the attributes that it was made
// of. Values are those attributes, by name.
type Problems struct {
	Values map[string]attr.Value
	// Summary is that of the errors.
	Summary string
}

// Report adds what versions refuses, and names the version.
func (p Problems) Report(refused []*api.FieldError, diags *diag.Diagnostics) {
	for _, e := range p.certain(refused) {
		name := terraformWords(e.Field)
		diags.AddAttributeError(pathOf(e.Field), p.Summary, fmt.Sprintf("%s %s (API version %s).", name, terraformWords(e.Problem), e.Version))
	}
}

// ReportAlways adds what every version refuses that has all of the attributes
// at all, in the words of the oldest. What only some refuse is for Report to
// tell, once the version is known.
func (p Problems) ReportAlways(check func(api.Version) []*api.FieldError, diags *diag.Diagnostics) {
	var always []*api.FieldError
	first := true
	for _, v := range api.Versions() {
		refused := p.certain(check(v))
		switch {
		case slices.ContainsFunc(refused, func(e *api.FieldError) bool { return e.Absent }):
		case first:
			always, first = refused, false
		default:
			always = slices.DeleteFunc(always, func(e *api.FieldError) bool { return !names(refused, e.Field) })
		}
	}
	for _, e := range always {
		diags.AddAttributeError(pathOf(e.Field), p.Summary, fmt.Sprintf("%s %s.", terraformWords(e.Field), terraformWords(e.Problem)))
	}
}

func names(refused []*api.FieldError, field string) bool {
	return slices.ContainsFunc(refused, func(e *api.FieldError) bool { return e.Field == field })
}

// certain leaves out what may turn out right, because part of the attribute is
// not known yet.
func (p Problems) certain(refused []*api.FieldError) []*api.FieldError {
	var certain []*api.FieldError
	for _, e := range refused {
		v, ok := p.Values[rootOf(e.Field)]
		if !ok || WhollyKnown(v) || e.Absent && !v.IsUnknown() {
			certain = append(certain, e)
		}
	}
	return certain
}

// collection is a value with others in it.
type collection interface{ Elements() []attr.Value }

// WhollyKnown reports whether v, and all in it, is known; null is.
func WhollyKnown(v attr.Value) bool {
	if v.IsUnknown() {
		return false
	}
	var inner []attr.Value
	switch v := v.(type) {
	case interface{ Attributes() map[string]attr.Value }:
		for _, a := range v.Attributes() {
			inner = append(inner, a)
		}
	case collection:
		inner = v.Elements()
	}
	for _, v := range inner {
		if !WhollyKnown(v) {
			return false
		}
	}
	return true
}

func rootOf(field string) string {
	root, _, _ := strings.Cut(field, ".")
	root, _, _ = strings.Cut(root, "[")
	return terraformWords(root)
}

// pathOf is where a field of a request is configured. It ends before elements
// of a collection: those are sets, whose paths would print the whole element.
func pathOf(field string) path.Path {
	at := path.Empty()
	for step := range strings.SplitSeq(field, ".") {
		name, _, element := strings.Cut(step, "[")
		at = at.AtName(terraformWords(name))
		if element {
			break
		}
	}
	return at
}

// apiWord is a word like sinkCredential.
var apiWord = regexp.MustCompile(`\b[a-z]+[a-z0-9]*([A-Z][a-z0-9]+)+\b`)

var inWord = regexp.MustCompile(`[A-Z]`)

// terraformWords writes the API's words as Terraform's: sink_credential.
func terraformWords(text string) string {
	return apiWord.ReplaceAllStringFunc(text, func(word string) string {
		return strings.ToLower(inWord.ReplaceAllString(word, "_$0"))
	})
}
