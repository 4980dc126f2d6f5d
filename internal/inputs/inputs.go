// Package inputs has validators for the text attributes that providers share:
// where a server is, and what proves who is calling. None of their errors quotes
// a value, since it may be a secret in the wrong place.
package inputs

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"unicode"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
)

// rule is a validator.String whose check returns what is wrong, in words that
// follow the attribute's name; "" for nothing.
type rule struct {
	summary, description string
	check                func(text string) string
}

func (r rule) Description(context.Context) string         { return r.description }
func (r rule) MarkdownDescription(context.Context) string { return r.description }

func (r rule) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	if problem := r.check(req.ConfigValue.ValueString()); problem != "" {
		resp.Diagnostics.AddAttributeError(req.Path, r.summary, fmt.Sprintf("%s %s.", req.Path, problem))
	}
}

// WebURL accepts an absolute http or https URL without credentials, query or
// fragment.
func WebURL() validator.String {
	return rule{"Invalid URL", "must be an http or https URL with a host", func(text string) string {
		u, err := url.Parse(strings.TrimSpace(text))
		switch {
		case err != nil || u.Hostname() == "" || (u.Scheme != "http" && u.Scheme != "https"):
			return "must be an http or https URL with a host, such as https://qos.example.com"
		case u.User != nil:
			return "must not carry a user or password"
		case u.RawQuery != "" || u.Fragment != "":
			return "must not have a query or a fragment"
		default:
			return ""
		}
	}}
}

// AbsolutePath accepts the path of an endpoint.
func AbsolutePath() validator.String {
	const description = "must begin with / and have no query"
	return rule{"Invalid path", description, func(text string) string {
		return unless(strings.HasPrefix(text, "/") && !strings.ContainsAny(text, "?# \t\r\n"), description)
	}}
}

// Token accepts what an HTTP header can carry as a token: visible ASCII. Blanks
// at either end, as a file may add them, are no part of it.
func Token() validator.String {
	const description = "must be one token, without blanks or line breaks in it"
	return rule{"Invalid token", description, func(text string) string {
		text = strings.TrimSpace(text)
		return unless(text != "" && !strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r >= 0x7f }), description)
	}}
}

// SingleLine accepts text without control characters. A password that was read
// from a file with its last line break is refused before it counts as a failed
// login.
func SingleLine() validator.String {
	const description = "must not be empty and must not contain a line break or another control character"
	return rule{"Invalid value", description, func(text string) string {
		return unless(text != "" && !strings.ContainsFunc(text, unicode.IsControl), description)
	}}
}

func unless(right bool, problem string) string {
	if right {
		return ""
	}
	return problem
}

// Sibling is the expression of an attribute beside the one that it is used in,
// at whatever depth the two are.
func Sibling(name string) path.Expression { return path.MatchRelative().AtParent().AtName(name) }
