package callback_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"

	"github.com/qosform/terraform-provider-qos/internal/acctest"
	sandbox "github.com/qosform/terraform-provider-qos/internal/sandbox/thingspace"
)

func writeOnly(version int) string {
	return fmt.Sprintf("username = \"listener\"\n  password_wo = var.listener_password\n  password_wo_version = %d", version)
}

const passwordVariable = `
variable "listener_password" {
  type      = string
  sensitive = true
  ephemeral = true
}
`

// A write-only password is sent, and is in neither state nor plan. Only its
// version tells that there is another one.
func TestAccWriteOnlyPassword(t *testing.T) {
	acctest.NeedsWriteOnly(t)
	t.Parallel()
	w := acctest.New(t)
	config := func(password string, version int) string {
		return w.ProviderConfig() + listener(ours, "username = \"listener\"", fmt.Sprintf("password_wo = %q", password), fmt.Sprintf("password_wo_version = %d", version))
	}
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: acctest.Factories(),
		CheckDestroy:             registered(w),
		Steps: []resource.TestStep{
			{
				Config: config("first-password", 1),
				Check: resource.ComposeAggregateTestCheckFunc(
					registered(w, sandbox.Callback{URL: ours, Username: "listener", Password: "first-password"}),
					resource.TestCheckNoResourceAttr(address, "password_wo"),
					resource.TestCheckNoResourceAttr(address, "password"),
					resource.TestCheckResourceAttr(address, "password_wo_version", "1"),
				),
			},
			{Config: config("first-password", 1), PlanOnly: true},
			{Config: config("second-password", 1), PlanOnly: true},
			{
				Config: config("second-password", 2), ConfigPlanChecks: planned(plancheck.ResourceActionUpdate),
				Check: registered(w, sandbox.Callback{URL: ours, Username: "listener", Password: "second-password"}),
			},
			{
				Config: w.ProviderConfig() + listener(ours, credentials("listener", password)), ConfigPlanChecks: planned(plancheck.ResourceActionUpdate),
				Check: registered(w, sandbox.Callback{URL: ours, Username: "listener", Password: password}),
			},
			{
				Config: config("third-password", 3), ConfigPlanChecks: planned(plancheck.ResourceActionUpdate),
				Check: resource.ComposeAggregateTestCheckFunc(
					registered(w, sandbox.Callback{URL: ours, Username: "listener", Password: "third-password"}),
					resource.TestCheckNoResourceAttr(address, "password"),
				),
			},
			{Config: config("third-password", 3), PlanOnly: true},
		},
	})
}

// The password comes from an ephemeral variable, so that nothing but the
// provider could write it into a file.
func TestAccWriteOnlyPasswordReachesNoFile(t *testing.T) {
	t.Parallel()
	const secret = "ephemeral-password-6b1f"
	w := acctest.New(t)
	c := acctest.NewCLI(t, "TF_VAR_listener_password="+secret)
	acctest.NeedsWriteOnly(t)
	for version := range 2 {
		c.Write(w.ProviderConfig() + passwordVariable + listener(ours, writeOnly(version)))
		saved := fmt.Sprintf("plan-%d", version)
		for name, content := range c.SavePlan(saved) {
			if strings.Contains(content, secret) {
				t.Errorf("the password is in %s of the saved plan", name)
			}
		}
		c.MustRun("apply", "-no-color", saved)
		if err := registered(w, sandbox.Callback{URL: ours, Username: "listener", Password: secret})(nil); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(c.State(), secret) {
			t.Error("the password is in the state")
		}
	}
	if out, changes := c.Plan(); changes {
		t.Errorf("the plan is not empty:\n%s", out)
	}
}
