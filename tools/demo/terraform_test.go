//go:build unix

package main

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"
)

func TestTerraformRunEndsWithTheContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	tf := terraform{cli: "/bin/sh", dir: t.TempDir(), out: new(bytes.Buffer)}
	if err := tf.show(ctx, "look", "plan"); err == nil || !strings.Contains(err.Error(), "plan: interrupted") {
		t.Errorf("error = %v, want one that says it was interrupted", err)
	}
}

func TestTerraformEnvLeadsToTheStage(t *testing.T) {
	t.Parallel()
	s := newStage()
	s.sandboxURL, s.receiverURL = "http://127.0.0.1:1", "http://127.0.0.1:2"
	want := map[string][]string{
		"thingspace": {"TF_VAR_base_url=http://127.0.0.1:1", "TF_VAR_receiver_url=http://127.0.0.1:2"},
		"camara":     {"TF_VAR_base_url=http://127.0.0.1:1/camara/1.1/quality-on-demand/v1", "TF_VAR_token_url=http://127.0.0.1:1/camara/1.1/oauth/token"},
	}
	for _, scene := range scenes(s) {
		env := terraformEnv([]string{
			"PATH=/bin",
			"THINGSPACE_BASE_URL=https://thingspace.verizon.com",
			"THINGSPACE_ACCESS_TOKEN=real",
			"CAMARA_HEADERS={\"key\":\"real\"}",
			"TF_CLI_ARGS_apply=-lock=false",
			"TF_VAR_account_name=real",
			"TF_VAR_base_url=https://real.example.com",
		}, scene)
		for _, entry := range env {
			if strings.Contains(entry, "real") || strings.Contains(entry, "verizon") || strings.HasPrefix(entry, "TF_CLI_ARGS") {
				t.Errorf("%s: %s is passed on", scene.provider(), entry)
			}
		}
		for _, entry := range append(want[scene.provider()], "PATH=/bin", "TF_CLI_CONFIG_FILE=/dev/null") {
			if !slices.Contains(env, entry) {
				t.Errorf("%s: %s is missing", scene.provider(), entry)
			}
		}
	}
}

func TestExcerpt(t *testing.T) {
	t.Parallel()
	const plan = `x.y: Refreshing state... [id=1]

Note: Objects have changed outside of Terraform

  # x.y has changed
  ~ resource "x" "y" {
      ~ until = 2 -> 1
    }

Terraform used the selected providers to generate the following execution
plan. Resource actions are indicated with the following symbols:
-/+ destroy and then create replacement

Terraform will perform the following actions:

  # x.y must be replaced
-/+ resource "x" "y" {
      ~ status = "ended" -> (known after apply) # forces replacement
      + reason = (known after apply)
        # (7 unchanged attributes hidden)
    }

Plan: 1 to add, 0 to change, 1 to destroy.

Changes to Outputs:
  ~ id = "1" -> (known after apply)

Warning: It has ended

  with x.y,
  on main.tf line 21, in resource "x" "y":
  21: resource "x" "y" {

The network did
it.
`
	const apply = `x.y: Creating...
x.y: Creation complete after 0s [id=2]

Apply complete! Resources: 1 added, 0 changed, 1 destroyed.

Outputs:

id = "2"
`
	const wantPlan = `  # x.y must be replaced
-/+ resource "x" "y" {
      ~ status = "ended" -> (known after apply) # forces replacement
    }
Plan: 1 to add, 0 to change, 1 to destroy.
Warning: It has ended
The network did
it.
`
	const wantApply = `x.y: Creating...
x.y: Creation complete after 0s [id=2]
Apply complete! Resources: 1 added, 0 changed, 1 destroyed.
`
	for name, test := range map[string]struct{ printed, want string }{
		"plan":           {plan, wantPlan},
		"apply":          {apply, wantApply},
		"plan and apply": {plan + apply, wantPlan + wantApply},
		"nothing":        {"", ""},
	} {
		if got := excerpt(test.printed); got != test.want {
			t.Errorf("%s: got\n%s\nwant\n%s", name, got, test.want)
		}
	}
}
