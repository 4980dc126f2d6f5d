package thingspace

import (
	"context"
	"fmt"
	"net/url"
	"strings"

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
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid URL", fmt.Sprintf("%s must be an http or https URL with a host, such as https://qos.example.com.", req.Path))
		return
	}
	if u.User != nil {
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid URL", fmt.Sprintf("%s must not carry a user or password.", req.Path))
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
	if p := req.ConfigValue.ValueString(); !strings.HasPrefix(p, "/") || strings.ContainsAny(p, "?# ") {
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid path", fmt.Sprintf("%s must begin with / and have no query, got %q.", req.Path, p))
	}
}
