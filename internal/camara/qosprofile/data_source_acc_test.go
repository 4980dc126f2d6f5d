package qosprofile_test

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/qosform/terraform-provider-qos/internal/acctest"
	sandbox "github.com/qosform/terraform-provider-qos/internal/sandbox/camara"
)

const profiles = `
data "camara_qos_profile" "s" {
  name = "QOS_S"
}

data "camara_qos_profiles" "active" {
  status = "ACTIVE"
}

data "camara_qos_profiles" "none" {
  name = "NO_SUCH_PROFILE"
}
`

func TestAccProfiles(t *testing.T) {
	t.Parallel()
	for _, version := range sandbox.Versions() {
		if version == sandbox.HybridB {
			continue // its profiles are those of 1.1, and its sessions in the words of 0.10
		}
		t.Run(string(version), func(t *testing.T) {
			t.Parallel()
			w := acctest.NewCamara(t, version)
			one := func(name string, want knownvalue.Check) statecheck.StateCheck {
				return statecheck.ExpectKnownValue("data.camara_qos_profile.s", tfjsonpath.New(name), want)
			}
			resource.Test(t, resource.TestCase{
				ProtoV6ProviderFactories: acctest.CamaraFactories(),
				Steps: []resource.TestStep{{Config: w.ProviderConfig() + profiles, ConfigStateChecks: []statecheck.StateCheck{
					one("status", knownvalue.StringExact("ACTIVE")),
					one("min_duration_seconds", knownvalue.Int64Exact(10)),
					one("max_duration_seconds", knownvalue.Int64Exact(3600)),
					one("max_duration", knownvalue.ObjectExact(map[string]knownvalue.Check{"value": knownvalue.Int64Exact(1), "unit": knownvalue.StringExact("Hours")})),
					one("max_upstream_burst_rate", knownvalue.Null()),
					statecheck.ExpectKnownValue("data.camara_qos_profiles.active", tfjsonpath.New("profiles"), knownvalue.ListSizeExact(4)),
					statecheck.ExpectKnownValue("data.camara_qos_profiles.none", tfjsonpath.New("profiles"), knownvalue.ListSizeExact(0)),
				}}},
			})
		})
	}
}

func TestAccProfilesRefused(t *testing.T) {
	t.Parallel()
	const device = "device = { phone_number = \"+34666666666\" }\n"
	old, current := acctest.NewCamara(t, sandbox.Version010), acctest.NewCamara(t, sandbox.Version11)
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: acctest.CamaraFactories(),
		Steps: []resource.TestStep{
			{Config: current.ProviderConfig() + "data \"camara_qos_profile\" \"x\" {\n name = \"NO_SUCH_PROFILE\"\n}\n", ExpectError: acctest.Words("Unable to read QoS profile", "NOT_FOUND")},
			{Config: current.ProviderConfig() + "data \"camara_qos_profiles\" \"x\" {\n device = {}\n}\n", ExpectError: acctest.Words("device must have at least one identifier")},
			{Config: old.ProviderConfig() + "data \"camara_qos_profiles\" \"x\" {\n " + device + "}\n", ExpectError: acctest.Words("device is not part of this version", "0.10")},
			{Config: current.ProviderConfig() + "data \"camara_qos_profiles\" \"x\" {\n " + device + "}\n"},
		},
	})
}
