package acctest_test

import (
	"cmp"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/qosform/terraform-provider-qos/internal/acctest"
	sandbox "github.com/qosform/terraform-provider-qos/internal/sandbox/camara"
)

// What the camara examples name.
const (
	exampleGrantID      = "3fa85f64-5717-4562-b3fc-2c963f66afa6"
	examplePhoneNumber  = "+34666666666"
	telefonicaMockToken = "mock_sandbox_access_token" // #nosec G101 -- published for everyone
	telefonicaMockPath  = "/apigateway/ogw/qod/v0"
)

// exampleProfiles are those of the operators besides the simulator's own.
func exampleProfiles() []sandbox.Profile {
	profiles := sandbox.DefaultProfiles()
	for _, name := range []string{"DOWNLINK_M_UPLINK_L", "TI_B2C"} {
		profiles = append(profiles, sandbox.Profile{Name: name, Status: sandbox.ProfileActive, MaxDuration: &sandbox.Quantity{Value: 1, Unit: "Days"}})
	}
	return profiles
}

// camaraExample is what an example needs of its operator, and what it shows.
type camaraExample struct {
	version sandbox.Version // default: 1.1
	options func(*sandbox.Options)
	// configured: the example has a provider block that says more than that.
	configured bool
	// plan is what a plan shows, live how many sessions and assignments are on
	// after an apply.
	plan string
	live int
}

// camaraExamples has every folder of the camara examples.
func camaraExamples() map[string]camaraExample {
	const one, two = "Plan: 1 to add, 0 to change, 0 to destroy.", "Plan: 2 to add, 0 to change, 0 to destroy."
	return map[string]camaraExample{
		"actions/camara_qod_session_extend":       {plan: one, live: 1},
		"data-sources/camara_qod_sessions":        {plan: "sessions"},
		"data-sources/camara_qos_profile":         {plan: one, live: 1},
		"data-sources/camara_qos_profiles":        {plan: "profiles"},
		"ephemeral-resources/camara_access_token": {plan: one}, // its operator has no such API to apply to
		"functions/login_hint":                    {plan: one, live: 1},
		"functions/seconds":                       {plan: one, live: 1},
		"provider":                                {configured: true, plan: one}, // its operator is not there to apply to
		"quickstart/plain":                        {configured: true, plan: one, live: 1},
		"quickstart/nokia-network-as-code":        {configured: true, version: sandbox.HybridA, plan: one, live: 1},
		"quickstart/telefonica-open-gateway":      {configured: true, version: sandbox.Version010, options: asTelefonicaMock, plan: one, live: 1},
		"resources/camara_qod_session":            {plan: one, live: 1},
		"resources/camara_qos_assignment":         {plan: one, live: 1},
		"scenarios/existing":                      {plan: "import_blocks"},
		"scenarios/hybrid":                        {configured: true, version: sandbox.HybridB, plan: one, live: 1},
		"scenarios/keep-alive":                    {plan: one, live: 1},
		"scenarios/ports":                         {plan: two, live: 2},
		"scenarios/private-key-jwt":               {configured: true, plan: one, live: 1},
		"scenarios/three-legged":                  {configured: true, plan: two, live: 2},
	}
}

// asTelefonicaMock lets an operator take the published token at the published path.
func asTelefonicaMock(o *sandbox.Options) {
	o.BasePath, o.AccessToken = telefonicaMockPath, telefonicaMockToken
}

// TestAccCamaraExamples plans every folder of examples. A new one needs an entry
// in camaraExamples.
func TestAccCamaraExamples(t *testing.T) {
	t.Parallel()
	requireEngine(t)
	examples := camaraExamples()
	requireAll(t, "camara", examples)
	for folder, test := range examples {
		t.Run(folder, func(t *testing.T) {
			t.Parallel()
			cli, _ := newCamaraExample(t, test)
			cli.add(folder)
			if folder == "provider" { // nothing to plan by itself
				cli.add("resources/camara_qod_session")
			}
			cli.planShows(test.plan)
		})
	}
}

// TestAccCamaraExamplesApply runs the examples from apply over an empty plan to
// destroy.
func TestAccCamaraExamplesApply(t *testing.T) {
	t.Parallel()
	requireEngine(t)
	for folder, test := range camaraExamples() {
		if test.live == 0 {
			continue
		}
		t.Run(folder, func(t *testing.T) {
			t.Parallel()
			cli, operator := newCamaraExample(t, test)
			cli.add(folder)
			destroy := cli.apply()
			if got := liveAt(operator); got != test.live {
				t.Errorf("%d are live, want %d", got, test.live)
			}
			if out, changes := cli.Plan(); changes {
				t.Errorf("want an empty plan after apply, got\n%s", out)
			}
			destroy()
			if got := liveAt(operator); got != 0 {
				t.Errorf("%d are live after destroy", got)
			}
		})
	}
}

// TestAccCamaraExamplesImport takes each way of importing that the examples show.
// What is imported plans empty.
func TestAccCamaraExamplesImport(t *testing.T) {
	t.Parallel()
	requireEngine(t)
	for _, resource := range []string{"camara_qod_session", "camara_qos_assignment"} {
		folder := "resources/" + resource
		t.Run(resource+" by command", func(t *testing.T) {
			t.Parallel()
			cli := newCamaraImport(t, resource)
			cli.importCommand(folder)
			if out, changes := cli.Plan(); changes {
				t.Errorf("want an empty plan after import, got\n%s", out)
			}
		})
		for _, file := range []string{"import-by-string-id.tf", "import-by-identity.tf"} {
			t.Run(resource+" "+file, func(t *testing.T) {
				t.Parallel()
				cli := newCamaraImport(t, resource)
				cli.addFile(filepath.Join(folder, file))
				cli.planShows("Plan: 1 to import, 0 to add, 0 to change, 0 to destroy.")
			})
		}
	}
}

func TestAccCamaraReadme(t *testing.T) {
	t.Parallel()
	requireEngine(t)
	cli, _ := newCamaraExample(t, camaraExample{configured: true})
	cli.write("main.tf", readmeConfig(t, "camara_qod_session"))
	cli.planShows("Plan: 1 to add,")
}

func liveAt(world *acctest.CamaraWorld) int {
	return len(world.Operator.Live()) + len(world.Operator.LiveAssignments())
}

// newCamaraExample has an operator as the example asks for.
func newCamaraExample(t *testing.T, test camaraExample) (*example, *acctest.CamaraWorld) {
	t.Helper()
	world := acctest.NewKeyedCamara(t, cmp.Or(test.version, sandbox.Version11), func(o *sandbox.Options) {
		o.Clients[0].Secret = acctest.OperatorClientSecret
		o.Profiles = exampleProfiles()
		if test.options != nil {
			test.options(o)
		}
	})
	env := operatorEnvironment(world.CamaraWorld)
	if test.configured {
		env = variableEnvironment(t, world)
	}
	return newExampleOf(t, acctest.FamilyCamara, env...), world.CamaraWorld
}

// operatorEnvironment is for a provider block that leaves all to the environment.
func operatorEnvironment(world *acctest.CamaraWorld) []string {
	urls := world.URLs()
	return []string{
		"TF_VAR_phone_number=" + examplePhoneNumber,
		"CAMARA_BASE_URL=" + urls.QoD,
		"CAMARA_OAUTH_FLOW=client_credentials", "CAMARA_OAUTH_TOKEN_URL=" + urls.Token,
		"CAMARA_OAUTH_CLIENT_ID=" + acctest.OperatorClientID, "CAMARA_OAUTH_CLIENT_SECRET=" + acctest.OperatorClientSecret,
		"CAMARA_OAUTH_SCOPES=" + strings.Join([]string{
			"quality-on-demand:sessions:create", "quality-on-demand:sessions:read", "quality-on-demand:sessions:update", "quality-on-demand:sessions:delete",
			"quality-on-demand:sessions:retrieve-by-device", "qos-profiles:read",
			"qos-provisioning:qos-assignments:create", "qos-provisioning:qos-assignments:read", "qos-provisioning:qos-assignments:delete",
			"qos-provisioning:qos-assignments:read-by-device",
		}, " "),
	}
}

// variableEnvironment is for a provider block that says all but the secret, with
// variables for what is the operator's or the application's own.
func variableEnvironment(t *testing.T, world *acctest.KeyedWorld) []string {
	t.Helper()
	keyFile := filepath.Join(t.TempDir(), "key.pem")
	if err := os.WriteFile(keyFile, []byte(world.PrivateKey), 0o600); err != nil {
		t.Fatal(err)
	}
	urls := world.URLs()
	return []string{
		"CAMARA_OAUTH_CLIENT_SECRET=" + acctest.OperatorClientSecret,
		"TF_VAR_base_url=" + urls.QoD, "TF_VAR_qos_profiles_url=" + urls.Profiles,
		"TF_VAR_token_url=" + urls.Token, "TF_VAR_backchannel_url=" + urls.Backchannel,
		"TF_VAR_client_id=" + acctest.OperatorClientID, "TF_VAR_private_key_file=" + keyFile,
		"TF_VAR_rapidapi_key=" + acctest.OperatorAPIKey, "TF_VAR_phone_number=" + examplePhoneNumber,
	}
}

// newCamaraImport has what the import examples of a resource name, made by an
// apply that the state has forgotten.
func newCamaraImport(t *testing.T, resource string) *example {
	t.Helper()
	cli, world := newCamaraExample(t, camaraExample{})
	cli.add("resources/" + resource)
	cli.apply()
	cli.MustRun("state", "rm", resource+".robot")
	var id string
	for _, session := range world.Operator.Live() {
		id = session.ID
	}
	for _, assignment := range world.Operator.LiveAssignments() {
		id = assignment.ID
	}
	cli.replace = strings.NewReplacer(exampleGrantID, id)
	return cli
}
