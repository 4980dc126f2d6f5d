package camara_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qosform/terraform-provider-qos/internal/acctest"
	sandbox "github.com/qosform/terraform-provider-qos/internal/sandbox/camara"
)

// kind is what a session and an assignment have different, for tests of what
// they have in common.
type kind struct {
	resource string
	noun     string
	// collection is where all are, as a part of their paths.
	collection                string
	create, get, delete, list sandbox.Operation
	// lines are the arguments beside device and qos_profile.
	lines string
	live  func(*sandbox.Sandbox) []string
}

func kinds() []kind {
	return []kind{
		{
			resource: "camara_qod_session", noun: "QoD session", collection: "/sessions",
			create: sandbox.OpCreateSession, get: sandbox.OpGetSession, delete: sandbox.OpDeleteSession, list: sandbox.OpRetrieveSessions,
			lines: "application_server = { ipv4_address = \"203.0.113.5\" }\n  duration = 3600",
			live: func(s *sandbox.Sandbox) []string {
				return idsOf(s.Live(), func(s sandbox.Session) string { return s.ID })
			},
		},
		{
			resource: "camara_qos_assignment", noun: "QoS assignment", collection: "/qos-assignments",
			create: sandbox.OpCreateAssignment, get: sandbox.OpGetAssignment, delete: sandbox.OpDeleteAssignment, list: sandbox.OpRetrieveAssignment,
			live: func(s *sandbox.Sandbox) []string {
				return idsOf(s.LiveAssignments(), func(a sandbox.Assignment) string { return a.ID })
			},
		},
	}
}

// forEachKind runs a test once for each.
func forEachKind(t *testing.T, test func(*testing.T, kind)) {
	t.Helper()
	for _, k := range kinds() {
		t.Run(k.resource, func(t *testing.T) {
			t.Parallel()
			test(t, k)
		})
	}
}

func idsOf[T any](all []T, id func(T) string) []string {
	var ids []string
	for _, one := range all {
		ids = append(ids, id(one))
	}
	slices.Sort(ids)
	return ids
}

// block is a resource of the kind, with extra lines.
func (k kind) block(name string, extra ...string) string {
	return fmt.Sprintf(`
resource %q %q {
  device      = { phone_number = "+34666666666" }
  qos_profile = "QOS_E"
  %s
}
`, k.resource, name, strings.Join(append([]string{k.lines}, extra...), "\n  "))
}

func (k kind) address() string { return k.resource + ".test" }

// importBlock brings one under the resource "test".
func (k kind) importBlock(id string) string {
	return fmt.Sprintf("import {\n  to = %s\n  id = %q\n}\n", k.address(), id)
}

// one is an operator and a working directory with one resource of the kind.
func (k kind) one(t *testing.T, version sandbox.Version) (*acctest.CamaraWorld, *acctest.CLI) {
	t.Helper()
	w := acctest.NewCamara(t, version)
	return w, k.in(t, w)
}

// in is a working directory with one resource of the kind at an operator.
func (k kind) in(t *testing.T, w *acctest.CamaraWorld) *acctest.CLI {
	t.Helper()
	c := newCLI(t)
	c.Write(w.ProviderConfig() + k.block("test"))
	return c
}

func newCLI(t *testing.T, env ...string) *acctest.CLI {
	t.Helper()
	return acctest.NewCLIOf(t, []acctest.Family{acctest.FamilyCamara}, env...)
}

// wantHeld checks that what is live is what the state names.
func (k kind) wantHeld(t *testing.T, w *acctest.CamaraWorld, c *acctest.CLI) {
	t.Helper()
	held := c.IDs(k.resource)
	slices.Sort(held)
	if diff := cmp.Diff(k.live(w.Operator), held); diff != "" {
		t.Fatalf("live at the operator (-) and in the state (+):\n%s", diff)
	}
}

// wantOne checks that one is live, in the state, and as configured.
func (k kind) wantOne(t *testing.T, w *acctest.CamaraWorld, c *acctest.CLI) {
	t.Helper()
	if live := k.live(w.Operator); len(live) != 1 {
		t.Fatalf("live at the operator: %v, want one", live)
	}
	k.wantHeld(t, w, c)
	wantEmptyPlan(t, c)
}

func (k kind) wantDestroyed(t *testing.T, w *acctest.CamaraWorld, c *acctest.CLI) {
	t.Helper()
	if out, err := c.Destroy(); err != nil {
		t.Fatalf("destroy: %v\n%s", err, out)
	}
	if live := k.live(w.Operator); len(live) > 0 {
		t.Errorf("still live: %v", live)
	}
	k.wantHeld(t, w, c)
}

func (k kind) wantPosts(t *testing.T, w *acctest.CamaraWorld, want int) {
	t.Helper()
	if posts := w.Operator.Count(k.create); posts != want {
		t.Errorf("%d POSTs, want %d", posts, want)
	}
}

func wantEmptyPlan(t *testing.T, c *acctest.CLI) {
	t.Helper()
	if out, changes := c.Plan(); changes {
		t.Fatalf("the plan is not empty:\n%s", out)
	}
}

func wantError(t *testing.T, out string, err error, wants ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("succeeded, want an error with %q:\n%s", wants, out)
	}
	wantSaid(t, out, wants...)
}

// wantSaid looks for texts, whatever line breaks and frames the engine puts
// into them.
func wantSaid(t *testing.T, out string, wants ...string) {
	t.Helper()
	for _, want := range wants {
		if !acctest.Words(want).MatchString(out) {
			t.Errorf("does not say %q:\n%s", want, out)
		}
	}
}
