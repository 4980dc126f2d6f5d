package thingspace

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"unicode"

	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
)

// webURL accepts an absolute http or https URL without credentials in it.
type webURL struct{}

func (webURL) Description(context.Context) string               { return "must be an http or https URL with a host" }
func (v webURL) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (webURL) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	u, err := url.Parse(strings.TrimSpace(req.ConfigValue.ValueString()))
	switch {
	case err != nil || u.Hostname() == "" || (u.Scheme != "http" && u.Scheme != "https"):
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid URL", fmt.Sprintf("%s must be an http or https URL with a host, such as https://qos.example.com.", req.Path))
	case u.User != nil:
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid URL", fmt.Sprintf("%s must not carry a user or password.", req.Path))
	case u.RawQuery != "" || u.Fragment != "":
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid URL", fmt.Sprintf("%s must not have a query or a fragment.", req.Path))
	}
}

// absolutePath accepts the path of an endpoint.
type absolutePath struct{}

func (absolutePath) Description(context.Context) string               { return "must be a path that begins with /" }
func (v absolutePath) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (absolutePath) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	if p := req.ConfigValue.ValueString(); !strings.HasPrefix(p, "/") || strings.ContainsAny(p, "?# \t\r\n") {
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid path", fmt.Sprintf("%s must begin with / and have no query, got %q.", req.Path, p))
	}
}

// token accepts what an HTTP header can carry as a token: visible ASCII.
// Blanks at either end, as a file may add them, are cut off before it is sent.
// Its errors never quote the value.
type token struct{}

func (token) Description(context.Context) string {
	return "must be one token, without blanks or line breaks in it"
}
func (v token) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (v token) ValidateString(ctx context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	text := strings.TrimSpace(req.ConfigValue.ValueString())
	if text == "" || strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid token", fmt.Sprintf("%s %s.", req.Path, v.Description(ctx)))
	}
}

// singleLine accepts text without control characters. A password that was read
// from a file with its last line break is refused before it counts as a failed
// login. Its errors never quote the value.
type singleLine struct{}

func (singleLine) Description(context.Context) string {
	return "must not be empty and must not contain a line break or another control character"
}
func (v singleLine) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (v singleLine) ValidateString(ctx context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	text := req.ConfigValue.ValueString()
	if text == "" || strings.ContainsFunc(text, unicode.IsControl) {
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid value", fmt.Sprintf("%s %s.", req.Path, v.Description(ctx)))
	}
}
