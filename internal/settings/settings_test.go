package settings_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/qosform/terraform-provider-qos/internal/settings"
)

func TestNumbers(t *testing.T) {
	t.Parallel()
	const rateName, retriesName = "TEST_RATE", "TEST_OUTER_RETRIES"
	for name, test := range map[string]struct {
		rate    types.Float64
		retries types.Int64
		env     map[string]string
		want    [2]float64
		unknown []string
		refused string
	}{
		"defaults":                     {want: [2]float64{10, 4}},
		"configuration":                {rate: types.Float64Value(0.5), retries: types.Int64Value(0), want: [2]float64{0.5, 0}},
		"environment":                  {env: map[string]string{rateName: " 2.5 ", retriesName: "7\n"}, want: [2]float64{2.5, 7}},
		"both":                         {rate: types.Float64Value(3), retries: types.Int64Value(1), env: map[string]string{rateName: "2", retriesName: "7"}, want: [2]float64{3, 1}},
		"configured, bad environment":  {rate: types.Float64Value(3), retries: types.Int64Value(1), env: map[string]string{rateName: "x", retriesName: "x"}, want: [2]float64{3, 1}},
		"no retries":                   {env: map[string]string{retriesName: "0"}, want: [2]float64{10, 0}},
		"unknown":                      {rate: types.Float64Unknown(), retries: types.Int64Unknown(), env: map[string]string{rateName: "2"}, unknown: []string{"rate", "outer.retries"}},
		"rate is no number":            {env: map[string]string{rateName: "ten"}, refused: rateName},
		"rate is NaN":                  {env: map[string]string{rateName: "NaN"}, refused: rateName},
		"rate is infinite":             {env: map[string]string{rateName: "Inf"}, refused: rateName},
		"rate is nothing":              {env: map[string]string{rateName: "0"}, refused: rateName},
		"rate is negative":             {env: map[string]string{rateName: "-1"}, refused: rateName},
		"retries are no number":        {env: map[string]string{retriesName: "many"}, refused: retriesName},
		"retries are no whole number":  {env: map[string]string{retriesName: "1.5"}, refused: retriesName},
		"retries are negative":         {env: map[string]string{retriesName: "-1"}, refused: retriesName},
		"retries are out of bounds":    {env: map[string]string{retriesName: "101"}, refused: retriesName},
		"retries are beyond an int":    {env: map[string]string{retriesName: "99999999999999999999"}, refused: retriesName},
		"retries are in another style": {env: map[string]string{retriesName: "0x4"}, refused: retriesName},
	} {
		var diags diag.Diagnostics
		r := &settings.Reader{Prefix: "TEST_", Getenv: func(name string) string { return test.env[name] }, At: path.Root("nested"), Summary: "Unable", Diags: &diags}
		got := [2]float64{r.Number("rate", test.rate, 10, 0.01), float64(r.Count("outer.retries", test.retries, 4, 100))}
		if test.refused != "" {
			if len(diags) != 1 || !strings.Contains(diags[0].Detail(), test.refused) {
				t.Errorf("%s: %v, want one error that names %s", name, diags, test.refused)
			}
			continue
		}
		if diff := cmp.Diff(test.unknown, r.Unknown); diff != "" || len(diags) > 0 {
			t.Errorf("%s: %v, unknown (-want +got):\n%s", name, diags, diff)
		}
		if got != test.want {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
}

func TestTexts(t *testing.T) {
	t.Parallel()
	env := map[string]string{"TEST_A": " from environment ", "TEST_OUTER_B": "nested"}
	for name, test := range map[string]struct {
		configured types.String
		read       func(*settings.Reader) string
		want       string
		unknown    bool
	}{
		"configured":            {types.StringValue(" x "), func(r *settings.Reader) string { return r.Text("a", "default") }, "x", false},
		"configured as it is":   {types.StringValue(" x "), func(r *settings.Reader) string { return r.Verbatim("a") }, " x ", false},
		"environment":           {types.StringNull(), func(r *settings.Reader) string { return r.Text("a", "default") }, "from environment", false},
		"environment as it is":  {types.StringNull(), func(r *settings.Reader) string { return r.Verbatim("a") }, " from environment ", false},
		"nested in environment": {types.StringNull(), func(r *settings.Reader) string { return r.Text("outer.b", "default") }, "nested", false},
		"default":               {types.StringNull(), func(r *settings.Reader) string { return r.Text("c", "default") }, "default", false},
		"unknown":               {types.StringUnknown(), func(r *settings.Reader) string { return r.Verbatim("a") }, "", true},
	} {
		r := &settings.Reader{Configured: map[string]types.String{"a": test.configured}, Prefix: "TEST_", Getenv: func(name string) string { return env[name] }}
		if got := test.read(r); got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
		var unknown *settings.UnknownError
		if err := r.Err(); errors.As(err, &unknown) != test.unknown || test.unknown && !strings.Contains(err.Error(), "provider's a is not known") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
