package acctest_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qosform/terraform-provider-qos/internal/acctest"
)

func TestFleetConfig(t *testing.T) {
	t.Parallel()
	fleet := acctest.Fleet[int]{
		"at 1.0":    {World: 1, Provider: "\nprovider \"p\" {\n  url = \"one\"\n}\n"},
		"HTML (x2)": {World: 2, Provider: "provider \"p\" {\n  url = \"two\"\n}\n", Blocks: "data \"p_more\" \"m\" {\n}\n"},
	}
	got := fleet.Config("resource \"p_thing\" \"test\" {\n  name = \"resource\"\n}\n")
	want := `
provider "p-html-x2" {
  url = "two"
}
resource "p_thing" "test-html-x2" {
  provider = p-html-x2
  name = "resource"
}
data "p_more" "m-html-x2" {
  provider = p-html-x2
}

provider "p-at-1-0" {
  url = "one"
}
resource "p_thing" "test-at-1-0" {
  provider = p-at-1-0
  name = "resource"
}
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the configuration differs (-want +got):\n%s", diff)
	}
	addresses := acctest.Each(fleet, "p_thing.test", func(address string) []string { return []string{address} })
	for _, address := range addresses {
		if _, name, _ := strings.Cut(address, "."); !strings.Contains(got, `"p_thing" "`+name+`"`) {
			t.Errorf("%s is not in the configuration", address)
		}
	}
	if len(addresses) != len(fleet) {
		t.Errorf("%d addresses for %d worlds", len(addresses), len(fleet))
	}
}
