package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// What Terraform itself prints of the same provider must be the same, as far as
// this Terraform knows of it.
func TestAccSchemaIsWhatTerraformPrints(t *testing.T) {
	t.Parallel()
	if os.Getenv("TF_ACC") == "" {
		t.Skip("runs the Terraform CLI: set TF_ACC=1")
	}
	for _, name := range []string{"thingspace", "camara", "qos"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := printed(t, name)[name]
			address := "registry.terraform.io/qosform/" + name
			want := printedByTerraform(t, name, address)[address]
			if want == nil {
				t.Fatalf("Terraform prints no schema for %s", address)
			}
			for kind := range got {
				if _, known := want[kind]; !known && strings.HasSuffix(kind, "_schemas") {
					delete(got, kind)
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("Terraform's schema (-) differs (+):\n%s", diff)
			}
		})
	}
}

func TestIdentitiesAreShown(t *testing.T) {
	t.Parallel()
	resources := map[string][]string{
		"thingspace": {"thingspace_callback", "thingspace_qos_subscription"},
		"camara":     {"camara_qod_session", "camara_qos_assignment"},
		"qos":        {"thingspace_callback", "thingspace_qos_subscription", "camara_qod_session", "camara_qos_assignment"},
	}
	for name, resources := range resources {
		identities := printed(t, name)[name]["resource_identity_schemas"]
		for _, resource := range resources {
			if _, ok := identities[resource]; !ok {
				t.Errorf("%s has no identity schema in provider %s", resource, name)
			}
		}
	}
}

func TestRunRefuses(t *testing.T) {
	t.Parallel()
	for name, args := range map[string][]string{"no name": nil, "unknown name": {"nonesuch"}, "two names": {"thingspace", "thingspace"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := run(t.Context(), args, new(bytes.Buffer)); err == nil {
				t.Error("want an error")
			}
		})
	}
}

func TestErrorOfTakesErrorsOnly(t *testing.T) {
	t.Parallel()
	warning := &tfprotov6.Diagnostic{Severity: tfprotov6.DiagnosticSeverityWarning, Summary: "old"}
	if err := errorOf([]*tfprotov6.Diagnostic{warning}); err != nil {
		t.Errorf("a warning gives error %v", err)
	}
	failure := &tfprotov6.Diagnostic{Severity: tfprotov6.DiagnosticSeverityError, Summary: "bad", Detail: "very"}
	if err := errorOf([]*tfprotov6.Diagnostic{warning, failure}); err == nil || err.Error() != "bad: very" {
		t.Errorf("error = %v, want bad: very", err)
	}
}

func TestNewFunction(t *testing.T) {
	t.Parallel()
	got, err := json.Marshal(newFunction(&tfprotov6.Function{
		Summary:           "joins",
		Parameters:        []*tfprotov6.FunctionParameter{{Name: "a", Type: tftypes.String}},
		VariadicParameter: &tfprotov6.FunctionParameter{Name: "rest", Type: tftypes.List{ElementType: tftypes.Number}, AllowNullValue: true},
		Return:            &tfprotov6.FunctionReturn{Type: tftypes.Bool},
	}))
	if err != nil {
		t.Fatal(err)
	}
	want := `{"summary":"joins","return_type":"bool","parameters":[{"name":"a","type":"string"}],` +
		`"variadic_parameter":{"name":"rest","is_nullable":true,"type":["list","number"]}}`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Error(diff)
	}
}

// schemas is a schema document by provider and kind.
type schemas map[string]map[string]map[string]any

func printed(t *testing.T, name string) schemas {
	t.Helper()
	var out bytes.Buffer
	if err := run(t.Context(), []string{name}, &out); err != nil {
		t.Fatal(err)
	}
	return decode(t, out.Bytes())
}

func decode(t *testing.T, printed []byte) schemas {
	t.Helper()
	var decoded struct {
		Schemas schemas `json:"provider_schemas"`
	}
	if err := json.Unmarshal(printed, &decoded); err != nil {
		t.Fatal(err)
	}
	return decoded.Schemas
}

func printedByTerraform(t *testing.T, name, address string) schemas {
	t.Helper()
	dir, plugins := t.TempDir(), t.TempDir()
	program := filepath.Join(plugins, filepath.FromSlash(address), "1.0.0", runtime.GOOS+"_"+runtime.GOARCH, "terraform-provider-"+name+"_v1.0.0")
	execute(t, "../..", "go", "build", "-o", program, ".")
	config := "terraform {\n  required_providers {\n    " + name + " = { source = \"" + address + "\" }\n  }\n}\n"
	if err := os.WriteFile(filepath.Join(dir, "main.tf"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	cli := os.Getenv("TF_ACC_TERRAFORM_PATH")
	if cli == "" {
		cli = "terraform"
	}
	execute(t, dir, cli, "init", "-input=false", "-plugin-dir="+plugins)
	return decode(t, execute(t, dir, cli, "providers", "schema", "-json"))
}

func execute(t *testing.T, dir, program string, args ...string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "TF_CLI_CONFIG_FILE="+os.DevNull, "CHECKPOINT_DISABLE=1")
	out, err := cmd.Output()
	if err == nil {
		return out
	}
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		t.Fatalf("%s %s: %v\n%s%s", program, strings.Join(args, " "), err, out, exit.Stderr)
	}
	t.Fatalf("%s %s: %v", program, strings.Join(args, " "), err)
	return nil
}
