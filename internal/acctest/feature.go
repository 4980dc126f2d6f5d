package acctest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"sync"
	"testing"

	"github.com/hashicorp/go-version"
)

// feature is a part of the language that came after the oldest engines that the
// providers work with.
type feature struct {
	name string
	// terraform and openTofu are the first releases with it; empty: none has it.
	terraform, openTofu string
}

// NeedsEphemeral skips the test where the engine has no ephemeral resources.
func NeedsEphemeral(t *testing.T) {
	t.Helper()
	feature{name: "ephemeral resources", terraform: "1.10.0", openTofu: "1.11.0"}.need(t)
}

// NeedsWriteOnly skips the test where the engine has no write-only arguments.
func NeedsWriteOnly(t *testing.T) {
	t.Helper()
	feature{name: "write-only arguments", terraform: "1.11.0", openTofu: "1.11.0"}.need(t)
}

// NeedsIdentity skips the test where the engine keeps no identities and imports by
// none.
func NeedsIdentity(t *testing.T) {
	t.Helper()
	feature{name: "resource identity", terraform: "1.12.0", openTofu: "1.12.0"}.need(t)
}

// NeedsQuery skips the test where the engine has no list resources and no query.
func NeedsQuery(t *testing.T) {
	t.Helper()
	feature{name: "list resources", terraform: "1.14.0"}.need(t)
}

// NeedsActions skips the test where the engine has no actions.
func NeedsActions(t *testing.T) {
	t.Helper()
	feature{name: "actions", terraform: "1.14.0"}.need(t)
}

func (f feature) need(t *testing.T) {
	t.Helper()
	if os.Getenv("TF_ACC") == "" {
		t.Skip("acceptance tests need TF_ACC=1")
	}
	engine, err := engineUnderTest()
	if err != nil {
		t.Fatal(err)
	}
	if !engine.has(f) {
		// What counts the skipped tests looks for the first words.
		t.Skipf("needs an engine with %s, this is %s", f.name, engine)
	}
}

// engine is what the engine under test says of itself.
type engine struct {
	product string
	version *version.Version
}

func (e engine) String() string { return e.product + " " + e.version.String() }

func (e engine) has(f feature) bool {
	first := f.terraform
	if e.product == "OpenTofu" {
		first = f.openTofu
	}
	if first == "" {
		return false
	}
	// A pre-release has what its release will have.
	return e.version.Core().GreaterThanOrEqual(version.Must(version.NewVersion(first)))
}

// greeting is the first line of what engines print of their version.
var greeting = regexp.MustCompile(`^(Terraform|OpenTofu) v(\S+)`)

// readEngine reads what an engine prints of its version.
func readEngine(said string) (engine, error) {
	match := greeting.FindStringSubmatch(said)
	if match == nil {
		return engine{}, fmt.Errorf("neither Terraform nor OpenTofu says %q of itself", said)
	}
	found, err := version.NewVersion(match[2])
	if err != nil {
		return engine{}, fmt.Errorf("the version of %s: %w", match[1], err)
	}
	return engine{product: match[1], version: found}, nil
}

// engineUnderTest asks the engine once for all tests of the process.
var engineUnderTest = sync.OnceValues(func() (engine, error) {
	path, err := enginePath()
	if err != nil {
		return engine{}, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), commandLimit)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, "version") // #nosec G204 -- the engine under test
	cmd.Env = append(os.Environ(), "CHECKPOINT_DISABLE=1", "TF_CLI_CONFIG_FILE="+os.DevNull)
	out, err := cmd.Output()
	if err != nil {
		return engine{}, fmt.Errorf("asking %s for its version: %w", path, err)
	}
	return readEngine(string(out))
})
