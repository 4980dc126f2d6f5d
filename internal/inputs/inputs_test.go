package inputs_test

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/qosform/terraform-provider-qos/internal/inputs"
)

func TestInputs(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		validator     validator.String
		right, wrong  []string
		neverRepeated string
	}{
		"URL": {
			inputs.WebURL(),
			[]string{"https://op.example.com/qod/v0", "http://127.0.0.1:8080", " https://x \n"},
			[]string{"", "op.example.com", "ftp://op", "https://", "https://u:hidden@op", "https://op?key=hidden", "https://op#hidden", "%zz"},
			"hidden",
		},
		"path":  {inputs.AbsolutePath(), []string{"/", "/api/m2m"}, []string{"", "api", "/a?x=hidden", "/a b", "/a\n"}, "hidden"},
		"token": {inputs.Token(), []string{"abc.DEF-1", " abc\n"}, []string{"", " ", "hidden token", "hidden\ntoken", "hiddén"}, "hidd"},
		"line":  {inputs.SingleLine(), []string{"a b", " "}, []string{"", "hidden\n", "hid\tden"}, "hid"},
	} {
		check := func(v types.String) (problem string) {
			var resp validator.StringResponse
			test.validator.ValidateString(t.Context(), validator.StringRequest{Path: path.Root("attribute"), ConfigValue: v}, &resp)
			if resp.Diagnostics.HasError() {
				return resp.Diagnostics[0].Detail()
			}
			return ""
		}
		for _, text := range test.right {
			if problem := check(types.StringValue(text)); problem != "" {
				t.Errorf("%s %q: %s", name, text, problem)
			}
		}
		for _, text := range test.wrong {
			if problem := check(types.StringValue(text)); !strings.HasPrefix(problem, "attribute must") || strings.Contains(problem, test.neverRepeated) {
				t.Errorf("%s %q: %q", name, text, problem)
			}
		}
		if problem := check(types.StringNull()) + check(types.StringUnknown()); problem != "" {
			t.Errorf("%s, null and unknown: %s", name, problem)
		}
	}
}
