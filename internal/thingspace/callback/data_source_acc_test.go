package callback_test

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/qosform/terraform-provider-qos/internal/acctest"
	sandbox "github.com/qosform/terraform-provider-qos/internal/sandbox/thingspace"
)

func listed(callbacks ...knownvalue.Check) statecheck.StateCheck {
	return statecheck.ExpectKnownValue("data.thingspace_callbacks.all", tfjsonpath.New("callbacks"), knownvalue.ListExact(callbacks))
}

func row(name, url string, username knownvalue.Check) knownvalue.Check {
	return knownvalue.ObjectExact(map[string]knownvalue.Check{"name": knownvalue.StringExact(name), "url": knownvalue.StringExact(url), "username": username})
}

func TestAccDataSource(t *testing.T) {
	t.Parallel()
	w := acctest.New(t)
	config := w.ProviderConfig() + listing(acctest.Account)
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: acctest.Factories(),
		Steps: []resource.TestStep{
			{Config: config, ConfigStateChecks: []statecheck.StateCheck{listed()}},
			{
				PreConfig: func() {
					w.ThingSpace.SetCallback(another(theirs))
					w.ThingSpace.SetCallback(sandbox.Callback{AccountName: acctest.Account, ServiceName: "NiddService", URL: ours})
				},
				Config: config,
				ConfigStateChecks: []statecheck.StateCheck{listed(
					row("NiddService", ours, knownvalue.Null()),
					row("QoS", theirs, knownvalue.StringExact("them")),
				)},
			},
			{Config: config, PlanOnly: true},
			{
				Config:      w.ProviderConfig() + listing("0000999999-00001"),
				ExpectError: acctest.Words("Unable to list callbacks", "REQUEST_FAILED.AccountNotFound"),
			},
		},
	})
}

// ThingSpace lists every listener's password in clear. It goes no further.
func TestAccDataSourceHasNoPassword(t *testing.T) {
	t.Parallel()
	w := acctest.New(t)
	w.ThingSpace.SetCallback(another(theirs))
	c := acctest.NewCLI(t)
	c.Write(w.ProviderConfig() + listing(acctest.Account) + "output \"all\" {\n  value = data.thingspace_callbacks.all\n}\n")
	for name, content := range c.SavePlan("saved") {
		if strings.Contains(content, "their-password") {
			t.Errorf("the password is in %s of the saved plan", name)
		}
	}
	out := c.MustRun("apply", "-no-color", "saved")
	if !strings.Contains(out, theirs) || strings.Contains(out+c.State(), "their-password") {
		t.Errorf("want the listener without its password:\n%s", out)
	}
}
