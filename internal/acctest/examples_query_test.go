package acctest_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/qosform/terraform-provider-qos/internal/acctest"
)

// TestAccCamaraExamplesQuery runs what the examples of list resources say of
// themselves, after what is to be found was made and forgotten.
func TestAccCamaraExamplesQuery(t *testing.T) {
	t.Parallel()
	acctest.NeedsQuery(t)
	for _, resource := range []string{"camara_qod_session", "camara_qos_assignment"} {
		t.Run(resource, func(t *testing.T) {
			t.Parallel()
			cli, _ := newCamaraExample(t, camaraExample{})
			cli.add("resources/" + resource)
			cli.apply()
			cli.forget("resource.tf", resource+".robot")
			cli.addFile("list-resources/" + resource + "/list-resource.tfquery.hcl")
			cli.bringIn()
		})
	}
}

func TestAccExamplesQuery(t *testing.T) {
	t.Parallel()
	acctest.NeedsQuery(t)
	t.Run("thingspace_callback", func(t *testing.T) {
		t.Parallel()
		world := acctest.New(t)
		world.Register()
		cli := newExample(t, world, exampleReceiver)
		cli.addFile("list-resources/thingspace_callback/list-resource.tfquery.hcl")
		cli.init()
		if out := cli.MustRun("query", "-no-color"); !strings.Contains(out, "account_name="+acctest.Account) {
			t.Errorf("the callback is not listed:\n%s", out)
		}
	})
	t.Run("thingspace_qos_subscription", func(t *testing.T) {
		t.Parallel()
		world := acctest.New(t)
		acknowledge(t, world)
		cli := newExample(t, world, exampleReceiver)
		cli.addFile("list-resources/thingspace_qos_subscription/list-resource.tfquery.hcl")
		cli.init()
		if out := cli.MustRun("query", "-no-color"); !strings.Contains(out, "request_id="+exampleRequestID) {
			t.Errorf("the subscription is not listed:\n%s", out)
		}
	})
}

// TestAccCamaraExamplesInvoke extends a session that a state has, which the next
// plan leaves as it is.
func TestAccCamaraExamplesInvoke(t *testing.T) {
	t.Parallel()
	acctest.NeedsActions(t)
	cli, world := newCamaraExample(t, camaraExample{})
	cli.add("actions/camara_qod_session_extend")
	cli.apply()
	if out, err := cli.Apply("-invoke=action.camara_qod_session_extend.overtime"); err != nil {
		t.Fatalf("apply -invoke: %v\n%s", err, out)
	}
	if got := world.Operator.Live()[0].Duration; got != 5400 {
		t.Errorf("the session has %d seconds, want 5400", got)
	}
	if out, changes := cli.Plan(); changes {
		t.Errorf("want an empty plan after it, got\n%s", out)
	}
}

// forget takes a resource out of the state, and its file out of the configuration.
func (e *example) forget(file, address string) {
	e.t.Helper()
	e.MustRun("state", "rm", address)
	if err := os.Remove(filepath.Join(e.Dir(), file)); err != nil {
		e.t.Fatal(err)
	}
}

// bringIn imports what a query finds, as the configuration that it generates.
func (e *example) bringIn() {
	e.t.Helper()
	e.MustRun("query", "-no-color", "-generate-config-out=found.tf")
	e.planShows("Plan: 1 to import, 0 to add, 0 to change, 0 to destroy.")
	e.apply()
	if out, changes := e.Plan(); changes {
		e.t.Errorf("want an empty plan after the import, got\n%s", out)
	}
}
