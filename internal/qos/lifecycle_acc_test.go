package qos_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qosform/terraform-provider-qos/internal/acctest"
	sandbox "github.com/qosform/terraform-provider-qos/internal/sandbox/camara"
)

// both are a network and an operator that one configuration spans.
type both struct {
	*acctest.CLI
	world    *acctest.World
	operator *acctest.CamaraWorld
}

// config is the three resources. The session begins when the subscription is on.
func (b both) config() string {
	dependent := strings.Replace(session, "  duration ", "  depends_on         = [thingspace_qos_subscription.test]\n  duration ", 1)
	return provider(block("thingspace", b.world.ProviderConfig()), block("camara", b.operator.ProviderConfig())) +
		ours(b.world.CallbackConfig()+subscription+dependent)
}

// apply applies a configuration, which must come to what is wanted of it.
func (b both) apply(t *testing.T, config, want string) {
	t.Helper()
	b.Write(config)
	out, err := b.Apply()
	if err != nil || !strings.Contains(out, want) {
		t.Fatalf("want %q, got %v\n%s", want, err, out)
	}
	if out, changes := b.Plan(); changes {
		t.Fatalf("the plan after apply is not empty:\n%s", out)
	}
}

// held are the ids in the state, by resource type.
func (b both) held() map[string][]string {
	all := map[string][]string{}
	for _, resourceType := range []string{"thingspace_callback", "thingspace_qos_subscription", "camara_qod_session"} {
		all[resourceType] = b.IDs(resourceType)
	}
	return all
}

// live are the ids at the networks, in the same form.
func (b both) live() map[string][]string {
	all := map[string][]string{"thingspace_callback": nil, "thingspace_qos_subscription": nil, "camara_qod_session": nil}
	for _, c := range b.world.ThingSpace.Callbacks(acctest.Account) {
		all["thingspace_callback"] = append(all["thingspace_callback"], c.AccountName+"/"+c.ServiceName)
	}
	for _, s := range b.world.ThingSpace.Live() {
		all["thingspace_qos_subscription"] = append(all["thingspace_qos_subscription"], s.AccountName+"/"+s.RequestID)
	}
	for _, s := range b.operator.Operator.Live() {
		all["camara_qod_session"] = append(all["camara_qod_session"], s.ID)
	}
	return all
}

func (b both) expectHeld(t *testing.T) map[string][]string {
	t.Helper()
	held := b.held()
	if diff := cmp.Diff(b.live(), held); diff != "" {
		t.Fatalf("live at the networks (-) and in the state (+):\n%s", diff)
	}
	return held
}

// The program serves both families under its own name: as it is built, in a
// process of its own.
func TestAccBothFamiliesLifecycle(t *testing.T) {
	t.Parallel()
	b := both{acctest.NewCLIOf(t, []acctest.Family{acctest.FamilyQoS}), acctest.New(t), acctest.NewCamara(t, sandbox.Version11)}

	b.apply(t, b.config(), "3 added, 0 changed, 0 destroyed")
	first := b.expectHeld(t)

	changed := strings.NewReplacer(
		"duration           = 600", "duration           = 900",
		"device_info = [{", "on_timeout = \"keep\"\n  device_info = [{",
		"username     =", "force_destroy = true\n  username     =",
	).Replace(b.config())
	b.apply(t, changed, "0 added, 3 changed, 0 destroyed")
	if diff := cmp.Diff(first, b.expectHeld(t)); diff != "" {
		t.Errorf("changed in place, the ids are others (-before +after):\n%s", diff)
	}

	for resourceType, name := range map[string]string{"thingspace_callback": "qos", "thingspace_qos_subscription": "test", "camara_qod_session": "test"} {
		address := resourceType + "." + name
		b.MustRun("state", "rm", address)
		b.MustRun("import", "-input=false", "-no-color", address, first[resourceType][0])
	}
	b.apply(t, changed, "0 added, ")
	if diff := cmp.Diff(first, b.expectHeld(t)); diff != "" {
		t.Errorf("imported, the ids are others (-before +after):\n%s", diff)
	}

	replacing := strings.NewReplacer(`"QOS_E"`, `"QOS_M"`, `"Premium"`, `"Standard"`).Replace(changed)
	b.apply(t, replacing, "2 added, 0 changed, 2 destroyed")
	for resourceType, ids := range b.expectHeld(t) {
		if kept := slices.Equal(ids, first[resourceType]); kept != (resourceType == "thingspace_callback") {
			t.Errorf("%s: %q was %q", resourceType, ids, first[resourceType])
		}
	}

	if out, err := b.Destroy(); err != nil || !strings.Contains(out, "3 destroyed") {
		t.Fatalf("destroy: %v\n%s", err, out)
	}
	b.expectHeld(t)
}
