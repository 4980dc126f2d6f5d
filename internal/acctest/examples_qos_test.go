package acctest_test

import (
	"testing"

	"github.com/qosform/terraform-provider-qos/internal/acctest"
	sandbox "github.com/qosform/terraform-provider-qos/internal/sandbox/camara"
)

func TestAccQoSExamples(t *testing.T) {
	t.Parallel()
	requireEngine(t)
	plans := map[string]string{
		"provider":   "", // nothing to plan by itself
		"quickstart": "Plan: 3 to add, 0 to change, 0 to destroy.",
	}
	requireAll(t, "qos", plans)
	for folder, want := range plans {
		t.Run(folder, func(t *testing.T) {
			t.Parallel()
			cli, _, _ := newQoSExample(t)
			cli.add(folder)
			cli.planShows(want)
		})
	}
}

func TestAccQoSExamplesApply(t *testing.T) {
	t.Parallel()
	requireEngine(t)
	cli, world, operator := newQoSExample(t)
	cli.add("quickstart")
	destroy := cli.apply()
	if subscriptions, sessions := len(world.ThingSpace.Live()), liveAt(operator); subscriptions != 1 || sessions != 1 {
		t.Errorf("%d subscriptions and %d sessions are live, want one of each", subscriptions, sessions)
	}
	if out, changes := cli.Plan(); changes {
		t.Errorf("want an empty plan after apply, got\n%s", out)
	}
	destroy()
	if left := len(world.ThingSpace.Live()) + liveAt(operator); left != 0 {
		t.Errorf("%d are live after destroy", left)
	}
}

func newQoSExample(t *testing.T) (*example, *acctest.World, *acctest.CamaraWorld) {
	t.Helper()
	world, operator := acctest.New(t), acctest.NewCamara(t, sandbox.Version11)
	env := append(thingSpaceEnvironment(world, world.ReceiverURL()), operatorEnvironment(operator)...)
	return newExampleOf(t, acctest.FamilyQoS, env...), world, operator
}
