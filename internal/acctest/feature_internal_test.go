package acctest

import "testing"

func TestEnginesHaveFeatures(t *testing.T) {
	t.Parallel()
	query := feature{name: "query", terraform: "1.14.0"}
	ephemeral := feature{name: "ephemeral", terraform: "1.10.0", openTofu: "1.11.0"}
	for said, want := range map[string]struct{ query, ephemeral bool }{
		"Terraform v1.8.5\non linux_amd64\n":      {false, false},
		"Terraform v1.10.0\n":                     {false, true},
		"Terraform v1.14.0-rc1\non darwin_arm64":  {true, true},
		"Terraform v1.16.0\non linux_amd64\n":     {true, true},
		"OpenTofu v1.10.6\non linux_amd64\n":      {false, false},
		"OpenTofu v1.11.0-beta1\non linux_amd64":  {false, true},
		"OpenTofu v1.15.0\non linux_amd64\n":      {false, true},
		"OpenTofu v2.0.0-alpha\non linux_amd64\n": {false, true},
	} {
		t.Run(said, func(t *testing.T) {
			t.Parallel()
			engine, err := readEngine(said)
			if err != nil {
				t.Fatal(err)
			}
			if got := engine.has(query); got != want.query {
				t.Errorf("%s has query: %t", engine, got)
			}
			if got := engine.has(ephemeral); got != want.ephemeral {
				t.Errorf("%s has ephemeral resources: %t", engine, got)
			}
		})
	}
}

func TestWhatIsNoEngine(t *testing.T) {
	t.Parallel()
	for _, said := range []string{"", "Packer v1.11.0", "Terraform vNext", "1.11.4"} {
		if engine, err := readEngine(said); err == nil {
			t.Errorf("%q is read as %s", said, engine)
		}
	}
}
