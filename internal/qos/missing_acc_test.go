package qos_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	frameworkprovider "github.com/hashicorp/terraform-plugin-framework/provider"

	"github.com/qosform/terraform-provider-qos/internal/acctest"
	"github.com/qosform/terraform-provider-qos/internal/camara"
	"github.com/qosform/terraform-provider-qos/internal/qos"
	"github.com/qosform/terraform-provider-qos/internal/thingspace"
)

// Without provider = qos, an engine takes the beginning of a resource's name for
// its provider. What it says then is what the provider's description warns of.
func TestAccMissingProvider(t *testing.T) {
	t.Parallel()
	for family, resources := range map[string]string{"thingspace": strings.ReplaceAll(subscription, "thingspace_callback.qos.account_name", `"0000123456-00001"`), "camara": session} {
		t.Run(family, func(t *testing.T) {
			t.Parallel()
			c := acctest.NewCLIOf(t, []acctest.Family{acctest.FamilyQoS})
			c.Write(provider("  "+family+" = {}\n") + ours(resources)) // init finds all that it needs
			forget(t, c)

			out, err := c.Run("plan", "-input=false", "-no-color")
			expectWords(t, out, err, "hashicorp/"+family, "required by this configuration but no version is selected")
			// -plugin-dir keeps the engine from asking a registry.
			out, err = c.Run("init", "-input=false", "-no-color", "-plugin-dir="+filepath.Join("terraform.d", "plugins"))
			expectWords(t, out, err, "Could not retrieve the list of available versions for provider hashicorp/"+family)

			for _, want := range []string{"`provider = qos`", "`hashicorp/" + family + "`"} {
				if text := description(t); !strings.Contains(text, want) {
					t.Errorf("the description does not have %s: %s", want, text)
				}
			}
		})
	}
}

// forget takes provider = qos out of the configuration.
func forget(t *testing.T, c *acctest.CLI) {
	t.Helper()
	file := filepath.Join(c.Dir(), "main.tf")
	config, err := os.ReadFile(file) // #nosec G304 -- the test's own
	if err != nil {
		t.Fatal(err)
	}
	forgetful := strings.ReplaceAll(string(config), "  provider = qos\n", "")
	if err := os.WriteFile(file, []byte(forgetful), 0o600); err != nil {
		t.Fatal(err)
	}
}

func expectWords(t *testing.T, out string, err error, words ...string) {
	t.Helper()
	if err == nil || !acctest.Words(words...).MatchString(out) {
		t.Errorf("want a failure with %q, got %v\n%s", words, err, out)
	}
}

func description(t *testing.T) string {
	t.Helper()
	var resp frameworkprovider.SchemaResponse
	qos.New("test", thingspace.New("test"), camara.New("test")).Schema(t.Context(), frameworkprovider.SchemaRequest{}, &resp)
	return resp.Schema.MarkdownDescription
}
