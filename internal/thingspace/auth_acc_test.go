package thingspace_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/qosform/terraform-provider-qos/internal/acctest"
	sandbox "github.com/qosform/terraform-provider-qos/internal/sandbox/thingspace"
	"github.com/qosform/terraform-provider-qos/internal/transport"
)

func several(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(subscription(fmt.Sprintf("s%d", i), fmt.Sprintf("555123450%d", i)))
	}
	return b.String()
}

func TestAccOneTokenAndOneLogin(t *testing.T) {
	t.Parallel()
	w := acctest.New(t)
	w.Register()
	c := acctest.NewCLI(t)
	c.Write(w.ProviderConfig() + callbacks(w, 5) + several(8))
	c.MustRun("apply", "-auto-approve", "-no-color")
	wantSignIns(t, w, "apply", 1)
	if out, changes := c.Plan(); changes {
		t.Errorf("the plan is not empty:\n%s", out)
	}
	wantSignIns(t, w, "a plan", 2)
	before := w.ThingSpace.Count(sandbox.OpToken)
	if out, err := c.Destroy(); err != nil {
		t.Fatalf("destroy: %v\n%s", err, out)
	}
	// Destroying reads in one process and deletes in another.
	if more := w.ThingSpace.Count(sandbox.OpToken) - before; more > 2 {
		t.Errorf("%d tokens for destroy, want one for each of its two processes", more)
	}
}

func wantSignIns(t *testing.T, w *acctest.World, after string, want int) {
	t.Helper()
	if tokens, logins := w.ThingSpace.Count(sandbox.OpToken), w.ThingSpace.Count(sandbox.OpLogin); tokens != want || logins != want {
		t.Errorf("%d tokens and %d logins after %s, want %d of each", tokens, logins, after, want)
	}
}

// Tokens and sessions end while resources are being worked on. Nothing shows.
func TestAccExpiryIsRiddenOut(t *testing.T) {
	t.Parallel()
	fleet := acctest.Fleet[*acctest.World]{}
	for name, fault := range map[string]sandbox.Fault{
		"token, at a registration":       {Kind: sandbox.FaultExpireTokens, Operation: sandbox.OpRegisterCallback, Skip: 1, Times: 1},
		"session, at a registration":     {Kind: sandbox.FaultExpireSessions, Operation: sandbox.OpRegisterCallback, Skip: 1, Times: 1},
		"token, at a POST":               {Kind: sandbox.FaultExpireTokens, Operation: sandbox.OpCreate, Skip: 1, Times: 1},
		"session, at a POST":             {Kind: sandbox.FaultExpireSessions, Operation: sandbox.OpCreate, Skip: 1, Times: 1},
		"token, at a read":               {Kind: sandbox.FaultExpireTokens, Operation: sandbox.OpListCallbacks, Skip: 5, Times: 1},
		"session, at a read":             {Kind: sandbox.FaultExpireSessions, Operation: sandbox.OpListCallbacks, Skip: 5, Times: 1},
		"token, at a DELETE":             {Kind: sandbox.FaultExpireTokens, Operation: sandbox.OpStop, Times: 1},
		"session, at a DELETE":           {Kind: sandbox.FaultExpireSessions, Operation: sandbox.OpStop, Times: 1},
		"token, between token and login": {Kind: sandbox.FaultExpireTokens, Operation: sandbox.OpLogin, Times: 1},
		"session, at a deregistration":   {Kind: sandbox.FaultExpireSessions, Operation: sandbox.OpDeregisterCallback, Times: 1},
	} {
		w := acctest.New(t)
		w.Register()
		w.ThingSpace.Inject(fault)
		fleet[name] = acctest.Member[*acctest.World]{World: w, Provider: w.ProviderConfig(), Blocks: callbacks(w, 3)}
	}
	config := fleet.Config(several(3))
	expire := func() {
		for _, member := range fleet {
			member.World.ThingSpace.ExpireTokens()
			member.World.ThingSpace.ExpireSessions()
		}
	}
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: fleet.Factories(acctest.Factories()),
		Steps:                    []resource.TestStep{{Config: config}, {PreConfig: expire, Config: config, PlanOnly: true}},
	})
	for name, member := range fleet {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := member.World
			if posts, live := w.ThingSpace.Count(sandbox.OpCreate), len(w.ThingSpace.Live()); posts > 6 || live > 0 {
				t.Errorf("%d POSTs, %d live after destroy", posts, live)
			}
			if made := len(w.ThingSpace.Subscriptions()); made != 3 {
				t.Errorf("%d subscriptions were made, want 3", made)
			}
		})
	}
}

// Five refused logins in a row lock the user. Ten resources make two, whether
// they come at once or one after the other.
func TestAccWrongPasswordNeverLocksTheUser(t *testing.T) {
	t.Parallel()
	resources := func(kind string, w *acctest.World) string {
		if kind == "callbacks" {
			return callbacks(w, 10)
		}
		return several(10)
	}
	for _, kind := range []string{"callbacks", "subscriptions"} {
		for _, parallelism := range []string{"1", "10"} {
			t.Run(kind+", parallelism "+parallelism, func(t *testing.T) {
				t.Parallel()
				w := acctest.New(t)
				w.Register()
				c := acctest.NewCLI(t)
				c.Write(strings.Replace(w.ProviderConfig(), acctest.Password, "wrong-password-31", 1) + resources(kind, w))
				out, err := c.Apply("-parallelism=" + parallelism)
				if err == nil || !acctest.Words("Login.Failed").MatchString(out) || !acctest.Words("The username or password is incorrect").MatchString(out) {
					t.Errorf("apply: %v, want ThingSpace's own words\n%s", err, out)
				}
				if parallelism == "1" && !acctest.Words("no other login to ThingSpace is attempted, because five in a row that fail lock the user").MatchString(out) {
					t.Errorf("the error does not say why the rest was not tried:\n%s", out)
				}
				if strings.Contains(out, "wrong-password-31") {
					t.Error("the error quotes the password")
				}
				if logins := w.ThingSpace.Count(sandbox.OpLogin); logins < 1 || logins > 2 {
					t.Errorf("%d logins, want 1 or 2", logins)
				}
			})
		}
	}
}

func TestAccRefusedCredentials(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change [2]string
		fault  sandbox.Fault
		want   []string
		logins int
	}{
		"wrong client secret": {
			change: [2]string{acctest.ClientSecret, "wrong-secret-88"},
			want:   []string{"Unable to create callback", "get an access token: ThingSpace answered HTTP 401 Unauthorized, code invalid_client: Client Authentication failed."},
		},
		"unknown user": {
			change: [2]string{`"` + acctest.Username + `"`, `"nobody"`},
			want:   []string{"Unable to create callback", "log in to ThingSpace: ThingSpace answered HTTP 400 Bad Request", "Login.Failed"},
			logins: 2,
		},
		"login without a token": {
			fault:  sandbox.Fault{Kind: sandbox.FaultEmptyLogin},
			want:   []string{"Unable to create callback", "the answer has no session token"},
			logins: 2,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := acctest.New(t)
			if test.fault.Kind != "" {
				w.ThingSpace.Inject(test.fault)
			}
			provider := w.ProviderConfig()
			if test.change[0] != "" {
				provider = strings.Replace(provider, test.change[0], test.change[1], 1)
			}
			resource.Test(t, resource.TestCase{
				ProtoV6ProviderFactories: acctest.Factories(),
				Steps:                    []resource.TestStep{{Config: provider + callbacks(w, 6), ExpectError: acctest.Words(test.want...)}},
			})
			if logins := w.ThingSpace.Count(sandbox.OpLogin); logins > test.logins {
				t.Errorf("%d logins, want at most %d", logins, test.logins)
			}
			if registrations := w.ThingSpace.Count(sandbox.OpRegisterCallback); registrations > 0 {
				t.Errorf("%d registrations without credentials", registrations)
			}
		})
	}
}

// Tokens that are configured are used as they are, and say so when they end.
func TestAccConfiguredTokens(t *testing.T) {
	t.Parallel()
	w := acctest.New(t)
	bearer, session := signIn(t, w)
	provider := func(bearer, session string) string {
		return fmt.Sprintf("provider \"thingspace\" {\n  base_url = %q\n  access_token = %q\n  session_token = %q\n}\n", w.ThingSpaceURL(), bearer, session)
	}
	config := provider(bearer, session) + callbacks(w, 3)
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: acctest.Factories(),
		Steps: []resource.TestStep{
			{Config: config},
			{Config: provider("not-"+bearer, session) + callbacks(w, 3), ExpectError: acctest.Words("Unable to read callback", "ThingSpace no longer accepts the configured access token")},
			{Config: provider(bearer, "not-"+session) + callbacks(w, 3), ExpectError: acctest.Words("Unable to read callback", "ThingSpace no longer accepts the configured session token")},
			{Config: config, PlanOnly: true},
		},
	})
	wantSignIns(t, w, "the test's own", 1)
}

// signIn gets tokens as a pipeline would before it starts Terraform.
func signIn(t *testing.T, w *acctest.World) (bearer, session string) {
	t.Helper()
	var token struct {
		AccessToken string `json:"access_token"`
	}
	post(t, w.ThingSpaceURL()+tokenPath, "grant_type=client_credentials", &token, func(r *http.Request) {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.SetBasicAuth(acctest.ClientID, acctest.ClientSecret)
	})
	var login struct {
		SessionToken string `json:"sessionToken"`
	}
	post(t, w.ThingSpaceURL()+loginPath, fmt.Sprintf(`{"username":%q,"password":%q}`, acctest.Username, acctest.Password), &login, func(r *http.Request) {
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Authorization", "Bearer "+token.AccessToken)
	})
	return token.AccessToken, login.SessionToken
}

func post(t *testing.T, url, body string, into any, prepare func(*http.Request)) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, bytes.NewReader([]byte(body)))
	if err != nil {
		t.Fatal(err)
	}
	prepare(req)
	resp, err := (&http.Client{Transport: transport.New()}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if err := json.NewDecoder(resp.Body).Decode(into); err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("sign in at %s: HTTP %d, %v", url, resp.StatusCode, err)
	}
}
